import assert from "node:assert/strict";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { setStale } from "../../../engine/sample.ts";
import { Database, WINDOW_MS } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { contents, labelsOf, options, row } from "./_samples.ts";

const HOUR_MS = 3_600_000;
const histogram = (count: number) => new FloatHistogram({ schema: 0, count, sum: 1 });

Deno.test("samples with times of their own follow the rules, wherever the newest sample of their series is", async () => {
  const database = await Database.open(new MemoryStore(), options);
  const group = database.group("target");
  database.slotFor(group, labelsOf("a"));
  const a = database.refFor(labelsOf("a")),
    b = database.refFor(labelsOf("b")),
    h = database.refFor(labelsOf("h"));
  database.append(group, 5000, row(1));
  database.append(group, 6000, row(undefined), false);
  assert.equal(database.appendSample(a, 5000, 1), "same", "as in the row");
  assert.equal(database.appendSample(a, 5000, 2), "duplicate");
  assert.equal(database.appendSample(a, 4000, 2), "out_of_order");
  assert.equal(database.appendSample(b, 4000, NaN), "stored");
  assert.equal(database.appendSample(b, 4000, NaN), "same");
  assert.equal(database.appendStale(b, 4000), "duplicate");
  assert.equal(database.appendStale(b, 4500), "stored");
  assert.equal(database.appendStale(b, 4500), "same");
  assert.equal(database.appendHistogram(h, 4000, histogram(1)), "stored");
  assert.equal(database.appendHistogram(h, 4000, histogram(1)), "same");
  assert.equal(database.appendHistogram(h, 4000, histogram(2)), "duplicate");
  assert.equal(database.appendSample(h, 4000, 0), "duplicate");
  await database.flush();
  assert.equal(database.appendSample(b, 4500, 1), "duplicate", "what is in a block still counts");
  assert.equal(database.appendSample(b, 4400, 1), "out_of_order");
  assert.equal(database.appendSample(b, 6000 - WINDOW_MS, 1), "out_of_bounds");
  assert.deepEqual(await contents(database), {
    '{__name__="a"}': [[5000, 1]],
    '{__name__="b"}': [[4000, NaN], [4500, "stale"]],
    '{__name__="h"}': [[4000, "histogram 1"]],
  });
});

Deno.test("in a window, late samples and late rows are stored, merged, and survive flush and compaction", async () => {
  const store = new MemoryStore();
  const late = { ...options, outOfOrderWindowMs: 10 * HOUR_MS };
  let database = await Database.open(store, late);
  const group = database.group("target");
  for (const name of ["a", "b", "c"]) database.slotFor(group, labelsOf(name));
  const want: Record<string, [number, number | string][]> = {
    '{__name__="a"}': [],
    '{__name__="b"}': [],
    '{__name__="c"}': [],
  };
  for (let hour = 1; hour <= 12; hour++) {
    database.append(group, hour * HOUR_MS, row(hour, -hour));
    want['{__name__="a"}'].push([hour * HOUR_MS, hour]);
    want['{__name__="b"}'].push([hour * HOUR_MS, -hour]);
  }
  await database.flush();
  await database.maintain();
  const words = row(99, undefined, 7);
  setStale(words, 1);
  const { accepted, samples } = database.append(group, 5.5 * HOUR_MS, words);
  assert.deepEqual([accepted, samples], [true, 2]);
  want['{__name__="a"}'].push([5.5 * HOUR_MS, 99]);
  want['{__name__="b"}'].push([5.5 * HOUR_MS, "stale"]);
  want['{__name__="c"}'].push([5.5 * HOUR_MS, 7]);
  assert.equal(database.append(group, HOUR_MS, row(1, 2, 3)).accepted, false, "older than the window");
  const a = database.refFor(labelsOf("a"));
  assert.equal(database.appendSample(a, 1.9 * HOUR_MS, 1), "too_old");
  assert.equal(database.appendSample(a, 2.1 * HOUR_MS, 1), "stored");
  want['{__name__="a"}'].push([2.1 * HOUR_MS, 1]);
  for (const list of Object.values(want)) list.sort((x, y) => x[0] - y[0]);
  assert.deepEqual(await contents(database), want);
  await database.commit();
  database = await Database.open(store, late);
  assert.deepEqual(await contents(database), want, "from the log");
  await database.flush();
  assert.deepEqual(await contents(database), want, "from blocks that overlap");
  await database.maintain();
  assert.ok(database.counters.compactions > 0);
  assert.deepEqual(await contents(database), want, "merged");
});

Deno.test("a clock that steps back, or ahead and back, refuses rows until time catches up", async () => {
  const database = await Database.open(new MemoryStore(), { ...options, headBytesMin: 1 });
  const group = database.group("target");
  database.slotFor(group, labelsOf("a"));
  const taken: [number, number][] = [];
  for (const hour of [1, 2, 1.5, 1.75, 2.25, 500, 2.5, 3, 499, 501]) {
    if (database.append(group, hour * HOUR_MS, row(hour)).accepted) taken.push([hour * HOUR_MS, hour]);
    await database.commit();
    await database.maintain();
  }
  assert.deepEqual(taken.map(([, hour]) => hour), [1, 2, 2.25, 500, 501]);
  assert.deepEqual(await contents(database), { '{__name__="a"}': taken });
  assert.equal(database.appendSample(database.refFor(labelsOf("b")), 3 * HOUR_MS, 1), "out_of_bounds");
});

Deno.test("append() refuses times that cannot be stored", async () => {
  const database = await Database.open(new MemoryStore(), options);
  const group = database.group("target");
  database.slotFor(group, labelsOf("a"));
  for (const timeMs of [0.5, NaN, Infinity, 2 ** 60]) {
    assert.throws(() => database.append(group, timeMs, row(1)), RangeError);
    assert.equal(database.appendSample(database.refFor(labelsOf("b")), timeMs, 1), "out_of_bounds");
  }
});
