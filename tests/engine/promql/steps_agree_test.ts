import assert from "node:assert/strict";
import fc from "fast-check";
import { toText } from "../../../engine/histogram/print.ts";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { fillAbsent, wordsOf } from "../../../engine/sample.ts";
import type { SeriesColumns } from "../../../engine/tsdb/select.ts";
import { Engine } from "../../../engine/promql/engine.ts";
import { errorTypeOf } from "../../../engine/promql/query_errors.ts";
import { MINUTE, seriesOf, storeOf, type TestSample } from "./_series.ts";

const QUERIES = [
  ...["x", "-x", "+x", "x + 1", "2 - x", "x > 1", "1 < x", "x > bool 1", "x ^ 2", "x % 2", "x atan2 2"],
  ...[
    "x + y",
    "x - on (a) y",
    "x * ignoring (b) y",
    "x / on (a) group_left () y",
    "y * on (a) group_right (b) x",
  ],
  ...[
    "x == y",
    "x > on (a, b) y",
    "x >= bool on (a, b) y",
    "x + on (a, b) fill (3) y",
    "x - on (a, b) fill_left (1) y",
  ],
  ...[
    "x and y",
    "x or y",
    "x unless y",
    "x and on (a) y",
    "x or on (a) y",
    "x unless on (b) y",
    "x or vector(1)",
  ],
  ...["sum(x)", "sum by (a) (x)", "avg without (a) (x)", "min by (b) (x)", "max(x)", "count by (a) (x)"],
  ...["group(x)", "stddev by (a) (x)", "stdvar(x)", "quantile(0.3, x)", 'count_values("v", x)', "topk(2, x)"],
  ...[
    "bottomk by (a) (1, x)",
    "limitk(2, x)",
    "limit_ratio(0.5, x)",
    "sum(x or y)",
    "sum by (__name__) ({a!=''})",
  ],
  ...["rate(x[5m])", "sum by (a) (rate(x[5m]))", "sum(rate({a!=''}[5m]))", "last_over_time(x[3m])"],
  ...["sum_over_time(x[4m])", "max_over_time(x[6m:2m])", "avg_over_time(rate(x[3m])[6m:1m])", "x offset 2m"],
  ...["x @ 240", "x - x @ 240", "sum(x @ 240 offset 1m)", "sum_over_time(x[3m] @ 240)", "absent(x)"],
  ...["absent_over_time(x[2m])", "scalar(x)", "vector(time())", "timestamp(x)", "abs(x)", "clamp_max(x, 2)"],
  ...['label_replace(x, "c", "$1", "a", "(.)")', "histogram_count(x)", "count_over_time(x[4m])"],
  ...["changes(x[5m])", "resets(x[5m])", "irate(x[5m])", "delta(x[5m])", "time() - timestamp(x)"],
];

const histogram = fc.integer({ min: 0, max: 5 }).map((n) =>
  new FloatHistogram({
    count: 2 * n,
    sum: n,
    positiveSpans: [{ offset: 0, length: 2 }],
    positiveBuckets: Float64Array.of(n, n),
  })
);
const sample = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 6 }) as fc.Arbitrary<TestSample> },
  { weight: 1, arbitrary: fc.constantFrom<TestSample>("stale", NaN, Infinity) },
  { weight: 2, arbitrary: fc.constant<TestSample>(undefined) },
);

/** Series of x and y with labels a and b, of floats with gaps, some with histograms in between. */
const store = fc.array(
  fc.record({
    labels: fc.record({
      __name__: fc.constantFrom("x", "y"),
      a: fc.constantFrom("1", "2"),
      b: fc.constantFrom("1", "2", "3"),
    }),
    samples: fc.array(sample, { minLength: 1, maxLength: 15 }),
    histograms: fc.array(fc.tuple(fc.nat(14), histogram), { maxLength: 2 }),
    hasHistograms: fc.integer({ min: 0, max: 3 }),
  }),
  { minLength: 1, maxLength: 8 },
).map((given) => {
  const series = given.map(({ labels, samples, histograms, hasHistograms }) =>
    hasHistograms === 0 ? withHistograms(seriesOf(labels, samples), histograms) : seriesOf(labels, samples)
  );
  return storeOf([...new Map(series.map((one) => [one.labels.key(), one])).values()]);
});

function withHistograms(series: SeriesColumns, given: [number, FloatHistogram][]): SeriesColumns {
  const histograms: (FloatHistogram | undefined)[] = new Array(series.times.length).fill(undefined);
  for (const [i, histogram] of given) {
    if (i >= histograms.length) continue;
    histograms[i] = histogram;
    fillAbsent(wordsOf(series.values), i, i + 1);
  }
  return { ...series, histograms };
}

/** `{labels} value` for all samples at one step, sorted; how it failed, if it did. */
type Answer = string[] | string;

interface Column {
  readonly labels: { toString(): string };
  readonly present: Uint8Array;
  readonly values: Float64Array;
  readonly histograms?: readonly (FloatHistogram | undefined)[];
}

function samplesAt(series: readonly Column[], step: number): string[] {
  return series.filter(({ present }) => present[step] !== 0).map(({ labels, present, values, histograms }) =>
    `${labels} ${present[step] === 2 ? toText(histograms![step]!) : values[step]}`
  ).sort();
}

for (const delayedNameRemoval of [false, true]) {
  const engine = new Engine({
    now: () => 0,
    delayedNameRemoval,
    enableExperimentalFunctions: true,
    enableBinopFillModifiers: true,
  });
  Deno.test(`a range query gives what instant queries at its steps do; delayed names: ${delayedNameRemoval}`, async () => {
    const steps = { startMs: -MINUTE, endMs: 20 * MINUTE, stepMs: 1.5 * MINUTE };
    await fc.assert(
      fc.asyncProperty(store, fc.constantFrom(...QUERIES), async (given, query) => {
        const instants: Answer[] = [];
        for (let at = steps.startMs; at <= steps.endMs; at += steps.stepMs) {
          instants.push(
            await engine.instant(given, query, at).then(({ value }) =>
              value.type === "vector"
                ? samplesAt(value.series, 0)
                : value.type === "scalar"
                ? [`{} ${value.value}`]
                : []
            ).catch(failure),
          );
        }
        const failed = instants.find((answer) => typeof answer === "string");
        const range = await engine.range(given, query, steps.startMs, steps.endMs, steps.stepMs).catch(
          failure,
        );
        if (typeof range === "string") {
          assert.equal(range, "execution");
          // Label sets that are the same at different steps may only collide over time.
          if (failed === undefined) assert.ok(delayedNameRemoval);
          return;
        }
        assert.equal(failed, undefined);
        const { value } = range;
        assert.ok(value.type === "matrix");
        instants.forEach((want, step) =>
          assert.deepEqual(samplesAt(value.series, step), want, `step ${step}`)
        );
      }),
      { numRuns: 600 },
    );
  });
}

function failure(error: unknown): string {
  const type = errorTypeOf(error);
  if (type !== "execution") throw error;
  return type;
}
