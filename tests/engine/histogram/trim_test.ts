import assert from "node:assert/strict";
import fc from "fast-check";
import { compact } from "../../../engine/histogram/arithmetic.ts";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { fraction } from "../../../engine/histogram/fraction.ts";
import { toText } from "../../../engine/histogram/print.ts";
import { trimLower, trimUpper } from "../../../engine/histogram/trim.ts";
import { anyHistogram, custom, exponentialHistogram, positiveOnly } from "./_arbitrary.ts";

Deno.test("trimUpper, trimLower", () => {
  const h = positiveOnly([4, 4], { offset: 1, sum: 20 });
  const zero = new FloatHistogram({ zeroThreshold: 1, zeroCount: 4, count: 4, sum: 9 });
  const cases: [string, FloatHistogram, number, string, string][] = [
    [
      "bucket end",
      h,
      2,
      "{count:4, sum:5.656854249492381, (1,2]:4}",
      "{count:4, sum:11.313708498984761, (2,4]:4}",
    ],
    [
      "within a bucket",
      h,
      2 ** 1.5,
      "{count:6, sum:10.413682709503265, (1,2]:4, (2,4]:2}",
      "{count:2, sum:6.727171322029717, (2,4]:2}",
    ],
    ["beyond all buckets", h, 9, "{count:8, sum:20, (1,2]:4, (2,4]:4}", "{count:0, sum:0}"],
    ["zero bucket", zero, 0.5, "{count:3, sum:-0.75, [-1,1]:3}", "{count:1, sum:0.75, [-1,1]:1}"],
    [
      "custom",
      custom([1, 5], [0, 4, 4]),
      2,
      "{count:1, sum:1.5, (1,5]:1}",
      "{count:7, sum:30.5, (1,5]:3, (5,+Inf]:4}",
    ],
    [
      "custom: first bucket from 0",
      custom([4], [4]),
      1,
      "{count:1, sum:0.5, [-Inf,4]:1}",
      "{count:3, sum:7.5, [-Inf,4]:3}",
    ],
    [
      "custom: first bucket below 0",
      custom([-4], [4]),
      -6,
      "{count:4, sum:0, [-Inf,-4]:4}",
      "{count:0, sum:0}",
    ],
    ["custom: last bucket", custom([4], [0, 4]), 6, "{count:0, sum:0}", "{count:4, sum:0, (4,+Inf]:4}"],
    ["nothing is beyond infinity", h, Infinity, "{count:8, sum:20, (1,2]:4, (2,4]:4}", "{count:0, sum:0}"],
  ];
  for (const [name, histogram, limit, upper, lower] of cases) {
    assert.equal(toText(trimUpper(histogram, limit)), upper, `${name}: </`);
    assert.equal(toText(trimLower(histogram, limit)), lower, `${name}: >/`);
  }
});

Deno.test("trim: the two parts make up the whole", () => {
  const limit = fc.double({ min: -300, max: 300, noNaN: true });
  // Compact, because fractions take a side with empty buckets only for one that has observations.
  fc.assert(fc.property(exponentialHistogram().map((h) => compact(h)), limit, (h, at) => {
    const below = trimUpper(h, at);
    const above = trimLower(h, at);
    assert.ok(Math.abs(below.count + above.count - h.count) <= 1e-9 * h.count);
    for (const part of [below, above]) part.validate();
    if (h.count > 0) assert.ok(Math.abs(below.count / h.count - fraction(h, -Infinity, at).value) < 1e-9);
  }));
});

Deno.test("trim: leaves a histogram alone that lies on the right side", () => {
  fc.assert(fc.property(anyHistogram(), (h) => {
    assert.equal(trimUpper(h, Infinity), h);
    assert.equal(trimLower(h, -Infinity), h);
  }));
});

Deno.test("trim: the operand stays as it is, the result is compact", () => {
  fc.assert(fc.property(anyHistogram(), fc.integer({ min: -8, max: 8 }), (h, limit) => {
    const copy = h.clone();
    const trimmed = trimUpper(h, limit);
    assert.ok(h.equals(copy));
    if (trimmed !== h) assert.ok(compact(trimmed).equals(trimmed));
  }));
});
