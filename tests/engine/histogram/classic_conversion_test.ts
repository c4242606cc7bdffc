import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ClassicHistogramBuilder,
  ClassicHistogramError,
  toClassicBuckets,
} from "../../../engine/histogram/classic_conversion.ts";
import { customHistogram, positiveOnly } from "./_arbitrary.ts";

Deno.test("classic buckets and back, in any order of arrival", () => {
  const shuffled = customHistogram().chain((h) => {
    const classic = toClassicBuckets(h);
    return fc.tuple(fc.constant(h), fc.shuffledSubarray(classic, { minLength: classic.length }));
  });
  fc.assert(fc.property(shuffled, ([h, classic]) => {
    const builder = new ClassicHistogramBuilder();
    builder.setSum(h.sum);
    builder.setCount(h.count);
    for (const { upperBound, count } of classic) builder.addBucket(upperBound, count);
    const built = builder.build();
    built.validate();
    assert.deepEqual(built.customValues, h.customValues);
    assert.deepEqual(toClassicBuckets(built), toClassicBuckets(h));
    assert.deepEqual([built.count, built.sum], [h.count, h.sum]);
  }));
});

Deno.test("builder: what is missing and what is twice", () => {
  const builder = new ClassicHistogramBuilder();
  builder.addBucket(1, 2);
  builder.addBucket(1, 9);
  builder.setCount(5);
  assert.deepEqual(toClassicBuckets(builder.build()), [{ upperBound: 1, count: 2 }, {
    upperBound: Infinity,
    count: 5,
  }]);
  builder.clear();
  assert.deepEqual(toClassicBuckets(builder.build()), [{ upperBound: Infinity, count: 0 }]);
  builder.addBucket(1, 0.5);
  assert.equal(builder.build().count, 0.5);
});

Deno.test("builder: refuses what is no histogram", () => {
  const cases: [RegExp, (builder: ClassicHistogramBuilder) => void][] = [
    [/not be NaN/, (b) => b.addBucket(NaN, 1)],
    [/non-negative/, (b) => b.addBucket(1, -1)],
    [/non-negative/, (b) => b.setCount(-1)],
    [/not cumulative: 1 < 2/, (b) => (b.addBucket(1, 2), b.addBucket(2, 1))],
    [/not cumulative: 3 > 2/, (b) => (b.addBucket(2, 2), b.addBucket(1, 3))],
    [/count mismatch/, (b) => (b.addBucket(Infinity, 2), b.setCount(3), b.build())],
  ];
  for (const [message, act] of cases) {
    assert.throws(() => act(new ClassicHistogramBuilder()), (error) => {
      return error instanceof ClassicHistogramError && message.test(error.message);
    });
  }
  assert.throws(() => toClassicBuckets(positiveOnly([1])), RangeError);
});
