import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type CounterResetHint,
  FloatHistogram,
  type HistogramFields,
} from "../../../engine/histogram/float_histogram.ts";
import { detectReset } from "../../../engine/histogram/reset.ts";
import { Database } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { withStoredHint } from "../../../engine/tsdb/reset_hints.ts";
import { always, everything, labelsOf, options } from "./_samples.ts";

const late = { ...options, outOfOrderWindowMs: 1e12 };

function histogram(count: number, fields: HistogramFields = {}): FloatHistogram {
  return new FloatHistogram({
    schema: 0,
    count,
    sum: count,
    positiveSpans: [{ offset: 0, length: 1 }],
    positiveBuckets: Float64Array.of(count),
    ...fields,
  });
}

for (
  const { name, before, now, want } of [
    { name: "the first one", before: undefined, now: {}, want: "unknown" },
    { name: "one that goes on", before: {}, now: {}, want: "not_reset" },
    {
      name: "one that was said to go on",
      before: {},
      now: { counterResetHint: "not_reset" },
      want: "not_reset",
    },
    { name: "one that was said to go on, but does not", before: { count: 9 }, now: {}, want: "unknown" },
    {
      name: "one that was said to be reset",
      before: {},
      now: { counterResetHint: "reset" },
      want: "unknown",
    },
    { name: "a lower count", before: { count: 9 }, now: {}, want: "unknown" },
    { name: "another schema", before: { schema: 1 }, now: {}, want: "unknown" },
    {
      name: "another zero threshold",
      before: { zeroThreshold: 1e-5 },
      now: { zeroThreshold: 1e-3 },
      want: "unknown",
    },
    { name: "a gauge", before: {}, now: { counterResetHint: "gauge" }, want: "gauge" },
    { name: "what follows a gauge", before: { counterResetHint: "gauge" }, now: {}, want: "unknown" },
  ] as { name: string; before: HistogramFields | undefined; now: HistogramFields; want: CounterResetHint }[]
) {
  Deno.test(`withStoredHint() of ${name} is ${want}`, () => {
    const previous = before && histogram(3, before);
    const stored = withStoredHint(histogram(3, now), previous);
    assert.equal(stored.counterResetHint, want);
    assert.ok(stored.equals(histogram(3, now)));
  });
}

async function hintsOf(database: Database): Promise<string[]> {
  const [series] = await database.select({ matchers: everything, ...always });
  return Array.from(
    series.times,
    (timeMs, i) => `${series.histograms?.[i]?.counterResetHint ?? "none"}@${timeMs}`,
  );
}

Deno.test("hints are the same from the head, the log and a block, and stand where something was between", async () => {
  const store = new MemoryStore();
  let database = await Database.open(store, late);
  const ref = database.refFor(labelsOf("h"));
  for (const [timeMs, count] of [[1, 1], [2, 2], [3, 1], [4, 4]]) {
    database.appendHistogram(ref, timeMs, histogram(count));
  }
  database.appendStale(ref, 5);
  database.appendHistogram(ref, 6, histogram(5));
  database.appendHistogram(ref, 8, histogram(8));
  const want = ["unknown@1", "not_reset@2", "unknown@3", "not_reset@4", "none@5", "unknown@6", "not_reset@8"];
  assert.deepEqual(await hintsOf(database), want);
  await database.commit();
  database = await Database.open(store, late);
  assert.deepEqual(await hintsOf(database), want);
  await database.flush();
  assert.deepEqual(await hintsOf(database), want);
  database.appendHistogram(ref, 7, histogram(7)); // of which the block knows nothing
  assert.deepEqual((await hintsOf(database)).slice(5), ["unknown@6", "unknown@7", "unknown@8"]);
  await database.deleteSeries(everything, 1, 1);
  assert.equal((await hintsOf(database))[0], "unknown@2");
});

Deno.test("whatever comes late or goes, no histogram is read as going on from one that it does not go on from", async () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ timeMs: fc.nat(30), count: fc.nat(3), kind: fc.constantFrom(0, 0, 0, 1, 2) }),
    },
    { weight: 1, arbitrary: fc.constantFrom("flush" as const, "reopen" as const, "delete" as const) },
  );
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
    const store = new MemoryStore();
    let database = await Database.open(store, late);
    for (const [i, step] of steps.entries()) {
      if (step === "flush") await database.flush();
      else if (step === "delete") await database.deleteSeries(everything, i, i + 3);
      else if (step === "reopen") {
        await database.commit();
        database = await Database.open(store, late);
      } else {
        const ref = database.refFor(labelsOf("h"));
        if (step.kind === 1) database.appendStale(ref, step.timeMs);
        else {database.appendHistogram(
            ref,
            step.timeMs,
            histogram(step.count, { schema: step.kind === 2 ? 1 : 0 }),
          );}
      }
    }
    const [series] = await database.select({ matchers: everything, ...always });
    series?.histograms?.forEach((current, i) => {
      if (current?.counterResetHint !== "not_reset") return;
      const previous = i === 0 ? undefined : series.histograms![i - 1];
      assert.ok(previous !== undefined, "nothing before it");
      assert.equal(detectReset(current.with({ counterResetHint: "unknown" }), previous), false);
    });
  }));
});
