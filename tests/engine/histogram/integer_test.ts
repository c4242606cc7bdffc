import assert from "node:assert/strict";
import fc from "fast-check";
import { multiply } from "../../../engine/histogram/arithmetic.ts";
import {
  fromInteger,
  hasIntegerCounts,
  toInteger,
  validateInteger,
} from "../../../engine/histogram/integer.ts";
import { anyHistogram, positiveOnly } from "./_arbitrary.ts";

Deno.test("integer form and back", () => {
  fc.assert(fc.property(anyHistogram(), (h) => {
    const integer = toInteger(h)!;
    assert.ok(fromInteger(integer).equals(h));
    assert.equal(integer.positiveDeltas.length, h.positiveBuckets.length);
  }));
  const h = fromInteger({
    count: 7,
    positiveSpans: [{ offset: 0, length: 3 }],
    positiveDeltas: [1, 3, -2],
    negativeDeltas: [],
  });
  assert.deepEqual([...h.positiveBuckets], [1, 4, 2]);
});

Deno.test("toInteger: only whole counts that a double holds exactly", () => {
  assert.equal(toInteger(multiply(positiveOnly([1]), 0.5)), undefined);
  assert.equal(hasIntegerCounts(positiveOnly([2 ** 53])), false);
  assert.equal(hasIntegerCounts(positiveOnly([2 ** 53 - 1])), true);
});

Deno.test("validateInteger: buckets add up to the count, or less where NaN was observed", () => {
  validateInteger(positiveOnly([1, 2]));
  validateInteger(positiveOnly([1, 2]).with({ count: 4, sum: NaN }));
  assert.throws(() => validateInteger(positiveOnly([1, 2]).with({ count: 4 })), { reason: "count_mismatch" });
  assert.throws(() => validateInteger(positiveOnly([1, 2]).with({ count: 2, sum: NaN })), {
    reason: "count_too_small",
  });
  assert.throws(() => validateInteger(positiveOnly([2, -1])), { reason: "negative_bucket_count" });
});
