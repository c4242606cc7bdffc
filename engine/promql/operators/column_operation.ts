import { calculate, compare } from "../binary_operation.ts";
import type { BinaryOperator } from "../token.ts";

/** `out[i] = lhs[i] op rhs[i]` for an arithmetic operator; entries without a sample give junk. */
export function calculateColumns(
  op: BinaryOperator,
  lhs: Float64Array,
  rhs: Float64Array,
  out: Float64Array,
): void {
  switch (op) {
    case "+":
      for (let i = 0; i < out.length; i++) out[i] = lhs[i]! + rhs[i]!;
      return;
    case "-":
      for (let i = 0; i < out.length; i++) out[i] = lhs[i]! - rhs[i]!;
      return;
    case "*":
      for (let i = 0; i < out.length; i++) out[i] = lhs[i]! * rhs[i]!;
      return;
    case "/":
      for (let i = 0; i < out.length; i++) out[i] = lhs[i]! / rhs[i]!;
      return;
    default:
      for (let i = 0; i < out.length; i++) out[i] = calculate(op, lhs[i]!, rhs[i]!);
  }
}

/** `holds[i] = lhs[i] op rhs[i] ? 1 : 0` for a comparison; entries without a sample give junk. */
export function compareColumns(
  op: BinaryOperator,
  lhs: Float64Array,
  rhs: Float64Array,
  holds: Uint8Array,
): void {
  switch (op) {
    case "==":
      for (let i = 0; i < holds.length; i++) holds[i] = lhs[i] === rhs[i] ? 1 : 0;
      return;
    case "!=":
      for (let i = 0; i < holds.length; i++) holds[i] = lhs[i] !== rhs[i] ? 1 : 0;
      return;
    case ">":
      for (let i = 0; i < holds.length; i++) holds[i] = lhs[i]! > rhs[i]! ? 1 : 0;
      return;
    case "<":
      for (let i = 0; i < holds.length; i++) holds[i] = lhs[i]! < rhs[i]! ? 1 : 0;
      return;
    default:
      for (let i = 0; i < holds.length; i++) holds[i] = compare(op, lhs[i]!, rhs[i]!) ? 1 : 0;
  }
}
