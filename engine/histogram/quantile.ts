import { exp2, log2 } from "./binary_log.ts";
import { allBuckets, allBucketsDescending, type Bucket } from "./bucket.ts";
import type { FloatHistogram } from "./float_histogram.ts";

export interface QuantileResult {
  readonly value: number;
  /**
   * What NaN observations, which count as greater than all others, did to the value: made it NaN, or shifted it
   * upwards. Undefined if there are none or they made no difference to report.
   */
  readonly nanObservations?: "result_nan" | "skewed";
}

/**
 * The φ-quantile of a native histogram: interpolated on a logarithmic scale in buckets of exponential schemas,
 * linearly in the zero bucket and in custom buckets. The zero bucket is taken to end at 0 on a side without
 * buckets; the first custom bucket to begin at 0 if it ends above 0.
 */
export function quantile(h: FloatHistogram, phi: number): QuantileResult {
  if (phi < 0) return { value: -Infinity };
  if (phi > 1) return { value: Infinity };
  if (h.count === 0 || Number.isNaN(phi)) return { value: NaN };
  const sumIsNaN = Number.isNaN(h.sum);
  // NaN observations are in no bucket, so that counting from the top would miss them.
  const ascending = sumIsNaN || phi < 0.5;
  const buckets = ascending ? allBuckets(h) : allBucketsDescending(h);
  let rank = (ascending ? phi : 1 - phi) * h.count;
  let bucket: Bucket = { lower: 0, upper: 0, lowerInclusive: false, upperInclusive: false, count: 0 };
  let count = 0;
  for (let next = buckets.next(); !next.done; next = buckets.next()) {
    bucket = next.value;
    if (bucket.count === 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  if (h.usesCustomBuckets) {
    if (bucket.lower === -Infinity) {
      if (bucket.upper <= 0) return { value: bucket.upper };
      bucket.lower = 0;
    } else if (bucket.upper === Infinity) {
      return { value: bucket.lower };
    }
  } else if (bucket.lower < 0 && bucket.upper > 0) {
    clipZeroBucket(h, bucket);
  }
  count = Math.min(count, h.count);
  if (count < rank) {
    return sumIsNaN ? { value: NaN, nanObservations: "result_nan" } : { value: bucket.upper };
  }
  rank = ascending ? rank - (count - bucket.count) : count - rank;
  let seen = count;
  if (sumIsNaN) { for (const { count } of buckets) seen += count; }
  return {
    value: interpolate(h, bucket, rank / bucket.count),
    nanObservations: seen < h.count ? (sumIsNaN ? "skewed" : undefined) : undefined,
  };
}

/** Ends the zero bucket at 0 on the side where the histogram has no buckets, if it has some on the other. */
export function clipZeroBucket(h: FloatHistogram, zero: Bucket): void {
  if (h.negativeBuckets.length === 0 && h.positiveBuckets.length > 0) zero.lower = 0;
  else if (h.positiveBuckets.length === 0 && h.negativeBuckets.length > 0) zero.upper = 0;
}

function interpolate(h: FloatHistogram, bucket: Bucket, fraction: number): number {
  const { lower, upper } = bucket;
  if (h.usesCustomBuckets || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = log2(Math.abs(lower));
  const logUpper = log2(Math.abs(upper));
  return lower > 0
    ? exp2(logLower + (logUpper - logLower) * fraction)
    : -exp2(logUpper + (logLower - logUpper) * (1 - fraction));
}
