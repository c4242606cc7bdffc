import type { AtModifier, DurationOperand, Expr, MatrixSelector, Subquery, TimeShift } from "./ast.ts";
import { secondsToMs } from "../duration.ts";
import { formatFixed } from "../go_float.ts";
import { parseOffset, parsePositiveDuration } from "./parse_duration_expr.ts";
import { parseLiteral } from "./parse_literal.ts";
import type { Token } from "./token.ts";
import type { TokenStream } from "./token_stream.ts";

/** `expr` with what follows it: ranges, subqueries, `offset`, `@`, `anchored`, `smoothed`. */
export function parseModifiers(tokens: TokenStream, expr: Expr, isExtendedEnabled: boolean): Expr {
  for (;;) {
    const token = tokens.peek();
    switch (token.type) {
      case "[":
        expr = parseRange(tokens, expr);
        break;
      case "offset":
        tokens.take();
        expr = withOffset(tokens, expr, parseOffset(tokens));
        break;
      case "@":
        tokens.take();
        expr = parseAt(tokens, expr);
        break;
      case "anchored":
      case "smoothed":
        tokens.take();
        expr = withExtension(tokens, expr, token, isExtendedEnabled);
        break;
      default:
        return expr;
    }
  }
}

function parseRange(tokens: TokenStream, expr: Expr): MatrixSelector | Subquery {
  const open = tokens.take();
  const context = { within: "subquery or range selector", expected: "number, duration, step(), or range()" };
  const range = parsePositiveDuration(tokens, context);
  const close = tokens.takeIf("]");
  const rangeFields = { rangeMs: literalMs(range), rangeExpr: calculation(range) };
  if (close === undefined) {
    tokens.expect(":", { within: "subquery or range", expected: '":" or "]"' });
    return parseSubqueryStep(tokens, expr, rangeFields);
  }

  const span = { start: open.start, end: close.end };
  if (expr.kind !== "vectorSelector") return tokens.fail(span, "ranges only allowed for vector selectors");
  if (hasOffset(expr)) tokens.fail(span, "no offset modifiers allowed before range");
  if (expr.at !== null) tokens.fail(span, "no @ modifiers allowed before range");
  return {
    kind: "matrixSelector",
    selector: expr,
    ...rangeFields,
    span: { start: expr.span.start, end: close.end },
  };
}

function parseSubqueryStep(
  tokens: TokenStream,
  expr: Expr,
  rangeFields: Pick<Subquery, "rangeMs" | "rangeExpr">,
): Subquery {
  let close = tokens.takeIf("]");
  let step: DurationOperand | undefined;
  if (close === undefined) {
    const expected = 'number, duration, step(), range(), or "]"';
    step = parsePositiveDuration(tokens, { within: "subquery selector", expected });
    close = tokens.expect("]", { within: "subquery selector", expected: '"]"' });
  }
  return {
    kind: "subquery",
    expr,
    ...rangeFields,
    stepMs: step ? literalMs(step) : 0,
    stepExpr: step ? calculation(step) : null,
    offsetMs: 0,
    offsetExpr: null,
    at: null,
    span: { start: expr.span.start, end: close.end },
  };
}

function literalMs(duration: DurationOperand): number {
  if (duration.kind === "durationExpr") return 0;
  // Literals such as 5m are whole ms; only their way through seconds is inexact.
  return duration.isDuration ? Math.round(duration.value * 1000) : secondsToMs(duration.value);
}

function calculation(duration: DurationOperand) {
  return duration.kind === "durationExpr" ? duration : null;
}

function hasOffset({ offsetMs, offsetExpr }: TimeShift): boolean {
  return offsetMs !== 0 || offsetExpr !== null;
}

function withOffset(tokens: TokenStream, expr: Expr, offset: DurationOperand): Expr {
  const shift = shiftOf(expr);
  if (shift === undefined) return tokens.fail(expr.span, misplaced("offset modifier"));
  if (hasOffset(shift)) tokens.fail(expr.span, "offset may not be set multiple times");
  if (offset.kind === "numberLiteral" && Number.isNaN(offset.value)) {
    tokens.fail(offset.span, "duration out of range");
  }
  const change = { offsetMs: literalMs(offset), offsetExpr: calculation(offset) };
  return shifted(expr, change, offset.span.end);
}

function parseAt(tokens: TokenStream, expr: Expr): Expr {
  const context = { within: "@", expected: "timestamp" };
  const bound = tokens.takeIf("start") ?? tokens.takeIf("end");
  let at: AtModifier, end: number;
  if (bound !== undefined) {
    tokens.expect("(", context);
    end = tokens.expect(")", context).end;
    at = { startOrEnd: bound.type as "start" | "end" };
  } else {
    const sign = tokens.takeIf("+") ?? tokens.takeIf("-");
    const { type } = tokens.peek();
    if (type !== "number" && type !== "duration") tokens.unexpected(context);
    const literal = parseLiteral(tokens);
    const seconds = sign?.type === "-" ? -literal.value : literal.value;
    if (!(Math.abs(seconds) < 2 ** 63)) {
      tokens.fail(expr.span, `timestamp out of bounds for @ modifier: ${formatFixed(seconds, 6)}`);
    }
    at = { timestampMs: Math.sign(seconds) * Math.round(Math.abs(seconds) * 1000) };
    end = literal.span.end;
  }

  const shift = shiftOf(expr);
  if (shift === undefined) return tokens.fail(expr.span, misplaced("@ modifier"));
  if (shift.at !== null) tokens.fail(expr.span, "@ <timestamp> may not be set multiple times");
  return shifted(expr, { at }, end);
}

function misplaced(modifier: string): string {
  return `${modifier} must be preceded by an instant vector selector or range vector selector or a subquery`;
}

function shiftOf(expr: Expr): TimeShift | undefined {
  if (expr.kind === "matrixSelector") return expr.selector;
  return expr.kind === "vectorSelector" || expr.kind === "subquery" ? expr : undefined;
}

function shifted(expr: Expr, change: Partial<TimeShift>, end: number): Expr {
  const span = { start: expr.span.start, end };
  if (expr.kind === "matrixSelector") return { ...expr, selector: { ...expr.selector, ...change }, span };
  return { ...expr, ...change, span };
}

function withExtension(tokens: TokenStream, expr: Expr, keyword: Token, isEnabled: boolean): Expr {
  const name = keyword.type;
  if (!isEnabled) tokens.fail(expr.span, `${name} modifier is experimental and not enabled`);
  if (expr.kind === "subquery") tokens.fail(expr.span, `${name} modifier is not supported for subqueries`);
  if (expr.kind !== "vectorSelector" && expr.kind !== "matrixSelector") {
    return tokens.fail(expr.span, `${name} modifier not implemented`);
  }
  const change = name === "anchored" ? { isAnchored: true } : { isSmoothed: true };
  const selector = { ...(expr.kind === "matrixSelector" ? expr.selector : expr), ...change };
  if (selector.isAnchored && selector.isSmoothed) {
    tokens.fail(expr.span, "anchored and smoothed modifiers cannot be used together");
  }
  const span = { start: expr.span.start, end: keyword.end };
  return expr.kind === "matrixSelector" ? { ...expr, selector, span } : { ...selector, span };
}
