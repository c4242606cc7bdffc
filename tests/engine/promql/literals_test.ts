import assert from "node:assert/strict";
import fc from "fast-check";
import { parseNumber } from "../../../engine/promql/number_literal.ts";
import { quoteText, scanString, unquote } from "../../../engine/promql/string_literal.ts";

Deno.test("parseNumber() reads decimal, hexadecimal and octal numbers", () => {
  for (
    const [text, want] of [
      ["0", 0],
      ["5.", 5],
      [".5", 0.5],
      ["1_000.2_5e1", 10002.5],
      ["0x1F", 31],
      ["0x_ff", 255],
      ["017", 15],
      ["08", 8],
      ["iNf", Infinity],
      ["1e-999", 0],
      ["9223372036854775808", 2 ** 63],
    ] as const
  ) assert.equal(parseNumber(text), want, text);
  assert.ok(Number.isNaN(parseNumber("NaN")));
  for (const text of ["1_", "0x", "1e", "0x8000000000000000", "1e309"]) {
    assert.throws(() => parseNumber(text), RangeError, text);
  }
});

Deno.test("unquote() reads escapes, and keeps bytes that are not UTF-8 apart", () => {
  for (
    const [literal, want] of [
      [`"a"`, "a"],
      [`'\\''`, "'"],
      ["`\\n`", "\\n"],
      [`"\\a\\b\\f\\n\\r\\t\\v\\\\\\""`, '\x07\b\f\n\r\t\v\\"'],
      [`"\\x41\\102\\u00e9\\U0001F600"`, "ABé😀"],
      [`"\\xf0\\x9f\\x98\\x80"`, "😀"],
      [`"\\xff\\xc3\\xed\\xa0\\x80z"`, "\udcff\udcc3\udced\udca0\udc80z"],
      [`"\\xc0\\x80\\xf4\\x90\\x80\\x80"`, "\udcc0\udc80\udcf4\udc90\udc80\udc80"],
    ]
  ) {
    assert.equal(scanString(literal, 0), literal.length);
    assert.equal(unquote(literal), want);
    assert.equal(unquote(quoteText(want)), want);
  }
});

Deno.test("unquote() reads what quoteText() writes", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
    fc.uint8Array().map((bytes) =>
      unquote(`"${[...bytes].map((b) => "\\x" + b.toString(16).padStart(2, "0")).join("")}"`)
    ),
  );
  fc.assert(fc.property(texts, (text) => {
    const literal = quoteText(text);
    assert.equal(scanString(literal, 0), literal.length);
    assert.equal(unquote(literal), text);
  }));
});
