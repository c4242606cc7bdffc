import { getBound } from "./bound.ts";
import type { FloatHistogram } from "./float_histogram.ts";
import type { Span } from "./span.ts";

/** One bucket with its bounds. */
export interface Bucket {
  lower: number;
  upper: number;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
  readonly count: number;
}

/** Positive buckets in ascending order, empty ones included. */
export function positiveBuckets(h: FloatHistogram): Generator<Bucket> {
  return ascendingIndexes(h, h.positiveSpans, h.positiveBuckets, true);
}

/** Negative buckets from zero downwards, empty ones included. */
export function negativeBuckets(h: FloatHistogram): Generator<Bucket> {
  return ascendingIndexes(h, h.negativeSpans, h.negativeBuckets, false);
}

/** The zero bucket of a histogram with an exponential schema. */
export function zeroBucket(h: FloatHistogram): Bucket {
  return {
    lower: -h.zeroThreshold,
    upper: h.zeroThreshold,
    lowerInclusive: true,
    upperInclusive: true,
    count: h.zeroCount,
  };
}

/**
 * All buckets from the lowest to the highest; the zero bucket only if it has observations. A bucket that
 * reaches into the zero bucket is cut off at the zero threshold.
 */
export function* allBuckets(h: FloatHistogram): Generator<Bucket> {
  yield* outsideZero(h, descendingIndexes(h, h.negativeSpans, h.negativeBuckets, false));
  if (h.zeroCount > 0) yield zeroBucket(h);
  yield* outsideZero(h, positiveBuckets(h));
}

/** All buckets from the highest to the lowest, otherwise as `allBuckets`. */
export function* allBucketsDescending(h: FloatHistogram): Generator<Bucket> {
  yield* outsideZero(h, descendingIndexes(h, h.positiveSpans, h.positiveBuckets, true));
  if (h.zeroCount > 0) yield zeroBucket(h);
  yield* outsideZero(h, negativeBuckets(h));
}

/** Rule number of a bucket in the JSON form: 0 `(lo,hi]`, 1 `[lo,hi)`, 2 `(lo,hi)`, 3 `[lo,hi]`. */
export function boundaryRule(bucket: Bucket): 0 | 1 | 2 | 3 {
  if (bucket.lowerInclusive) return bucket.upperInclusive ? 3 : 1;
  return bucket.upperInclusive ? 0 : 2;
}

function* outsideZero(h: FloatHistogram, buckets: Iterable<Bucket>): Generator<Bucket> {
  for (const bucket of buckets) {
    if (bucket.upper < 0 && bucket.upper > -h.zeroThreshold) bucket.upper = -h.zeroThreshold;
    else if (bucket.lower > 0 && bucket.lower < h.zeroThreshold) bucket.lower = h.zeroThreshold;
    yield bucket;
  }
}

function* ascendingIndexes(
  h: FloatHistogram,
  spans: readonly Span[],
  counts: Float64Array,
  positive: boolean,
): Generator<Bucket> {
  let at = 0;
  let index = 0;
  for (const span of spans) {
    index += span.offset;
    for (let i = 0; i < span.length; i++) yield bucketAt(h, index++, counts[at++]!, positive);
  }
}

function* descendingIndexes(
  h: FloatHistogram,
  spans: readonly Span[],
  counts: Float64Array,
  positive: boolean,
): Generator<Bucket> {
  let at = counts.length;
  let index = spans.reduce((end, span) => end + span.offset + span.length, 0);
  for (let s = spans.length - 1; s >= 0; s--) {
    const span = spans[s]!;
    for (let i = 0; i < span.length; i++) yield bucketAt(h, --index, counts[--at]!, positive);
    index -= span.offset;
  }
}

function bucketAt(h: FloatHistogram, index: number, count: number, positive: boolean): Bucket {
  const outer = getBound(index, h.schema, h.customValues);
  const inner = getBound(index - 1, h.schema, h.customValues);
  const lower = positive ? inner : -outer;
  const upper = positive ? outer : -inner;
  const custom = h.usesCustomBuckets;
  return {
    lower,
    upper,
    lowerInclusive: custom ? index === 0 : lower < 0,
    upperInclusive: custom || upper > 0,
    count,
  };
}
