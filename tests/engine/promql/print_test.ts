import assert from "node:assert/strict";
import fc from "fast-check";
import type { Expr } from "../../../engine/promql/ast.ts";
import { parseExpr } from "../../../engine/promql/parser.ts";
import { print } from "../../../engine/promql/print.ts";
import type { Matcher } from "../../../engine/labels/matcher.ts";
import { typedExprs } from "./_expr_arbitrary.ts";

const EVERYTHING = {
  enableExperimentalFunctions: true,
  enableExtendedRangeSelectors: true,
  enableBinopFillModifiers: true,
};

const CASES: readonly (readonly [input: string, want: string])[] = [
  ["  1  +\n2 # sum", "1 + 2"],
  ["-2^2", "-2 ^ 2"],
  ["(-2)^2", "(-2) ^ 2"],
  ["- -1", "1"],
  ["0x1F", "31"],
  ["017", "15"],
  ["1_000.5", "1000.5"],
  ["1e30", "1000000000000000000000000000000"],
  ["1e-7", "0.0000001"],
  ["+inf", "+Inf"],
  ["-INF", "-Inf"],
  ["nan", "NaN"],
  ["90m", "1h30m"],
  ["-5m", "-5m"],
  ["2002ms", "2s2ms"],
  [`'it\\'s'`, `"it's"`],
  ["`a\\b`", `"a\\\\b"`],
  [`"\\x41\\101\\u00e9\\xc3\\xa9"`, `"AAéé"`],
  [`"\\xff"`, `"\\xff"`],
  ["SUM BY(a)(b)", "sum by (a) (b)"],
  ["sum(b) without()", "sum without () (b)"],
  ["sum by () (b)", "sum(b)"],
  [`sum by ("a.b", "c",) (d)`, `sum by ("a.b", c) (d)`],
  ["topk(1,a)", "topk(1, a)"],
  [`x{b="2",a="1"}`, `x{a="1",b="2"}`],
  ["x{}", "x"],
  [`{"a.b", 'c'=~"d"}`, `{__name__="a.b",c=~"d"}`],
  [`{__name__="a"}`, `{__name__="a"}`],
  [`{"é"="ü"}`, `{"é"="ü"}`],
  ["a - ignoring () b", "a - b"],
  ["a - on () b", "a - on () b"],
  ["a - ignoring (x) group_left b", "a - ignoring (x) group_left () b"],
  ["a / on (x,y) group_right(z) b", "a / on (x, y) group_right (z) b"],
  ["a == bool b", "a == bool b"],
  ["a ATAN2 b", "a atan2 b"],
  ["a </ 1 >/ 2", "a </ 1 >/ 2"],
  ["a + fill_right(1) fill_left(-2e-5) b", "a + fill_left (-2e-05) fill_right (1) b"],
  ["a + fill_left(5m) fill_right(300) b", "a + fill (300) b"],
  ["a offset 60", "a offset 1m"],
  ["a offset -5m", "a offset -5m"],
  ["a offset 5m @ 10.5", "a @ 10.500 offset 5m"],
  ["a[5m] offset 1h @ end() anchored", "a[5m] anchored @ end() offset 1h"],
  ["a smoothed @ start()", "a @ start() smoothed"],
  ["a[90s:30] @ -1", "a[1m30s:30s] @ -1.000"],
  ["a[5m:]", "a[5m:]"],
  ["a[7d]", "a[1w]"],
  ["a[8d]", "a[8d]"],
  ["a[365d]", "a[1y]"],
  ["a[5m+step()*2]", "a[5m + step() * 2]"],
  ["a[((5))]", "a[(5)]"],
  ["a[-(1+2)^2]", "a[-(1 + 2) ^ 2]"],
  ["a[5m:range()/10] offset -(step())", "a[5m:range() / 10] offset -(step())"],
  ["a offset +min_of(1,2h)", "a offset min_of(1, 2h)"],
  ["info(a, {})", "info(a, {})"],
  ["end()-start()", "end() - start()"],
];

Deno.test("print() gives upstream's one-line form, which prints as itself", () => {
  for (const [input, want] of CASES) {
    assert.equal(print(parseExpr(input, EVERYTHING)), want, input);
    assert.equal(print(parseExpr(want, EVERYTHING)), want);
  }
});

/** The tree without spans, its matchers in the order in which they are printed. */
function withoutSpans(expr: Expr): unknown {
  return JSON.parse(JSON.stringify(expr, (key, value) => {
    if (key === "span" || key === "opSpan" || key === "func") return value.name;
    if (key === "matchers") return value.map((matcher: Matcher) => matcher.toString()).sort();
    if (typeof value !== "number" || Number.isFinite(value) && !Object.is(value, -0)) return value;
    return Object.is(value, -0) ? "-0" : String(value);
  }));
}

Deno.test("parseExpr(print(expr)) is expr for any expression", () => {
  const exprs = fc.oneof(typedExprs.scalar, typedExprs.vector, typedExprs.matrix, typedExprs.string);
  fc.assert(
    fc.property(exprs, (expr) => {
      const text = print(expr);
      assert.deepEqual(withoutSpans(parseExpr(text, EVERYTHING)), withoutSpans(expr), text);
    }),
    { numRuns: 1000 },
  );
});
