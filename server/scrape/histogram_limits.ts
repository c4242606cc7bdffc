import { toSchema } from "../../engine/histogram/arithmetic.ts";
import type { FloatHistogram } from "../../engine/histogram/float_histogram.ts";
import { EXPONENTIAL_SCHEMA_MAX, EXPONENTIAL_SCHEMA_MIN } from "../../engine/histogram/schema.ts";
import { HISTOGRAM_BYTES_MAX, histogramBytes } from "../../engine/tsdb/log_record.ts";

/** A histogram that has too many buckets at any resolution. */
export class BucketLimitError extends Error {
  override readonly name = "BucketLimitError";
  constructor() {
    super("histogram bucket limit exceeded");
  }
}

/** A histogram that takes more bytes than can be stored. */
class HistogramSizeError extends Error {
  override readonly name = "HistogramSizeError";
  /** @param bytes What it takes. */
  constructor(bytes: number, buckets: number) {
    super(
      `histogram cannot be stored: found ${bytes} bytes in ${buckets} buckets, expected at most ` +
        `${HISTOGRAM_BYTES_MAX} bytes: set native_histogram_bucket_limit`,
    );
  }
}

/**
 * The finest schema whose buckets grow by at least `factor` each.
 * @param factor 0 for no minimum.
 */
export function schemaMax(factor: number): number {
  if (factor <= 1) return EXPONENTIAL_SCHEMA_MAX;
  const schema = 0 - Math.ceil(Math.log2(Math.log2(factor)));
  return Math.min(EXPONENTIAL_SCHEMA_MAX, Math.max(EXPONENTIAL_SCHEMA_MIN, schema));
}

/**
 * The histogram at a resolution that the limits allow.
 * @param bucketLimit Most buckets; 0 for no limit.
 * @throws {BucketLimitError} If there is none.
 * @throws {HistogramSizeError} If it is too large to be stored even so.
 */
export function limited(histogram: FloatHistogram, bucketLimit: number, schemaMax: number): FloatHistogram {
  const isTooLarge = (h: FloatHistogram) =>
    bucketLimit > 0 && h.positiveBuckets.length + h.negativeBuckets.length > bucketLimit;
  let reduced = histogram;
  if (!reduced.usesCustomBuckets && reduced.schema > schemaMax) reduced = toSchema(reduced, schemaMax);
  while (isTooLarge(reduced)) {
    if (reduced.usesCustomBuckets || reduced.schema <= EXPONENTIAL_SCHEMA_MIN) throw new BucketLimitError();
    reduced = toSchema(reduced, reduced.schema - 1);
  }
  const bytes = histogramBytes(reduced);
  if (bytes > HISTOGRAM_BYTES_MAX) {
    throw new HistogramSizeError(bytes, reduced.positiveBuckets.length + reduced.negativeBuckets.length);
  }
  return reduced;
}
