import assert from "node:assert/strict";
import fc from "fast-check";
import { add, toSchema } from "../../../engine/histogram/arithmetic.ts";
import type { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { detectReset } from "../../../engine/histogram/reset.ts";
import {
  anyHistogram,
  bucketMap,
  custom,
  customHistogram,
  exponentialHistogram,
  positiveOnly,
} from "./_arbitrary.ts";

Deno.test("detectReset: by naive comparison at one schema", () => {
  const oneSchema = exponentialHistogram({ schemas: [0] });
  fc.assert(fc.property(oneSchema, oneSchema, fc.boolean(), (a, b, grow) => {
    const current = grow ? add(a, b)!.histogram : b;
    const fell = (now: Map<number, number>, before: Map<number, number>) =>
      [...before].some(([index, count]) => (now.get(index) ?? 0) < count);
    const naive = current.count < a.count || current.zeroCount < a.zeroCount ||
      fell(
        bucketMap(current.positiveSpans, current.positiveBuckets),
        bucketMap(a.positiveSpans, a.positiveBuckets),
      ) ||
      fell(
        bucketMap(current.negativeSpans, current.negativeBuckets),
        bucketMap(a.negativeSpans, a.negativeBuckets),
      );
    assert.equal(detectReset(current, a), naive);
  }));
});

Deno.test("detectReset: never after additions, not even at a coarser schema or with fewer bounds", () => {
  const pair = (one: fc.Arbitrary<FloatHistogram>) => fc.tuple(one, one);
  fc.assert(fc.property(fc.oneof(pair(exponentialHistogram()), pair(customHistogram())), ([a, b]) => {
    assert.equal(detectReset(add(a, b)!.histogram, a), false);
  }));
});

Deno.test("detectReset: always after an observation has gone", () => {
  fc.assert(fc.property(anyHistogram(), (h) => {
    const at = h.positiveBuckets.findIndex((count) => count > 0);
    fc.pre(at >= 0);
    assert.equal(
      detectReset(h.with({ positiveBuckets: h.positiveBuckets.with(at, h.positiveBuckets[at]! - 1) }), h),
      true,
    );
  }));
});

Deno.test("detectReset: special cases", () => {
  const h = positiveOnly([1, 2, 3], { schema: 1, offset: 1 });
  const narrow = h.with({ zeroThreshold: 0.1 });
  const cases: [string, FloatHistogram, FloatHistogram, boolean][] = [
    ["hint says reset", h.with({ counterResetHint: "reset" }), h, true],
    ["hint says no reset", positiveOnly([]).with({ counterResetHint: "not_reset" }), h, false],
    ["gauges are compared", h.with({ counterResetHint: "gauge" }), h, false],
    ["the sum may fall", h.with({ sum: -5 }), h, false],
    ["resolution rose", h, toSchema(h, 0), true],
    ["resolution fell", toSchema(h, 0), h, false],
    ["zero bucket became narrower", h, narrow, true],
    ["zero bucket became wider, below all buckets", h.with({ zeroThreshold: 0.5 }), narrow, false],
    [
      "zero bucket ends within a populated bucket",
      h.with({ zeroThreshold: 1.2, zeroCount: 1 }),
      narrow,
      true,
    ],
    [
      "zero bucket swallowed a bucket",
      positiveOnly([2, 3], { schema: 1, offset: 2 }).with({
        zeroThreshold: 2 ** 0.5 - 2e-16,
        zeroCount: 1,
        count: 6,
      }),
      narrow,
      false,
    ],
    ["zero threshold NaN", h.with({ zeroThreshold: NaN }), h, true],
    ["custom after exponential", custom([1], [9]), h, true],
    ["exponential after custom", h, custom([1], [1]), true],
    ["empty bucket gone", positiveOnly([1]).with({ count: 9 }), positiveOnly([1, 0]), false],
    ["bucket moved to another common bound", custom([1, 2], [1, 1]), custom([1, 3], [2]), true],
    ["bucket moved between bounds not in common", custom([1, 3], [0, 2]), custom([2, 3], [2]), false],
  ];
  for (const [name, current, previous, expected] of cases) {
    assert.equal(detectReset(current, previous), expected, name);
  }
});
