import fc from "fast-check";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { CUSTOM_BUCKETS_SCHEMA } from "../../../engine/histogram/schema.ts";
import { bucketIndexes, type Span, spansOf } from "../../../engine/histogram/span.ts";

const COUNT = fc.integer({ min: 0, max: 1000 });

/** Populated and empty buckets at arbitrary indexes in [min, max]. */
function side(min: number, max: number): fc.Arbitrary<{ spans: Span[]; counts: Float64Array }> {
  return fc.uniqueArray(fc.tuple(fc.integer({ min, max }), COUNT), {
    selector: ([index]) => index,
    maxLength: 12,
  })
    .map((buckets) => {
      const sorted = buckets.toSorted(([a], [b]) => a - b);
      return {
        spans: spansOf(sorted.map(([index]) => index)),
        counts: Float64Array.from(sorted, ([, count]) => count),
      };
    });
}

function total(...columns: Float64Array[]): number {
  return columns.flatMap((column) => [...column]).reduce((sum, count) => sum + count, 0);
}

/** Histograms with whole counts and all buckets outside the default zero bucket. */
export function exponentialHistogram(
  { schemas = [-4, -1, 0, 1, 3, 8], zeroThreshold = 2 ** -128 } = {},
): fc.Arbitrary<FloatHistogram> {
  return fc.constantFrom(...schemas).chain((schema) => {
    const buckets = side(schema < -1 ? -6 : -20, 20);
    return fc.record({
      schema: fc.constant(schema),
      positive: buckets,
      negative: buckets,
      zeroCount: COUNT,
      sum: fc.integer({ min: -10_000, max: 10_000 }),
    });
  }).map(({ schema, positive, negative, zeroCount, sum }) =>
    new FloatHistogram({
      schema,
      zeroThreshold,
      zeroCount,
      count: zeroCount + total(positive.counts, negative.counts),
      sum,
      positiveSpans: positive.spans,
      positiveBuckets: positive.counts,
      negativeSpans: negative.spans,
      negativeBuckets: negative.counts,
    })
  );
}

/** Histograms with custom buckets, whose bounds are some of -2, -1, … 7. */
export function customHistogram(): fc.Arbitrary<FloatHistogram> {
  return fc.uniqueArray(fc.integer({ min: -2, max: 7 }), { maxLength: 10 }).chain((bounds) =>
    fc.record({ positive: side(0, bounds.length), sum: fc.integer({ min: -10_000, max: 10_000 }) }).map((
      { positive, sum },
    ) =>
      new FloatHistogram({
        schema: CUSTOM_BUCKETS_SCHEMA,
        count: total(positive.counts),
        sum,
        positiveSpans: positive.spans,
        positiveBuckets: positive.counts,
        customValues: Float64Array.from(bounds.toSorted((a, b) => a - b)),
      })
    )
  );
}

export function anyHistogram(): fc.Arbitrary<FloatHistogram> {
  return fc.oneof(exponentialHistogram(), customHistogram());
}

/** Populated buckets of one side by index: the naive model that properties compare with. */
export function bucketMap(spans: readonly Span[], counts: Float64Array): Map<number, number> {
  const indexes = bucketIndexes(spans);
  const map = new Map<number, number>();
  counts.forEach((count, i) => {
    if (count !== 0) map.set(indexes[i]!, count);
  });
  return map;
}

/** Sum of maps with all indexes moved by `move`, without zeros, in ascending order of the indexes. */
export function sumOfMaps(
  terms: readonly { map: Map<number, number>; sign?: number; move?: (index: number) => number }[],
): Map<number, number> {
  const sum = new Map<number, number>();
  for (const { map, sign = 1, move = (index: number) => index } of terms) {
    for (const [index, count] of map) sum.set(move(index), (sum.get(move(index)) ?? 0) + sign * count);
  }
  return new Map([...sum].filter(([, count]) => count !== 0).toSorted(([a], [b]) => a - b));
}

/** A histogram with one span of positive buckets, its count being what they add up to. */
export function positiveOnly(
  counts: number[],
  fields: { schema?: number; offset?: number; sum?: number } = {},
) {
  return new FloatHistogram({
    schema: fields.schema,
    count: total(Float64Array.from(counts)),
    sum: fields.sum,
    positiveSpans: counts.length === 0 ? [] : [{ offset: fields.offset ?? 0, length: counts.length }],
    positiveBuckets: Float64Array.from(counts),
  });
}

/** A histogram with custom buckets from the first on, its count being what they add up to. */
export function custom(bounds: number[], counts: number[], sum = 0): FloatHistogram {
  return positiveOnly(counts, { schema: CUSTOM_BUCKETS_SCHEMA, sum }).with({
    customValues: Float64Array.from(bounds),
  });
}
