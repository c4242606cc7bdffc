import assert from "node:assert/strict";
import { FUNCTIONS } from "../../../engine/promql/functions/table.ts";
import { parseExpr } from "../../../engine/promql/parser.ts";
import { print } from "../../../engine/promql/print.ts";
import { propagateMatchers } from "../../../engine/promql/propagate_matchers.ts";

const CASES: readonly [query: string, expected: string | undefined][] = [
  // Set operators look for no duplicates.
  [`a{job="x"} and on (job) b`, `a{job="x"} and on (job) b{job="x"}`],
  [`a and b{job="x"}`, `a{job="x"} and b{job="x"}`],
  [`a and ignoring (env) b{env="p",job="x"}`, `a{job="x"} and ignoring (env) b{env="p",job="x"}`],
  [`a and on (job) b{env="p"}`, undefined],
  [`a{job="x"} unless b`, `a{job="x"} unless b{job="x"}`],
  [`a unless b{job="x"}`, undefined],
  [`a or b{job="x"}`, undefined],
  // From a "one" side whose series surely differ to the "many" side, and not back.
  [`a / on (job) sum by (job) (b{job="x"})`, `a{job="x"} / on (job) sum by (job) (b{job="x"})`],
  [`a > bool on (job) (sum by (job) (b{job="x"}))`, `a{job="x"} > bool on (job) (sum by (job) (b{job="x"}))`],
  [
    `a * on (job) group_left () max by (job) (b{env="p",job="x"})`,
    `a{job="x"} * on (job) group_left () max by (job) (b{env="p",job="x"})`,
  ],
  [
    `sum by (job) (b{job="x"}) * on (job) group_right () a`,
    `sum by (job) (b{job="x"}) * on (job) group_right () a{job="x"}`,
  ],
  [`a{job="x"} / on (job) sum by (job) (b)`, undefined],
  // Series that are there twice on the "one" side are an error even where they match nothing.
  [`a * on (job) b{job="x"}`, undefined],
  [`a * b{job="x"}`, undefined],
  [`a / on (job) sum by (env, job) (b{job="x"})`, undefined],
  [`a / on (job) sum without (env) (b{job="x"})`, undefined],
  [`a / on (job) topk by (job) (1, b{job="x"})`, undefined],
  // Only what is surely equal.
  [`a and b{job=~"x",env!="p",zone=""}`, undefined],
  [`a{job="x"} and b{job="x"}`, undefined],
  [`a{job="y"} unless b{job="x"}`, `a{job="y"} unless b{job="x",job="y"}`],
  [`a and b{__type__="counter"}`, undefined],
  // Through functions and aggregations that keep the label, and through operators with a scalar.
  [`rate(a[5m]) and rate(b{job="x"}[5m])`, `rate(a{job="x"}[5m]) and rate(b{job="x"}[5m])`],
  [`sum by (job) (a) and on (job) b{job="x"}`, `sum by (job) (a{job="x"}) and on (job) b{job="x"}`],
  [`sum (a) and on (job) b{job="x"}`, undefined],
  [`sum without (env) (a) and b{job="x"}`, `sum without (env) (a{job="x"}) and b{job="x"}`],
  [`sum without (job) (a) and b{job="x"}`, undefined],
  [`topk(1, a) and on (job) b{job="x"}`, undefined],
  [`a unless on (job) b and on (job) topk(1, c{job="x"})`, undefined],
  [`a and on (job) topk(1, b{job="x"})`, `a{job="x"} and on (job) topk(1, b{job="x"})`],
  [`a and on (job) count_values("job", b{job="x"})`, undefined],
  [`count_values by (job) ("job", a) and on (job) b{job="x"}`, undefined],
  [`(a * 2) and on (job) -b{job="x"}`, `(a{job="x"} * 2) and on (job) -b{job="x"}`],
  [
    `max_over_time(rate(a[1m])[5m:1m]) and b{job="x"}`,
    `max_over_time(rate(a{job="x"}[1m])[5m:1m]) and b{job="x"}`,
  ],
  [`label_replace(a, "job", "y", "", "") and b{job="x"}`, undefined],
  [`a and label_replace(b{job="x"}, "job", "y", "", "")`, undefined],
  // Errors stay errors: without their names, series of two metrics may be equal.
  [`rate({__name__=~"a|c"}[5m]) and on (job) b{job="x"}`, undefined],
  // Operators within operators, and filled matches.
  [`c * (a and b{job="x"})`, `c * (a{job="x"} and b{job="x"})`],
  [`a * on (job) fill_left (0) sum by (job) (b{job="x"})`, undefined],
];

/** `l0="x",l1="x",…` */
const matchers = (count: number) => Array.from({ length: count }, (_, i) => `l${i}="x"`).join();

for (const [count, handedOver] of [[1, 1], [64, 64], [65, 0], [60_000, 0]]) {
  Deno.test(`propagateMatchers: of ${count} equal labels, ${handedOver} are asked for on the other side`, () => {
    const expr = propagateMatchers(parseExpr(`a and b{${matchers(count)}}`), FUNCTIONS);
    assert.ok(expr.kind === "binary" && expr.lhs.kind === "vectorSelector");
    assert.equal(expr.lhs.matchers.length, handedOver + 1);
  });
}

Deno.test("propagateMatchers: equal labels on one side are asked for on the other", () => {
  for (const [query, expected] of CASES) {
    const expr = parseExpr(query, { enableBinopFillModifiers: true });
    assert.equal(print(propagateMatchers(expr, FUNCTIONS)), expected ?? print(expr), query);
  }
});
