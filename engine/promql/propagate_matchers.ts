import { METRIC_NAME } from "../labels/labels.ts";
import { Matcher } from "../labels/matcher.ts";
import type { Aggregation, Binary, Call, Expr } from "./ast.ts";
import { typeOf } from "./ast.ts";
import type { FunctionTable } from "./functions/registry.ts";
import { recurse, type Recursion } from "./recursion.ts";
import { rewrite } from "./traverse.ts";
import { METADATA_LABELS } from "./value.ts";

/** Label names with the one value that they have in every series of a vector. */
type Equalities = ReadonlyMap<string, string>;

/** From a selector with more of them, none are handed over: each costs something at every selector that gets it. */
const EQUALITIES_MAX = 64;

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
  const { isOn, card } = matching;
  const labels = new Set(matching.labels);
  const give = (from: Expr, to: Expr): Expr => {
    const shared = [...recurse(equalitiesOf(from, functions))].filter(([name]) => labels.has(name) === isOn);
    return recurse(narrowed(to, new Map(shared), functions));
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
      return isUnique(node[one], isOn, labels) ? { ...node, [many]: give(node[one], node[many]) } : node;
    }
  }
}

/** Whether no two series of an expression can match the same series. */
function isUnique(expr: Expr, isOn: boolean, labels: ReadonlySet<string>): boolean {
  if (expr.kind === "paren") return isUnique(expr.expr, isOn, labels);
  if (expr.kind !== "aggregation" || expr.isWithout) return false;
  if (SELECTING.has(expr.op) || expr.op === "count_values") return false;
  return expr.grouping.every((name) => labels.has(name) === isOn);
}

function* equalitiesOf(expr: Expr, functions: FunctionTable): Recursion<Equalities> {
  switch (expr.kind) {
    case "paren":
    case "unary":
    case "subquery":
      return yield equalitiesOf(expr.expr, functions);
    case "matrixSelector":
      return yield equalitiesOf(expr.selector, functions);
    case "vectorSelector": {
      const equalities = expr.matchers.filter(({ type, name, value }) =>
        type === "=" && value !== "" && !METADATA_LABELS.has(name)
      );
      if (equalities.length > EQUALITIES_MAX) return new Map();
      return new Map(equalities.map(({ name, value }) => [name, value]));
    }
    case "call": {
      const range = rangeOf(expr, functions);
      return range < 0 ? new Map() : yield equalitiesOf(expr.args[range]!, functions);
    }
    case "aggregation": {
      if (expr.op === "count_values") return new Map(); // whose label may be of any name
      const inner = yield equalitiesOf(expr.expr, functions);
      return SELECTING.has(expr.op) ? inner : grouped(inner, expr);
    }
    case "binary": {
      const side = vectorSide(expr);
      return side === undefined ? new Map() : yield equalitiesOf(expr[side], functions);
    }
    default:
      return new Map();
  }
}

/** The expression without series that have other values of these labels, as far as it can be told where they come from. */
function* narrowed(expr: Expr, wanted: Equalities, functions: FunctionTable): Recursion<Expr> {
  if (wanted.size === 0) return expr;
  switch (expr.kind) {
    case "paren":
    case "unary":
    case "subquery":
      return { ...expr, expr: yield narrowed(expr.expr, wanted, functions) };
    case "matrixSelector": {
      const selector = yield narrowed(expr.selector, wanted, functions);
      return selector.kind === "vectorSelector" ? { ...expr, selector } : expr;
    }
    case "vectorSelector": {
      const equal = expr.matchers.filter(({ type }) => type === "=");
      // Series of several metrics may become equal once their names go, which is an error wherever it happens.
      if (!equal.some(({ name }) => name === METRIC_NAME)) return expr;
      const missing = new Map(wanted);
      for (const { name, value } of equal) if (wanted.get(name) === value) missing.delete(name);
      if (missing.size === 0) return expr;
      const added = [...missing].map(([name, value]) => new Matcher("=", name, value));
      return { ...expr, matchers: [...added, ...expr.matchers] };
    }
    case "call": {
      const range = rangeOf(expr, functions);
      if (range < 0) return expr;
      return { ...expr, args: expr.args.with(range, yield narrowed(expr.args[range]!, wanted, functions)) };
    }
    case "aggregation":
      if (expr.op === "count_values") return expr; // whose label may be of any name
      // Groups are left out as a whole.
      return { ...expr, expr: yield narrowed(expr.expr, grouped(wanted, expr), functions) };
    case "binary": {
      const side = vectorSide(expr);
      return side === undefined ? expr : { ...expr, [side]: yield narrowed(expr[side], wanted, functions) };
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

/** Of these labels, those whose values series of one group share. */
function grouped(equalities: Equalities, { grouping, isWithout }: Aggregation): Equalities {
  if (equalities.size === 0) return equalities;
  const names = new Set(grouping);
  return new Map([...equalities].filter(([name]) => names.has(name) !== isWithout));
}

const SELECTING: ReadonlySet<string> = new Set(["topk", "bottomk", "limitk", "limit_ratio"]);

/** The side that is a vector, where the other one is a scalar. */
function vectorSide({ lhs, rhs }: Binary): "lhs" | "rhs" | undefined {
  if (typeOf(lhs) === "scalar") return typeOf(rhs) === "vector" ? "rhs" : undefined;
  return typeOf(rhs) === "scalar" ? "lhs" : undefined;
}
