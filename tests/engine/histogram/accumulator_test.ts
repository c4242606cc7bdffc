import assert from "node:assert/strict";
import fc from "fast-check";
import { HistogramAccumulator } from "../../../engine/histogram/accumulator.ts";
import { add, compact, divide } from "../../../engine/histogram/arithmetic.ts";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { HistogramMean } from "../../../engine/histogram/mean.ts";
import { anyHistogram, custom, customHistogram, exponentialHistogram, positiveOnly } from "./_arbitrary.ts";

function sumOf(histograms: FloatHistogram[]): FloatHistogram | undefined {
  const sum = new HistogramAccumulator(histograms[0]!, { compensated: true });
  for (const h of histograms.slice(1)) {
    if (!sum.add(h)) return undefined;
  }
  return sum.toHistogram();
}

Deno.test("compensated sum: keeps what plain addition loses", () => {
  const sum = sumOf(
    [1e100, 1, -1e100, 1].map((x) => positiveOnly([x, 1], { sum: x }).with({ zeroCount: x })),
  )!;
  assert.deepEqual([sum.sum, sum.zeroCount, ...sum.positiveBuckets], [2, 2, 2, 4]);
});

Deno.test("compensated sum: keeps what plain addition loses when schemas and custom bounds differ", () => {
  const exponential = sumOf([
    positiveOnly([1e100], { schema: 1, offset: 1 }),
    positiveOnly([1, 1], { schema: 1, offset: 1 }),
    positiveOnly([-1e100], { schema: 0, offset: 1 }),
  ])!;
  assert.deepEqual([...exponential.positiveBuckets], [2]);
  const customs = sumOf([custom([1, 2], [1e100]), custom([1, 2], [1]), custom([1], [-1e100])])!;
  assert.deepEqual([...customs.customValues, ...customs.positiveBuckets], [1, 1]);
});

Deno.test("compensated sum: an infinite sum has no rounding error", () => {
  const sum = sumOf([1e308, 1e308, 1e308].map((x) => positiveOnly([x], { sum: x })))!;
  assert.deepEqual([sum.sum, ...sum.positiveBuckets], [Infinity, Infinity]);
});

Deno.test("compensated sum of whole counts equals plain addition", () => {
  const many = (one: fc.Arbitrary<FloatHistogram>) => fc.array(one, { minLength: 1, maxLength: 6 });
  fc.assert(fc.property(fc.oneof(many(exponentialHistogram()), many(customHistogram())), (histograms) => {
    const plain = histograms.slice(1).reduce((sum, h) => add(sum, h)!.histogram, compact(histograms[0]!));
    assert.ok(sumOf(histograms)!.equals(plain));
  }));
});

Deno.test("a refused histogram changes nothing", () => {
  const sum = new HistogramAccumulator(positiveOnly([1]), { compensated: true });
  assert.equal(sum.add(custom([1], [1]).with({ counterResetHint: "gauge" })), false);
  assert.ok(sum.toHistogram().equals(positiveOnly([1])));
  assert.equal(sum.toHistogram().counterResetHint, "unknown");
});

Deno.test("hints conflict even with others in between", () => {
  const sum = new HistogramAccumulator(new FloatHistogram({ counterResetHint: "reset" }), {
    compensated: true,
  });
  sum.add(new FloatHistogram());
  assert.equal(sum.hintsConflict, false);
  sum.add(new FloatHistogram({ counterResetHint: "not_reset" }));
  assert.equal(sum.hintsConflict, true);
  assert.equal(sum.clone().hintsConflict, true);
});

Deno.test("toHistogram: later additions leave it alone", () => {
  const sum = new HistogramAccumulator(positiveOnly([1, 2]), { compensated: false });
  const before = sum.toHistogram();
  sum.add(positiveOnly([1, 2]));
  assert.deepEqual([...before.positiveBuckets], [1, 2]);
});

Deno.test("mean of equal histograms is that histogram", () => {
  fc.assert(fc.property(anyHistogram(), fc.integer({ min: 1, max: 4 }), (h, log2Times) => {
    const mean = new HistogramMean(h);
    for (let i = 1; i < 2 ** log2Times; i++) assert.ok(mean.add(h));
    assert.ok(mean.toHistogram().equals(compact(h)));
  }));
});

Deno.test("mean: goes on past the largest number", () => {
  const values = [1.5e308, 1e308, 0.5e308, 1e308];
  const mean = new HistogramMean(positiveOnly([values[0]!], { sum: values[0] }));
  for (const x of values.slice(1)) assert.ok(mean.add(positiveOnly([x], { sum: x })));
  const { count, sum, positiveBuckets } = mean.toHistogram();
  for (const x of [count, sum, positiveBuckets[0]!]) assert.ok(Math.abs(x / 1e308 - 1) < 1e-15);
});

Deno.test("mean: custom bounds are reconciled, mixed schemas refused", () => {
  const mean = new HistogramMean(custom([1, 2, 3], [2, 2, 2]));
  assert.equal(mean.add(positiveOnly([1])), false);
  assert.ok(mean.add(custom([1, 3], [4, 0])));
  assert.equal(mean.boundsReconciled, true);
  assert.ok(mean.toHistogram().equals(divide(custom([1, 3], [6, 4]), 2)));
});
