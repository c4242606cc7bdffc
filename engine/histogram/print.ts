import { formatG, formatValue } from "../go_float.ts";
import {
  allBuckets,
  boundaryRule,
  type Bucket,
  negativeBuckets,
  positiveBuckets,
  zeroBucket,
} from "./bucket.ts";
import type { FloatHistogram } from "./float_histogram.ts";

/** `{count:3, sum:4.5, [-1,1]:1, (1,2]:2}`: populated buckets in ascending order; used by `count_values`. */
export function toText(h: FloatHistogram): string {
  const buckets = [
    ...[...negativeBuckets(h)].reverse(),
    ...(h.zeroCount === 0 ? [] : [zeroBucket(h)]),
    ...positiveBuckets(h),
  ].filter((bucket) => bucket.count !== 0);
  return `{${[`count:${formatG(h.count)}`, `sum:${formatG(h.sum)}`, ...buckets.map(bucketText)].join(", ")}}`;
}

function bucketText(bucket: Bucket): string {
  const open = bucket.lowerInclusive ? "[" : "(";
  const close = bucket.upperInclusive ? "]" : ")";
  return `${open}${formatG(bucket.lower)},${formatG(bucket.upper)}${close}:${formatG(bucket.count)}`;
}

/** A histogram in API answers; a bucket is its boundary rule (see `boundaryRule`), lower and upper bound, count. */
export interface HistogramJson {
  readonly count: string;
  readonly sum: string;
  /** Populated buckets in ascending order; absent if there are none. */
  readonly buckets?: readonly (readonly [rule: 0 | 1 | 2 | 3, lower: string, upper: string, count: string])[];
}

export function toJson(h: FloatHistogram): HistogramJson {
  const totals = { count: formatValue(h.count), sum: formatValue(h.sum) };
  const buckets: [0 | 1 | 2 | 3, string, string, string][] = [];
  for (const bucket of allBuckets(h)) {
    if (bucket.count === 0) continue;
    const { lower, upper, count } = bucket;
    buckets.push([boundaryRule(bucket), formatValue(lower), formatValue(upper), formatValue(count)]);
  }
  return buckets.length === 0 ? totals : { ...totals, buckets };
}
