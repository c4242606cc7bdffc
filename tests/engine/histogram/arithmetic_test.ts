import assert from "node:assert/strict";
import fc from "fast-check";
import {
  add,
  compact,
  divide,
  multiply,
  negate,
  subtract,
  toSchema,
} from "../../../engine/histogram/arithmetic.ts";
import { indexAtSchema } from "../../../engine/histogram/bound.ts";
import { type CounterResetHint, FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import {
  anyHistogram,
  bucketMap,
  custom,
  customHistogram,
  exponentialHistogram,
  positiveOnly,
  sumOfMaps,
} from "./_arbitrary.ts";

const positiveMap = (h: FloatHistogram) => bucketMap(h.positiveSpans, h.positiveBuckets);
const negativeMap = (h: FloatHistogram) => bucketMap(h.negativeSpans, h.negativeBuckets);

Deno.test("add, subtract: bucket by bucket at the coarser schema", () => {
  for (const { operation, sign } of [{ operation: add, sign: 1 }, { operation: subtract, sign: -1 }]) {
    fc.assert(fc.property(exponentialHistogram(), exponentialHistogram(), (a, b) => {
      const { histogram, boundsReconciled } = operation(a, b)!;
      const schema = Math.min(a.schema, b.schema);
      const expected = (side: (h: FloatHistogram) => Map<number, number>) =>
        sumOfMaps([a, b].map((h, i) => ({
          map: side(h),
          sign: i === 0 ? 1 : sign,
          move: (index) => indexAtSchema(index, h.schema, schema),
        })));
      assert.equal(histogram.schema, schema);
      assert.deepEqual(positiveMap(histogram), expected(positiveMap));
      assert.deepEqual(negativeMap(histogram), expected(negativeMap));
      assert.equal(histogram.count, a.count + sign * b.count);
      assert.equal(histogram.sum, a.sum + sign * b.sum);
      assert.equal(histogram.zeroCount, a.zeroCount + sign * b.zeroCount);
      assert.equal(boundsReconciled, false);
    }));
  }
});

Deno.test("add: operands stay as they are", () => {
  fc.assert(fc.property(anyHistogram(), anyHistogram(), (a, b) => {
    const [copyA, copyB] = [a.clone(), b.clone()];
    add(a, b);
    assert.ok(a.equals(copyA) && b.equals(copyB));
  }));
});

Deno.test("add, subtract: custom buckets meet in their common bounds", () => {
  fc.assert(fc.property(customHistogram(), customHistogram(), (a, b) => {
    const { histogram, boundsReconciled } = add(a, b)!;
    const common = [...a.customValues].filter((bound) => b.customValues.includes(bound));
    assert.deepEqual([...histogram.customValues], common);
    const move = (h: FloatHistogram) => (index: number) => {
      const at = common.findIndex((bound) => bound >= (h.customValues[index] ?? Infinity));
      return at < 0 ? common.length : at;
    };
    assert.deepEqual(
      positiveMap(histogram),
      sumOfMaps([a, b].map((h) => ({ map: positiveMap(h), move: move(h) }))),
    );
    assert.equal(boundsReconciled, a.customValues.join() !== b.customValues.join());
    const difference = subtract(histogram, b)!;
    assert.equal(difference.histogram.count, a.count);
  }));
});

Deno.test("add: zero buckets meet in the wider one, further widened to a populated bucket's end", () => {
  const wide = new FloatHistogram({ zeroThreshold: 0.3, zeroCount: 2, count: 2 });
  const buckets = {
    positiveSpans: [{ offset: -3, length: 4 }],
    positiveBuckets: Float64Array.of(1, 2, 3, 4),
  };
  const narrow = new FloatHistogram({ ...buckets, zeroThreshold: 0.01, zeroCount: 5, count: 15 });
  for (const { histogram } of [add(wide, narrow)!, add(narrow, wide)!]) {
    // 0.3 lies in the bucket (0.25, 0.5], which holds 3 observations.
    assert.equal(histogram.zeroThreshold, 0.5);
    assert.equal(histogram.zeroCount, 2 + 5 + 1 + 2 + 3);
    assert.deepEqual(positiveMap(histogram), new Map([[0, 4]]));
  }
});

Deno.test("add: a NaN zero threshold does not hang", () => {
  const odd = new FloatHistogram({ zeroThreshold: NaN });
  assert.equal(add(odd, positiveOnly([1]))?.histogram.count, 1);
});

Deno.test("add, subtract: exponential and custom buckets do not mix", () => {
  assert.equal(add(custom([1], [1]), positiveOnly([1])), undefined);
  assert.equal(subtract(positiveOnly([1]), custom([1], [1])), undefined);
});

Deno.test("add: counter reset hints", () => {
  const cases: [CounterResetHint, CounterResetHint, CounterResetHint, boolean][] = [
    ["unknown", "unknown", "unknown", false],
    ["unknown", "reset", "unknown", false],
    ["reset", "reset", "reset", false],
    ["not_reset", "not_reset", "not_reset", false],
    ["not_reset", "unknown", "unknown", false],
    ["reset", "not_reset", "unknown", true],
    ["gauge", "reset", "gauge", false],
    ["not_reset", "gauge", "gauge", false],
  ];
  for (const [a, b, hint, conflict] of cases) {
    for (const [x, y] of [[a, b], [b, a]] as const) {
      const sum = add(
        new FloatHistogram({ counterResetHint: x }),
        new FloatHistogram({ counterResetHint: y }),
      )!;
      assert.equal(sum.histogram.counterResetHint, hint, `${x} + ${y}`);
      assert.equal(sum.hintsConflict, conflict, `${x} + ${y}`);
    }
  }
});

Deno.test("multiply, divide, negate", () => {
  const h = positiveOnly([2, 4], { sum: 3 }).with({ zeroCount: 6, counterResetHint: "reset" });
  const half = divide(h, 2);
  assert.deepEqual([...half.positiveBuckets, half.zeroCount, half.count, half.sum], [1, 2, 3, 3, 1.5]);
  assert.equal(half.counterResetHint, "reset");
  assert.ok(multiply(half, 2).equals(h));
  const negative = negate(h);
  assert.deepEqual([...negative.positiveBuckets, negative.zeroCount, negative.sum], [-2, -4, -6, -3]);
  assert.equal(negative.counterResetHint, "gauge");
  const infinite = divide(h, 0);
  assert.deepEqual([infinite.count, infinite.sum, infinite.zeroCount], [Infinity, Infinity, Infinity]);
  assert.deepEqual([infinite.positiveSpans.length, infinite.positiveBuckets.length], [0, 0]);
  assert.ok(infinite.hasOverflow && !h.hasOverflow);
});

Deno.test("compact: keeps populated buckets, fills small gaps, splits at wide ones", () => {
  const cases: [counts: number[], max: number, spans: [number, number][], kept: number[]][] = [
    [[1, 2, 3], 0, [[0, 3]], [1, 2, 3]],
    [[0, 0, 1, 0], 0, [[2, 1]], [1]],
    [[1, 0, 2], 0, [[0, 1], [1, 1]], [1, 2]],
    [[1, 0, 2], 1, [[0, 3]], [1, 0, 2]],
    [[0, 1, 0, 0, 2, 0], 1, [[1, 1], [2, 1]], [1, 2]],
    [[0, 1, 0, 2, 0], 1, [[1, 3]], [1, 0, 2]],
    [[0, 0], 3, [], []],
    [[NaN, 0], 0, [[0, 1]], [NaN]],
  ];
  for (const [counts, max, spans, kept] of cases) {
    const h = compact(positiveOnly(counts), max);
    assert.deepEqual(h.positiveSpans, spans.map(([offset, length]) => ({ offset, length })));
    assert.deepEqual([...h.positiveBuckets], kept);
  }
  fc.assert(fc.property(anyHistogram(), fc.constantFrom(0, 1, 2, 5, Infinity), (h, max) => {
    const c = compact(h, max);
    c.validate();
    assert.deepEqual([positiveMap(c), negativeMap(c)], [positiveMap(h), negativeMap(h)]);
    assert.ok(compact(c, max).equals(c));
    assert.ok(c.positiveSpans.slice(1).every((span) => span.offset > max));
    if (max === Infinity) assert.ok(c.positiveSpans.length <= 1 && c.negativeSpans.length <= 1);
  }));
});

Deno.test("toSchema: step by step as at once, and only downwards", () => {
  fc.assert(
    fc.property(exponentialHistogram({ schemas: [8] }), fc.integer({ min: -4, max: 8 }), (h, target) => {
      let stepwise = h;
      for (let schema = 7; schema >= target; schema--) stepwise = toSchema(stepwise, schema);
      assert.ok(toSchema(h, target).equals(stepwise));
    }),
  );
  assert.throws(() => toSchema(positiveOnly([1]), 1), RangeError);
  assert.throws(() => toSchema(positiveOnly([1]), -53), RangeError);
  assert.throws(() => toSchema(custom([1], [1]), 0), RangeError);
  const reserved = positiveOnly([1, 2], { schema: 52, offset: -1 });
  assert.deepEqual(positiveMap(toSchema(reserved, 8)), new Map([[0, 3]]));
});
