import { compareUtf8, isLegacyLabelName, METRIC_NAME } from "../labels/labels.ts";
import type {
  Aggregation,
  Binary,
  DurationOperand,
  Expr,
  MatrixSelector,
  Subquery,
  TimeShift,
  VectorSelector,
} from "./ast.ts";
import { formatDuration } from "../duration.ts";
import { formatFixed, formatG, formatPlain } from "../go_float.ts";
import { recurse, type Recursion } from "./recursion.ts";
import { quoteText } from "./string_literal.ts";
import { fold } from "./traverse.ts";

/**
 * The expression on one line, in upstream's form. Parsing it gives the same tree, but for the sign of `Inf ^ x`, which
 * upstream prints as `+Inf ^ x`. A tree that was not parsed needs `paren` nodes wherever its text needs parentheses.
 */
export function print(expr: Expr): string {
  return fold(expr, printOver);
}

/** As `print`, where `below` are the texts of the expressions directly below `expr`, in the order of `children`. */
export function printOver(expr: Expr, below: readonly string[]): string {
  switch (expr.kind) {
    case "numberLiteral":
      return printDuration(expr);
    case "stringLiteral":
      return quoteText(expr.value);
    case "vectorSelector":
      return printSelector(expr) + printAt(expr) + printExtension(expr) + printOffset(expr);
    case "matrixSelector":
      return printMatrixSelector(expr);
    case "subquery":
      return below[0] + printSubqueryWindow(expr);
    case "call":
      return `${expr.func.name}(${joined(below, ", ")})`;
    case "aggregation":
      return `${printAggregator(expr)}(${joined(below.toReversed(), ", ")})`;
    case "binary":
      return `${below[0]} ${printOperator(expr)} ${below[1]}`;
    case "unary":
      return expr.op + below[0];
    case "paren":
      return "(".repeat(expr.levels) + below[0] + ")".repeat(expr.levels);
  }
}

/** `texts.join(separator)`, which V8 would copy at every level that they are nested in. */
export function joined(texts: readonly string[], separator: string): string {
  let out = "";
  for (const [i, text] of texts.entries()) out += i === 0 ? text : separator + text;
  return out;
}

/** The aggregator with `by` or `without`, and a space where an argument list can follow directly. */
export function printAggregator({ op, isWithout, grouping }: Aggregation): string {
  if (isWithout) return `${op} without (${printLabels(grouping)}) `;
  return grouping.length > 0 ? `${op} by (${printLabels(grouping)}) ` : op;
}

/** The operator with all its modifiers. */
export function printOperator({ op, returnsBool, matching }: Binary): string {
  let out = returnsBool ? `${op} bool` : op;
  if (matching === null) return out;
  const { card, labels, isOn, include, fill } = matching;
  const isGrouped = card === "many-to-one" || card === "one-to-many";
  if (labels.length > 0 || isOn || isGrouped) out += ` ${isOn ? "on" : "ignoring"} (${printLabels(labels)})`;
  if (isGrouped) out += ` group_${card === "many-to-one" ? "left" : "right"} (${printLabels(include)})`;
  if (fill.lhs !== null && fill.lhs === fill.rhs) return `${out} fill (${formatG(fill.lhs)})`;
  if (fill.lhs !== null) out += ` fill_left (${formatG(fill.lhs)})`;
  if (fill.rhs !== null) out += ` fill_right (${formatG(fill.rhs)})`;
  return out;
}

/** The window of a subquery with its modifiers: `[5m:1m] @ 10.000 offset 1h`. */
export function printSubqueryWindow(subquery: Subquery): string {
  const { stepMs, stepExpr } = subquery;
  const step = stepExpr !== null ? printDuration(stepExpr) : stepMs !== 0 ? formatDuration(stepMs) : "";
  return `[${printRange(subquery)}:${step}]${printAt(subquery)}${printOffset(subquery)}`;
}

function printMatrixSelector(expr: MatrixSelector): string {
  const { selector } = expr;
  const modifiers = printExtension(selector) + printAt(selector) + printOffset(selector);
  return `${printSelector(selector)}[${printRange(expr)}]${modifiers}`;
}

/** The name and the braces, without modifiers. */
function printSelector({ name, matchers }: VectorSelector): string {
  const shown = matchers
    .filter((matcher) =>
      name === "" || matcher.name !== METRIC_NAME || matcher.type !== "=" || matcher.value !== name
    )
    .map(({ name: label, type, value }) => `${printLabel(label)}${type}${quoteText(value)}`)
    .sort(compareUtf8);
  return shown.length > 0 || name === "" ? `${name}{${shown.join(",")}}` : name;
}

function printRange({ rangeMs, rangeExpr }: MatrixSelector | Subquery): string {
  return rangeExpr === null ? formatDuration(rangeMs) : printDuration(rangeExpr);
}

function printAt({ at }: TimeShift): string {
  if (at === null) return "";
  return "timestampMs" in at ? ` @ ${formatFixed(at.timestampMs / 1000, 3)}` : ` @ ${at.startOrEnd}()`;
}

function printOffset({ offsetMs, offsetExpr }: TimeShift): string {
  if (offsetExpr !== null) return ` offset ${printDuration(offsetExpr)}`;
  return offsetMs === 0 ? "" : ` offset ${formatDuration(offsetMs)}`;
}

function printExtension({ isAnchored, isSmoothed }: VectorSelector): string {
  return isAnchored ? " anchored" : isSmoothed ? " smoothed" : "";
}

function printLabels(labels: readonly string[]): string {
  return labels.map(printLabel).join(", ");
}

function printLabel(label: string): string {
  return isLegacyLabelName(label) ? label : quoteText(label);
}

function printDuration(operand: DurationOperand): string {
  return recurse(printDurationOver(operand));
}

function* printDurationOver(operand: DurationOperand): Recursion<string> {
  if (operand.kind === "numberLiteral") {
    const { value, isDuration } = operand;
    if (!isDuration) return formatPlain(value);
    return (Object.is(value, -0) ? "-" : "") + formatDuration(Math.round(value * 1000));
  }
  const { op, isWrapped } = operand;
  const lhs = operand.lhs && (yield printDurationOver(operand.lhs));
  const rhs = operand.rhs && (yield printDurationOver(operand.rhs));
  let out: string;
  if (rhs === null) out = `${op}()`;
  else if (lhs === null) out = (op === "-" ? "-" : "") + rhs;
  else if (op === "min_of" || op === "max_of") out = `${op}(${lhs}, ${rhs})`;
  else out = `${lhs} ${op} ${rhs}`;
  return isWrapped ? `(${out})` : out;
}
