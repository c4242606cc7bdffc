import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bucketFraction,
  bucketQuantile,
  type ClassicBucket,
  coalesce,
  ensureMonotonic,
  plainBucketQuantile,
} from "../../../engine/histogram/classic.ts";

const buckets = (...pairs: [upperBound: number, count: number][]): ClassicBucket[] =>
  pairs.map(([upperBound, count]) => ({ upperBound, count }));

const USUAL = buckets([1, 2], [2, 6], [4, 8], [Infinity, 10]);

Deno.test("bucketQuantile", () => {
  const cases: [string, ClassicBucket[], number, number][] = [
    ["φ below 0", USUAL, -0.1, -Infinity],
    ["φ above 1", USUAL, 1.1, Infinity],
    ["φ NaN", USUAL, NaN, NaN],
    ["linear", USUAL, 0.4, 1.5],
    ["first bucket from 0", USUAL, 0.1, 0.5],
    ["last bucket", USUAL, 0.9, 4],
    ["first bucket below 0", buckets([-1, 4], [Infinity, 8]), 0.25, -1],
    ["no +Inf bucket", buckets([1, 2], [2, 4]), 0.5, NaN],
    ["one bucket", buckets([Infinity, 4]), 0.5, NaN],
    ["two buckets of one bound are one", buckets([Infinity, 4], [Infinity, 4]), 0.5, NaN],
    ["no observations", buckets([1, 0], [Infinity, 0]), 0.5, NaN],
    ["in any order", USUAL.toReversed(), 0.4, 1.5],
    ["no bucket at all", [], 0.5, NaN],
  ];
  for (const [name, input, phi, expected] of cases) {
    assert.equal(bucketQuantile(phi, input).value, expected, name);
  }
});

Deno.test("bucketQuantile: rises with φ whatever the counts", () => {
  const counts = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 10 });
  const phi = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(counts, phi, phi, (all, a, b) => {
    const input = all.map((count, i) => ({ upperBound: i === all.length - 1 ? Infinity : i - 3, count }));
    const low = bucketQuantile(Math.min(a, b), input);
    const high = bucketQuantile(Math.max(a, b), input);
    assert.ok(Number.isNaN(low.value) ? Number.isNaN(high.value) : low.value <= high.value + 1e-12);
    assert.equal(low.fix !== undefined, all.some((count, i) => count < Math.max(...all.slice(0, i + 1))));
  }));
});

Deno.test("plainBucketQuantile: what bucketQuantile gives, where it gives anything", () => {
  const plain = (phi: number, input: readonly ClassicBucket[]) =>
    plainBucketQuantile(
      phi,
      Float64Array.from(input, ({ upperBound }) => upperBound),
      Float64Array.from(input, ({ count }) => count),
    );
  assert.equal(plain(0.4, USUAL), 1.5);
  assert.equal(plain(0.5, buckets([1, 0], [Infinity, 0])), NaN, "no observations");
  for (const counts of [[3, 2], [1, 1 + 1e-13], [NaN, 1], [-1, 2], [1, Infinity]]) {
    assert.equal(plain(0.5, buckets([1, counts[0]!], [Infinity, counts[1]!])), undefined, `${counts}`);
  }
  const increase = fc.oneof(
    fc.nat(5),
    fc.double({ min: 0, max: 1e9 }),
    fc.constantFrom(1e-13, 1e-310, NaN, -1),
  );
  const phi = fc.double({ min: -0.1, max: 1.1 });
  fc.assert(fc.property(fc.array(increase, { minLength: 1, maxLength: 10 }), phi, (increases, phi) => {
    let count = 0;
    const input = increases.map((more, i) => ({
      upperBound: i === increases.length - 1 ? Infinity : i - 2,
      count: count += more,
    }));
    const value = plain(phi, input);
    if (value === undefined) return;
    const expected = bucketQuantile(phi, input);
    assert.equal(value, expected.value);
    assert.equal(expected.fix, undefined);
  }));
});

Deno.test("bucketFraction", () => {
  const cases: [string, ClassicBucket[], number, number, number][] = [
    ["everything", USUAL, -Infinity, Infinity, 1],
    ["linear", USUAL, 1.5, 3, 0.3],
    ["from 0", USUAL, 0, 0.5, 0.1],
    ["the last bucket counts as above", USUAL, 4, 1000, 0],
    ["first bucket below 0 counts as below", buckets([-1, 4], [Infinity, 8]), -5, -1, 0],
    ["bounds the wrong way round", USUAL, 2, 1, 0],
    ["NaN bound", USUAL, NaN, 1, NaN],
    ["no observations", buckets([1, 0], [Infinity, 0]), 0, 1, NaN],
    ["no +Inf bucket", buckets([1, 2]), 0, 1, NaN],
  ];
  for (const [name, input, lower, upper, expected] of cases) {
    const value = bucketFraction(lower, upper, input);
    assert.ok(Object.is(value, expected) || Math.abs(value - expected) < 1e-15, `${name}: ${value}`);
  }
});

Deno.test("coalesce: equal bounds become one bucket", () => {
  assert.deepEqual(coalesce(buckets([1, 2], [1, 3], [2, 4], [2, 1], [2, 1])), buckets([1, 5], [2, 6]));
});

Deno.test("ensureMonotonic: levels rounding errors silently, raises and reports falls", () => {
  const big = 1e15;
  assert.deepEqual(ensureMonotonic(buckets([1, big], [2, big + 1], [3, big - 1])), {
    buckets: buckets([1, big], [2, big], [3, big]),
    fix: undefined,
  });
  assert.deepEqual(ensureMonotonic(buckets([1, 5], [2, 3], [3, 9], [4, 1], [5, 10])), {
    buckets: buckets([1, 5], [2, 5], [3, 9], [4, 9], [5, 10]),
    fix: { minBound: 2, maxBound: 4, maxDifference: 8 },
  });
});
