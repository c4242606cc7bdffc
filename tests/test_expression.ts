import { compact } from "../engine/histogram/arithmetic.ts";
import type { FloatHistogram } from "../engine/histogram/float_histogram.ts";
import type { Span } from "../engine/histogram/span.ts";
import { formatG } from "../engine/go_float.ts";

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
