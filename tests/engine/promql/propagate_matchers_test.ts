import assert from "node:assert/strict";
import { FUNCTIONS } from "../../../engine/promql/functions/table.ts";
import { parseExpr } from "../../../engine/promql/parser.ts";
import { print } from "../../../engine/promql/print.ts";
import { propagateMatchers } from "../../../engine/promql/propagate_matchers.ts";

const CASES: readonly [query: string, expected: string | undefined][] = [
  // From the "one" side to the "many" side, and not back.
  [`a * on (job) b{job="x"}`, `a{job="x"} * on (job) b{job="x"}`],
  [`a{job="x"} * on (job) b`, undefined],
  [`a * on (job) group_left () b{job="x"}`, `a{job="x"} * on (job) group_left () b{job="x"}`],
  [`a{job="x"} * on (job) group_right () b`, `a{job="x"} * on (job) group_right () b{job="x"}`],
  [`a * b{job="x"}`, `a{job="x"} * b{job="x"}`],
  [`a > bool b{job="x"}`, `a{job="x"} > bool b{job="x"}`],
  [`a * ignoring (env) b{env="p",job="x"}`, `a{job="x"} * ignoring (env) b{env="p",job="x"}`],
  [`a * on (job) b{env="p"}`, undefined],
  // Set operators look for no duplicates.
  [`a{job="x"} and on (job) b`, `a{job="x"} and on (job) b{job="x"}`],
  [`a and b{job="x"}`, `a{job="x"} and b{job="x"}`],
  [`a{job="x"} unless b`, `a{job="x"} unless b{job="x"}`],
  [`a unless b{job="x"}`, undefined],
  [`a or b{job="x"}`, undefined],
  // Only what is surely equal.
  [`a * b{job=~"x",env!="p",zone=""}`, undefined],
  [`a{job="x"} * b{job="x"}`, undefined],
  [`a{job="y"} * b{job="x"}`, `a{job="x",job="y"} * b{job="x"}`],
  // Through functions and aggregations that keep the label, and through operators with a scalar.
  [`rate(a[5m]) / rate(b{job="x"}[5m])`, `rate(a{job="x"}[5m]) / rate(b{job="x"}[5m])`],
  [`sum by (job) (a) / on (job) b{job="x"}`, `sum by (job) (a{job="x"}) / on (job) b{job="x"}`],
  [`sum (a) / on (job) b{job="x"}`, undefined],
  [`sum without (env) (a) / b{job="x"}`, `sum without (env) (a{job="x"}) / b{job="x"}`],
  [`sum without (job) (a) / b{job="x"}`, undefined],
  [
    `a / on (job) sum by (job) (b{env="p",job="x"})`,
    `a{job="x"} / on (job) sum by (job) (b{env="p",job="x"})`,
  ],
  [`topk(1, a) / on (job) b{job="x"}`, undefined],
  [`a / on (job) topk(1, b{job="x"})`, `a{job="x"} / on (job) topk(1, b{job="x"})`],
  [`a / on (job) count_values("job", b{job="x"})`, undefined],
  [`(a * 2) / on (job) -b{job="x"}`, `(a{job="x"} * 2) / on (job) -b{job="x"}`],
  [
    `max_over_time(rate(a[1m])[5m:1m]) / b{job="x"}`,
    `max_over_time(rate(a{job="x"}[1m])[5m:1m]) / b{job="x"}`,
  ],
  [`label_replace(a, "job", "y", "", "") / b{job="x"}`, undefined],
  [`a / label_replace(b{job="x"}, "job", "y", "", "")`, undefined],
  // Errors stay errors: without their names, series of two metrics may be equal.
  [`rate({__name__=~"a|c"}[5m]) / on (job) b{job="x"}`, undefined],
  // Operators within operators.
  [`c * (a * b{job="x"})`, `c * (a{job="x"} * b{job="x"})`],
  [`a * on (job) fill_left (0) b{job="x"}`, undefined],
];

Deno.test("propagateMatchers: equal labels on one side are asked for on the other", () => {
  for (const [query, expected] of CASES) {
    const expr = parseExpr(query, { enableBinopFillModifiers: true });
    assert.equal(print(propagateMatchers(expr, FUNCTIONS)), expected ?? print(expr), query);
  }
});
