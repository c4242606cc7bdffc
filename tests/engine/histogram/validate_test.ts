import assert from "node:assert/strict";
import fc from "fast-check";
import { FloatHistogram, type HistogramFields } from "../../../engine/histogram/float_histogram.ts";
import { InvalidHistogramError, type InvalidHistogramReason } from "../../../engine/histogram/validate.ts";
import { anyHistogram } from "./_arbitrary.ts";

const counts = (...values: number[]) => Float64Array.of(...values);

Deno.test("validate: refuses what does not fit together", () => {
  const customs = { schema: -53, customValues: counts(1, 2) };
  const cases: [InvalidHistogramReason, HistogramFields][] = [
    ["invalid_schema", { schema: 9 }],
    ["invalid_schema", { schema: -5 }],
    ["negative_count", { count: -1 }],
    ["negative_bucket_count", { zeroCount: -1 }],
    ["negative_bucket_count", { positiveSpans: [{ offset: 0, length: 2 }], positiveBuckets: counts(1, -1) }],
    ["negative_bucket_count", { negativeSpans: [{ offset: 0, length: 1 }], negativeBuckets: counts(-1) }],
    ["span_negative_offset", {
      positiveSpans: [{ offset: 3, length: 1 }, { offset: -1, length: 1 }],
      positiveBuckets: counts(1, 1),
    }],
    ["spans_buckets_mismatch", { positiveSpans: [{ offset: 0, length: 2 }], positiveBuckets: counts(1) }],
    ["spans_buckets_mismatch", { negativeBuckets: counts(1) }],
    ["exponential_custom_bounds", { customValues: counts(1) }],
    ["custom_bounds_nan", { schema: -53, customValues: counts(NaN) }],
    ["custom_bounds_order", { schema: -53, customValues: counts(1, 1) }],
    ["custom_bounds_infinite", { schema: -53, customValues: counts(1, Infinity) }],
    ["custom_bounds_too_few", {
      ...customs,
      positiveSpans: [{ offset: 2, length: 2 }],
      positiveBuckets: counts(1, 1),
    }],
    ["span_negative_offset", {
      ...customs,
      positiveSpans: [{ offset: -1, length: 1 }],
      positiveBuckets: counts(1),
    }],
    ["spans_buckets_mismatch", { ...customs, positiveBuckets: counts(1) }],
    ["custom_zero_count", { ...customs, zeroCount: 1 }],
    ["custom_zero_threshold", { ...customs, zeroThreshold: 1 }],
    ["custom_negative_spans", { ...customs, negativeSpans: [{ offset: 0, length: 0 }] }],
    ["custom_negative_buckets", { ...customs, negativeBuckets: counts(1) }],
  ];
  for (const [reason, fields] of cases) {
    assert.throws(
      () => new FloatHistogram(fields).validate(),
      (error) => error instanceof InvalidHistogramError && error.reason === reason,
      reason,
    );
  }
});

Deno.test("validate: accepts what fits together", () => {
  fc.assert(fc.property(anyHistogram(), (h) => h.validate()));
  // Float counts may miss the total by rounding, and the first span may begin below index 0.
  new FloatHistogram({ count: 5, positiveSpans: [{ offset: -4, length: 1 }], positiveBuckets: counts(9) })
    .validate();
});
