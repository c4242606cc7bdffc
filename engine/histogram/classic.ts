/** One `_bucket` series of a classic histogram at one instant. */
export interface ClassicBucket {
  /** Value of the `le` label. */
  readonly upperBound: number;
  /** Observations up to the bound. */
  readonly count: number;
}

/** What had to be raised so that counts do not fall with rising bounds. */
export interface MonotonicityFix {
  /** Lowest and highest bound where the count was raised. */
  readonly minBound: number;
  readonly maxBound: number;
  /** Largest amount by which a count was raised. */
  readonly maxDifference: number;
}

export interface ClassicQuantileResult {
  readonly value: number;
  /** Absent if counts were in order. */
  readonly fix?: MonotonicityFix;
}

/** Relative difference of neighbouring counts that is taken for a rounding error. */
const SMALL_DELTA_TOLERANCE = 1e-12;
const SMALLEST_NORMAL = 2.2250738585072014e-308;

/**
 * The φ-quantile of a classic histogram, interpolated linearly. The first bucket is taken to begin at 0 if it
 * ends above 0, otherwise its bound is the answer; in the +Inf bucket the bound before it is. NaN without a +Inf
 * bucket, with fewer than two buckets or without observations. Takes `buckets`, at least one, in any order.
 */
export function bucketQuantile(phi: number, buckets: readonly ClassicBucket[]): ClassicQuantileResult {
  if (Number.isNaN(phi)) return { value: NaN };
  if (phi < 0) return { value: -Infinity };
  if (phi > 1) return { value: Infinity };
  const sorted = byBound(buckets);
  if (sorted.at(-1)?.upperBound !== Infinity) return { value: NaN };
  const { buckets: raised, fix } = ensureMonotonic(coalesce(sorted));
  return { value: interpolateQuantile(phi, raised), fix };
}

/**
 * As `bucketQuantile`, of `counts` by bucket, where there is nothing to mend: for bounds that are distinct, ascending
 * and end with +Inf, and counts that stay or clearly rise. Undefined for any other.
 * @param start Where in `counts` the first bucket is.
 */
export function plainBucketQuantile(
  phi: number,
  bounds: Float64Array,
  counts: Float64Array,
  start = 0,
): number | undefined {
  const last = bounds.length - 1;
  let before = counts[start]!;
  if (!(phi >= 0 && phi <= 1) || last < 1 || !(before >= 0)) return undefined;
  for (let i = 1; i <= last; i++) {
    const count = counts[start + i]!;
    if (count === before) continue;
    // Far from what is taken for a rounding error.
    if (!(count - before > 1e-9 * count && count > 1e-300)) return undefined;
    before = count;
  }
  const observations = before;
  if (observations === 0) return NaN;
  const rank = phi * observations;
  let at = 0;
  while (at < last && counts[start + at]! < rank) at++;
  if (at === last) return bounds[last - 1]!;
  const upperBound = bounds[at]!, count = counts[start + at]!;
  if (at === 0) return upperBound <= 0 ? upperBound : upperBound * (rank / count);
  const lowerBound = bounds[at - 1]!, below = counts[start + at - 1]!;
  return lowerBound + (upperBound - lowerBound) * ((rank - below) / (count - below));
}

function interpolateQuantile(phi: number, buckets: readonly ClassicBucket[]): number {
  const last = buckets.length - 1;
  const observations = buckets[last]!.count;
  if (last < 1 || observations === 0) return NaN;
  const rank = phi * observations;
  const at = firstIndex(last, (i) => buckets[i]!.count >= rank);
  if (at === last) return buckets[last - 1]!.upperBound;
  const { upperBound, count } = buckets[at]!;
  if (at === 0) return upperBound <= 0 ? upperBound : upperBound * (rank / count);
  const before = buckets[at - 1]!;
  return before.upperBound +
    (upperBound - before.upperBound) * ((rank - before.count) / (count - before.count));
}

/**
 * Share of observations between `lower` and `upper`, interpolated linearly; 0 if `lower >= upper`. NaN without
 * a +Inf bucket, without observations or with a bound of NaN. Takes `buckets`, at least one, in any order.
 */
export function bucketFraction(lower: number, upper: number, buckets: readonly ClassicBucket[]): number {
  const sorted = byBound(buckets);
  if (sorted.at(-1)?.upperBound !== Infinity) return NaN;
  const merged = coalesce(sorted);
  const observations = merged.at(-1)!.count;
  if (observations === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  const rankOf = (v: number): number => {
    let below = 0;
    let start = merged[0]!.upperBound <= 0 ? -Infinity : 0;
    for (const { upperBound, count } of merged) {
      if (start >= v) return below;
      if (upperBound > v) {
        // A bucket without a lower end counts as below as a whole, one without an upper end not at all.
        return start === -Infinity ? count : below + (count - below) * (v - start) / (upperBound - start);
      }
      below = count;
      start = upperBound;
    }
    return observations;
  };
  const capped = (rank: number) => rank > observations ? observations : rank;
  return (capped(rankOf(upper)) - capped(rankOf(lower))) / observations;
}

/** Buckets in ascending order of their bounds; the order of equal bounds is kept. */
function byBound(buckets: readonly ClassicBucket[]): ClassicBucket[] {
  return buckets.toSorted((a, b) => a.upperBound < b.upperBound ? -1 : a.upperBound > b.upperBound ? 1 : 0);
}

/** Adds up the counts of buckets with the same bound (`le="1"` and `le="1.0"`); `sorted` by bound. */
export function coalesce(sorted: readonly ClassicBucket[]): ClassicBucket[] {
  const merged: ClassicBucket[] = [];
  for (const bucket of sorted) {
    const last = merged.at(-1);
    if (last?.upperBound === bucket.upperBound) {
      merged[merged.length - 1] = { upperBound: last.upperBound, count: last.count + bucket.count };
    } else {
      merged.push(bucket);
    }
  }
  return merged;
}

/**
 * Raises counts that fall with rising bounds to the count before them. Differences as small as rounding errors
 * are levelled in either direction and not reported; `sorted` by bound.
 */
export function ensureMonotonic(
  sorted: readonly ClassicBucket[],
): { buckets: ClassicBucket[]; fix?: MonotonicityFix } {
  let fix: MonotonicityFix | undefined;
  let level = sorted[0]?.count ?? 0;
  const buckets = sorted.map((bucket) => {
    const { upperBound, count } = bucket;
    if (count === level) return bucket;
    const small = almostEqual(level, count, SMALL_DELTA_TOLERANCE);
    if (!small && !(count < level)) {
      level = count;
      return bucket;
    }
    if (!small) {
      fix = {
        minBound: Math.min(fix?.minBound ?? Infinity, upperBound),
        maxBound: Math.max(fix?.maxBound ?? -Infinity, upperBound),
        maxDifference: Math.max(fix?.maxDifference ?? 0, level - count),
      };
    }
    return { upperBound, count: level };
  });
  return { buckets, fix };
}

/** Whether two numbers differ by less than `tolerance` times their sum; NaN equals NaN. */
export function almostEqual(a: number, b: number, tolerance: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const size = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || size < SMALLEST_NORMAL) return difference < tolerance * SMALLEST_NORMAL;
  return difference / Math.min(size, Number.MAX_VALUE) < tolerance;
}

/** First index below `end` that satisfies a condition which, once true, stays true; `end` if none does. */
function firstIndex(end: number, holds: (i: number) => boolean): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
