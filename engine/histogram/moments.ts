import { allBuckets, type Bucket } from "./bucket.ts";
import type { FloatHistogram } from "./float_histogram.ts";
import { addCompensated } from "./kahan.ts";

/** Arithmetic mean of the observations, NaN without any. */
export function average(h: FloatHistogram): number {
  return h.sum / h.count;
}

/**
 * Estimated population variance: observations are taken to lie at the geometric mean of their bucket's bounds,
 * at 0 in the zero bucket, half way between the bounds of a custom bucket.
 */
export function variance(h: FloatHistogram): number {
  const mean = average(h);
  const squares = new Float64Array(1);
  const errors = new Float64Array(1);
  for (const bucket of allBuckets(h)) {
    if (bucket.count === 0) continue;
    const delta = middle(bucket, h.usesCustomBuckets) - mean;
    addCompensated(squares, errors, 0, bucket.count * delta * delta);
  }
  return (squares[0]! + errors[0]!) / h.count;
}

/** Estimated population standard deviation, see `variance`. */
export function standardDeviation(h: FloatHistogram): number {
  return Math.sqrt(variance(h));
}

function middle({ lower, upper }: Bucket, custom: boolean): number {
  if (custom) return (upper + lower) / 2;
  if (lower <= 0 && upper >= 0) return 0;
  const mean = Math.sqrt(upper * lower);
  return upper < 0 ? -mean : mean;
}
