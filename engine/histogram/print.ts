import { formatG, formatValue } from "../go_float.ts";
import { compact } from "./arithmetic.ts";
import {
  allBuckets,
  boundaryRule,
  type Bucket,
  negativeBuckets,
  positiveBuckets,
  zeroBucket,
} from "./bucket.ts";
import type { FloatHistogram } from "./float_histogram.ts";
import type { Span } from "./span.ts";

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

/** `{{schema:1 count:3 sum:4.5 buckets:[1 2]}}`: as histograms are written in rule tests and test scripts. */
export function toTestExpression(h: FloatHistogram): string {
  const c = compact(h, Infinity);
  const parts: string[] = [];
  if (c.schema !== 0) parts.push(`schema:${c.schema}`);
  if (c.count !== 0) parts.push(`count:${formatG(c.count)}`);
  if (c.sum !== 0) parts.push(`sum:${formatG(c.sum)}`);
  if (c.zeroCount !== 0) parts.push(`z_bucket:${formatG(c.zeroCount)}`);
  if (c.zeroThreshold !== 0) parts.push(`z_bucket_w:${formatG(c.zeroThreshold)}`);
  if (c.usesCustomBuckets) parts.push(`custom_values:${list(c.customValues)}`);
  if (c.counterResetHint !== "unknown") parts.push(`counter_reset_hint:${c.counterResetHint}`);
  parts.push(...sideParts("", c.positiveSpans, c.positiveBuckets));
  parts.push(...sideParts("n_", c.negativeSpans, c.negativeBuckets));
  return `{{${parts.join(" ")}}}`;
}

function sideParts(prefix: string, [span]: readonly Span[], counts: Float64Array): string[] {
  const parts: string[] = [];
  if (span !== undefined && span.offset !== 0) parts.push(`${prefix}offset:${span.offset}`);
  if (counts.length > 0) parts.push(`${prefix}buckets:${list(counts)}`);
  return parts;
}

function list(numbers: Float64Array): string {
  return `[${Array.from(numbers, formatG).join(" ")}]`;
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
