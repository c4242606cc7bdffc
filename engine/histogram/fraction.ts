import { allBuckets } from "./bucket.ts";
import type { FloatHistogram } from "./float_histogram.ts";
import { fractionBelow } from "./interpolate.ts";
import { clipZeroBucket } from "./quantile.ts";

export interface FractionResult {
  readonly value: number;
  /** There are NaN observations: they lie between no bounds and lower every fraction. */
  readonly nanObservations: boolean;
}

/**
 * Share of observations between `lower` and `upper`, interpolated as by `quantile`; 0 if `lower >= upper`, NaN
 * without observations or with a bound of NaN.
 */
export function fraction(h: FloatHistogram, lower: number, upper: number): FractionResult {
  if (h.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) {
    return { value: NaN, nanObservations: false };
  }
  if (lower >= upper) return { value: 0, nanObservations: false };
  let below = 0;
  let lowerRank: number | undefined;
  let upperRank: number | undefined;
  const buckets = allBuckets(h);
  let inBuckets = 0;
  for (let next = buckets.next(); !next.done; next = buckets.next()) {
    const bucket = next.value;
    inBuckets += bucket.count;
    const atZero = bucket.lower <= 0 && bucket.upper >= 0;
    if (atZero) clipZeroBucket(h, bucket);
    const rankOf = (v: number): number | undefined => {
      if (bucket.lower >= v) return below;
      if (bucket.upper <= v) return undefined;
      // Observations in a bucket without a lower end all count as below, those in one without an upper end do not.
      if (bucket.lower === -Infinity) return bucket.count;
      return below + bucket.count * fractionBelow(bucket, v, h.usesCustomBuckets || atZero);
    };
    lowerRank ??= rankOf(lower);
    upperRank ??= rankOf(upper);
    if (lowerRank !== undefined && upperRank !== undefined) break;
    below += bucket.count;
  }
  let observations = h.count;
  if (Number.isNaN(h.sum)) {
    for (const { count } of buckets) inBuckets += count;
    observations = inBuckets;
  }
  const capped = (rank: number | undefined) =>
    rank === undefined || rank > observations ? observations : rank;
  return {
    value: (capped(upperRank) - capped(lowerRank)) / h.count,
    nanObservations: observations < h.count,
  };
}
