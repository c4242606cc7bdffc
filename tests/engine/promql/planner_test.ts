import assert from "node:assert/strict";
import { FUNCTIONS } from "../../../engine/promql/functions/table.ts";
import { FUNCTION_SIGNATURES } from "../../../engine/promql/function_signatures.ts";
import { parseExpr } from "../../../engine/promql/parser.ts";
import { inputsOf, type PlanNode } from "../../../engine/promql/plan.ts";
import { planQuery } from "../../../engine/promql/planner.ts";

function plan(query: string) {
  return planQuery(parseExpr(query, { enableExperimentalFunctions: true }), {
    startMs: 100_000,
    endMs: 400_000,
    stepMs: 10_000,
    lookbackDeltaMs: 50_000,
    functions: FUNCTIONS,
  });
}

/** The operators as nested calls. */
function describe(node: PlanNode): string {
  const inputs = inputsOf(node).map(describe);
  if (node.kind === "number") return String(node.value);
  const statistics = "statisticsOnly" in node && node.statisticsOnly ? " statistics" : "";
  return `${node.kind}${statistics}${inputs.length > 0 ? `(${inputs.join(", ")})` : ""}`;
}

for (
  const [query, want] of [
    ["(1 + 2) * -3", "-9"],
    ["start() + end() + range() + step()", "810"],
    ["x + 1 * 2", "binary(select, 2)"],
    ["x @ 1", "once(select)"],
    ["x + x @ 1", "binary(select, once(select))"],
    ["sum(rate(x[1m] @ end()))", "once(aggregate(call(windows)))"],
    ["predict_linear(x[1m] @ 1, 60)", "call(windows, 60)"],
    ["timestamp(x @ 1)", "once(select)"],
    ["timestamp(abs(x @ 1))", "call(once(call(select)))"],
    ["time() + x @ 1", "binary(call, once(select))"],
    ["rate((x @ 1)[1m:])", "call(subquery(once(select)))"],
    ["rate(x[1m:] @ 1)", "once(call(subquery(select)))"],
    ["+x", "select"],
    ["-x", "negate(select)"],
    ["topk(scalar(y), x)", "aggregate(select, call(select))"],
    ["histogram_count(rate(x[1m]))", "call(call(windows statistics))"],
    ["histogram_count(rate(x[1m:]))", "call(call(subquery(select)))"],
    ["histogram_count(x >/ 1)", "call(binary(select, 1))"],
  ] as const
) Deno.test(`${query} is planned as ${want}`, () => assert.equal(describe(plan(query).root), want));

for (
  const [query, want] of [
    ["x", [[50_001, 400_000]]],
    ["x offset 10s", [[40_001, 390_000]]],
    ["x @ 20 offset 10s", [[-39_999, 10_000]]],
    ["x @ start()", [[50_001, 100_000]]],
    ["rate(x[20s])", [[80_001, 400_000]]],
    ["rate(x[step()])", [[90_001, 400_000]]],
    ["rate(x[1m:] offset 10s)", [[-19_999, 390_000]]],
    ["rate(x[1m:] @ 300)", [[190_001, 300_000]]],
    ["x + x", [[50_001, 400_000]]],
    ["x + x offset 1h", [[50_001, 400_000], [-3_549_999, -3_200_000]]],
    ["x + rate(x[2m])", [[-19_999, 400_000]]],
  ] as const
) {
  Deno.test(`${query} selects ${JSON.stringify(want)}`, () => {
    assert.deepEqual(plan(query).selections.map(({ startMs, endMs }) => [startMs, endMs]), want);
  });
}

Deno.test("selectors of many times of the same series share a select where their times are the same", () => {
  const at = Array.from({ length: 200 }, (_, i) => `x @ ${1000 * i}`);
  assert.equal(plan([...at, ...at].join(" or ")).selections.length, 200);
});

Deno.test("every function is implemented", () => {
  // These become numbers when a query is planned, or are answered by the selector itself.
  const planned = ["start", "end", "range", "step", "start_timestamp"];
  const missing = [...FUNCTION_SIGNATURES.keys()].filter((name) =>
    !planned.includes(name) && !FUNCTIONS[name]
  );
  assert.deepEqual(missing, []);
});
