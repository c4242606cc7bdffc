import type { BinaryOperator } from "./token.ts";

/** Operators that change what a metric means, so that its name goes. */
export function changesMeaning(op: BinaryOperator): boolean {
  switch (op) {
    case "+":
    case "-":
    case "*":
    case "/":
    case "^":
    case "%":
    case "atan2":
      return true;
    default:
      return false;
  }
}

export function isComparison(op: BinaryOperator): boolean {
  switch (op) {
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return true;
    default:
      return false;
  }
}

export function isSetOperator(op: BinaryOperator): op is "and" | "or" | "unless" {
  return op === "and" || op === "or" || op === "unless";
}

/** `lhs op rhs` of two scalars; comparisons give 0 or 1. */
export function scalarOperation(op: BinaryOperator, lhs: number, rhs: number): number {
  return isComparison(op) ? Number(compare(op, lhs, rhs)) : calculate(op, lhs, rhs);
}

/** The value of an arithmetic operator. */
export function calculate(op: BinaryOperator, lhs: number, rhs: number): number {
  switch (op) {
    case "+":
      return lhs + rhs;
    case "-":
      return lhs - rhs;
    case "*":
      return lhs * rhs;
    case "/":
      return lhs / rhs;
    case "%":
      return lhs % rhs;
    case "^":
      return power(lhs, rhs);
    case "atan2":
      return Math.atan2(lhs, rhs);
    default:
      throw new TypeError(`BUG: ${op} does not calculate a number`);
  }
}

/** Whether a comparison holds. */
export function compare(op: BinaryOperator, lhs: number, rhs: number): boolean {
  switch (op) {
    case "==":
      return lhs === rhs;
    case "!=":
      return lhs !== rhs;
    case "<":
      return lhs < rhs;
    case "<=":
      return lhs <= rhs;
    case ">":
      return lhs > rhs;
    case ">=":
      return lhs >= rhs;
    default:
      throw new TypeError(`BUG: ${op} is no comparison`);
  }
}

/** As IEEE 754 defines pow, where 1 to any power is 1 and so is -1 to an infinite one; JavaScript gives NaN. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && (exponent === Infinity || exponent === -Infinity))) return 1;
  return base ** exponent;
}
