import assert from "node:assert/strict";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { average, standardDeviation, variance } from "../../../engine/histogram/moments.ts";
import { custom, positiveOnly } from "./_arbitrary.ts";

Deno.test("average, variance, standardDeviation", () => {
  const cases: [string, FloatHistogram, mean: number, variance: number][] = [
    ["geometric mean of the bounds", positiveOnly([2], { offset: 2, sum: 4 }), 2, (Math.sqrt(8) - 2) ** 2],
    [
      "mirrored for negative buckets",
      new FloatHistogram({
        count: 2,
        sum: -4,
        negativeSpans: [{ offset: 2, length: 1 }],
        negativeBuckets: Float64Array.of(2),
      }),
      -2,
      (Math.sqrt(8) - 2) ** 2,
    ],
    ["0 in the zero bucket", new FloatHistogram({ zeroThreshold: 1, zeroCount: 4, count: 4, sum: 8 }), 2, 4],
    ["half way in custom buckets", custom([1, 5], [0, 4], 8), 2, 1],
    ["without a lower end", custom([1], [4], 8), 2, Infinity],
    ["no observations", positiveOnly([]), NaN, NaN],
    ["NaN observations", positiveOnly([1], { sum: NaN }), NaN, NaN],
  ];
  for (const [name, h, mean, expected] of cases) {
    assert.equal(average(h), mean, name);
    assert.ok(Object.is(variance(h), expected) || Math.abs(variance(h) - expected) < 1e-15, name);
    assert.ok(Object.is(standardDeviation(h), Math.sqrt(variance(h))), name);
  }
});
