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

/** Entries of the four metrics: a gauge, a counter, a histogram, and a metric that has both floats and histograms. */
export const METRICS = ["g", "c", "h", "x"] as const;
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
      return metric === "c" || (metric === "x" && isFloat) ? total : histogramOf(buckets, total);
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

const LABEL_SETS: readonly Readonly<Record<string, string>>[] = [{ a: "1", b: "1" }, { a: "1", b: "2" }, {
  a: "2",
  b: "1",
}, { a: "2", b: "2", d: "3" }];

/** Series of all metrics; those of one metric share their times. */
export const arbitraryData: fc.Arbitrary<SeriesColumns[]> = fc.tuple(
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
