import assert from "node:assert/strict";
import fc from "fast-check";
import { exp2, log2 } from "../../../engine/histogram/binary_log.ts";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { fraction } from "../../../engine/histogram/fraction.ts";
import { quantile } from "../../../engine/histogram/quantile.ts";
import { anyHistogram, custom, positiveOnly } from "./_arbitrary.ts";

const negativeOnly = new FloatHistogram({
  count: 4,
  negativeSpans: [{ offset: 1, length: 1 }],
  negativeBuckets: Float64Array.of(4),
});

Deno.test("quantile", () => {
  const zero = { zeroThreshold: 0.5, zeroCount: 4 };
  const nan = { sum: NaN };
  const cases: [string, FloatHistogram, number, number][] = [
    ["φ below 0", positiveOnly([1]), -0.1, -Infinity],
    ["φ above 1", positiveOnly([1]), 1.1, Infinity],
    ["φ NaN", positiveOnly([1]), NaN, NaN],
    ["no observations", positiveOnly([]), 0.5, NaN],
    ["logarithmic scale", positiveOnly([4], { offset: 1 }), 0.5, Math.SQRT2],
    ["logarithmic scale below zero", negativeOnly, 0.5, -Math.SQRT2],
    ["bucket ends", positiveOnly([1, 1], { offset: 1 }), 0.5, 2],
    ["highest", positiveOnly([1, 1], { offset: 1 }), 1, 4],
    ["zero bucket alone is two-sided", positiveOnly([]).with({ ...zero, count: 4 }), 0.25, -0.25],
    ["zero bucket beside positive buckets", positiveOnly([4]).with({ ...zero, count: 8 }), 0.25, 0.25],
    ["zero bucket beside negative buckets", negativeOnly.with({ ...zero, count: 8 }), 0.75, -0.25],
    ["custom: linear", custom([1, 5], [0, 4]), 0.5, 3],
    ["custom: first bucket from 0", custom([4], [4]), 0.25, 1],
    ["custom: first bucket below 0", custom([-4], [4]), 0.25, -4],
    ["custom: last bucket", custom([1, 5], [0, 0, 4]), 0.25, 5],
    ["NaN observations above all buckets", positiveOnly([12]).with({ count: 15, ...nan }), 0.81, NaN],
    [
      "NaN observations, quantile within buckets",
      positiveOnly([12]).with({ count: 15, ...nan }),
      0.4,
      Math.SQRT1_2,
    ],
    [
      "NaN observations, quantile in a lower bucket",
      positiveOnly([6, 6]).with({ count: 12, ...nan }),
      0.25,
      Math.SQRT1_2,
    ],
    ["count lost precision: highest bucket", positiveOnly([12]).with({ count: 12.5 }), 0, 0.5],
  ];
  for (const [name, h, phi, expected] of cases) {
    const { value } = quantile(h, phi);
    assert.ok(Object.is(value, expected) || Math.abs(value - expected) < 1e-15, `${name}: ${value}`);
  }
});

Deno.test("quantile: what NaN observations did", () => {
  const h = positiveOnly([12], { sum: NaN }).with({ count: 15 });
  assert.equal(quantile(h, 0.9).nanObservations, "result_nan");
  assert.equal(quantile(h, 0.4).nanObservations, "skewed");
  assert.equal(quantile(positiveOnly([12], { sum: NaN }), 0.4).nanObservations, undefined);
  assert.equal(quantile(h.with({ sum: 1 }), 0.4).nanObservations, undefined);
});

Deno.test("quantile: rises with φ and stays within the buckets", () => {
  const phi = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(anyHistogram(), phi, phi, (h, a, b) => {
    // A single bucket from -Inf to +Inf has no quantiles.
    fc.pre(h.count > 0 && !(h.usesCustomBuckets && h.customValues.length === 0));
    const low = quantile(h, Math.min(a, b)).value;
    const high = quantile(h, Math.max(a, b)).value;
    assert.ok(low <= high + 1e-9 * Math.abs(high), `${low} > ${high}`);
  }));
});

Deno.test("fraction: the inverse of quantile", () => {
  fc.assert(fc.property(anyHistogram(), fc.double({ min: 0, max: 1, noNaN: true }), (h, phi) => {
    fc.pre(h.count > 0 && !h.usesCustomBuckets);
    const { value } = fraction(h, -Infinity, quantile(h, phi).value);
    assert.ok(Math.abs(value - phi) < 1e-9, `${value} is not ${phi}`);
  }));
});

Deno.test("fraction", () => {
  const h = positiveOnly([4, 4], { offset: 1 });
  const zero = positiveOnly([]).with({ zeroThreshold: 1, zeroCount: 4, count: 4 });
  const cases: [string, FloatHistogram, number, number, number][] = [
    ["no observations", positiveOnly([]), 0, 1, NaN],
    ["NaN bound", h, NaN, 1, NaN],
    ["bounds the wrong way round", h, 2, 1, 0],
    ["everything", h, -Infinity, Infinity, 1],
    ["bucket ends", h, 1, 2, 0.5],
    ["logarithmic scale", h, 1, Math.SQRT2, 0.25],
    ["zero bucket, two-sided", zero, -0.5, 1, 0.75],
    [
      "zero bucket, one-sided",
      zero.with({ positiveSpans: h.positiveSpans, positiveBuckets: Float64Array.of(0, 0) }),
      0,
      0.5,
      0.5,
    ],
    ["custom: linear", custom([1, 5], [0, 4]), 2, 4, 0.5],
    ["custom: first bucket from 0", custom([1, 5], [4, 4]), 0.5, 5, 0.75],
    ["custom: first bucket below 0 counts as below", custom([-4, 5], [4, 4]), -5, 5, 0.5],
    ["custom: last bucket counts as above", custom([1, 5], [0, 4, 4]), -Infinity, 1000, 0.5],
    ["NaN observations", positiveOnly([3], { sum: NaN }).with({ count: 4 }), -Infinity, Infinity, 0.75],
  ];
  for (const [name, histogram, lower, upper, expected] of cases) {
    const { value } = fraction(histogram, lower, upper);
    assert.ok(Object.is(value, expected) || Math.abs(value - expected) < 1e-15, `${name}: ${value}`);
  }
  assert.equal(fraction(positiveOnly([3], { sum: NaN }).with({ count: 4 }), 0, 1).nanObservations, true);
  assert.equal(fraction(positiveOnly([3], { sum: NaN }), 0, 1).nanObservations, false);
});

Deno.test("log2, exp2: exact for powers of two, close to the platform's otherwise", () => {
  for (let n = -1074; n <= 1023; n++) {
    assert.equal(log2(exp2(n)), n);
  }
  assert.deepEqual([log2(0), log2(Infinity), exp2(1024), exp2(-1100)], [-Infinity, Infinity, Infinity, 0]);
  assert.ok(Number.isNaN(log2(NaN)) && Number.isNaN(exp2(NaN)));
  fc.assert(fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
    assert.ok(Math.abs(log2(x) - Math.log2(x)) <= 1e-15 * Math.max(1, Math.abs(Math.log2(x))));
    assert.ok(Math.abs(exp2(log2(x)) / x - 1) < 1e-12);
  }));
});
