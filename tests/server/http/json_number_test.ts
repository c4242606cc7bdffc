import assert from "node:assert/strict";
import fc from "fast-check";
import { formatValue } from "../../../engine/go_float.ts";
import { writeInteger, writeTimestamp, writeValue } from "../../../server/http/json/number.ts";

function written(write: (out: DataView, at: number, x: number) => number, x: number): string {
  const bytes = new Uint8Array(64).fill(35);
  const end = write(new DataView(bytes.buffer), 3, x);
  assert.deepEqual([...bytes.subarray(0, 3)], [35, 35, 35]);
  assert.deepEqual([...bytes.subarray(3 + 40)], Array(21).fill(35), "bytes behind the room for a number");
  return new TextDecoder().decode(bytes.subarray(3, end));
}

Deno.test("values are written as upstream prints them", () => {
  const table: readonly [number, string][] = [
    [0, "0"],
    [-0, "-0"],
    [1, "1"],
    [-1, "-1"],
    [0.5, "0.5"],
    [-0.25, "-0.25"],
    [100, "100"],
    [1.000001, "1.000001"],
    [0.000001, "0.000001"],
    [1e-7, "1e-07"],
    [123456789.123456, "123456789.123456"],
    [999999999, "999999999"],
    [1e9, "1000000000"],
    [1_000_000_001, "1000000001"],
    [2 ** 31, "2147483648"],
    [2 ** 53, "9007199254740992"],
    [1e20, "100000000000000000000"],
    [1e21, "1e+21"],
    [Infinity, "+Inf"],
    [-Infinity, "-Inf"],
    [NaN, "NaN"],
    [0.1 + 0.2, "0.30000000000000004"],
    [5e-324, "5e-324"],
    [-1.7976931348623157e308, "-1.7976931348623157e+308"],
    [-0.0000012345678901234567, "-0.0000012345678901234567"],
    [9999, "9999"],
    [10_000, "10000"],
    [99_999_999, "99999999"],
    [100_000_000, "100000000"],
    [999_999_999_999_999, "999999999999999"],
    [1e15, "1000000000000000"],
    [0.1, "0.1"],
    [0.0001, "0.0001"],
    [0.00001, "0.00001"],
    [0.10001, "0.10001"],
    [123.001, "123.001"],
    [123.45, "123.45"],
    [-99999999.999999, "-99999999.999999"],
  ];
  for (const [x, text] of table) assert.equal(written(writeValue, x), text);
});

Deno.test("values of any kind are written exactly as the slow way prints them", () => {
  const short = fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 9 }))
    .map(([n, places]) => n / 10 ** places);
  const repeated = fc.tuple(fc.integer({ min: -50, max: 50 }), fc.constantFrom(3, 7, 300)).map(([n, d]) =>
    n / d
  );
  const kinds = fc.oneof(
    fc.double(),
    short,
    repeated,
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ min: -1e7, max: 1e7 }),
  );
  fc.assert(fc.property(kinds, (x) => assert.equal(written(writeValue, x), formatValue(x))), {
    numRuns: 5000,
  });
});

Deno.test("whole numbers are written digit by digit", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (n) => assert.equal(written(writeInteger, n), String(n))));
});

Deno.test("times are seconds with three places or none", () => {
  const table: readonly [number, string][] = [
    [0, "0"],
    [1500, "1.500"],
    [1_435_781_451_781, "1435781451.781"],
    [1_435_781_451_001, "1435781451.001"],
    [1_435_781_451_000, "1435781451"],
    [-1, "-0.001"],
    [-1500, "-1.500"],
    [1_795_212_607_020, "1795212607.020"],
    [Number.MAX_SAFE_INTEGER, "9007199254740.991"],
    [-Number.MAX_SAFE_INTEGER, "-9007199254740.991"],
    [9_223_309_901_257_974_999, "9223309901257974"],
    [-9_223_309_901_257_974_000, "-9223309901257974"],
  ];
  for (const [ms, text] of table) assert.equal(written(writeTimestamp, ms), text);
});
