import type { Expr } from "../../../engine/promql/ast.ts";
import { parseExpr, type ParserOptions } from "../../../engine/promql/parser.ts";
import { print } from "../../../engine/promql/print.ts";
import { walk } from "../../../engine/promql/traverse.ts";

/** A query that has to give the same result as another one, evaluated at another time. */
export interface AtVariant {
  readonly query: string;
  readonly timeMs: number;
}

/** Functions whose results depend on the evaluation time, whatever the time of their arguments. */
const TIME_DEPENDENT: ReadonlySet<string> = new Set(
  ("days_in_month day_of_month day_of_week day_of_year end hour minute month predict_linear range start step " +
    "time timestamp year").split(" "),
);

/**
 * The query with every selector fixed to `timeMs` by `@`, to be evaluated at other times; none where its result
 * depends on the evaluation time.
 */
export function atVariants(query: string, timeMs: number, options: ParserOptions): AtVariant[] {
  const expr = parseExpr(query, options);
  let dependsOnTime = false;
  walk(expr, (node) => {
    if (node.kind === "subquery") return false; // its window is fixed, and with it what is evaluated inside
    if (node.kind === "call") dependsOnTime ||= TIME_DEPENDENT.has(node.func.name);
  });
  if (dependsOnTime) return [];
  const fixed = print(fix(expr, timeMs));
  const times = timeMs === 0
    ? [-1000, 0, 1000]
    : [-10 * timeMs, 0, Math.trunc(timeMs / 5), timeMs, 10 * timeMs];
  return times.map((time) => ({ query: fixed, timeMs: time }));
}

/** Selectors inside a subquery stay as they are: they follow its time. */
function fix(expr: Expr, timestampMs: number): Expr {
  switch (expr.kind) {
    case "vectorSelector":
    case "subquery":
      return expr.at !== null && "timestampMs" in expr.at ? expr : { ...expr, at: { timestampMs } };
    case "matrixSelector":
      return { ...expr, selector: fix(expr.selector, timestampMs) as typeof expr.selector };
    case "call":
      return { ...expr, args: expr.args.map((arg) => fix(arg, timestampMs)) };
    case "aggregation":
      return {
        ...expr,
        expr: fix(expr.expr, timestampMs),
        param: expr.param && fix(expr.param, timestampMs),
      };
    case "binary":
      return { ...expr, lhs: fix(expr.lhs, timestampMs), rhs: fix(expr.rhs, timestampMs) };
    case "unary":
    case "paren":
      return { ...expr, expr: fix(expr.expr, timestampMs) };
    default:
      return expr;
  }
}
