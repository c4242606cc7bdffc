import assert from "node:assert/strict";
import fc from "fast-check";
import { readFloat } from "../../../engine/exposition/float.ts";
import { formatG, formatOpenMetrics, parseFloatText } from "../../../engine/go_float.ts";

/** What readFloat, or else parseFloatText, makes of `text`. */
function read(text: string): number | string {
  const out = new Float64Array(1);
  const after = readFloat(new TextEncoder().encode(text + "\n"), 0, out);
  if (after >= 0) assert.equal(after, text.length);
  return after >= 0 ? out[0] : parseFloatText(text);
}

Deno.test("readFloat() reads decimals as Number() does", () => {
  const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), maxLength: 22 });
  const exponent = fc.oneof(fc.constant(""), fc.integer({ min: -340, max: 340 }).map((e) => `e${e}`));
  const decimal = fc.tuple(fc.constantFrom("", "-", "+"), digits, fc.constantFrom("", "."), digits, exponent)
    .map((parts) => parts.join(""))
    .filter((text) => /\d/.test(text.replace(/e.*/, "")));
  fc.assert(
    fc.property(decimal, (text) => {
      const want = Number(text);
      const got = read(text);
      if (Number.isFinite(want)) assert.ok(Object.is(got, want), `${text}: got ${got}, want ${want}`);
      else assert.match(String(got), /value out of range/);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("readFloat() reads back what is written", () => {
  fc.assert(fc.property(fc.double(), (value) => {
    assert.ok(Object.is(read(formatG(value)), value));
    assert.ok(Object.is(read(formatOpenMetrics(value)), value === 0 ? 0 : value));
  }));
});

const accepted: [string, number][] = [
  ["Inf", Infinity],
  ["+inf", Infinity],
  ["-INFINITY", -Infinity],
  ["nan", NaN],
  ["NaN", NaN],
  ["1.", 1],
  [".5", 0.5],
  ["-0", -0],
  ["+5", 5],
  ["1E3", 1000],
  ["9007199254740993", 9007199254740992],
  ["0000000000000000000000000000000000000000001.2e-1", 0.12],
];
for (const [text, want] of accepted) {
  Deno.test(`readFloat() reads ${text}`, () => assert.ok(Object.is(read(text), want), String(read(text))));
}

const refused: [string, RegExp][] = [
  ["", /invalid syntax/],
  ["-", /invalid syntax/],
  [".", /invalid syntax/],
  ["1e", /invalid syntax/],
  ["1e+", /invalid syntax/],
  ["1.1.1", /invalid syntax/],
  ["+NaN", /invalid syntax/],
  ["0x1p-3", /unsupported character in float/],
  ["1_2", /unsupported character in float/],
  ["0x1", /invalid syntax/],
  ["1e400", /value out of range/],
];
for (const [text, want] of refused) {
  Deno.test(`readFloat() refuses ${JSON.stringify(text)}`, () => assert.match(String(read(text)), want));
}
