import type { FloatHistogram } from "./float_histogram.ts";
import {
  EXPONENTIAL_SCHEMA_MAX,
  EXPONENTIAL_SCHEMA_MIN,
  isCustomBucketsSchema,
  isExponentialSchema,
} from "./schema.ts";
import { bucketCountOf, type Span } from "./span.ts";

const REASONS = {
  count_mismatch:
    "histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)",
  count_too_small:
    "histogram's observation count should be at least the number of observations found in the buckets",
  negative_count: "histogram's observation count is negative",
  negative_bucket_count: "histogram has a bucket whose observation count is negative",
  span_negative_offset: "histogram has a span whose offset is negative",
  spans_buckets_mismatch: "histogram spans specify different number of buckets than provided",
  custom_bounds_too_few: "histogram custom bounds are too few",
  custom_bounds_order: "histogram custom bounds must be in strictly increasing order",
  custom_bounds_infinite: "histogram custom bounds must be finite",
  custom_bounds_nan: "histogram custom bounds must not be NaN",
  custom_zero_count: "custom buckets: must have zero count of 0",
  custom_zero_threshold: "custom buckets: must have zero threshold of 0",
  custom_negative_spans: "custom buckets: must not have negative spans",
  custom_negative_buckets: "custom buckets: must not have negative buckets",
  exponential_custom_bounds: "histogram with exponential schema must not have custom bounds",
  invalid_schema:
    `histogram has an invalid schema, which must be between ${EXPONENTIAL_SCHEMA_MIN} and ${EXPONENTIAL_SCHEMA_MAX} for exponential buckets, or -53 for custom buckets`,
} as const;

export type InvalidHistogramReason = keyof typeof REASONS;

/** A histogram whose parts do not fit together. Messages are upstream's, so that clients recognise them. */
export class InvalidHistogramError extends RangeError {
  override readonly name = "InvalidHistogramError";
  readonly reason: InvalidHistogramReason;

  /** @param found Where in the histogram, and what was found there. */
  constructor(reason: InvalidHistogramReason, found = "") {
    super(found === "" ? REASONS[reason] : `${found}: ${REASONS[reason]}`);
    this.reason = reason;
  }
}

/**
 * Checks that spans, buckets and bounds fit together and no count is negative. The sum of the buckets is not
 * compared with the count: rounding of floats alone can make them differ.
 * @throws {InvalidHistogramError}
 */
export function validateHistogram(h: FloatHistogram): void {
  if (isCustomBucketsSchema(h.schema)) {
    checkCustomBuckets(h);
  } else if (isExponentialSchema(h.schema)) {
    checkSpans("positive", h.positiveSpans, h.positiveBuckets.length);
    checkSpans("negative", h.negativeSpans, h.negativeBuckets.length);
    checkCounts("negative", h.negativeBuckets);
    if (h.zeroCount < 0) {
      throw new InvalidHistogramError(
        "negative_bucket_count",
        `zero bucket has observation count of ${h.zeroCount}`,
      );
    }
    if (h.customValues.length > 0) throw new InvalidHistogramError("exponential_custom_bounds");
  } else {
    throw new InvalidHistogramError("invalid_schema", `schema ${h.schema}`);
  }
  if (h.count < 0) throw new InvalidHistogramError("negative_count", `observation count is ${h.count}`);
  checkCounts("positive", h.positiveBuckets);
}

function checkSpans(side: string, spans: readonly Span[], bucketCount: number): void {
  checkOffsets(`${side} side`, spans, 1);
  checkBucketCount(`${side} side`, spans, bucketCount);
}

function checkCounts(side: string, buckets: Float64Array): void {
  for (let at = 0; at < buckets.length; at++) {
    if (!(buckets[at]! < 0)) continue;
    throw new InvalidHistogramError(
      "negative_bucket_count",
      `${side} side: bucket number ${at + 1} has observation count of ${buckets[at]}`,
    );
  }
}

function checkCustomBuckets(h: FloatHistogram): void {
  const where = "custom buckets";
  const bounds = h.customValues;
  for (let i = 0; i < bounds.length; i++) {
    if (Number.isNaN(bounds[i])) throw new InvalidHistogramError("custom_bounds_nan", where);
    if (i > 0 && bounds[i]! <= bounds[i - 1]!) {
      throw new InvalidHistogramError(
        "custom_bounds_order",
        `${where}: previous bound is ${bounds[i - 1]} and current is ${bounds[i]}`,
      );
    }
  }
  if (bounds.at(-1) === Infinity) {
    throw new InvalidHistogramError(
      "custom_bounds_infinite",
      `${where}: last +Inf bound must not be explicitly defined`,
    );
  }
  checkOffsets(where, h.positiveSpans, 0);
  checkBucketCount(where, h.positiveSpans, h.positiveBuckets.length);
  const reach = h.positiveSpans.reduce((sum, span) => sum + span.offset + span.length, 0);
  if (bounds.length + 1 < reach) {
    throw new InvalidHistogramError(
      "custom_bounds_too_few",
      `${where}: only ${bounds.length} custom bounds defined which is insufficient to cover total span length of ${reach}`,
    );
  }
  if (h.zeroCount !== 0) throw new InvalidHistogramError("custom_zero_count");
  if (h.zeroThreshold !== 0) throw new InvalidHistogramError("custom_zero_threshold");
  if (h.negativeSpans.length > 0) throw new InvalidHistogramError("custom_negative_spans");
  if (h.negativeBuckets.length > 0) throw new InvalidHistogramError("custom_negative_buckets");
}

/** Offsets from span number `from` (0-based) on must not be negative. */
function checkOffsets(where: string, spans: readonly Span[], from: number): void {
  for (let i = from; i < spans.length; i++) {
    if (spans[i]!.offset < 0) {
      throw new InvalidHistogramError(
        "span_negative_offset",
        `${where}: span number ${i + 1} with offset ${spans[i]!.offset}`,
      );
    }
  }
}

function checkBucketCount(where: string, spans: readonly Span[], have: number): void {
  const need = bucketCountOf(spans);
  if (need !== have) {
    throw new InvalidHistogramError(
      "spans_buckets_mismatch",
      `${where}: spans need ${need} buckets, have ${have} buckets`,
    );
  }
}
