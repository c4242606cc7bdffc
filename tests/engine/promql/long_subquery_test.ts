import assert from "node:assert/strict";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { Labels } from "../../../engine/labels/labels.ts";
import { Engine } from "../../../engine/promql/engine.ts";
import { fillAbsent, wordsOf } from "../../../engine/sample.ts";
import type { SeriesColumns } from "../../../engine/tsdb/select.ts";
import { largestAllocation } from "./_largest_allocation.ts";
import { storeOf } from "./_series.ts";

/** A subquery over so many steps is evaluated in parts. */
const SECONDS = 200_000;

/** A series with a sample every so many seconds, that number as its value. */
function sparse(labels: Record<string, string>, everySeconds: number, firstSeconds = 0): SeriesColumns {
  const count = Math.floor((SECONDS - firstSeconds) / everySeconds) + 1;
  const times = Float64Array.from({ length: count }, (_, i) => 1000 * (firstSeconds + i * everySeconds));
  return { labels: Labels.from(labels), times, values: new Float64Array(count).fill(everySeconds) };
}

function absentColumn(length: number): Float64Array {
  const values = new Float64Array(length);
  fillAbsent(wordsOf(values), 0, length);
  return values;
}

const histograms: SeriesColumns = {
  ...sparse({ __name__: "h" }, 50_000),
  values: absentColumn(5),
  histograms: Array.from({ length: 5 }, (_, i) => new FloatHistogram({ schema: 0, count: i, sum: i })),
};
const store = storeOf([
  sparse({ __name__: "a", late: "yes" }, 1000, 100_000),
  sparse({ __name__: "a", late: "no" }, 1000),
  sparse({ __name__: "b" }, 250),
  histograms,
]);
const engine = new Engine({ now: () => 0 });

async function valuesOf(query: string): Promise<Record<string, number>> {
  const { value } = await engine.instant(store, query, 1000 * SECONDS);
  assert.ok(value.type === "vector");
  return Object.fromEntries(value.series.map(({ labels, values }) => [labels.get("late"), values[0]]));
}

// A sample is seen for five minutes, the first one from a second later on, the last one at its own time.
for (
  const [query, want] of [
    [`count_over_time(a[${SECONDS}s:1s])`, { no: 200 * 300, yes: 100 * 300 + 1 }],
    [`sum_over_time(a[${SECONDS}s:1s])`, { no: 1000 * (200 * 300), yes: 1000 * (100 * 300 + 1) }],
    [`count_over_time(b[${SECONDS}s:1s])`, { "": SECONDS }],
    [`sum_over_time(vector(time())[${SECONDS}s:1s])`, { "": SECONDS * (SECONDS + 1) / 2 }],
    [`max_over_time((time() - a)[${SECONDS}s:1s])`, { no: SECONDS - 1000, yes: SECONDS - 1000 }],
    [`count_over_time(vector(scalar(a{late="no"} @ 7000))[${SECONDS}s:1s])`, { "": SECONDS }],
    [`sum(count_over_time(sum by (late) (a)[${SECONDS}s:1s]))`, { "": 300 * 300 + 1 }],
    [`count_over_time(sum(count_over_time(b[10m:1m]))[${SECONDS}s:1s])`, { "": SECONDS }],
    [`count_over_time(h[${SECONDS}s:1s])`, { "": 4 * 300 }],
    [`histogram_count(last_over_time(h[${SECONDS}s:1s]))`, { "": 4 }],
    [`rate(vector(time())[${SECONDS}s:1s])`, { "": 1 }],
  ] as const
) {
  Deno.test(`${query} is what it is over fewer steps`, async () => {
    assert.deepEqual(await valuesOf(query), want);
  });
}

Deno.test("a subquery of very many steps as a result has all samples in order", async () => {
  const { value, stats } = await engine.instant(store, `a[${SECONDS}s:1s]`, 1000 * SECONDS);
  assert.ok(value.type === "matrix");
  const [no, yes] = value.series.map(({ times }) => times);
  assert.equal(no.length, 200 * 300);
  assert.equal(yes.length, 100 * 300 + 1);
  assert.ok(no.every((time, i) => i === 0 || time > no[i - 1]));
  assert.deepEqual(yes, no.slice(-yes.length));
  assert.equal(stats.samples.total, no.length + yes.length);
  assert.equal(stats.samples.peak, no.length + yes.length);
});

Deno.test("a subquery over nothing takes no memory by its steps", async () => {
  const allocated = largestAllocation();
  try {
    const { value } = await engine.instant(store, "count_over_time(nope[190000000s:1s])", 1e12);
    assert.deepEqual(value.type === "vector" && value.series, []);
    assert.ok(allocated.bytes < 1 << 20, `took ${allocated.bytes} bytes`);
  } finally {
    allocated.stop();
  }
});

Deno.test("a subquery is held to the limit of samples over all its parts", async () => {
  const run = (maxSamples: number, query: string) =>
    new Engine({ now: () => 0, maxSamples }).instant(store, query, 1000 * SECONDS);
  // All samples, all that the window looks at, and the result.
  await run(2 * SECONDS + 1, `count_over_time(b[${SECONDS}s:1s])`);
  await assert.rejects(run(2 * SECONDS, `count_over_time(b[${SECONDS}s:1s])`), {
    name: "QueryLimitError",
  });
  await run(2 * SECONDS + 1, `count_over_time(vector(time())[${SECONDS}s:1s])`);
});

Deno.test("what a plan measures of a subquery of many steps is of all its parts", async () => {
  const query = `count_over_time(b[${SECONDS}s:1s])`;
  const { plan } = await engine.instant(store, query, 1000 * SECONDS, { analyze: true });
  const select = plan!.root.inputs[0].inputs[0];
  assert.deepEqual(
    [select.operator, select.measured!.steps, select.measured!.series, select.measured!.samples],
    ["select", SECONDS, 1, SECONDS],
  );
});
