import assert from "node:assert/strict";
import fc from "fast-check";
import { exponentialBound } from "../../../engine/histogram/bound.ts";
import { bucketIndexes } from "../../../engine/histogram/span.ts";
import {
  DEFAULT_ZERO_THRESHOLD,
  exponentialBuckets,
  exponentialRangeBuckets,
  type Histogram,
  linearBuckets,
  type NativeOptions,
  Registry,
  sampleValue,
} from "../../../engine/instrument/mod.ts";
import { nativeBucketKey, schemaOf } from "../../../engine/instrument/native_key.ts";

const help = "h";
const anyValue = fc.oneof(fc.double(), fc.double({ min: -10, max: 10 }), fc.integer({ min: -5, max: 5 }));
// Bounds of subnormal buckets round to one another.
const normal = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((v) => Math.abs(v) >= 2 ** -1020);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

Deno.test("bucket helpers count without +Inf", () => {
  assert.deepEqual(linearBuckets(-15, 5, 4), [-15, -10, -5, 0]);
  assert.deepEqual(exponentialBuckets(100, 1.2, 3), [100, 120, 144]);
  const range = exponentialRangeBuckets(1, 100, 3);
  assert.deepEqual([range[0], range[2]], [1, 100]);
  assert.ok(Math.abs(range[1] - 10) < 1e-9);
  for (
    const bad of [
      () => linearBuckets(0, 1, 0),
      () => linearBuckets(0, 0, 2),
      () => exponentialBuckets(0, 2, 2),
      () => exponentialBuckets(1, 1, 2),
      () => exponentialRangeBuckets(1, 1, 2),
    ]
  ) assert.throws(bad, RangeError);
});

Deno.test("Histogram counts agree with a naive count for any bounds and values", () => {
  const bounds = fc.uniqueArray(fc.double({ noNaN: true }), { comparator: (a, b) => a === b })
    .map((list) => list.sort((a, b) => a - b));
  fc.assert(fc.property(bounds, fc.array(anyValue), (buckets, values) => {
    const registry = new Registry({ now: () => 0 });
    const histogram = registry.histogram({ name: "h", help, buckets });
    for (const value of values) histogram.observe(value);
    const found = registry.gather()[0].metrics[0].histogram!;
    assert.equal(found.count, values.length);
    assert.ok(Object.is(found.sum, values.reduce((a, b) => a + b, 0)));
    assert.deepEqual(
      found.buckets.map(({ upperBound, count }) => [upperBound, count]),
      [...buckets.filter((bound) => bound !== Infinity), Infinity].map((bound) => [
        bound,
        bound === Infinity ? values.length : values.filter((value) => value <= bound).length,
      ]),
    );
  }));
});

Deno.test("nativeBucketKey() finds the bucket whose bounds hold the value", () => {
  fc.assert(fc.property(normal, fc.integer({ min: -4, max: 8 }), (value, schema) => {
    const key = nativeBucketKey(value, schema);
    assert.ok(Math.abs(value) <= exponentialBound(key, schema));
    assert.ok(Math.abs(value) > exponentialBound(key - 1, schema));
  }));
});

for (
  const [value, schema, key] of [
    [1, 0, 0],
    [1, 3, 0],
    [1.0000001, 3, 1],
    [2, 3, 8],
    [0.5, 3, -8],
    [4, -1, 1],
    [4.1, -1, 2],
    [5e-324, 0, -1074],
    [Number.MAX_VALUE, 0, 1024],
    [Infinity, 0, 1025],
    [-Infinity, -4, 65],
    [Infinity, 8, 262145],
  ]
) {
  Deno.test(`nativeBucketKey(${value}) is ${key} in schema ${schema}`, () => {
    assert.equal(nativeBucketKey(value, schema), key);
  });
}

for (
  const [factor, schema] of [[1.1, 3], [2, 0], [1.0000001, 8], [4, -1], [1e300, -4], [1.0027, 8], [65536, -4]]
) {
  Deno.test(`schemaOf(${factor}) is ${schema}`, () => assert.equal(schemaOf(factor), schema));
}

function native(options: NativeOptions, now: () => number = () => 0) {
  const registry = new Registry({ now });
  const histogram = registry.histogram({ name: "h", help, native: options });
  return { registry, histogram, read: () => registry.gather()[0].metrics[0].histogram! };
}

Deno.test("a native histogram agrees with a naive count, is valid and has no classic buckets", () => {
  fc.assert(fc.property(fc.array(anyValue), fc.constantFrom(1.01, 1.1, 2, 100), (values, factor) => {
    const { histogram, read } = native({ factor });
    for (const value of values) histogram.observe(value);
    const { native: found, buckets } = read();
    assert.ok(found);
    assert.deepEqual(buckets, []);
    found.validate();
    assert.equal(found.count, values.length);
    assert.equal(found.zeroCount, values.filter((v) => Math.abs(v) <= DEFAULT_ZERO_THRESHOLD).length);
    for (
      const [sign, spans, counts] of [
        [1, found.positiveSpans, found.positiveBuckets],
        [-1, found.negativeSpans, found.negativeBuckets],
      ] as const
    ) {
      const indexes = bucketIndexes(spans);
      assert.equal(indexes.length, counts.length);
      let total = 0;
      indexes.forEach((index, i) => {
        const infinite = index === nativeBucketKey(Infinity, found.schema);
        const low = exponentialBound(index - 1, found.schema);
        const high = infinite ? Infinity : exponentialBound(index, found.schema);
        assert.equal(
          counts[i],
          values.filter((v) => sign * v > Math.max(low, DEFAULT_ZERO_THRESHOLD) && sign * v <= high).length,
        );
        total += counts[i];
      });
      assert.equal(total, values.filter((v) => sign * v > DEFAULT_ZERO_THRESHOLD).length);
    }
  }));
});

Deno.test("gaps of two buckets are filled, wider ones start a span", () => {
  const { histogram, read } = native({ factor: 2 });
  for (const value of [1, 8, 128, 128]) histogram.observe(value); // buckets 0, 3, 7
  const { positiveSpans, positiveBuckets } = read().native!;
  assert.deepEqual(positiveSpans, [{ offset: 0, length: 4 }, { offset: 3, length: 1 }]);
  assert.deepEqual([...positiveBuckets], [1, 0, 0, 1, 2]);
});

Deno.test("an empty native histogram without a zero threshold has a no-op span", () => {
  assert.deepEqual(native({ factor: 2, zeroThreshold: 0 }).read().native!.positiveSpans, [{
    offset: 0,
    length: 0,
  }]);
  assert.deepEqual(native({ factor: 2 }).read().native!.positiveSpans, []);
});

Deno.test("too many buckets halve the resolution, and no observation is lost", () => {
  fc.assert(fc.property(fc.array(finite, { maxLength: 200 }), (values) => {
    const { histogram, read } = native({ factor: 1.1, bucketsMax: 10 });
    for (const value of values) histogram.observe(value);
    const found = read().native!;
    found.validate();
    const populated = [...found.positiveBuckets, ...found.negativeBuckets].filter((count) => count > 0);
    assert.equal(populated.reduce((a, b) => a + b, found.zeroCount), values.length);
    assert.ok(populated.length <= 10 || found.schema === -4);
    const naive = native({ factor: 2 ** 2 ** -found.schema });
    for (const value of values) naive.histogram.observe(value);
    assert.deepEqual(found.positiveBuckets, naive.read().native!.positiveBuckets);
    assert.deepEqual(found.negativeSpans, naive.read().native!.negativeSpans);
  }));
});

Deno.test("too many buckets widen the zero bucket first where that is allowed", () => {
  const { histogram, read } = native({ factor: 2, bucketsMax: 2, zeroThresholdMax: 0.3 });
  for (const value of [0.25, -0.25, 1]) histogram.observe(value);
  assert.deepEqual([read().native!.zeroThreshold, read().native!.zeroCount, read().native!.schema], [
    0.25,
    2,
    0,
  ]);
  for (const value of [2, 4]) histogram.observe(value);
  assert.deepEqual([read().native!.zeroThreshold, read().native!.schema], [0.25, -1]);
});

Deno.test("too many buckets start the histogram anew once it is old enough", () => {
  const clock = { ms: 0 };
  const { histogram, registry, read } = native(
    { factor: 2, bucketsMax: 1, minResetMs: 1000 },
    () => clock.ms,
  );
  histogram.observe(1);
  clock.ms = 500;
  histogram.observe(16);
  assert.equal(read().native!.schema, -4, "too young for a reset");
  clock.ms = 1000;
  assert.deepEqual(
    [read().count, read().native!.schema],
    [0, 0],
    "resolution comes back when the time is over",
  );
  clock.ms = 2500;
  histogram.observe(1);
  histogram.observe(2);
  assert.equal(sampleValue(registry, "h_sum"), 2, "reset, then the observation that was too many");
  assert.equal(registry.gather()[0].metrics[0].createdMs, 2500);
});

Deno.test("classic and native buckets live side by side", () => {
  const registry = new Registry({ now: () => 0 });
  const histogram: Histogram<"a"> = registry.histogram({
    name: "h",
    help,
    labelNames: ["a"],
    buckets: [1, Infinity],
    native: { factor: 1.1 },
  });
  histogram.labels("x").observe(NaN);
  histogram.labels("x").observe(0.5);
  assert.equal(sampleValue(registry, "h_bucket", { a: "x", le: "1" }), 1);
  assert.equal(sampleValue(registry, "h_bucket", { a: "x", le: "+Inf" }), 2);
  const found = registry.gather()[0].metrics[0].histogram!;
  assert.deepEqual([found.native!.count, found.native!.positiveBuckets.length], [2, 1]);
  assert.ok(Number.isNaN(found.native!.sum));
});
