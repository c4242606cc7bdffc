import assert from "node:assert/strict";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { Labels } from "../../../engine/labels/labels.ts";
import { fillAbsent, wordsOf } from "../../../engine/sample.ts";
import { Engine, type EngineOptions } from "../../../engine/promql/engine.ts";
import { QueryLimitError } from "../../../engine/promql/query_errors.ts";
import type { SelectRequest, SeriesColumns } from "../../../engine/tsdb/select.ts";
import { MINUTE, seriesOf, storeOf } from "./_series.ts";
import { largestAllocation } from "./_largest_allocation.ts";

const SAMPLES = 101, APART_MS = 10_000;
const TIMES = Float64Array.from({ length: SAMPLES }, (_, i) => i * APART_MS);

/** A counter with a sample every ten seconds from 0 to 1000 s. */
function counter(labels: Record<string, string>): SeriesColumns {
  return { labels: Labels.from(labels), times: TIMES, values: Float64Array.from(TIMES.keys(), (i) => i + 1) };
}

/** Histograms that count for 13 samples each. */
function histograms(labels: Record<string, string>): SeriesColumns {
  const values = new Float64Array(SAMPLES);
  fillAbsent(wordsOf(values), 0, SAMPLES);
  return {
    labels: Labels.from(labels),
    times: TIMES,
    values,
    histograms: Array.from(TIMES, (_, i) =>
      new FloatHistogram({
        schema: 1,
        count: 5 + 10 * i,
        sum: 20 + 5 * i,
        positiveSpans: [{ offset: 0, length: 4 }],
        positiveBuckets: Float64Array.of(1 + i, 2 + 2 * i, 1 + 3 * i, 1 + 4 * i),
      })),
  };
}

const store = storeOf([
  counter({ __name__: "one" }),
  counter({ __name__: "three", a: "1", b: "1" }),
  counter({ __name__: "three", a: "2", b: "2" }),
  counter({ __name__: "three", a: "3", b: "2" }),
  histograms({ __name__: "h" }),
]);

/** In seconds; counts by step. */
interface Case {
  readonly query: string;
  readonly at: readonly [number] | readonly [number, number, number];
  readonly total: readonly number[];
  /** Unless the same as `total`. */
  readonly read?: readonly number[];
  /** Left out where not the same is in memory here, which is less but for windows that shrink. */
  readonly peak?: number;
}

// What upstream's engine counts for the same samples.
const CASES: readonly Case[] = [
  { query: '"text"', at: [21], total: [0], peak: 0 },
  { query: "1", at: [21], total: [0], peak: 1 },
  { query: "one", at: [22], total: [1], peak: 1 },
  { query: "h", at: [21], total: [13], peak: 13 },
  { query: "timestamp(h)", at: [21], total: [1] },
  { query: "one offset 10s", at: [21], total: [1], peak: 1 },
  { query: "one @ 15", at: [21], total: [1], peak: 1 },
  { query: 'three{a="1"}[20s] @ 19', at: [21], total: [2], peak: 2 },
  { query: "three", at: [21], total: [3], peak: 3 },
  { query: "one[60s]", at: [201], total: [6], peak: 6 },
  { query: "h[60s]", at: [201], total: [78], peak: 78 },
  { query: "max_over_time(one[60s])[20s:5s]", at: [201], total: [24], read: [8], peak: 10 },
  { query: "max_over_time(one[61s])[20s:5s]", at: [201], total: [26], read: [8], peak: 11 },
  { query: "max_over_time(h[60s])[20s:5s]", at: [201], total: [312], read: [104], peak: 78 },
  { query: "one[60s] @ 30", at: [201], total: [4], peak: 4 },
  { query: "h[60s] @ 30", at: [201], total: [52], peak: 52 },
  { query: "sum by (b) (max_over_time(three[60s] @ 30))", at: [201], total: [12] },
  { query: "one[60s] offset 10s", at: [201], total: [6], peak: 6 },
  { query: "three[60s]", at: [201], total: [18], peak: 18 },
  { query: "max_over_time(one[60s])", at: [201], total: [6], peak: 7 },
  { query: "absent_over_time(one[60s])", at: [201], total: [6], peak: 7 },
  { query: "max_over_time(three[60s])", at: [201], total: [18], peak: 9 },
  { query: "one[60s:5s]", at: [201], total: [12], peak: 12 },
  { query: "(one[60s:5s] offset 10s)", at: [201], total: [12], peak: 12 },
  { query: "max_over_time(three[60s:5s])", at: [201], total: [36], peak: 51 },
  {
    query: "sum(max_over_time(three[60s:5s])) + sum(max_over_time(three[60s:5s]))",
    at: [201],
    total: [72],
  },
  { query: 'three{a="1"}', at: [204, 223, 5], total: [1, 1, 1, 1], peak: 4 },
  { query: "h", at: [204, 223, 5], total: [13, 13, 13, 13], peak: 52 },
  { query: "timestamp(h)", at: [201, 220, 5], total: [1, 1, 1, 1] },
  { query: 'max_over_time(three{a="1"}[10s])', at: [991, 1021, 10], total: [1, 1, 0, 0] },
  {
    query: "max_over_time(three[60s] @ 30)",
    at: [201, 220, 5],
    total: [12, 12, 12, 12],
    read: [12, 0, 0, 0],
    peak: 12,
  },
  { query: "one @ 30", at: [201, 220, 5], total: [1, 1, 1, 1], read: [1, 0, 0, 0], peak: 4 },
  { query: "three", at: [201, 220, 5], total: [3, 3, 3, 3], peak: 12 },
  {
    query: "max_over_time(three[60s])",
    at: [201, 220, 5],
    total: [18, 18, 18, 18],
    read: [18, 0, 3, 0],
    peak: 18,
  },
  {
    query: "max_over_time(three[60s:5s])",
    at: [201, 216, 5],
    total: [36, 36, 36, 36],
    read: [36, 3, 3, 3],
    peak: 69,
  },
  {
    query: "max_over_time(three[60s:5s])",
    at: [201, 220, 5],
    total: [36, 36, 36, 36],
    read: [36, 3, 3, 3],
    peak: 69,
  },
  {
    query: "max_over_time(one[60s:5s])",
    at: [201, 220, 5],
    total: [12, 12, 12, 12],
    read: [12, 1, 1, 1],
    peak: 31,
  },
  {
    query: "sum(max_over_time(three[60s:5s])) + sum(max_over_time(one[60s:5s]))",
    at: [201, 220, 5],
    total: [48, 48, 48, 48],
    read: [48, 4, 4, 4],
  },
  { query: "max_over_time(one[20s:10s])", at: [201], total: [2], peak: 5 },
  { query: "sum_over_time(one[30s:30s])", at: [90], total: [1], peak: 3 },
  { query: "max_over_time(one[30s:2m])", at: [240], total: [1], peak: 3 },
  { query: "max_over_time(one[30s:10s])", at: [201, 231, 30], total: [3, 3], peak: 11 },
  {
    query: "max_over_time(one[20s:10s])",
    at: [201, 261, 10],
    total: [2, 2, 2, 2, 2, 2, 2],
    read: [2, 1, 1, 1, 1, 1, 1],
    peak: 17,
  },
  // Six of the nine samples of the subquery lie in the windows.
  { query: "max_over_time(one[30s:10s])", at: [201, 261, 60], total: [3, 3], peak: 14 },
  { query: "histogram_count(max_over_time(h[20s:10s]))", at: [201], total: [26], peak: 52 },
  {
    query: "avg_over_time(h[2m:1m])",
    at: [120, 240, 60],
    total: [26, 26, 26],
    read: [26, 13, 13],
    peak: 117,
  },
  {
    query: "max_over_time(three[60s:10s])",
    at: [200, 400, 30],
    total: [18, 18, 18, 18, 18, 18, 18],
    read: [18, 9, 9, 9, 9, 9, 9],
    peak: 99,
  },
  {
    query: "predict_linear(one[60s] @ 100, 60)",
    at: [100, 300, 100],
    total: [6, 6, 6],
    read: [6, 0, 0],
    peak: 12,
  },
];

// Subqueries shorter than the step, and what is in them, by the same rules.
const GAP_CASES: readonly Case[] = [
  // Eight of the eleven samples that the windows inside the subquery read.
  {
    query: "max_over_time(sum_over_time(one[30s])[30s:10s])",
    at: [201, 261, 60],
    total: [3, 3],
    read: [5, 3],
  },
  { query: "max_over_time(histogram_count(h)[30s:10s])", at: [201, 261, 60], total: [3, 3], read: [39, 39] },
  {
    query: "max_over_time(max_over_time(one[20s:10s])[30s:10s])",
    at: [201, 261, 60],
    total: [3, 3],
    read: [4, 3],
  },
  {
    query: "max_over_time(vector(scalar(one @ 30))[30s:10s])",
    at: [201, 261, 60],
    total: [3, 3],
    read: [1, 0],
  },
  {
    query: "max_over_time(vector(scalar(one @ 30))[10s:60s])",
    at: [201, 261, 60],
    total: [0, 0],
  },
];

// What a subquery with "@" reads is for the first step, as with a selector. Upstream looks for it at the times of the
// steps around it, and loses what is not there.
const FIXED_CASES: readonly Case[] = [
  {
    query: "predict_linear(one[60s:10s] @ 30, 60)",
    at: [300, 500, 100],
    total: [4, 4, 4],
    read: [4, 0, 0],
  },
  {
    query: "predict_linear(one[60s:10s] @ end(), 60)",
    at: [300, 500, 100],
    total: [6, 6, 6],
    read: [6, 0, 0],
  },
  {
    query: "max_over_time(predict_linear(one[60s:10s] @ 30, 60)[20s:10s])",
    at: [300, 400, 100],
    total: [2, 2],
    read: [4, 0],
  },
];

for (
  const { query, at: [start, end, step], total, read = total, peak } of [
    ...CASES,
    ...GAP_CASES,
    ...FIXED_CASES,
  ]
) {
  Deno.test(`samples of ${query} from ${start} to ${end ?? start} are counted`, async () => {
    const engine = new Engine({ now: () => 0, perStepStats: true });
    const options = { perStepStats: true };
    const { stats: { samples } } = end === undefined
      ? await engine.instant(store, query, start * 1000, options)
      : await engine.range(store, query, start * 1000, end * 1000, step! * 1000, options);
    assert.deepEqual([...samples.totalPerStep!], total);
    assert.deepEqual([...samples.readPerStep!], read);
    assert.equal(samples.total, total.reduce((a, b) => a + b));
    assert.equal(samples.read, read.reduce((a, b) => a + b));
    if (peak !== undefined) assert.equal(samples.peak, peak);
  });

  Deno.test(`samples of ${query} from ${start} to ${end ?? start} are counted without steps`, async () => {
    const engine = new Engine({ now: () => 0 });
    const { stats: { samples } } = end === undefined
      ? await engine.instant(store, query, start * 1000)
      : await engine.range(store, query, start * 1000, end * 1000, step! * 1000);
    assert.equal(samples.total, total.reduce((a, b) => a + b));
    assert.equal(samples.read, read.reduce((a, b) => a + b));
    assert.equal(samples.totalPerStep, undefined);
  });
}

const many = storeOf(
  Array.from({ length: 50 }, (_, i) => seriesOf({ __name__: "x", i: `${i}` }, new Array(60).fill(i))),
);

for (
  const { query, steps = 1, fits, tooFew } of [
    { query: "x[10m]", fits: 500, tooFew: 499 },
    { query: "(x[10m])", fits: 500, tooFew: 499 },
    { query: "x[10m] @ 600", fits: 500, tooFew: 499 },
    { query: "x[10m:1m]", fits: 500, tooFew: 499 },
    { query: "sum_over_time(x[10m])", fits: 60, tooFew: 59 },
    { query: "absent_over_time(x[10m])", fits: 61, tooFew: 59 },
    { query: "x @ 60", steps: 20, fits: 1000, tooFew: 999 },
    { query: "time()", steps: 200, fits: 200, tooFew: 199 },
    { query: "vector(1)", steps: 200, fits: 200, tooFew: 199 },
    { query: "minute()", steps: 200, fits: 200, tooFew: 199 },
  ]
) {
  Deno.test(`${query} at ${steps} steps takes ${fits} samples, and no less than ${tooFew + 1}`, async () => {
    const run = (maxSamples: number) => {
      const engine = new Engine({ now: () => 0, maxSamples });
      return steps === 1
        ? engine.instant(many, query, 50 * MINUTE)
        : engine.range(many, query, 0, (steps - 1) * MINUTE, MINUTE);
    };
    await run(fits);
    await assert.rejects(run(tooFew), QueryLimitError);
  });
}

for (
  const query of [
    "count_over_time(vector(time())[190000000s:1s])",
    "count_over_time(vector(1)[190000000s:1s])",
    "count_over_time(minute()[190000000s:1s])",
    "count_over_time(vector(scalar(x @ 0))[190000000s:1s])",
    "count_over_time(vector(pi() * 2)[190000000s:1s])",
    "count_over_time(vector(scalar(nope))[190000000s:1s])",
    "max_over_time(absent(nope)[190000000s:1s])",
    "max_over_time(absent_over_time(nope[1m])[190000000s:1s])",
  ]
) {
  Deno.test(`${query} is refused before its samples are made`, async () => {
    const allocated = largestAllocation();
    try {
      await assert.rejects(new Engine({ now: () => 0 }).instant(many, query, 1e12), QueryLimitError);
      assert.ok(allocated.bytes < 1 << 20, `took ${allocated.bytes} bytes`);
    } finally {
      allocated.stop();
    }
  });
}

Deno.test("counts by the steps of a subquery are held to the limit, and made only where they are asked for", async () => {
  const engine = new Engine({ now: () => 0, maxSamples: 1000, perStepStats: true });
  const run = (perStepStats: boolean) =>
    engine.range(many, "max_over_time(nope[10s:1s])", 0, 50 * MINUTE, MINUTE, { perStepStats });
  await run(false);
  await assert.rejects(run(true), QueryLimitError);
});

Deno.test("what does not depend on the step is held to the limit before it is repeated", async () => {
  const allocated = largestAllocation();
  try {
    const engine = new Engine({ now: () => 0, maxSamples: 1000 });
    await assert.rejects(engine.range(many, "x @ 60", 0, 100_000 * MINUTE, MINUTE), QueryLimitError);
    assert.ok(allocated.bytes < 1 << 18, `took ${allocated.bytes} bytes`);
  } finally {
    allocated.stop();
  }
});

Deno.test("a select is told how much there may be, and one that gives up is a query of too many samples", async () => {
  const store = {
    select({ maxSamples }: SelectRequest): Promise<SeriesColumns[]> {
      // As from another thread: only name and message are left.
      return Promise.reject(Object.assign(new Error(`${maxSamples}`), { name: "SelectSizeError" }));
    },
  };
  await assert.rejects(
    new Engine({ now: () => 0, maxSamples: 1000 }).instant(store, "x[1h]", 0),
    new QueryLimitError("query processing would load too many samples into memory in query execution"),
  );
});

Deno.test("results are held to their size in JSON", async () => {
  const sizeOf = async (query: string, options: Partial<EngineOptions>) => {
    const engine = new Engine({ now: () => 0, ...options });
    return await engine.range(store, query, 0, 1000_000, 10_000);
  };
  // A series that is there at 1 of 101 steps.
  await sizeOf("one == 7", { maxResultBytes: 150 });
  await assert.rejects(sizeOf("one", { maxResultBytes: 150 }), QueryLimitError);
  // 101 histograms of four buckets.
  await sizeOf("one", { maxResultBytes: 101 * 50 });
  await assert.rejects(sizeOf("h", { maxResultBytes: 101 * 50 }), QueryLimitError);
});
