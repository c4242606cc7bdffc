import assert from "node:assert/strict";
import { Engine, Labels, MemoryStore, open } from "../../engine/mod.ts";

Deno.test("a program that embeds the engine stores samples and queries them", async () => {
  const pause = () => Promise.resolve();
  const store = new MemoryStore();
  const database = await open(store, { pause });
  const startMs = Date.parse("2026-01-01T00:00:00Z");
  for (const [code, values] of [["200", [10, 70, 130]], ["500", [0, 0, 6]]] as const) {
    const ref = database.refFor(Labels.from({ __name__: "http_requests_total", code }));
    for (const [i, value] of values.entries()) {
      assert.equal(database.appendSample(ref, startMs + i * 60_000, value), "stored");
    }
  }
  await database.commit();

  const engine = new Engine({ now: () => performance.now(), pause });
  const query = "sum by (code) (max_over_time(http_requests_total[5m]))";
  // What was committed is there for whoever opens the store next.
  for (const queryable of [database, await open(store, { pause })]) {
    const { value } = await engine.instant(queryable, query, startMs + 180_000);
    assert.equal(value.type, "vector");
    const found = value.series.map(({ labels, values }) => [labels.toString(), values[0]]).sort();
    assert.deepEqual(found, [['{code="200"}', 130], ['{code="500"}', 6]]);
  }
  const { value } = await engine.range(
    database,
    "sum(http_requests_total)",
    startMs,
    startMs + 120_000,
    60_000,
  );
  assert.equal(value.type, "matrix");
  assert.deepEqual(value.series.map(({ values }) => [...values]), [[10, 70, 136]]);
});
