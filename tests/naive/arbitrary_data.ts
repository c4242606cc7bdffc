import fc from "fast-check";
import { FloatHistogram } from "../../engine/histogram/float_histogram.ts";
import { Labels } from "../../engine/labels/labels.ts";
import { fillAbsent, setStale, wordsOf } from "../../engine/sample.ts";
import type { SeriesColumns } from "../../engine/tsdb/select.ts";

/** Generated series begin at 0 and span at most so many ms. */
export const DATA_SPAN_MS = 20 * 60_000;

type Entry = number | "stale" | "absent" | FloatHistogram;

/** Ascending times, mostly one interval apart. */
const times = fc.tuple(
  fc.constantFrom(15_000, 15_000, 30_000, 60_000),
  fc.infiniteStream(fc.integer({ min: 0, max: 80 })),
)
  .map(([intervalMs, random]) => {
    const out: number[] = [];
    for (let ms = 0; ms < DATA_SPAN_MS; ms += intervalMs) {
      const chance = random.next().value!;
      if (chance === 0) ms += 6 * 60_000; // longer than the lookback
      out.push(chance === 1 ? ms + 1_234 : ms);
    }
    return Float64Array.from(out);
  });

/** Small whole numbers: sums of them are exact in any order. */
const gauge = fc.integer({ min: -20, max: 20 });
/** How much a counter grows, or that it starts again. */
const growth = fc.oneof({ weight: 12, arbitrary: fc.integer({ min: 0, max: 9 }) }, {
  weight: 1,
  arbitrary: fc.constant("reset" as const),
});
const gap = fc.oneof({ weight: 15, arbitrary: fc.constant(undefined) }, {
  weight: 1,
  arbitrary: fc.constantFrom("stale" as const, "absent" as const),
});

/**
 * A gauge, a counter, a histogram, a metric that has both floats and histograms, and a histogram with buckets of its
 * own.
 */
export const METRICS = ["g", "c", "h", "x", "n"] as const;
type Metric = (typeof METRICS)[number];

function entriesOf(metric: Metric, count: number): fc.Arbitrary<Entry[]> {
  const draw = fc.record({ gauge, growth, gap, bucket: fc.nat({ max: 2 }), isFloat: fc.boolean() });
  return fc.array(draw, { minLength: count, maxLength: count }).map((draws) => {
    let total = 0;
    let buckets = new Float64Array(3);
    return draws.map(({ gauge, growth, gap, bucket, isFloat }): Entry => {
      if (gap !== undefined) return gap;
      if (metric === "g") return gauge;
      if (growth === "reset") {
        total = 0;
        buckets = new Float64Array(3);
      } else {
        total += growth;
        buckets = buckets.map((known, i) => i === bucket ? known + growth : known);
      }
      if (metric === "c" || (metric === "x" && isFloat)) return total;
      return metric === "n" ? customHistogramOf(buckets, total) : histogramOf(buckets, total);
    });
  });
}

function histogramOf(buckets: Float64Array, count: number): FloatHistogram {
  return new FloatHistogram({
    count,
    sum: 2 * count,
    positiveSpans: [{ offset: 0, length: buckets.length }],
    positiveBuckets: buckets,
  });
}

function customHistogramOf(buckets: Float64Array, count: number): FloatHistogram {
  return new FloatHistogram({
    schema: -53,
    count,
    sum: 2 * count,
    customValues: Float64Array.of(1, 2.5),
    positiveSpans: [{ offset: 0, length: buckets.length }],
    positiveBuckets: buckets,
  });
}

function columnsOf(labels: Labels, times: Float64Array, entries: readonly Entry[]): SeriesColumns {
  const values = new Float64Array(times.length), words = wordsOf(values);
  const histograms: (FloatHistogram | undefined)[] = new Array(times.length).fill(undefined);
  entries.forEach((entry, i) => {
    if (typeof entry === "number") values[i] = entry;
    else if (entry === "stale") setStale(words, i);
    else fillAbsent(words, i, i + 1);
    if (entry instanceof FloatHistogram) histograms[i] = entry;
  });
  return { labels, times, values, ...(histograms.some(Boolean) ? { histograms } : {}) };
}

type LabelSet = Readonly<Record<string, string>>;

const LABEL_SETS: readonly LabelSet[] = [{ a: "1", b: "1" }, { a: "1", b: "2" }, {
  a: "2",
  b: "1",
}, { a: "2", b: "2", d: "3" }];

/** Bounds of `k`, a classic histogram. */
const BOUNDS = ["1", "2", "4", "+Inf"];

/** The buckets of a classic histogram: counters of which each counts all that the one before it does. */
function classicHistogram(labels: LabelSet, times: Float64Array) {
  const draw = fc.record({ growth, gap, bucket: fc.nat({ max: BOUNDS.length - 1 }) });
  return fc.array(draw, { minLength: times.length, maxLength: times.length }).map((draws) => {
    const counts = BOUNDS.map(() => 0);
    const entries: Entry[][] = BOUNDS.map(() => []);
    for (const { growth, gap, bucket } of draws) {
      if (growth === "reset") counts.fill(0);
      else for (let i = bucket; i < counts.length; i++) counts[i] += growth;
      // A gap is one of all buckets or, now and then, of a single one.
      entries.forEach((of, i) =>
        of.push(gap === undefined || (gap === "absent" && i !== bucket) ? counts[i] : gap)
      );
    }
    return entries.map((of, i) =>
      columnsOf(Labels.from({ __name__: "k", ...labels, le: BOUNDS[i] }), times, of)
    );
  });
}

const classicData = times.chain((shared) =>
  fc.subarray<LabelSet>([{ a: "1", b: "1" }, { a: "1", b: "2" }, { a: "2" }], { minLength: 1 })
    .chain((sets) => fc.tuple(...sets.map((labels) => classicHistogram(labels, shared))))
).map((families) => families.flat());

/** Info series, and `i`, the gauge that they tell about. */
const infoData = fc.tuple(
  times,
  fc.subarray<LabelSet>([
    { __name__: "i", job: "j", instance: "1", a: "1" },
    { __name__: "i", job: "j", instance: "2", a: "1" },
    { __name__: "i", job: "j", instance: "3", a: "2", data: "own" },
    { __name__: "target_info", job: "j", instance: "1", data: "x" },
    { __name__: "target_info", job: "j", instance: "2", data: "y", more: "z" },
    { __name__: "target_info", job: "j", instance: "2", data: "w" },
    { __name__: "build_info", job: "j", instance: "1", version: "1", more: "v" },
    { __name__: "build_info", job: "j", instance: "3", data: "other" },
  ], { minLength: 1 }),
).chain(([shared, sets]) =>
  fc.tuple(
    ...sets.map((labels) =>
      entriesOf("g", shared.length).map((entries) => columnsOf(Labels.from(labels), shared, entries))
    ),
  )
);

/** When a counter began to count at each of its samples, as far as its target tells. */
function startTimesOf(times: Float64Array, draws: readonly StartDraw[]): Float64Array {
  let startMs = 0;
  return times.map((ms, i) => {
    const draw = draws[i];
    if (draw === "restart") startMs = i === 0 ? ms - 20_000 : ms - Math.min(7_000, (ms - times[i - 1]) / 2);
    else if (draw === "delta") startMs = i === 0 ? 0 : times[i - 1];
    else if (draw === "own time") startMs = ms;
    return draw === "unknown" ? 0 : Math.max(0, startMs);
  });
}
type StartDraw = "same" | "restart" | "delta" | "own time" | "unknown";
const startDraw = fc.oneof(
  { weight: 20, arbitrary: fc.constant<StartDraw>("same") },
  {
    weight: 4,
    arbitrary: fc.constantFrom<StartDraw>("restart", "restart", "delta", "delta", "own time", "unknown"),
  },
);

/** A counter with start times. */
const startData = fc.tuple(times, fc.subarray<LabelSet>([{ a: "1", b: "1" }, { a: "2" }], { minLength: 1 }))
  .chain(([shared, sets]) =>
    fc.tuple(
      ...sets.map((labels) =>
        fc.tuple(
          entriesOf("c", shared.length),
          fc.array(startDraw, { minLength: shared.length, maxLength: shared.length }),
        ).map(([entries, draws]) => ({
          ...columnsOf(Labels.from({ __name__: "s", ...labels }), shared, entries),
          startTimes: startTimesOf(shared, draws),
        }))
      ),
    )
  );

const histogramsAndFloats = fc.tuple(
  ...METRICS.map((metric) =>
    times.chain((shared) =>
      fc.subarray([...LABEL_SETS], { minLength: 2 }).chain((sets) =>
        fc.tuple(
          ...sets.map((labels) =>
            entriesOf(metric, shared.length).map((entries) =>
              columnsOf(Labels.from({ __name__: metric, ...labels }), shared, entries)
            )
          ),
        )
      )
    )
  ),
).map((metrics) => metrics.flat());

/** Series of all metrics; those of one metric share their times. */
export const arbitraryData: fc.Arbitrary<SeriesColumns[]> = fc.tuple(
  histogramsAndFloats,
  classicData,
  infoData,
  startData,
)
  .map((parts) => parts.flat());
