import assert from "node:assert/strict";
import { parseExpr } from "../../../engine/promql/parser.ts";
import { print } from "../../../engine/promql/print.ts";
import { children, extractSelectors, rewrite, walk } from "../../../engine/promql/traverse.ts";

const QUERY = `topk(3, rate(a{b="c"}[5m])) / on (x) -(max_over_time(d[1h:5m]) + 1)`;

Deno.test("walk() visits parents before children and tells what is above", () => {
  const visited: string[] = [];
  walk(parseExpr(QUERY), (expr, ancestors) => {
    visited.push(`${ancestors.length} ${expr.kind}`);
    return expr.kind !== "subquery";
  });
  assert.deepEqual(visited, [
    ...["0 binary", "1 aggregation", "2 call", "3 matrixSelector", "4 vectorSelector", "2 numberLiteral"],
    ...["1 unary", "2 paren", "3 binary", "4 call", "5 subquery", "4 numberLiteral"],
  ]);
});

Deno.test("children() of every kind are its operands", () => {
  for (
    const [query, want] of [
      ["1", []],
      ["a", []],
      ["a[5m]", ["a"]],
      ["a[5m:]", ["a"]],
      ["-a", ["a"]],
      ["(a)", ["a"]],
      ["topk(1, a)", ["a", "1"]],
      ["clamp(a, 1, 2)", ["a", "1", "2"]],
      ["a + b", ["a", "b"]],
    ] as const
  ) assert.deepEqual(children(parseExpr(query)).map(print), want);
});

Deno.test("rewrite() replaces nodes and shares what stays the same", () => {
  const expr = parseExpr(QUERY);
  assert.equal(rewrite(expr, (node) => node), expr);
  const changed = rewrite(
    expr,
    (node) => node.kind === "numberLiteral" ? { ...node, value: node.value * 2 } : node,
  );
  assert.equal(print(changed), print(expr).replace("(3,", "(6,").replace("+ 1", "+ 2"));
  assert.equal(print(expr), print(parseExpr(QUERY)));
  assert.ok(expr.kind === "binary" && changed.kind === "binary");
  assert.ok(expr.lhs.kind === "aggregation" && changed.lhs.kind === "aggregation");
  assert.equal(changed.lhs.expr, expr.lhs.expr);
  assert.throws(
    () => rewrite(expr, (node) => node.kind === "vectorSelector" ? parseExpr("1") : node),
    TypeError,
  );
});

Deno.test("extractSelectors() lists the matchers of every selector", () => {
  assert.deepEqual(extractSelectors(parseExpr(QUERY)).map(String), [`b="c",__name__="a"`, `__name__="d"`]);
  assert.deepEqual(extractSelectors(parseExpr("1 + time()")), []);
});
