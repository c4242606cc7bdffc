import assert from "node:assert/strict";
import fc from "fast-check";
import { type CounterResetHint, FloatHistogram } from "../../../../engine/histogram/float_histogram.ts";
import { Labels } from "../../../../engine/labels/labels.ts";
import { Engine } from "../../../../engine/promql/engine.ts";
import type { Queryable, SeriesColumns } from "../../../../engine/tsdb/select.ts";
import { fillAbsent, wordsOf } from "../../../../engine/sample.ts";

const INTERVAL_MS = 15_000;
const LAYOUTS = [
  { schema: 0, zeroThreshold: 0.01, positiveSpans: [{ offset: 0, length: 3 }, { offset: 2, length: 1 }] },
  { schema: 1, zeroThreshold: 0.01, positiveSpans: [{ offset: 1, length: 4 }] },
  // One bucket lies within the zero bucket, and one span has no bucket.
  {
    schema: 0,
    zeroThreshold: 4,
    positiveSpans: [{ offset: 1, length: 2 }, { offset: 1, length: 0 }, { offset: 1, length: 2 }],
  },
  {
    schema: -53,
    zeroThreshold: 0,
    positiveSpans: [{ offset: 0, length: 4 }],
    customValues: Float64Array.of(1, 2, 5),
  },
];

interface Entry {
  readonly layout: number;
  readonly increments: readonly number[];
  readonly sum: number;
  readonly reset: boolean;
  readonly hint: CounterResetHint;
}

/** Mostly counters that grow by whole numbers, with now and then another layout, a reset, or a fraction. */
const entries = fc.array(
  fc.record({
    layout: fc.oneof({ weight: 12, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(3) }),
    increments: fc.array(
      fc.oneof({ weight: 9, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.constantFrom(0.1, 2 ** 52) }),
      { minLength: 5, maxLength: 5 },
    ),
    sum: fc.double({ noNaN: true, min: -1e3, max: 1e3 }),
    reset: fc.integer({ min: 0, max: 15 }).map((n) => n === 0),
    hint: fc.oneof(
      { weight: 9, arbitrary: fc.constant<CounterResetHint>("unknown") },
      { weight: 1, arbitrary: fc.constantFrom<CounterResetHint>("reset", "not_reset", "gauge") },
    ),
  }),
  { minLength: 12, maxLength: 40 },
);

function seriesOf(given: readonly Entry[]): SeriesColumns {
  const times = Float64Array.from(given, (_, i) => i * INTERVAL_MS);
  const values = new Float64Array(times.length);
  fillAbsent(wordsOf(values), 0, values.length);
  let at = 0, counts = [0, 0, 0, 0, 0], sum = 0;
  const histograms = given.map((entry) => {
    if (entry.reset) counts = [0, 0, 0, 0, 0];
    if (entry.layout >= 0) at = entry.layout;
    counts = counts.map((count, i) => count + entry.increments[i]);
    sum += entry.sum;
    const [zero, ...buckets] = counts;
    const zeroCount = LAYOUTS[at].schema === -53 ? 0 : zero;
    return new FloatHistogram({
      ...LAYOUTS[at],
      zeroCount,
      count: zeroCount + buckets.reduce((a, b) => a + b),
      sum,
      positiveBuckets: Float64Array.from(buckets),
      counterResetHint: entry.hint,
    });
  });
  return { labels: Labels.fromSortedPairs(["__name__", "h"]), times, values, histograms };
}

/** Start times that nobody knows: nothing depends on them, but rates are computed in the general way. */
function withStartTimes(series: SeriesColumns): SeriesColumns {
  return { ...series, startTimes: new Float64Array(series.times.length) };
}

const engine = new Engine({ useStartTimestamps: true, now: () => 0 });
const queryableOf = (series: SeriesColumns): Queryable => ({ select: () => Promise.resolve([series]) });

async function answer(series: SeriesColumns, query: string) {
  const endMs = series.times.at(-1)! + INTERVAL_MS;
  const { value, warnings, infos } = await engine.range(queryableOf(series), query, 0, endMs, INTERVAL_MS);
  assert.equal(value.type, "matrix");
  return { series: value.type === "matrix" ? value.series : [], warnings, infos };
}

Deno.test("rates of histograms in windows without a change are those of the general way, bit for bit", () =>
  fc.assert(fc.asyncProperty(
    entries,
    fc.constantFrom("rate(h[2m])", "increase(h[50s])", "delta(h[2m])"),
    async (given, query) => {
      const series = seriesOf(given);
      assert.deepStrictEqual(await answer(series, query), await answer(withStartTimes(series), query));
    },
  )));

Deno.test("sums and means of histograms over many windows are those over one window, bit for bit", () =>
  fc.assert(
    fc.asyncProperty(
      entries,
      fc.constantFrom("sum_over_time(h[2m])", "avg_over_time(h[2m])"),
      async (given, query) => {
        const series = seriesOf(given);
        const { series: [found] } = await answer(series, query);
        for (const [i, timeMs] of found.times.entries()) {
          const { value } = await engine.instant(queryableOf(series), query, timeMs);
          const single = value.type === "vector" ? value.series : [];
          assert.deepStrictEqual(found.histograms?.[i], single[0]?.histograms?.[0], `at ${timeMs} ms`);
        }
      },
    ),
    { numRuns: 50 },
  ));
