import { add, compact, divide, multiply, subtract } from "../../histogram/arithmetic.ts";
import type { FloatHistogram } from "../../histogram/float_histogram.ts";
import { trimLower, trimUpper } from "../../histogram/trim.ts";
import type { Annotations } from "../annotations.ts";
import { calculate, compare, isComparison } from "../binary_operation.ts";
import type { Span } from "../position.ts";
import type { BinaryOperator } from "../token.ts";

/** A value of a series at one step. */
export type Element = number | FloatHistogram;

/** What an operation with a histogram takes, in entries of columns that could be worked through. */
export const HISTOGRAM_CELLS = 64;

/** What an operation on two elements has to say. */
type Issue =
  | { readonly kind: "types"; readonly lhs: Element; readonly rhs: Element }
  | { readonly kind: "layout" }
  | { readonly kind: "resets"; readonly during: "addition" | "subtraction" }
  | { readonly kind: "bounds"; readonly during: "addition" | "subtraction" };

interface ElementResult {
  /** Undefined: no result, the element is dropped. For a comparison, the left side. */
  readonly value?: Element;
  /** Whether a comparison holds; true for any other operation with a result. */
  readonly holds: boolean;
  readonly issue?: Issue;
}

/** `lhs op rhs` of two elements, at least one of which is a histogram, or of two floats that are to be trimmed. */
export function operateOnElements(op: BinaryOperator, lhs: Element, rhs: Element): ElementResult {
  if (typeof lhs === "number") {
    if (typeof rhs !== "number") {
      return op === "*" ? result(compact(multiply(rhs, lhs))) : incompatible(lhs, rhs);
    }
    if (op === "</" || op === ">/") return incompatible(lhs, rhs);
    return isComparison(op) ? { value: lhs, holds: compare(op, lhs, rhs) } : result(calculate(op, lhs, rhs));
  }
  if (typeof rhs === "number") {
    if (op === "*") return result(compact(multiply(lhs, rhs)));
    if (op === "/") return result(compact(divide(lhs, rhs)));
    if (op === "</") return result(trimUpper(lhs, rhs));
    if (op === ">/") return result(trimLower(lhs, rhs));
    return incompatible(lhs, rhs);
  }
  if (op === "==" || op === "!=") return { value: lhs, holds: lhs.equals(rhs) === (op === "==") };
  if (op !== "+" && op !== "-") return incompatible(lhs, rhs);
  const during = op === "+" ? "addition" : "subtraction";
  const sum = op === "+" ? add(lhs, rhs) : subtract(lhs, rhs);
  if (sum === undefined) return { holds: false, issue: { kind: "layout" } };
  if (sum.hintsConflict) return { holds: false, issue: { kind: "resets", during } };
  const value = op === "+" ? sum.histogram : sum.histogram.with({ counterResetHint: "gauge" });
  return { value, holds: true, issue: sum.boundsReconciled ? { kind: "bounds", during } : undefined };
}

function result(value: Element): ElementResult {
  return { value, holds: true };
}

function incompatible(lhs: Element, rhs: Element): ElementResult {
  return { holds: false, issue: { kind: "types", lhs, rhs } };
}

/** The last issue of each step, which is the one that upstream reports. */
export class StepIssues {
  readonly #byStep = new Map<number, Issue>();

  note(step: number, issue: Issue | undefined): void {
    if (issue !== undefined) this.#byStep.set(step, issue);
  }

  report(annotations: Annotations, op: BinaryOperator, span: Span): void {
    for (const issue of this.#byStep.values()) {
      if (issue.kind === "layout") annotations.incompatibleBucketLayout(op, span);
      else if (issue.kind === "resets") annotations.counterResetCollision(issue.during, span);
      else if (issue.kind === "bounds") annotations.mismatchedCustomBuckets(issue.during, span);
      else annotations.incompatibleTypes(typeName(issue.lhs), op, typeName(issue.rhs), span);
    }
  }
}

function typeName(element: Element): string {
  return typeof element === "number" ? "float" : "histogram";
}
