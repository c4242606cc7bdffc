import type { PackedHistograms } from "../../histogram/packed_histograms.ts";
import type { Matcher } from "../../labels/matcher.ts";
import type { Annotation } from "../annotations.ts";
import { type Aggregation, type Binary, type Call, type Expr, typeOf, type VectorSelector } from "../ast.ts";
import { isReduction } from "../operators/aggregate.ts";
import { isRanking } from "../operators/select_elements.ts";
import { inputsOf, type PlanNode, type SelectedQuantity } from "../plan.ts";
import type { PlainQueryError } from "../query_errors.ts";
import type { SampleCounts, SampleLimits } from "../sample_account.ts";
import type { ScalarColumn, Steps } from "../value.ts";

/**
 * A part of a query that whoever has the samples can evaluate for its own series: an instant selector or a function over
 * a range selector, a function of the histograms that either gives, an operator between one of these and a scalar, or
 * an aggregation of one of these whose partial results can be put together, or that takes the best elements. All of it is
 * plain data.
 */
export interface Fragment {
  /** With durations and `@` resolved; matchers may have lost their methods on the way. */
  readonly expr: SeriesExpr | Aggregation;
  readonly quantity: SelectedQuantity;
  /** Of histograms, only count, sum and counter resets matter. */
  readonly statisticsOnly: boolean;
  /** Scalar arguments of each call and operator, the outermost first, by position. */
  readonly scalars: readonly (readonly (ScalarColumn | undefined)[])[];
  /** Of an aggregation that takes the best k elements, by step. */
  readonly k?: ScalarColumn;
  readonly steps: Steps;
  /** The query that the fragment is part of. */
  readonly query: { readonly startMs: number; readonly endMs: number; readonly stepMs: number };
  readonly lookbackDeltaMs: number;
  readonly useStartTimestamps: boolean;
  readonly typeAndUnitLabels: boolean;
  readonly delayedNameRemoval: boolean;
  readonly perStepStats: boolean;
  /** By step, 0 where what is read counts for nothing; undefined: it counts at every step. */
  readonly countedSteps?: Uint8Array;
  readonly limits: SampleLimits;
  /** How long evaluation may take, in ms. */
  readonly timeoutMs: number;
}

/** What a fragment gives for each series, or aggregates. */
export type SeriesExpr = VectorSelector | Call | Binary;

/** What came of a fragment where it was evaluated. */
export type FragmentResult =
  | FragmentRows
  /** The series are of a kind whose partial results cannot be put together; the samples themselves can. */
  | { readonly kind: "unsupported" }
  | { readonly kind: "failed"; readonly error: PlainQueryError };

/** Series, or groups of an aggregation, as rows of slabs. */
export interface FragmentRows {
  readonly kind: "rows";
  readonly labels: PackedLabels;
  readonly rows: SlabRows;
  /**
   * A number for each series that was read, and for each histogram that is a label set's only in one part; ascending.
   * Equal for equal label sets, whoever has them.
   */
  readonly identities: Float64Array;
  /** The metric name of all series that were read; undefined where they have several. */
  readonly name: string | undefined;
  /** Whether the aggregation left out histograms. */
  readonly ignoredHistograms: boolean;
  readonly annotations: readonly Annotation[];
  readonly counts: SampleCounts;
}

/** Label sets as flat arrays: names and values in turn, `symbols[refs[ends[i - 1] … ends[i]]]`. */
export interface PackedLabels {
  readonly symbols: readonly string[];
  readonly refs: Uint32Array;
  readonly ends: Uint32Array;
}

/** Columns of one slab, all laid out alike: row `r` of the slab is `[r * steps, (r + 1) * steps)`. */
export interface Slab {
  readonly values: Float64Array;
  /** What is there, see `InstantSeries`; in partial results FLOAT and HISTOGRAM may both be set. */
  readonly present: Uint8Array;
  /** What an aggregation keeps beside its result, where it does; see `PartialResult` in aggregate.ts. */
  readonly errors?: Float64Array;
  readonly counts?: Float64Array;
  readonly means?: Float64Array;
  readonly incremental?: Uint8Array;
}

export interface SlabRows {
  readonly slabs: readonly Slab[];
  readonly rowsPerSlab: number;
  readonly count: number;
  /**
   * The histograms of one row after the other, by step; of partial results two each, see `PartialSum` in accumulator.ts.
   */
  readonly histograms?: PackedHistograms;
  readonly partials?: PartialColumns;
}

/** What partial results have beside the histograms of a sum or a mean, an entry each. */
export interface PartialColumns {
  readonly flags: Uint8Array;
  /** Of means; see `PartialMean` in mean.ts. */
  readonly counts: Float64Array;
  readonly largest: Float64Array;
}

/** Something that evaluates fragments, a result for each of its parts. */
export interface FragmentEvaluator {
  evaluateFragment(fragment: Fragment, signal?: AbortSignal): Promise<FragmentResult[]>;
}

/** How many calls and operators a fragment may have inside each other, as they are evaluated recursively. */
const DEPTH_MAX = 16;

type CallNode = Extract<PlanNode, { kind: "call" }>;
type BinaryNode = Extract<PlanNode, { kind: "binary" }>;

/** The selector that a fragment of `node` reads, if it can be one. */
export function fragmentSelector(
  node: PlanNode,
  delayedNameRemoval: boolean,
  depthMax = DEPTH_MAX,
): VectorSelector | undefined {
  if (depthMax === 0) return undefined;
  const selectorOf = (input: PlanNode) => fragmentSelector(input, delayedNameRemoval, depthMax - 1);
  switch (node.kind) {
    case "select":
      return node.quantity !== "start timestamps" && !node.expr.isSmoothed ? node.expr : undefined;
    case "call": {
      const vector = histogramsArgument(node);
      if (vector !== undefined) return selectorOf(vector);
      if (node.implementation.kind !== "range") return undefined;
      const ranges = node.args.filter(({ kind }) => kind === "windows" || kind === "subquery");
      const [range] = ranges;
      return ranges.length === 1 && range!.kind === "windows" ? range!.expr.selector : undefined;
    }
    case "binary": {
      const vector = vectorOperand(node);
      return vector === undefined || vector.kind === "aggregate" ? undefined : selectorOf(vector);
    }
    case "aggregate": {
      // Names that are dropped at the end only may keep series of a group apart until then.
      const { op } = node.expr;
      const isPlain = (isReduction(op) || isRanking(op)) && !delayedNameRemoval;
      return isPlain && node.input.kind !== "aggregate" ? selectorOf(node.input) : undefined;
    }
    default:
      return undefined;
  }
}

/** The calls and operators in a fragment, the outermost first. */
export function operatorsIn(node: PlanNode): (CallNode | BinaryNode)[] {
  const operators: (CallNode | BinaryNode)[] = [];
  let input: PlanNode | undefined = node.kind === "aggregate" ? node.input : node;
  while (input?.kind === "call" || input?.kind === "binary") {
    operators.push(input);
    input = seriesArgument(input);
  }
  return operators;
}

/** What a call or an operator of a fragment is evaluated over, unless that is windows. */
export function seriesArgument(node: CallNode | BinaryNode): PlanNode | undefined {
  return node.kind === "call" ? histogramsArgument(node) : vectorOperand(node);
}

/** The argument of a function of histograms that gives them, where it may be evaluated series by series. */
function histogramsArgument({ implementation, expr, args }: CallNode): PlanNode | undefined {
  if (implementation.kind !== "vector" || !implementation.ofHistograms) return undefined;
  return args.find((arg, i) =>
    // A sign is not in the plan, but annotations point to it.
    expr.args[i]!.kind !== "unary" && (arg.kind === "select"
      ? arg.quantity === "values"
      : arg.kind === "call" && arg.implementation.kind === "range")
  );
}

/** The vector of an operator between a vector and a scalar that reads no series, where each series has its own result. */
function vectorOperand({ expr, lhs, rhs }: BinaryNode): PlanNode | undefined {
  if (expr.matching !== null || expr.type === "scalar") return undefined;
  if (isScalar(rhs)) return isScalar(lhs) ? undefined : lhs;
  // What is remarked on a step where a histogram and a float are no bounds to trim to depends on all series.
  return isScalar(lhs) && expr.op !== "</" && expr.op !== ">/" ? rhs : undefined;
}

function isScalar(node: PlanNode): boolean {
  return node.kind === "number" || (typeOf(node.expr) === "scalar" && readsNothing(node));
}

/** Whether neither `root` nor anything below it reads series. */
function readsNothing(root: PlanNode): boolean {
  const waiting = [root];
  for (let node; (node = waiting.pop());) {
    if (!READ_NOTHING.has(node.kind)) return false;
    for (const input of inputsOf(node)) waiting.push(input);
  }
  return true;
}

const READ_NOTHING: ReadonlySet<PlanNode["kind"]> = new Set(["number", "call", "binary", "negate", "once"]);

/** What the innermost operator of a fragment reads. */
export function fragmentInput(node: PlanNode): Extract<PlanNode, { kind: "select" | "windows" }> {
  const innermost = operatorsIn(node).at(-1);
  const input = innermost === undefined
    ? (node.kind === "aggregate" ? node.input : node)
    : seriesArgument(innermost) ?? inputsOf(innermost).find(({ kind }) => kind === "windows");
  if (input?.kind !== "select" && input?.kind !== "windows") {
    throw new TypeError(`BUG: a ${node.kind} without a selector is no fragment`);
  }
  return input;
}

/** The expression of a fragment: what is aggregated without parentheses and signs, as the plan has it. */
export function fragmentExpr(node: PlanNode): Fragment["expr"] {
  const expr = node.kind === "aggregate"
    ? { ...node.expr, expr: exprOf(node.input), param: node.expr.param && standIn(node.expr.param) }
    : exprOf(node);
  return expr as Fragment["expr"];
}

function exprOf(node: PlanNode): Expr {
  if (node.kind === "call") return { ...node.expr, args: node.args.map(operandOf) };
  if (node.kind === "binary") return { ...node.expr, lhs: operandOf(node.lhs), rhs: operandOf(node.rhs) };
  return node.expr;
}

function operandOf(node: PlanNode): Expr {
  return typeOf(node.expr) === "scalar" ? standIn(node.expr) : exprOf(node);
}

/** In place of a scalar whose values go with the fragment: where it stands is all that matters of it. */
function standIn({ span }: Expr): Expr {
  return { kind: "numberLiteral", value: NaN, isDuration: false, span };
}

/** A matcher as it comes out of another thread. */
export type PlainMatcher = Pick<Matcher, "type" | "name" | "value">;
