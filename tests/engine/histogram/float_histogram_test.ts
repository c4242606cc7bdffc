import assert from "node:assert/strict";
import fc from "fast-check";
import { FloatHistogram, type HistogramFields } from "../../../engine/histogram/float_histogram.ts";
import { anyHistogram, custom, positiveOnly } from "./_arbitrary.ts";

Deno.test("equals: every field but the hint counts", () => {
  const h = positiveOnly([1, 2]);
  const different: HistogramFields[] = [
    { schema: 1 },
    { count: 4 },
    { sum: 1 },
    { sum: -0 },
    { sum: NaN },
    { zeroCount: 1 },
    { zeroThreshold: 1 },
    { positiveBuckets: Float64Array.of(2, 1) },
    { positiveSpans: [{ offset: 1, length: 2 }] },
    { negativeSpans: [{ offset: 0, length: 1 }], negativeBuckets: Float64Array.of(0) },
  ];
  for (const fields of different) assert.ok(!h.equals(h.with(fields)) && !h.with(fields).equals(h));
  assert.ok(h.with({ sum: NaN }).equals(h.with({ sum: NaN })));
  assert.ok(h.equals(h.with({ counterResetHint: "reset" })));
  assert.ok(h.equals(h.with({ positiveSpans: [{ offset: 0, length: 2 }, { offset: 7, length: 0 }] })));
  assert.ok(!custom([1], [1]).equals(custom([2], [1])));
});

Deno.test("clone: equal, with arrays of its own", () => {
  fc.assert(fc.property(anyHistogram(), (h) => {
    const copy = h.clone();
    assert.ok(copy.equals(h));
    assert.notEqual(copy.positiveBuckets.buffer, h.positiveBuckets.buffer);
  }));
});

Deno.test("hasOverflow: infinite totals, buckets or bounds", () => {
  assert.ok(!new FloatHistogram({ sum: NaN, count: 1e308 }).hasOverflow);
  assert.ok(new FloatHistogram({ sum: -Infinity }).hasOverflow);
  assert.ok(positiveOnly([1, Infinity]).with({ count: 1 }).hasOverflow);
});
