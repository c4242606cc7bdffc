import assert from "node:assert/strict";
import fc from "fast-check";
import { parseExpr } from "../../../engine/promql/parser.ts";
import { prettyPrint } from "../../../engine/promql/pretty_print.ts";
import { print } from "../../../engine/promql/print.ts";
import { typedExprs } from "./_expr_arbitrary.ts";

const CASES: readonly (readonly [input: string, lines: readonly string[]])[] = [
  ["a+b", ["a + b"]],
  ["a>bool 0", ["a > bool 0"]],
  ["long_a / long_b", ["  long_a", "/", "  long_b"]],
  ["a1 + b1 + c12345678", ["  a1 + b1", "+", "  c12345678"]],
  ["a1234 - on(x) group_left b1234", ["  a1234", "- on (x) group_left ()", "  b1234"]],
  ["sum by (job) (metric)", ["sum by (job) (", "  metric", ")"]],
  ["topk(3, metric_name)", ["topk(", "  3,", "  metric_name", ")"]],
  ["sum(max(metric_name))", ["sum(", "  max(", "    metric_name", "  )", ")"]],
  ["rate(metric[5m])", ["rate(", "  metric[5m]", ")"]],
  ["clamp(metric, 1, 2 + 34567890)", ["clamp(", "  metric,", "  1,", "    2", "  +", "    34567890", ")"]],
  ["(metric_name)", ["(", "  metric_name", ")"]],
  ["((metric_a))", ["(", "  (metric_a)", ")"]],
  ["-rate(metric[5m])", ["-rate(", "  metric[5m]", ")"]],
  ["sum(-metric_nam)", ["sum(", "  -metric_nam", ")"]],
  ["rate(metric[5m])[1h:] offset 1m", ["rate(", "  metric[5m]", ")[1h:] offset 1m"]],
  ["max_over_time(a[5m:1m])", ["max_over_time(", "a[5m:1m]", ")"]], // upstream forgets the indent
];

Deno.test("prettyPrint() splits lines that are too long, as upstream does", () => {
  for (const [input, lines] of CASES) {
    assert.equal(prettyPrint(parseExpr(input), { lineLengthMax: 10 }), lines.join("\n"), input);
  }
});

Deno.test("prettyPrint() keeps up to 100 bytes on a line", () => {
  const name = (length: number) => "m".repeat(length - 5);
  assert.equal(prettyPrint(parseExpr(`abs(${name(100)})`)), `abs(${name(100)})`);
  assert.equal(prettyPrint(parseExpr(`abs(${name(101)})`)), `abs(\n  ${name(101)}\n)`);
  const accented = `abs({"é"="${"é".repeat(44)}"})`; // 57 characters, 102 bytes
  assert.match(prettyPrint(parseExpr(accented)), /^abs\(\n {2}\{/);
});

Deno.test("prettyPrint() is the same expression", () => {
  const options = {
    enableExperimentalFunctions: true,
    enableExtendedRangeSelectors: true,
    enableBinopFillModifiers: true,
  };
  fc.assert(
    fc.property(typedExprs.vector, fc.integer({ min: 1, max: 80 }), (expr, lineLengthMax) => {
      assert.equal(print(parseExpr(prettyPrint(expr, { lineLengthMax }), options)), print(expr));
    }),
    { numRuns: 300 },
  );
});
