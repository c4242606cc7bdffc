import { FloatHistogram, type HistogramFields } from "./float_histogram.ts";
import { InvalidHistogramError } from "./validate.ts";

/**
 * A histogram of whole observations as it travels in exposition and remote write: each bucket of a side as the
 * difference to the bucket before it, the first as its count. Exact up to 2^53 observations.
 */
export interface IntegerHistogram extends Omit<HistogramFields, "positiveBuckets" | "negativeBuckets"> {
  readonly positiveDeltas: ArrayLike<number>;
  readonly negativeDeltas: ArrayLike<number>;
}

/** The histogram with absolute counts. */
export function fromInteger(h: IntegerHistogram): FloatHistogram {
  return new FloatHistogram({
    ...h,
    positiveBuckets: countsOfDeltas(h.positiveDeltas),
    negativeBuckets: countsOfDeltas(h.negativeDeltas),
  });
}

/** The histogram as deltas, or undefined if one of its counts is not a whole number that a double holds exactly. */
export function toInteger(h: FloatHistogram): IntegerHistogram | undefined {
  if (!hasIntegerCounts(h)) return undefined;
  const { positiveBuckets, negativeBuckets, ...fields } = h;
  return {
    ...fields,
    positiveDeltas: deltasOfCounts(positiveBuckets),
    negativeDeltas: deltasOfCounts(negativeBuckets),
  };
}

/** Whether every count is a whole number that a double holds exactly. */
export function hasIntegerCounts(h: FloatHistogram): boolean {
  return Number.isSafeInteger(h.count) && Number.isSafeInteger(h.zeroCount) &&
    h.positiveBuckets.every(Number.isSafeInteger) && h.negativeBuckets.every(Number.isSafeInteger);
}

/**
 * Checks a histogram that came with integer counts: beyond `validate`, its buckets must add up to its count,
 * or to no more than it where the sum is NaN, because NaN observations are in no bucket.
 * @throws {InvalidHistogramError}
 */
export function validateInteger(h: FloatHistogram): void {
  h.validate();
  const { positiveBuckets, negativeBuckets } = h;
  let inBuckets = h.zeroCount;
  for (let i = 0; i < positiveBuckets.length; i++) inBuckets += positiveBuckets[i]!;
  for (let i = 0; i < negativeBuckets.length; i++) inBuckets += negativeBuckets[i]!;
  const sumIsNaN = Number.isNaN(h.sum);
  if (sumIsNaN ? inBuckets > h.count : inBuckets !== h.count) {
    throw new InvalidHistogramError(
      sumIsNaN ? "count_too_small" : "count_mismatch",
      `${inBuckets} observations found in buckets, but the Count field is ${h.count}`,
    );
  }
}

function countsOfDeltas(deltas: ArrayLike<number>): Float64Array {
  const counts = new Float64Array(deltas.length);
  let count = 0;
  for (let i = 0; i < deltas.length; i++) {
    count += deltas[i]!;
    counts[i] = count;
  }
  return counts;
}

function deltasOfCounts(counts: ArrayLike<number>): Float64Array {
  const deltas = new Float64Array(counts.length);
  let before = 0;
  for (let i = 0; i < counts.length; i++) {
    deltas[i] = counts[i]! - before;
    before = counts[i]!;
  }
  return deltas;
}
