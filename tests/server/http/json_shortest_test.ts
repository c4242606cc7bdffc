import assert from "node:assert/strict";
import fc from "fast-check";
import { writeShortest } from "../../../server/http/json/shortest.ts";

const bytes = new Uint8Array(64);
const view = new DataView(bytes.buffer);

/** The text, undefined where it is left to the language. */
function shortest(size: number): string | undefined {
  bytes.fill(35);
  const end = writeShortest(view, 3, size);
  assert.deepEqual([...bytes.subarray(0, 3)], [35, 35, 35]);
  assert.deepEqual([...bytes.subarray(3 + 24)], Array(64 - 27).fill(35));
  return end === 0 ? undefined : new TextDecoder().decode(bytes.subarray(3, end));
}

Deno.test("usual quotients are known, in full", () => {
  for (const size of [1 / 3, 2 / 3, 100 / 7, 0.1 + 0.2, 1e-5 / 3, 1e14 / 3, 12345.678912345, 4.35 * 100]) {
    assert.equal(shortest(size), String(size));
  }
});

Deno.test("sizes out of range and powers of two are left to the language", () => {
  for (const size of [0, 5e-324, 9e-7, 2 ** -19, 1e15, 1e300, Infinity, NaN]) {
    assert.equal(shortest(size), undefined);
  }
});

Deno.test("what is written is what the language prints", () => {
  const near = (base: number) =>
    fc.tuple(fc.integer({ min: -20, max: 49 }), fc.integer({ min: -9, max: 9 }))
      .map(([exponent, steps]) => base ** exponent * (1 + steps * 2 ** -52));
  const sizes = fc.oneof(
    fc.double({ min: 1e-6, max: 1e15, noNaN: true }),
    fc.double({ min: 0, max: 1000, noNaN: true }),
    fc.tuple(fc.nat(), fc.integer({ min: 1, max: 5000 })).map(([n, d]) => n / d),
    fc.tuple(fc.maxSafeNat(), fc.integer({ min: 1, max: 22 })).map(([n, places]) => n / 10 ** places),
    fc.tuple(fc.maxSafeNat(), fc.integer({ min: 1, max: 20 })).map(([n, shift]) => n / 2 ** shift),
    near(2),
    near(10),
  ).filter((size) => !Number.isInteger(size));
  fc.assert(
    fc.property(sizes, (size) => {
      const text = shortest(size);
      if (text !== undefined) assert.equal(text, String(size));
    }),
    { numRuns: 20_000 },
  );
});
