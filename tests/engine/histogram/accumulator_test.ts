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

/** The histograms added in parts, which are then put together; undefined where that cannot be done. */
function inParts(
  histograms: FloatHistogram[],
  partOf: (i: number) => number,
  isMean: boolean,
): FloatHistogram | undefined {
  const parts: (HistogramAccumulator | HistogramMean)[] = [];
  for (const [i, h] of histograms.entries()) {
    const part = parts[partOf(i)];
    if (part !== undefined) {
      if (!part.add(h)) return undefined;
    } else {
      parts[partOf(i)] = isMean ? new HistogramMean(h) : new HistogramAccumulator(h, { compensated: true });
    }
  }
  let whole: HistogramAccumulator | HistogramMean | undefined;
  for (const part of parts.filter((part) => part !== undefined)) {
    if (part.dependsOnOrder || part.partial === undefined) return undefined;
    if (part instanceof HistogramMean) {
      const partial = structuredCloneOf(part.partial!);
      if (whole === undefined) whole = HistogramMean.from(partial);
      else if (!(whole as HistogramMean).merge(partial)) return undefined;
    } else {
      const partial = structuredCloneOf({ sum: part.partial }).sum;
      if (whole === undefined) whole = HistogramAccumulator.from(partial);
      else if (!(whole as HistogramAccumulator).merge(partial)) return undefined;
    }
  }
  return whole!.toHistogram();
}

/** A copy that shares no array, so that it shows where a sum writes to what is not its own. */
function structuredCloneOf<T extends { readonly sum: HistogramAccumulator["partial"] }>(partial: T): T {
  const { sums, errors, ...rest } = partial.sum;
  return { ...partial, sum: { sums: sums.clone(), errors: errors.clone(), ...rest } };
}

Deno.test("sums and means put together from parts equal those added one by one", () => {
  const histograms = fc.oneof(
    fc.array(exponentialHistogram(), { minLength: 1, maxLength: 12 }),
    fc.array(customHistogram(), { minLength: 1, maxLength: 12 }),
  );
  fc.assert(fc.property(histograms, fc.array(fc.nat({ max: 3 }), { minLength: 12 }), (all, places) => {
    const partOf = (i: number) => places[i]!;
    assert.ok(inParts(all, partOf, false)!.equals(sumOf(all)!));
    const mean = new HistogramMean(all[0]!);
    for (const h of all.slice(1)) mean.add(h);
    assert.ok(inParts(all, partOf, true)!.equals(mean.toHistogram()));
  }));
});

Deno.test("what was lost to rounding in the parts is in the whole", () => {
  const all = [1, 1e100, 1, -1e100].map((x) => positiveOnly([x, 1], { sum: x }).with({ zeroCount: x }));
  const sum = inParts(all, (i) => i % 2, false)!;
  assert.deepEqual([sum.sum, sum.zeroCount, ...sum.positiveBuckets], [2, 2, 2, 4]);
});

for (
  const { name, histograms } of [
    {
      name: "zero buckets of different widths in one part",
      histograms: [0.1, 0.2].map((zeroThreshold) => positiveOnly([1]).with({ zeroThreshold })),
    },
    {
      name: "zero buckets of different widths in two parts",
      histograms: [0.1, 0.1, 0.2, 0.2].map((zeroThreshold) => positiveOnly([1]).with({ zeroThreshold })),
    },
    {
      name: "a bucket within the zero bucket",
      histograms: [positiveOnly([1], { offset: -3 }).with({ zeroThreshold: 1 })],
    },
    {
      name: "custom and exponential buckets in two parts",
      histograms: [positiveOnly([1]), custom([1], [1])],
    },
  ]
) {
  Deno.test(`parts are not put together where there are ${name}`, () => {
    const partOf = (i: number) => histograms.length > 2 ? i >> 1 : name.endsWith("one part") ? 0 : i;
    for (const isMean of [false, true]) assert.equal(inParts(histograms, partOf, isMean), undefined);
  });
}

Deno.test("means whose sums may overflow are not put together", () => {
  const all = [1e308, 1e308].map((x) => positiveOnly([x], { sum: x }));
  assert.equal(inParts(all, (i) => i, true), undefined);
  assert.equal(inParts([...all, all[0]!], (i) => i >> 1, true), undefined);
});
