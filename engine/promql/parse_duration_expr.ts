import type { DurationExpr, DurationOperand, NumberLiteral } from "./ast.ts";
import { DURATION_SECONDS_MAX } from "../duration.ts";
import { parseLiteral } from "./parse_literal.ts";
import type { Span } from "./position.ts";
import { recurse, type Recursion } from "./recursion.ts";
import type { Token } from "./token.ts";
import type { Context, TokenStream } from "./token_stream.ts";

type DurationOperator = "+" | "-" | "*" | "/" | "%" | "^";

const PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ["+", 1],
  ["-", 1],
  ["*", 2],
  ["/", 2],
  ["%", 2],
  ["^", 3],
]);
/** What a sign binds: looser than `^`, tighter than the rest. */
const SIGN_PRECEDENCE = 3;

/** A range or a step: a literal above 0, or a calculation. */
export function parsePositiveDuration(tokens: TokenStream, context: Context): DurationOperand {
  const duration = within(tokens, context, parseDurationExpr(tokens, 0));
  if (duration.kind === "numberLiteral" && duration.value <= 0) {
    tokens.fail(duration.span, "duration must be greater than 0");
  }
  return duration;
}

/**
 * What follows `offset`: a literal, `step()`, `range()`, `min_of(…)`, `max_of(…)`, each with at most one sign, end the
 * modifier, so that `foo offset 5m * 2` multiplies `foo`. Any other calculation starts with a parenthesis, or two signs.
 */
export function parseOffset(tokens: TokenStream): DurationOperand {
  const context = { within: "offset", expected: "number, duration, step(), or range()" };
  return within(tokens, context, parseOffsetOperand(tokens));
}

function* parseOffsetOperand(tokens: TokenStream): Recursion<DurationOperand> {
  const first = tokens.peek();
  if (first.type === "(") return yield* parseDurationExpr(tokens, 0);
  if (first.type !== "+" && first.type !== "-") return yield* parsePrimary(tokens);
  tokens.take();
  const second = tokens.peek().type;
  if (second === "number" || second === "duration") {
    const literal = signedLiteral(first, parseLiteral(tokens));
    checkBounds(tokens, literal);
    return literal;
  }
  if (second !== "+" && second !== "-") return applySign(first, yield* parsePrimary(tokens));
  const operand = applySign(first, yield* parseDurationExpr(tokens, SIGN_PRECEDENCE));
  return yield* parseRest(tokens, operand, 0);
}

function within(tokens: TokenStream, context: Context, parse: Recursion<DurationOperand>): DurationOperand {
  const outer = tokens.context;
  tokens.context = context;
  const result = recurse(parse);
  tokens.context = outer;
  return result;
}

function* parseDurationExpr(tokens: TokenStream, precedenceMin: number): Recursion<DurationOperand> {
  tokens.enter();
  const first = tokens.peek();
  let operand: DurationOperand;
  if (first.type === "+" || first.type === "-") {
    tokens.take();
    operand = applySign(first, yield parseDurationExpr(tokens, SIGN_PRECEDENCE));
  } else operand = yield* parsePrimary(tokens);
  operand = yield* parseRest(tokens, operand, precedenceMin);
  tokens.leave();
  return operand;
}

/** The operators behind `lhs` that bind at least as tightly as `precedenceMin`. */
function* parseRest(
  tokens: TokenStream,
  lhs: DurationOperand,
  precedenceMin: number,
): Recursion<DurationOperand> {
  for (;;) {
    const operator = tokens.peek();
    const precedence = PRECEDENCE.get(operator.type) ?? -1;
    if (precedence < precedenceMin) return lhs;
    tokens.take();
    const rhs = yield parseDurationExpr(tokens, operator.type === "^" ? precedence : precedence + 1);
    if (rhs.kind === "numberLiteral" && rhs.value === 0) {
      if (operator.type === "/") tokens.fail(operator, "division by zero");
      if (operator.type === "%") tokens.fail(operator, "modulo by zero");
    }
    const span = { start: lhs.span.start, end: rhs.span.end };
    lhs = durationExpr(operator.type as DurationOperator, lhs, rhs, span);
  }
}

function* parsePrimary(tokens: TokenStream): Recursion<DurationOperand> {
  const { type } = tokens.peek();
  switch (type) {
    case "number":
    case "duration": {
      const literal = parseLiteral(tokens);
      checkBounds(tokens, literal);
      return literal;
    }
    case "step":
    case "range": {
      const { start } = tokens.take();
      tokens.expect("(");
      return durationExpr(type, null, null, { start, end: tokens.expect(")").end });
    }
    case "min_of":
    case "max_of": {
      const { start } = tokens.take();
      tokens.expect("(");
      const lhs = yield parseDurationExpr(tokens, 0);
      tokens.expect(",");
      const rhs = yield parseDurationExpr(tokens, 0);
      return durationExpr(type, lhs, rhs, { start, end: tokens.expect(")").end });
    }
    case "(": {
      const { start } = tokens.take();
      const inner = yield parseDurationExpr(tokens, 0);
      return wrap(inner, { start, end: tokens.expect(")").end });
    }
  }
  return tokens.unexpected();
}

function checkBounds(tokens: TokenStream, { value, span }: NumberLiteral): void {
  if (Math.abs(value) > DURATION_SECONDS_MAX) tokens.fail(span, "duration out of range");
}

function applySign(sign: Token, operand: DurationOperand): DurationOperand {
  const span = { start: sign.start, end: operand.span.end };
  if (operand.kind === "numberLiteral") return signedLiteral(sign, operand);
  return sign.type === "-" ? durationExpr("-", null, operand, span) : operand;
}

/** `literal` with its sign, which becomes part of its span. */
export function signedLiteral(sign: Token, literal: NumberLiteral): NumberLiteral {
  const value = sign.type === "-" ? -literal.value : literal.value;
  return { ...literal, value, span: { start: sign.start, end: literal.span.end } };
}

function wrap(inner: DurationOperand, span: Span): DurationExpr {
  if (inner.kind === "durationExpr") return { ...inner, isWrapped: true, span };
  return { ...durationExpr("+", null, inner, span), isWrapped: true };
}

function durationExpr(
  op: DurationExpr["op"],
  lhs: DurationOperand | null,
  rhs: DurationOperand | null,
  span: Span,
): DurationExpr {
  return { kind: "durationExpr", op, lhs, rhs, isWrapped: false, span };
}
