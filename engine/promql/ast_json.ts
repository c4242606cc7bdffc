import type { Matcher } from "../labels/matcher.ts";
import type { AtModifier, DurationOperand, Expr, TimeShift, VectorMatching, VectorSelector } from "./ast.ts";
import { formatPlain } from "../go_float.ts";
import { recurse, type Recursion } from "./recursion.ts";
import { fold } from "./traverse.ts";

/** A value that JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The tree as `/api/v1/parse_query` gives it; durations and timestamps are in ms. Bytes that are not UTF-8 are U+FFFD. */
export function toJson(expr: Expr): Json {
  return fold(expr, jsonOver);
}

/** As `toJson`, where `below` is what the expressions directly below `expr` give. */
function jsonOver(expr: Expr, below: readonly Json[]): Json {
  switch (expr.kind) {
    case "numberLiteral":
      return { type: "numberLiteral", val: formatPlain(expr.value) };
    case "stringLiteral":
      return { type: "stringLiteral", val: expr.value.toWellFormed() };
    case "vectorSelector":
      return { type: "vectorSelector", ...selectorJson(expr) };
    case "matrixSelector":
      return {
        type: "matrixSelector",
        ...selectorJson(expr.selector),
        range: expr.rangeMs,
        rangeExpr: durationJson(expr.rangeExpr),
      };
    case "subquery":
      return {
        type: "subquery",
        expr: below[0],
        range: expr.rangeMs,
        rangeExpr: durationJson(expr.rangeExpr),
        step: expr.stepMs,
        stepExpr: durationJson(expr.stepExpr),
        ...shiftJson(expr),
      };
    case "call": {
      const { name, argTypes, variadic, returnType } = expr.func;
      return { type: "call", func: { name, argTypes, variadic, returnType }, args: below };
    }
    case "aggregation": {
      const [inner, param = null] = below;
      const { op, grouping, isWithout } = expr;
      return { type: "aggregation", op, expr: inner, param, grouping, without: isWithout };
    }
    case "binary":
      return {
        type: "binaryExpr",
        op: expr.op,
        lhs: below[0],
        rhs: below[1],
        matching: expr.matching && matchingJson(expr.matching),
        bool: expr.returnsBool,
      };
    case "unary":
      return { type: "unaryExpr", op: expr.op, expr: below[0] };
    case "paren": {
      let [json] = below;
      for (let level = 0; level < expr.levels; level++) json = { type: "parenExpr", expr: json };
      return json;
    }
  }
}

function selectorJson(selector: VectorSelector) {
  const { name, matchers, isAnchored: anchored, isSmoothed: smoothed } = selector;
  return { name, matchers: matchers.map(matcherJson), ...shiftJson(selector), anchored, smoothed };
}

function matcherJson({ name, value, type }: Matcher) {
  return { name: name.toWellFormed(), value: value.toWellFormed(), type };
}

function shiftJson({ offsetMs, offsetExpr, at }: TimeShift) {
  return { offset: offsetMs, offsetExpr: durationJson(offsetExpr), ...atJson(at) };
}

function atJson(at: AtModifier | null) {
  return {
    timestamp: at !== null && "timestampMs" in at ? at.timestampMs : null,
    startOrEnd: at !== null && "startOrEnd" in at ? at.startOrEnd : null,
  };
}

function matchingJson({ card, labels, isOn: on, include, fill }: VectorMatching) {
  return { card, labels, on, include, fillValues: { lhs: fill.lhs, rhs: fill.rhs } };
}

function durationJson(operand: DurationOperand | null): Json {
  return recurse(durationJsonOver(operand));
}

function* durationJsonOver(operand: DurationOperand | null): Recursion<Json> {
  if (operand === null) return null;
  if (operand.kind === "numberLiteral") {
    return { type: "numberLiteral", val: formatPlain(operand.value), duration: operand.isDuration };
  }
  const { op, isWrapped: wrapped } = operand;
  const lhs = yield durationJsonOver(operand.lhs), rhs = yield durationJsonOver(operand.rhs);
  return { type: "durationExpr", op, lhs, rhs, wrapped };
}
