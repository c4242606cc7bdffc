import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatExponent,
  formatFixed,
  formatG,
  formatOpenMetrics,
  formatPlain,
  formatValue,
} from "../../engine/go_float.ts";

Deno.test("numbers as Go prints them", () => {
  const cases: [x: number, value: string, plain: string, g: string, openMetrics: string][] = [
    [0, "0", "0", "0", "0.0"],
    [-0, "-0", "-0", "-0", "0.0"],
    [1, "1", "1", "1", "1.0"],
    [-1.5, "-1.5", "-1.5", "-1.5", "-1.5"],
    [1234567, "1234567", "1234567", "1.234567e+06", "1.234567e+06"],
    [100000, "100000", "100000", "100000", "100000.0"],
    [1.25e-10, "1.25e-10", "0.000000000125", "1.25e-10", "1.25e-10"],
    [123e20, "1.23e+22", "12300000000000000000000", "1.23e+22", "1.23e+22"],
    [0.1, "0.1", "0.1", "0.1", "0.1"],
    [0.0001, "0.0001", "0.0001", "0.0001", "0.0001"],
    [0.00001, "0.00001", "0.00001", "1e-05", "1e-05"],
    [0.000001, "0.000001", "0.000001", "1e-06", "1e-06"],
    [1.5e-7, "1.5e-07", "0.00000015", "1.5e-07", "1.5e-07"],
    [123456, "123456", "123456", "123456", "123456.0"],
    [999999.5, "999999.5", "999999.5", "999999.5", "999999.5"],
    [1e6, "1000000", "1000000", "1e+06", "1e+06"],
    [2349209.324, "2349209.324", "2349209.324", "2.349209324e+06", "2.349209324e+06"],
    [1e20, "100000000000000000000", "100000000000000000000", "1e+20", "1e+20"],
    [1e21, "1e+21", "1000000000000000000000", "1e+21", "1e+21"],
    [-1.25e+100, "-1.25e+100", `-125${"0".repeat(98)}`, "-1.25e+100", "-1.25e+100"],
    [5e-324, "5e-324", `0.${"0".repeat(323)}5`, "5e-324", "5e-324"],
    [Infinity, "+Inf", "+Inf", "+Inf", "+Inf"],
    [-Infinity, "-Inf", "-Inf", "-Inf", "-Inf"],
    [NaN, "NaN", "NaN", "NaN", "NaN"],
  ];
  for (const [x, ...expected] of cases) {
    assert.deepEqual([formatValue(x), formatPlain(x), formatG(x), formatOpenMetrics(x)], expected);
  }
  assert.deepEqual([0, -0, 123.5, 1e-10, Infinity].map(formatExponent), [
    "0e+00",
    "-0e+00",
    "1.235e+02",
    "1e-10",
    "+Inf",
  ]);
});

Deno.test("every format reads back to the same number", () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(fc.property(finite, (x) => {
    for (const format of [formatValue, formatPlain, formatG, formatOpenMetrics, formatExponent]) {
      const wanted = format === formatOpenMetrics && x === 0 ? 0 : x;
      assert.ok(Object.is(Number(format(x)), wanted), format.name);
    }
    assert.doesNotMatch(formatPlain(x), /e/);
  }));
});

Deno.test("formatFixed() never writes an exponent", () => {
  for (
    const [x, digits, want] of [
      [1.23456, 3, "1.235"],
      [-2, 0, "-2"],
      [1e21, 1, "1000000000000000000000.0"],
      [Infinity, 1, "+Inf"],
      [NaN, 1, "NaN"],
    ] as const
  ) assert.equal(formatFixed(x, digits), want);
});
