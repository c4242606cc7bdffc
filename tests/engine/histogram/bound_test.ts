import assert from "node:assert/strict";
import {
  exponentialBound,
  getBound,
  indexAtSchema,
  scaleByPowerOf2,
} from "../../../engine/histogram/bound.ts";

Deno.test("exponentialBound: upstream's bounds, last bits included", () => {
  const cases: [index: number, schema: number, bound: number][] = [
    [-1, 2, 0.8408964152537144],
    [0, 1, 1],
    [0, -2, 1],
    [512, 0, Math.pow(2, 512)],
    [512, 1, Math.pow(2, 256)],
    [-1, 1, 0.7071067811865475],
    [1, 1, 1.414213562373095],
    [-1, 4, 0.9576032806985735],
    [-1, 7, 0.9945994234836328],
    [-1, 8, 0.9972960560854698],
    [-255, 8, 0.5013556375251013],
    [3, -1, 64],
    [-2, -2, 2 ** -8],
    [-270, -2, 0],
    [-1074, 0, Number.MIN_VALUE],
    // The last regular bucket ends at the largest number, the next one is for infinities.
    [1024, 0, Number.MAX_VALUE],
    [1025, 0, Infinity],
    [64, -4, Number.MAX_VALUE],
    [65, -4, Infinity],
    [1024 * 256, 8, Number.MAX_VALUE],
    [1024 * 256 + 1, 8, Infinity],
  ];
  for (const [index, schema, bound] of cases) {
    assert.equal(exponentialBound(index, schema), bound, `bucket ${index} of schema ${schema}`);
  }
});

Deno.test("exponentialBound: close to 2^(index·2^-schema), and that exactly where it is a power of two", () => {
  for (let schema = -4; schema <= 8; schema++) {
    for (let index = -600; index <= 600; index++) {
      const exponent = index * 2 ** -schema;
      if (Math.abs(exponent) > 1000) continue;
      const relative = exponentialBound(index, schema) / 2 ** exponent - 1;
      assert.ok(Math.abs(relative) < 1e-15);
      if (Number.isInteger(exponent)) assert.equal(relative, 0);
    }
  }
});

Deno.test("indexAtSchema: the coarser bucket ends where its last finer bucket does", () => {
  for (let schema = -3; schema <= 8; schema++) {
    for (let index = -300; index <= 300; index++) {
      const coarser = indexAtSchema(index, schema, schema - 1);
      assert.equal(coarser, Math.ceil(index / 2) + 0);
    }
  }
  assert.equal(indexAtSchema(5, 52, 8), 1);
  assert.equal(indexAtSchema(-5, 52, 8), 0);
});

Deno.test("getBound: custom bounds run from -Inf to +Inf", () => {
  const bounds = Float64Array.of(1, 5);
  assert.deepEqual([-1, 0, 1, 2].map((i) => getBound(i, -53, bounds)), [-Infinity, 1, 5, Infinity]);
  assert.throws(() => getBound(3, -53, bounds), RangeError);
});

Deno.test("scaleByPowerOf2: at the ends of the range of doubles", () => {
  assert.equal(scaleByPowerOf2(0.75, 1024), 0.75 * 2 ** 1023 * 2);
  assert.equal(scaleByPowerOf2(0.5, -1073), Number.MIN_VALUE);
  assert.equal(scaleByPowerOf2(0.5, 1025), Infinity);
});
