import { log2 } from "./binary_log.ts";
import type { Bucket } from "./bucket.ts";

/**
 * Share of a bucket's width that lies below `v`, for `v` strictly within finite bounds: linear, or on a
 * logarithmic scale as the buckets of exponential schemas are spaced.
 */
export function fractionBelow(bucket: Bucket, v: number, linear: boolean): number {
  if (linear) return (v - bucket.lower) / (bucket.upper - bucket.lower);
  const lower = log2(Math.abs(bucket.lower));
  const upper = log2(Math.abs(bucket.upper));
  const at = log2(Math.abs(v));
  return v > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
}
