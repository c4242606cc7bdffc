import assert from "node:assert/strict";
import { toJson } from "../../../engine/promql/ast_json.ts";
import { parseExpr } from "../../../engine/promql/parser.ts";

const json = (query: string) =>
  toJson(parseExpr(query, { enableBinopFillModifiers: true, enableExtendedRangeSelectors: true }));

const a = {
  type: "vectorSelector",
  name: "a",
  matchers: [{ name: "__name__", value: "a", type: "=" }],
  offset: 0,
  offsetExpr: null,
  timestamp: null,
  startOrEnd: null,
  anchored: false,
  smoothed: false,
};
const { type: _, ...aFields } = a;
const matching = {
  card: "one-to-one",
  labels: [],
  on: false,
  include: [],
  fillValues: { lhs: null, rhs: null },
};

Deno.test("toJson() gives the trees of /api/v1/parse_query", () => {
  for (
    const [query, want] of [
      ["1e-7", { type: "numberLiteral", val: "0.0000001" }],
      ["Inf", { type: "numberLiteral", val: "+Inf" }],
      ["5m", { type: "numberLiteral", val: "300" }],
      ["'x'", { type: "stringLiteral", val: "x" }],
      ["(a)", { type: "parenExpr", expr: a }],
      ["-a", { type: "unaryExpr", op: "-", expr: a }],
      ["a @ 1.5 offset 1m smoothed", { ...a, timestamp: 1500, offset: 60000, smoothed: true }],
      [`{b=~"c"} offset (1-2)`, {
        ...a,
        name: "",
        matchers: [{ name: "b", value: "c", type: "=~" }],
        offsetExpr: {
          type: "durationExpr",
          op: "-",
          lhs: { type: "numberLiteral", val: "1", duration: false },
          rhs: { type: "numberLiteral", val: "2", duration: false },
          wrapped: true,
        },
      }],
      ["a[5m] @ end()", {
        ...aFields,
        type: "matrixSelector",
        startOrEnd: "end",
        range: 300000,
        rangeExpr: null,
      }],
      ["a[1h:5m]", {
        type: "subquery",
        expr: a,
        range: 3600000,
        rangeExpr: null,
        step: 300000,
        stepExpr: null,
        offset: 0,
        offsetExpr: null,
        timestamp: null,
        startOrEnd: null,
      }],
      ["round(a)", {
        type: "call",
        func: { name: "round", argTypes: ["vector", "scalar"], variadic: 1, returnType: "vector" },
        args: [a],
      }],
      ["topk by (x) (3, a)", {
        type: "aggregation",
        op: "topk",
        expr: a,
        param: { type: "numberLiteral", val: "3" },
        grouping: ["x"],
        without: false,
      }],
      ["sum without () (a)", {
        type: "aggregation",
        op: "sum",
        expr: a,
        param: null,
        grouping: [],
        without: true,
      }],
      ["a == bool a", { type: "binaryExpr", op: "==", lhs: a, rhs: a, bool: true, matching }],
      ["a + on (x) group_left (y) fill_left (1) a", {
        type: "binaryExpr",
        op: "+",
        lhs: a,
        rhs: a,
        bool: false,
        matching: {
          card: "many-to-one",
          labels: ["x"],
          on: true,
          include: ["y"],
          fillValues: { lhs: 1, rhs: null },
        },
      }],
      ["1 + a", {
        type: "binaryExpr",
        op: "+",
        lhs: { type: "numberLiteral", val: "1" },
        rhs: a,
        bool: false,
        matching: null,
      }],
    ] as const
  ) assert.deepEqual(json(query), want, query);
});
