import { calculate } from "./binary_operation.ts";
import type { DurationExpr, DurationOperand, Expr, TimeShift } from "./ast.ts";
import { DURATION_SECONDS_MAX } from "../duration.ts";
import { recurse, type Recursion } from "./recursion.ts";
import { rewrite } from "./traverse.ts";

/** What `step()` and `range()` stand for, in ms; both 0 in an instant query. */
export interface QueryWindow {
  readonly stepMs: number;
  readonly rangeMs: number;
}

/** A duration expression without a usable value. The message is upstream's: `<start>:<end>: <reason>`. */
export class DurationError extends RangeError {
  override readonly name = "DurationError";
  readonly expr: DurationExpr;
  /** The message without its position. */
  readonly reason: string;

  constructor(expr: DurationExpr, reason: string) {
    super(`${expr.span.start}:${expr.span.end}: ${reason}`);
    this.expr = expr;
    this.reason = reason;
  }
}

/**
 * The expression with every duration expression calculated, that is with no `rangeExpr`, `stepExpr` or `offsetExpr`
 * left. Digits below a ms are cut off.
 * @throws {DurationError} If one divides by zero, is not finite, is out of range, or, but for offsets, is not above 0.
 */
export function resolveDurations(expr: Expr, window: QueryWindow): Expr {
  const offset = ({ offsetExpr }: TimeShift) =>
    offsetExpr && { offsetMs: resolve(offsetExpr, window, true), offsetExpr: null };
  const range = (rangeExpr: DurationExpr | null) =>
    rangeExpr && { rangeMs: resolve(rangeExpr, window, false), rangeExpr: null };
  return rewrite(expr, (node) => {
    switch (node.kind) {
      case "vectorSelector":
        return node.offsetExpr === null ? node : { ...node, ...offset(node) };
      case "matrixSelector":
        return node.rangeExpr === null ? node : { ...node, ...range(node.rangeExpr) };
      case "subquery": {
        if (node.offsetExpr === null && node.rangeExpr === null && node.stepExpr === null) return node;
        const step = node.stepExpr && { stepMs: resolve(node.stepExpr, window, false), stepExpr: null };
        return { ...node, ...offset(node), ...step, ...range(node.rangeExpr) };
      }
      default:
        return node;
    }
  });
}

/** The value of `expr` in ms. */
function resolve(expr: DurationExpr, window: QueryWindow, mayBeNegative: boolean): number {
  const seconds = recurse(evaluate(expr, window));
  if (!Number.isFinite(seconds)) throw new DurationError(expr, "duration is NaN or infinite");
  if (seconds <= 0 && !mayBeNegative) throw new DurationError(expr, "duration must be greater than 0");
  if (Math.abs(seconds) > DURATION_SECONDS_MAX) throw new DurationError(expr, "duration is out of range");
  return Math.trunc(seconds * 1000);
}

/** The value of `operand` in seconds. */
function* evaluate(operand: DurationOperand, window: QueryWindow): Recursion<number> {
  if (operand.kind === "numberLiteral") return operand.value;
  const { op } = operand;
  const lhs = operand.lhs ? yield evaluate(operand.lhs, window) : 0;
  const rhs = operand.rhs ? yield evaluate(operand.rhs, window) : 0;
  switch (op) {
    case "step":
      return window.stepMs / 1000;
    case "range":
      return window.rangeMs / 1000;
    case "min_of":
      return Math.min(lhs, rhs);
    case "max_of":
      return Math.max(lhs, rhs);
    case "/":
      if (rhs === 0) throw new DurationError(operand, "division by zero");
      break;
    case "%":
      if (rhs === 0) throw new DurationError(operand, "modulo by zero");
  }
  return calculate(op, lhs, rhs);
}
