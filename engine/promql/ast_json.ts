import type { Matcher } from "../labels/matcher.ts";
import type { AtModifier, DurationOperand, Expr, TimeShift, VectorMatching, VectorSelector } from "./ast.ts";
import { formatPlain } from "../go_float.ts";

/** A value that JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The tree as `/api/v1/parse_query` gives it; durations and timestamps are in ms. Bytes that are not UTF-8 are U+FFFD. */
export function toJson(expr: Expr): Json {
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
        expr: toJson(expr.expr),
        range: expr.rangeMs,
        rangeExpr: durationJson(expr.rangeExpr),
        step: expr.stepMs,
        stepExpr: durationJson(expr.stepExpr),
        ...shiftJson(expr),
      };
    case "call": {
      const { name, argTypes, variadic, returnType } = expr.func;
      return { type: "call", func: { name, argTypes, variadic, returnType }, args: expr.args.map(toJson) };
    }
    case "aggregation":
      return {
        type: "aggregation",
        op: expr.op,
        expr: toJson(expr.expr),
        param: expr.param && toJson(expr.param),
        grouping: expr.grouping,
        without: expr.isWithout,
      };
    case "binary":
      return {
        type: "binaryExpr",
        op: expr.op,
        lhs: toJson(expr.lhs),
        rhs: toJson(expr.rhs),
        matching: expr.matching && matchingJson(expr.matching),
        bool: expr.returnsBool,
      };
    case "unary":
      return { type: "unaryExpr", op: expr.op, expr: toJson(expr.expr) };
    case "paren": {
      let json: Json = toJson(expr.expr);
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
  if (operand === null) return null;
  if (operand.kind === "numberLiteral") {
    return { type: "numberLiteral", val: formatPlain(operand.value), duration: operand.isDuration };
  }
  const { op, lhs, rhs, isWrapped: wrapped } = operand;
  return { type: "durationExpr", op, lhs: durationJson(lhs), rhs: durationJson(rhs), wrapped };
}
