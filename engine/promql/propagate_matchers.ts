import { METRIC_NAME } from "../labels/labels.ts";
import { Matcher } from "../labels/matcher.ts";
import type { Aggregation, Binary, Call, Expr, VectorMatching } from "./ast.ts";
import { typeOf } from "./ast.ts";
import type { FunctionTable } from "./functions/registry.ts";
import { rewrite } from "./traverse.ts";
import { METADATA_LABELS } from "./value.ts";

/** Label names with the one value that they have in every series of a vector. */
type Equalities = ReadonlyMap<string, string>;

/**
 * The expression with equality matchers of one side of a binary operator given to the other side, too, where series
 * without that label value could not match:
 *
 *     a and on (job) b{job="x"}                      →   a{job="x"} and on (job) b{job="x"}
 *     a / on (job) group_left sum by (job) (b{job="x"})   →   a{job="x"} / on (job) group_left sum by (job) (b{job="x"})
 *
 * The "one" side of a match gets none, and gives some only where its series surely differ: series that are there twice
 * are an error even where they match nothing. Remarks on series that are left out are not made.
 */
export function propagateMatchers(expr: Expr, functions: FunctionTable): Expr {
  return rewrite(expr, (node) => node.kind === "binary" ? propagate(node, functions) : node);
}

function propagate(node: Binary, functions: FunctionTable): Binary {
  const { matching, op } = node;
  if (matching === null || matching.fill.lhs !== null || matching.fill.rhs !== null) return node;
  const { isOn, labels, card } = matching;
  const give = (from: Expr, to: Expr): Expr => {
    let result = to;
    for (const [name, value] of equalitiesOf(from, functions)) {
      if (labels.includes(name) === isOn) result = narrowed(result, new Matcher("=", name, value), functions);
    }
    return result;
  };
  const { lhs, rhs } = node;
  switch (op) {
    case "or":
      return node;
    case "unless":
      return { ...node, rhs: give(lhs, rhs) };
    case "and":
      return { ...node, lhs: give(rhs, lhs), rhs: give(lhs, rhs) };
    default: {
      // Not where a series of the "one" side could have a double: that is an error even if it matches nothing.
      const [one, many] = card === "one-to-many" ? ["lhs", "rhs"] as const : ["rhs", "lhs"] as const;
      return isUnique(node[one], matching) ? { ...node, [many]: give(node[one], node[many]) } : node;
    }
  }
}

/** Whether no two series of an expression can match the same series. */
function isUnique(expr: Expr, matching: VectorMatching): boolean {
  if (expr.kind === "paren") return isUnique(expr.expr, matching);
  if (expr.kind !== "aggregation" || expr.isWithout) return false;
  if (SELECTING.has(expr.op) || expr.op === "count_values") return false;
  return expr.grouping.every((name) => matching.labels.includes(name) === matching.isOn);
}

function equalitiesOf(expr: Expr, functions: FunctionTable): Equalities {
  switch (expr.kind) {
    case "paren":
    case "unary":
    case "subquery":
      return equalitiesOf(expr.expr, functions);
    case "matrixSelector":
      return equalitiesOf(expr.selector, functions);
    case "vectorSelector":
      return new Map(
        expr.matchers.filter(({ type, name, value }) =>
          type === "=" && value !== "" && !METADATA_LABELS.has(name)
        )
          .map(({ name, value }) => [name, value]),
      );
    case "call": {
      const range = rangeOf(expr, functions);
      return range < 0 ? new Map() : equalitiesOf(expr.args[range]!, functions);
    }
    case "aggregation": {
      const inner = equalitiesOf(expr.expr, functions);
      return new Map([...inner].filter(([name]) => isKept(expr, name)));
    }
    case "binary": {
      const side = vectorSide(expr);
      return side === undefined ? new Map() : equalitiesOf(expr[side], functions);
    }
    default:
      return new Map();
  }
}

/** The expression without series that the matcher does not accept, as far as it can be told where they come from. */
function narrowed(expr: Expr, matcher: Matcher, functions: FunctionTable): Expr {
  switch (expr.kind) {
    case "paren":
    case "unary":
    case "subquery":
      return { ...expr, expr: narrowed(expr.expr, matcher, functions) };
    case "matrixSelector": {
      const selector = narrowed(expr.selector, matcher, functions);
      return selector.kind === "vectorSelector" ? { ...expr, selector } : expr;
    }
    case "vectorSelector": {
      const has = (wanted: string, value?: string) =>
        expr.matchers.some((one) =>
          one.type === "=" && one.name === wanted && one.value === (value ?? one.value)
        );
      // Series of several metrics may become equal once their names go, which is an error wherever it happens.
      const isOneMetric = has(METRIC_NAME);
      if (!isOneMetric || has(matcher.name, matcher.value)) return expr;
      return { ...expr, matchers: [matcher, ...expr.matchers] };
    }
    case "call": {
      const range = rangeOf(expr, functions);
      if (range < 0) return expr;
      return { ...expr, args: expr.args.with(range, narrowed(expr.args[range]!, matcher, functions)) };
    }
    case "aggregation":
      // Groups are left out as a whole.
      return isGrouped(expr, matcher.name) && expr.op !== "count_values" // whose label may be of that name
        ? { ...expr, expr: narrowed(expr.expr, matcher, functions) }
        : expr;
    case "binary": {
      const side = vectorSide(expr);
      return side === undefined ? expr : { ...expr, [side]: narrowed(expr[side], matcher, functions) };
    }
    default:
      return expr;
  }
}

/** Which argument of a function over a range vector that is; -1 for other functions, which may change labels. */
function rangeOf({ func, args }: Call, functions: FunctionTable): number {
  if (functions[func.name]?.kind !== "range") return -1;
  return args.findIndex((arg) => typeOf(arg) === "matrix");
}

/** Whether series of different values of the label are never in one group. */
function isGrouped({ grouping, isWithout }: Aggregation, name: string): boolean {
  return grouping.includes(name) !== isWithout;
}

const SELECTING: ReadonlySet<string> = new Set(["topk", "bottomk", "limitk", "limit_ratio"]);

/** Whether results have the label's value of the series that they are made of. */
function isKept(expr: Aggregation, name: string): boolean {
  if (expr.op === "count_values") return false; // whose label may be of that name
  return SELECTING.has(expr.op) || isGrouped(expr, name);
}

/** The side that is a vector, where the other one is a scalar. */
function vectorSide({ lhs, rhs }: Binary): "lhs" | "rhs" | undefined {
  if (typeOf(lhs) === "scalar") return typeOf(rhs) === "vector" ? "rhs" : undefined;
  return typeOf(rhs) === "scalar" ? "lhs" : undefined;
}
