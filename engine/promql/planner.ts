import type { Matcher } from "../labels/matcher.ts";
import type { Aggregation, AtModifier, Binary, Call, Expr, VectorSelector } from "./ast.ts";
import { scalarOperation } from "./binary_operation.ts";
import type { FunctionTable } from "./functions/registry.ts";
import { fixedTime, type Plan, type PlanNode, type SelectedQuantity, type Selection } from "./plan.ts";
import { propagateMatchers } from "./propagate_matchers.ts";
import { resolveDurations } from "./resolve_durations.ts";
import { recurse, type Recursion } from "./recursion.ts";
import { rewrite } from "./traverse.ts";

export interface PlanOptions {
  /** First and last timestamp of the query in ms, both inclusive. */
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
  readonly lookbackDeltaMs: number;
  readonly functions: FunctionTable;
}

/**
 * Plans a type-checked expression: durations and `@` become numbers, constants are folded, parts that do not depend on
 * the step are marked, selectors that select the same series share a select, and get the matchers of what they are
 * matched with.
 * @throws {DurationError} If a duration expression has no usable value.
 */
export function planQuery(expr: Expr, options: PlanOptions): Plan {
  const planner = new Planner(options);
  const place = {
    startMs: options.startMs,
    endMs: options.endMs,
    wantsStatistics: false,
    wantsBuckets: false,
  };
  const resolved = propagateMatchers(resolve(expr, options), options.functions);
  const { node, isRepeatable } = recurse(planner.plan(resolved, place));
  return { root: isRepeatable ? once(node) : node, selections: planner.selections };
}

/** Functions whose result depends on the step even where their arguments do not. */
const STEP_DEPENDENT: ReadonlySet<string> = new Set(
  ("days_in_month day_of_month day_of_week day_of_year hour minute month year " +
    "predict_linear time timestamp").split(" "),
);

/** Where in the query an expression is evaluated. */
interface Place {
  /** First and last evaluation time in ms. */
  readonly startMs: number;
  readonly endMs: number;
  /** Inside a function of counts and sums of histograms. */
  readonly wantsStatistics: boolean;
  /** Inside something that looks at buckets, or needs them to recognise counter resets. */
  readonly wantsBuckets: boolean;
}

const STATISTICS_FUNCTIONS: ReadonlySet<string> = new Set([
  "histogram_count",
  "histogram_sum",
  "histogram_avg",
]);
const BUCKET_FUNCTIONS: ReadonlySet<string> = new Set(
  ["histogram_quantile", "histogram_quantiles", "histogram_fraction"],
);

function statisticsOnly({ wantsStatistics, wantsBuckets }: Place): boolean {
  return wantsStatistics && !wantsBuckets;
}

interface Planned {
  readonly node: PlanNode;
  /** Its value does not depend on the step. */
  readonly isInvariant: boolean;
  /** It is invariant and of a kind that can be evaluated for one step and repeated. */
  readonly isRepeatable: boolean;
}

/** The expression with `start()` and the like as numbers, durations calculated and `@` as timestamps. */
function resolve(expr: Expr, { startMs, endMs, stepMs }: PlanOptions): Expr {
  const rangeMs = endMs - startMs;
  const window: Record<string, number> = {
    start: startMs,
    end: endMs,
    range: rangeMs,
    step: rangeMs === 0 ? 0 : stepMs,
  };
  const folded = rewrite(expr, (node) => {
    if (node.kind === "call" && Object.hasOwn(window, node.func.name)) {
      return {
        kind: "numberLiteral",
        value: window[node.func.name]! / 1000,
        isDuration: false,
        span: node.span,
      };
    }
    if ((node.kind === "vectorSelector" || node.kind === "subquery") && node.at !== null) {
      return { ...node, at: { timestampMs: timestampOf(node.at, startMs, endMs) } };
    }
    return node;
  });
  return resolveDurations(folded, { stepMs, rangeMs });
}

function timestampOf(at: AtModifier, startMs: number, endMs: number): number {
  if ("timestampMs" in at) return at.timestampMs;
  return at.startOrEnd === "start" ? startMs : endMs;
}

function once(input: PlanNode): PlanNode {
  return { kind: "once", expr: input.expr, input };
}

function withoutParens(expr: Expr): Expr {
  while (expr.kind === "paren") expr = expr.expr;
  return expr;
}

class Planner {
  readonly selections: Selection[] = [];
  readonly #byMatchers = new Map<string, KnownSelections>();
  readonly #options: PlanOptions;

  constructor(options: PlanOptions) {
    this.#options = options;
  }

  *plan(expr: Expr, place: Place): Recursion<Planned> {
    switch (expr.kind) {
      case "paren":
        return yield this.plan(expr.expr, place);
      case "numberLiteral":
        return constant({ kind: "number", expr, value: expr.value });
      case "stringLiteral":
        return constant({ kind: "string", expr, text: expr.value });
      case "vectorSelector": {
        const isFixed = expr.at !== null;
        return { node: this.#select(expr, "values", place), isInvariant: isFixed, isRepeatable: isFixed };
      }
      case "matrixSelector": {
        const selection = this.#selection(expr.selector, expr.rangeMs, place);
        const node: PlanNode = {
          kind: "windows",
          expr,
          selection,
          statisticsOnly: statisticsOnly(place),
        };
        return { node, isInvariant: expr.selector.at !== null, isRepeatable: false };
      }
      case "subquery": {
        const at = fixedTime(expr);
        const inner = yield this.plan(expr.expr, {
          ...place,
          wantsBuckets: true,
          startMs: (at ?? place.startMs) - expr.offsetMs - expr.rangeMs,
          endMs: (at ?? place.endMs) - expr.offsetMs,
        });
        const input = inner.isInvariant ? once(inner.node) : inner.node;
        return {
          node: { kind: "subquery", expr, input },
          isInvariant: at !== undefined,
          isRepeatable: false,
        };
      }
      case "call":
        return yield* this.#call(expr, place);
      case "aggregation":
        return yield* this.#aggregation(expr, place);
      case "binary":
        return yield* this.#binary(expr, place);
      case "unary": {
        const inner = yield this.plan(expr.expr, place);
        if (expr.op === "+") return inner;
        if (inner.node.kind === "number") {
          return constant({ kind: "number", expr, value: -inner.node.value });
        }
        return { ...inner, node: { kind: "negate", expr, input: inner.node } };
      }
    }
  }

  #select(expr: VectorSelector, quantity: SelectedQuantity, place: Place): PlanNode {
    const selection = this.#selection(expr, 0, place);
    return { kind: "select", expr, quantity, selection, statisticsOnly: statisticsOnly(place) };
  }

  *#call(call: Call, place: Place): Recursion<Planned> {
    const expr = { ...call, args: call.args.map(withoutParens) };
    const { name } = expr.func;
    const implementation = this.#options.functions[name];
    if (implementation === undefined) throw new TypeError(`BUG: function ${name}() has no implementation`);
    const inside: Place = {
      ...place,
      wantsStatistics: place.wantsStatistics || STATISTICS_FUNCTIONS.has(name),
      wantsBuckets: place.wantsBuckets || BUCKET_FUNCTIONS.has(name),
    };

    const selector = expr.args[0];
    if ((name === "timestamp" || name === "start_timestamp") && selector?.kind === "vectorSelector") {
      const quantity = name === "timestamp" ? "timestamps" : "start timestamps";
      const isFixed = selector.at !== null;
      return {
        node: this.#select(selector, quantity, inside),
        isInvariant: isFixed,
        isRepeatable: isFixed,
      };
    }
    // The second argument of info() is no selector to evaluate: the function reads its matchers.
    const evaluated = name === "info" ? expr.args.slice(0, 1) : expr.args;
    const args: Planned[] = [];
    for (const arg of evaluated) args.push(yield this.plan(arg, inside));
    if (!STEP_DEPENDENT.has(name) && args.every(({ isInvariant }) => isInvariant)) {
      return {
        node: { kind: "call", expr, implementation, args: args.map(({ node }) => node) },
        isInvariant: true,
        isRepeatable: true,
      };
    }
    return {
      node: { kind: "call", expr, implementation, args: args.map(repeated) },
      isInvariant: false,
      isRepeatable: false,
    };
  }

  *#aggregation(aggregation: Aggregation, place: Place): Recursion<Planned> {
    const expr = {
      ...aggregation,
      expr: withoutParens(aggregation.expr),
      param: aggregation.param && withoutParens(aggregation.param),
    };
    const input = yield this.plan(expr.expr, place);
    const param = expr.param === null ? undefined : yield this.plan(expr.param, place);
    // Whether the parameter depends on the step is not looked at, as upstream does not either.
    const node: PlanNode = { kind: "aggregate", expr, input: input.node, param: param && repeated(param) };
    return { ...input, node };
  }

  *#binary(expr: Binary, place: Place): Recursion<Planned> {
    const wantsBuckets = place.wantsBuckets || expr.op === "</" || expr.op === ">/";
    const inside: Place = { ...place, wantsBuckets };
    const lhs = yield this.plan(expr.lhs, inside), rhs = yield this.plan(expr.rhs, inside);
    if (lhs.node.kind === "number" && rhs.node.kind === "number") {
      return constant({
        kind: "number",
        expr,
        value: scalarOperation(expr.op, lhs.node.value, rhs.node.value),
      });
    }
    if (lhs.isInvariant && rhs.isInvariant) {
      return {
        node: { kind: "binary", expr, lhs: lhs.node, rhs: rhs.node },
        isInvariant: true,
        isRepeatable: true,
      };
    }
    return {
      node: { kind: "binary", expr, lhs: repeated(lhs), rhs: repeated(rhs) },
      isInvariant: false,
      isRepeatable: false,
    };
  }

  /** The select that answers `selector`, whose windows are `rangeMs` long; 0 for an instant selector. */
  #selection(selector: VectorSelector, rangeMs: number, place: Place): Selection {
    const { lookbackDeltaMs } = this.#options;
    const { isAnchored, isSmoothed, offsetMs, matchers } = selector;
    const at = fixedTime(selector);
    const looksBack = rangeMs === 0 || isAnchored || isSmoothed;
    // The start of a window is exclusive.
    const startMs = (at ?? place.startMs) - offsetMs - rangeMs - (looksBack ? lookbackDeltaMs : 0) + 1;
    const endMs = (at ?? place.endMs) - offsetMs + (isSmoothed ? lookbackDeltaMs : 0);
    return this.#share(matchers, startMs, endMs);
  }

  #share(matchers: readonly Matcher[], startMs: number, endMs: number): Selection {
    const key = matchers.map(String).sort().join("\0");
    const known: KnownSelections = this.#byMatchers.get(key) ?? { first: [], byTimes: new Map() };
    this.#byMatchers.set(key, known);
    const times = `${startMs} ${endMs}`;
    const overlapping = known.first.find((other) => startMs <= other.endMs && other.startMs <= endMs) ??
      known.byTimes.get(times);
    if (overlapping !== undefined) {
      overlapping.startMs = Math.min(overlapping.startMs, startMs);
      overlapping.endMs = Math.max(overlapping.endMs, endMs);
      return overlapping;
    }
    const selection: Selection = { matchers, startMs, endMs };
    if (known.first.length < COMPARED_MAX) known.first.push(selection);
    known.byTimes.set(times, selection);
    this.selections.push(selection);
    return selection;
  }
}

/** Selections of the same series that a further one is compared with. */
interface KnownSelections {
  /** For any overlap, at most `COMPARED_MAX`. */
  readonly first: Selection[];
  /** For the very times that were first asked for. */
  readonly byTimes: Map<string, Selection>;
}

/** A query that looks at more times of the same series than this reads some twice, rather than to compare them all. */
const COMPARED_MAX = 64;

function constant(node: PlanNode): Planned {
  return { node, isInvariant: true, isRepeatable: false };
}

function repeated({ node, isRepeatable }: Planned): PlanNode {
  return isRepeatable ? once(node) : node;
}
