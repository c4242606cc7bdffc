import assert from "node:assert/strict";
import fc from "fast-check";
import {
  allBuckets,
  allBucketsDescending,
  boundaryRule,
  negativeBuckets,
  positiveBuckets,
} from "../../../engine/histogram/bucket.ts";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { anyHistogram, custom } from "./_arbitrary.ts";

Deno.test("allBuckets: bounds and boundary rules around zero", () => {
  const h = new FloatHistogram({
    zeroThreshold: 0.6,
    zeroCount: 3,
    positiveSpans: [{ offset: 0, length: 2 }],
    positiveBuckets: Float64Array.of(1, 2),
    negativeSpans: [{ offset: 1, length: 1 }],
    negativeBuckets: Float64Array.of(4),
  });
  const rows = [...allBuckets(h)].map((b) => [boundaryRule(b), b.lower, b.upper, b.count]);
  assert.deepEqual(rows, [[1, -2, -1, 4], [3, -0.6, 0.6, 3], [0, 0.6, 1, 1], [0, 1, 2, 2]]);
  // The sides themselves know nothing of the zero bucket.
  assert.deepEqual([...positiveBuckets(h)].map((b) => b.lower), [0.5, 1]);
  assert.deepEqual([...negativeBuckets(h)].map((b) => [b.lower, b.upper]), [[-2, -1]]);
});

Deno.test("allBuckets: custom buckets from -Inf to +Inf, the first one closed", () => {
  const rows = [...allBuckets(custom([1, 5], [1, 2, 3]))].map((
    b,
  ) => [boundaryRule(b), b.lower, b.upper, b.count]);
  assert.deepEqual(rows, [[3, -Infinity, 1, 1], [0, 1, 5, 2], [0, 5, Infinity, 3]]);
});

Deno.test("allBuckets: ascending without overlap, descending the same backwards", () => {
  fc.assert(fc.property(anyHistogram(), (h) => {
    const ascending = [...allBuckets(h)];
    assert.deepEqual([...allBucketsDescending(h)].reverse(), ascending);
    ascending.forEach((bucket, i) => {
      assert.ok(bucket.lower < bucket.upper);
      if (i > 0) assert.ok(ascending[i - 1]!.upper <= bucket.lower);
    });
    assert.equal(ascending.reduce((sum, b) => sum + b.count, 0), h.count);
  }));
});
