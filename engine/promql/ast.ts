import type { Matcher } from "../labels/matcher.ts";
import type { FunctionSignature } from "./function_signatures.ts";
import type { Span } from "./position.ts";
import type { Aggregator, BinaryOperator } from "./token.ts";
import type { ValueType } from "./value_type.ts";

/** A PromQL expression. Nodes are never changed once parsed: `rewrite` builds new ones. */
export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Call
  | Aggregation
  | Binary
  | Unary
  | Paren;

interface Node {
  /** Where the expression stands in the query; nodes that a rewrite made keep the span of what they replace. */
  readonly span: Span;
}

export interface NumberLiteral extends Node {
  readonly kind: "numberLiteral";
  /** For a duration such as `5m`, its seconds. */
  readonly value: number;
  /** Whether it was written as a duration. */
  readonly isDuration: boolean;
}

export interface StringLiteral extends Node {
  readonly kind: "stringLiteral";
  readonly value: string;
}

/** The time that `@` fixes: ms since the Unix epoch, or a bound of the query. */
export type AtModifier = { readonly timestampMs: number } | { readonly startOrEnd: "start" | "end" };

/** Where in time selectors and subqueries look. */
export interface TimeShift {
  /** How far back, in ms; negative looks ahead. 0 while `offsetExpr` is unresolved. */
  readonly offsetMs: number;
  readonly offsetExpr: DurationExpr | null;
  readonly at: AtModifier | null;
}

export interface VectorSelector extends Node, TimeShift {
  readonly kind: "vectorSelector";
  /** The metric name written before the braces, else "". */
  readonly name: string;
  /** In the order written; the matcher for `name` comes last. */
  readonly matchers: readonly Matcher[];
  readonly isAnchored: boolean;
  readonly isSmoothed: boolean;
}

export interface MatrixSelector extends Node {
  readonly kind: "matrixSelector";
  /** The selector, which also holds the modifiers written behind the range. */
  readonly selector: VectorSelector;
  /** The length of the window in ms; 0 while `rangeExpr` is unresolved. */
  readonly rangeMs: number;
  readonly rangeExpr: DurationExpr | null;
}

export interface Subquery extends Node, TimeShift {
  readonly kind: "subquery";
  readonly expr: Expr;
  /** The length of the window in ms; 0 while `rangeExpr` is unresolved. */
  readonly rangeMs: number;
  readonly rangeExpr: DurationExpr | null;
  /** The distance of evaluations in ms; 0 for the default, and while `stepExpr` is unresolved. */
  readonly stepMs: number;
  readonly stepExpr: DurationExpr | null;
}

export interface Call extends Node {
  readonly kind: "call";
  readonly func: FunctionSignature;
  readonly args: readonly Expr[];
}

export interface Aggregation extends Node {
  readonly kind: "aggregation";
  readonly op: Aggregator;
  readonly expr: Expr;
  /** The first argument of the aggregators that take two. */
  readonly param: Expr | null;
  /** The labels of `by` or `without`; without either, none. */
  readonly grouping: readonly string[];
  readonly isWithout: boolean;
}

export interface Binary extends Node {
  readonly kind: "binary";
  readonly type: "scalar" | "vector";
  readonly op: BinaryOperator;
  readonly lhs: Expr;
  readonly rhs: Expr;
  /** Whether a comparison gives 0 or 1 instead of filtering. */
  readonly returnsBool: boolean;
  /** How series find each other; null unless both sides are instant vectors. */
  readonly matching: VectorMatching | null;
  /** Where the operator stands. */
  readonly opSpan: Span;
}

export type Cardinality = "one-to-one" | "many-to-one" | "one-to-many" | "many-to-many";

export interface VectorMatching {
  /** `many-to-one` for `group_left`, `one-to-many` for `group_right`, `many-to-many` for set operators. */
  readonly card: Cardinality;
  /** The labels of `on` or `ignoring`; without either, none (ignored). */
  readonly labels: readonly string[];
  readonly isOn: boolean;
  /** The labels that `group_left` or `group_right` copies from the "one" side. */
  readonly include: readonly string[];
  /** The values that stand in for series missing on either side, null for none. */
  readonly fill: { readonly lhs: number | null; readonly rhs: number | null };
}

export interface Unary extends Node {
  readonly kind: "unary";
  readonly type: ValueType;
  readonly op: "+" | "-";
  readonly expr: Expr;
}

/** Parentheses right around each other are one node, so that any number of them is no deep tree. */
export interface Paren extends Node {
  readonly kind: "paren";
  readonly type: ValueType;
  /** How many pairs of parentheses there are, at least 1; `span` is that of the outermost. */
  readonly levels: number;
  /** Not in parentheses itself. */
  readonly expr: Expr;
}

/** `expr` in one more pair of parentheses. */
export function paren(expr: Expr, span: Span): Paren {
  return expr.kind === "paren"
    ? { ...expr, levels: expr.levels + 1, span }
    : { kind: "paren", type: typeOf(expr), levels: 1, expr, span };
}

/** A calculation inside `[…]` or behind `offset`, in seconds. Its operands are not expressions. */
export interface DurationExpr extends Node {
  readonly kind: "durationExpr";
  /** `step` and `range` have no operands; `+` and `-` without `lhs` are unary. */
  readonly op: "+" | "-" | "*" | "/" | "%" | "^" | "step" | "range" | "min_of" | "max_of";
  readonly lhs: DurationOperand | null;
  readonly rhs: DurationOperand | null;
  /** Whether it was written in parentheses. A number in parentheses becomes a unary `+`. */
  readonly isWrapped: boolean;
}

export type DurationOperand = NumberLiteral | DurationExpr;

/** What `expr` evaluates to. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case "numberLiteral":
      return "scalar";
    case "stringLiteral":
      return "string";
    case "vectorSelector":
    case "aggregation":
      return "vector";
    case "matrixSelector":
    case "subquery":
      return "matrix";
    case "call":
      return expr.func.returnType;
    case "binary":
    case "unary":
    case "paren":
      return expr.type;
  }
}
