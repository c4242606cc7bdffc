import { compact } from "./arithmetic.ts";
import { type Bucket, negativeBuckets, positiveBuckets, zeroBucket } from "./bucket.ts";
import type { FloatHistogram } from "./float_histogram.ts";
import { fractionBelow } from "./interpolate.ts";

/** Observations that a bucket keeps and the point where they are taken to lie. */
interface Kept {
  readonly count: number;
  readonly middle: number;
}

const NOTHING: Kept = { count: 0, middle: 0 };

/** The observations up to `limit` (`h </ limit`), see `trim`. */
export function trimUpper(h: FloatHistogram, limit: number): FloatHistogram {
  return trim(h, limit, true);
}

/** The observations from `limit` on (`h >/ limit`), see `trim`. */
export function trimLower(h: FloatHistogram, limit: number): FloatHistogram {
  return trim(h, limit, false);
}

/**
 * Interpolates in the bucket that `limit` lies in, as quantiles do. If anything was cut off, count and sum are
 * estimated from what the buckets keep; otherwise the histogram is returned as it is.
 */
function trim(h: FloatHistogram, limit: number, upper: boolean): FloatHistogram {
  const linear = h.usesCustomBuckets;
  let count = 0;
  let sum = 0;
  let changed = false;
  const keep = (before: number, { count: after, middle }: Kept): number => {
    if (after !== before) changed = true;
    count += after;
    sum += middle * after;
    return after;
  };
  const trimSide = (buckets: Iterable<Bucket>, counts: Float64Array, positive: boolean): Float64Array => {
    const kept = counts.slice();
    let at = 0;
    for (const bucket of buckets) {
      if (bucket.count !== 0) {
        kept[at] = keep(bucket.count, keptOf(bucket, limit, { upper, positive, linear }));
      }
      at++;
    }
    return kept;
  };
  const positive = trimSide(positiveBuckets(h), h.positiveBuckets, true);
  const negative = trimSide(negativeBuckets(h), h.negativeBuckets, false);
  const zeroCount = h.zeroCount > 0 ? keep(h.zeroCount, keptOfZero(h, limit, upper)) : h.zeroCount;
  if (!changed) return h;
  return compact(h.with({ positiveBuckets: positive, negativeBuckets: negative, zeroCount, count, sum }));
}

interface TrimOptions {
  readonly upper: boolean;
  readonly positive: boolean;
  readonly linear: boolean;
}

function keptOf(bucket: Bucket, limit: number, options: TrimOptions): Kept {
  const { lower, upper, count } = bucket;
  const whole = options.upper ? upper <= limit : lower >= limit;
  if (whole) return { count, middle: middleOf(lower, upper, options) };
  const cut = options.upper ? lower < limit : upper > limit;
  if (!cut) return NOTHING;
  if (lower === -Infinity || upper === Infinity) return keptOfEndless(bucket, limit, options);
  const below = limit <= lower ? 0 : count * fractionBelow(bucket, limit, options.linear);
  return options.upper
    ? { count: below, middle: middleOf(lower, limit, options) }
    : { count: count - below, middle: middleOf(limit, upper, options) };
}

/**
 * Part of a bucket that has no end on one side and that `limit` lies in. How its observations are spread is
 * unknown: those that lie on the endless side of the limit as far as anybody can tell are kept as a whole or not
 * at all. Only a first custom bucket that ends above 0 is taken to begin at 0.
 */
function keptOfEndless({ lower, upper, count }: Bucket, limit: number, options: TrimOptions): Kept {
  if (lower !== -Infinity) return options.upper ? NOTHING : { count, middle: limit };
  const startsAtZero = upper > 0 && upper !== Infinity;
  if (options.upper) {
    if (startsAtZero && limit > 0) return { count: count * limit / upper, middle: limit / 2 };
    return upper <= 0 ? { count, middle: limit } : NOTHING;
  }
  if (startsAtZero && limit >= 0) return { count: count * (1 - limit / upper), middle: (limit + upper) / 2 };
  return NOTHING;
}

function keptOfZero(h: FloatHistogram, limit: number, upper: boolean): Kept {
  const populated = (counts: Float64Array) => counts.some((count) => count !== 0);
  const hasNegative = populated(h.negativeBuckets);
  const hasPositive = populated(h.positiveBuckets);
  const zero = zeroBucket(h);
  const low = hasPositive && !hasNegative ? 0 : zero.lower;
  const high = hasNegative && !hasPositive ? 0 : zero.upper;
  const whole = { count: zero.count, middle: (low + high) / 2 };
  if (limit <= low) return upper ? NOTHING : whole;
  if (limit >= high) return upper ? whole : NOTHING;
  return upper
    ? { count: zero.count * ((limit - low) / (high - low)), middle: (low + limit) / 2 }
    : { count: zero.count * ((high - limit) / (high - low)), middle: (limit + high) / 2 };
}

/** Where observations between two bounds are taken to lie; next to the finite one if the other is infinite. */
function middleOf(lower: number, upper: number, { positive, linear }: TrimOptions): number {
  const endless = (x: number) => x === Infinity || x === -Infinity;
  if (endless(lower)) {
    if (endless(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (endless(upper)) return lower;
  if (linear) return (lower + upper) / 2;
  const mean = Math.sqrt(Math.abs(lower * upper));
  return positive ? mean : -mean;
}
