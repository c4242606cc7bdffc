import type { Matcher } from "../labels/matcher.ts";
import type {
  Aggregation,
  Binary,
  Call,
  Expr,
  MatrixSelector,
  Subquery,
  TimeShift,
  Unary,
  VectorSelector,
} from "./ast.ts";
import type { FunctionImplementation } from "./functions/registry.ts";

/** One select that one or more selectors of a query are answered from. */
export interface Selection {
  readonly matchers: readonly Matcher[];
  /** First and last timestamp in ms, both inclusive; what all selectors need. */
  startMs: number;
  endMs: number;
}

/**
 * What an instant selector gives: its samples, or for timestamp() and start_timestamp() around it, when they were
 * taken or their series began.
 */
export type SelectedQuantity = "values" | "timestamps" | "start timestamps";

/** How a query is evaluated: a tree of operators, each of which works on all steps at once. */
export type PlanNode =
  | { readonly kind: "number"; readonly expr: Expr; readonly value: number }
  | { readonly kind: "string"; readonly expr: Expr; readonly text: string }
  | {
    readonly kind: "select";
    readonly expr: VectorSelector;
    readonly selection: Selection;
    readonly quantity: SelectedQuantity;
    readonly statisticsOnly: boolean;
  }
  | {
    readonly kind: "windows";
    readonly expr: MatrixSelector;
    readonly selection: Selection;
    /** Of histograms, only count, sum and counter resets matter. */
    readonly statisticsOnly: boolean;
  }
  | { readonly kind: "subquery"; readonly expr: Subquery; readonly input: PlanNode }
  | {
    readonly kind: "call";
    readonly expr: Call;
    readonly args: readonly PlanNode[];
    readonly implementation: FunctionImplementation;
  }
  | {
    readonly kind: "aggregate";
    readonly expr: Aggregation;
    readonly input: PlanNode;
    readonly param: PlanNode | undefined;
  }
  | { readonly kind: "binary"; readonly expr: Binary; readonly lhs: PlanNode; readonly rhs: PlanNode }
  | { readonly kind: "negate"; readonly expr: Unary; readonly input: PlanNode }
  /** Does not depend on the step: evaluated for the first one and repeated. */
  | { readonly kind: "once"; readonly expr: Expr; readonly input: PlanNode };

export interface Plan {
  readonly root: PlanNode;
  readonly selections: readonly Selection[];
}

/** The operators directly below `node`. */
export function inputsOf(node: PlanNode): readonly PlanNode[] {
  switch (node.kind) {
    case "number":
    case "string":
    case "select":
    case "windows":
      return [];
    case "call":
      return node.args;
    case "aggregate":
      return node.param === undefined ? [node.input] : [node.input, node.param];
    case "binary":
      return [node.lhs, node.rhs];
    case "subquery":
    case "negate":
    case "once":
      return [node.input];
  }
}

/** The timestamp of a resolved `@`, if there is one. */
export function fixedTime({ at }: TimeShift): number | undefined {
  return at !== null && "timestampMs" in at ? at.timestampMs : undefined;
}
