import type { Matcher } from "../labels/matcher.ts";
import { isValidLabelName } from "../labels/names.ts";
import {
  type Aggregation,
  type Binary,
  type Call,
  type Expr,
  paren,
  typeOf,
  type VectorMatching,
} from "./ast.ts";
import { checkTypes } from "./check_types.ts";
import { FUNCTION_SIGNATURES } from "./function_signatures.ts";
import { nodeAbove } from "./height.ts";
import { signedLiteral } from "./parse_duration_expr.ts";
import { parseLiteral } from "./parse_literal.ts";
import { parseModifiers } from "./parse_modifiers.ts";
import { parseBareSelector, parseNamedSelector } from "./parse_selector.ts";
import { recurse, type Recursion } from "./recursion.ts";
import { quoteText, unquote } from "./string_literal.ts";
import {
  type Aggregator,
  type BinaryOperator,
  isAggregator,
  isGroupingLabel,
  isMetricName,
  isWindowKeyword,
  startsExpression,
  type Token,
  type TokenType,
} from "./token.ts";
import { NESTING_MAX, TokenStream } from "./token_stream.ts";

/** What a query may use beyond the stable language; all off by default. */
export interface ParserOptions {
  /** Functions and aggregators that upstream calls experimental. */
  readonly enableExperimentalFunctions?: boolean;
  /** `anchored` and `smoothed`. */
  readonly enableExtendedRangeSelectors?: boolean;
  /** `fill`, `fill_left` and `fill_right`. */
  readonly enableBinopFillModifiers?: boolean;
}

/**
 * Reads a PromQL expression and checks its types.
 * @throws {PromQLSyntaxError} For the first thing in `query` that is wrong, and only that error, for any text.
 */
export function parseExpr(query: string, options: ParserOptions = {}): Expr {
  const tokens = new TokenStream(query);
  if (tokens.peek().type === "eof") tokens.fail({ start: 0, end: 0 }, "no expression found in input");
  const expr = new Parser(tokens, options).parse();
  const tooHigh = nodeAbove(expr, NESTING_MAX);
  if (tooHigh) tokens.failNesting(tooHigh.span);
  checkTypes(query, expr);
  return expr;
}

/**
 * Reads a bare selector such as `up{job="node"}`, as series APIs take it. It may select everything.
 * @throws {PromQLSyntaxError} If `text` is anything else.
 */
export function parseMetricSelector(text: string): readonly Matcher[] {
  const tokens = new TokenStream(text);
  const first = tokens.peek();
  if (first.type !== "{" && !isMetricName(first.type)) tokens.unexpected();
  const selector = first.type === "{" ? parseBareSelector(tokens) : parseNamedSelector(tokens, tokens.take());
  tokens.expect("eof");
  return selector.matchers;
}

const PRECEDENCE: ReadonlyMap<TokenType, number> = new Map<TokenType, number>([
  ["or", 1],
  ["and", 2],
  ["unless", 2],
  ...["==", "!=", "<", "<=", ">", ">=", "</", ">/"].map((op) => [op as TokenType, 3] as const),
  ["+", 4],
  ["-", 4],
  ["*", 5],
  ["/", 5],
  ["%", 5],
  ["atan2", 5],
  ["^", 6],
]);
/** What a sign binds: looser than `^`, tighter than the rest. */
const SIGN_PRECEDENCE = 6;

const NO_MATCHING: VectorMatching = {
  card: "one-to-one",
  labels: [],
  isOn: false,
  include: [],
  fill: { lhs: null, rhs: null },
};

/** Recursive descent for everything but binary operators, which climb by precedence. */
class Parser {
  readonly #tokens: TokenStream;
  readonly #options: ParserOptions;

  constructor(tokens: TokenStream, options: ParserOptions) {
    this.#tokens = tokens;
    this.#options = options;
  }

  parse(): Expr {
    const expr = recurse(this.#parseExpr(0));
    this.#tokens.expect("eof");
    return expr;
  }

  /** The operators that bind at least as tightly as `precedenceMin`, with their operands. */
  *#parseExpr(precedenceMin: number): Recursion<Expr> {
    this.#tokens.enter();
    const expr = yield* this.#climb(yield* this.#parseOperand(), precedenceMin);
    this.#tokens.leave();
    return expr;
  }

  /** `lhs` with the operators that follow and bind at least as tightly as `precedenceMin`. */
  *#climb(lhs: Expr, precedenceMin: number): Recursion<Expr> {
    const tokens = this.#tokens;
    for (let height = 1;; height++) {
      const operator = tokens.peek();
      const precedence = PRECEDENCE.get(operator.type) ?? -1;
      if (precedence < precedenceMin) return lhs;
      // `nodeAbove` would tell, too, once all of the chain was read.
      if (height === NESTING_MAX) tokens.failNesting(operator);
      tokens.take();
      const modifiers = this.#parseBinaryModifiers();
      const rhs = yield this.#parseExpr(operator.type === "^" ? precedence : precedence + 1);
      lhs = this.#binary(lhs, operator, modifiers, rhs);
    }
  }

  *#parseOperand(): Recursion<Expr> {
    const { type } = this.#tokens.peek();
    if (type === "+" || type === "-") return yield* this.#parseSigned();
    return type === "(" ? yield* this.#parseParens() : this.#parseModified(yield* this.#parsePrimary());
  }

  #parseModified(expr: Expr): Expr {
    return parseModifiers(this.#tokens, expr, this.#options.enableExtendedRangeSelectors ?? false);
  }

  *#parseSigned(): Recursion<Expr> {
    const signs: Token[] = [];
    for (let sign; (sign = this.#tokens.takeIf("+") ?? this.#tokens.takeIf("-"));) signs.push(sign);
    return signs.reduceRight((expr: Expr, sign): Expr => {
      if (expr.kind === "numberLiteral") return signedLiteral(sign, expr);
      const span = { start: sign.start, end: expr.span.end };
      return { kind: "unary", type: typeOf(expr), op: sign.type as "+" | "-", expr, span };
    }, yield this.#parseExpr(SIGN_PRECEDENCE));
  }

  /** Parentheses that open one right after the other, which count as one level. */
  *#parseParens(): Recursion<Expr> {
    const tokens = this.#tokens;
    const starts: number[] = [];
    while (tokens.peek().type === "(") starts.push(tokens.take().start);
    let expr = yield this.#parseExpr(0);
    for (;;) {
      const span = { start: starts.pop()!, end: tokens.expect(")").end };
      expr = this.#parseModified(paren(expr, span));
      if (starts.length === 0) return expr;
      expr = yield* this.#climb(expr, 0);
    }
  }

  *#parsePrimary(): Recursion<Expr> {
    const tokens = this.#tokens;
    const { type } = tokens.peek();
    switch (type) {
      case "number":
      case "duration":
        return parseLiteral(tokens);
      case "string": {
        const { text, start, end } = tokens.take();
        return { kind: "stringLiteral", value: unquote(text), span: { start, end } };
      }
      case "{":
        return parseBareSelector(tokens);
    }
    if (!isMetricName(type)) return tokens.unexpected();
    const name = tokens.take();
    const next = tokens.peek().type;
    if (isAggregator(type) && (next === "(" || next === "by" || next === "without")) {
      return yield* this.#parseAggregation(name, type);
    }
    if (next === "(" && (type === "identifier" || isWindowKeyword(type))) return yield* this.#parseCall(name);
    return parseNamedSelector(tokens, name);
  }

  *#parseCall(name: Token): Generator<Recursion<Expr>, Call, Expr> {
    const { args, end } = yield* this.#parseArguments();
    const func = FUNCTION_SIGNATURES.get(name.text);
    if (func === undefined) return this.#tokens.fail(name, `unknown function with name "${name.text}"`);
    if (func.isExperimental && !this.#options.enableExperimentalFunctions) {
      this.#tokens.fail(name, `function "${name.text}" is not enabled`);
    }
    return { kind: "call", func, args, span: { start: name.start, end } };
  }

  *#parseArguments(): Generator<Recursion<Expr>, { args: readonly Expr[]; end: number }, Expr> {
    const tokens = this.#tokens;
    tokens.expect("(");
    const args: Expr[] = [];
    if (tokens.peek().type === ")") return { args, end: tokens.take().end };
    for (;;) {
      args.push(yield this.#parseExpr(0));
      const comma = tokens.takeIf(",");
      if (comma === undefined) return { args, end: tokens.expect(")").end };
      if (!startsExpression(tokens.peek().type)) {
        tokens.fail(comma, "trailing commas not allowed in function call args");
      }
    }
  }

  *#parseAggregation({ start }: Token, op: Aggregator): Generator<Recursion<Expr>, Aggregation, Expr> {
    const tokens = this.#tokens;
    const outer = tokens.context;
    tokens.context = { within: "aggregation" };
    let modifier = this.#parseAggregationModifier();
    const { args, end: argsEnd } = yield* this.#parseArguments();
    tokens.context = outer;
    let end = argsEnd;
    if (modifier === undefined) {
      modifier = this.#parseAggregationModifier();
      end = modifier?.end ?? argsEnd;
    }
    const span = { start, end };

    if (args.length === 0) tokens.fail(span, "no arguments for aggregate expression provided");
    if ((op === "limitk" || op === "limit_ratio") && !this.#options.enableExperimentalFunctions) {
      const flag = "--enable-feature=promql-experimental-functions";
      tokens.fail(span, `${op}() is experimental and must be enabled with ${flag}`);
    }
    const expected = takesParameter(op) ? 2 : 1;
    if (args.length !== expected) {
      const found = `expected ${expected}, got ${args.length}`;
      tokens.fail(span, `wrong number of arguments for aggregate expression provided, ${found}`);
    }
    return {
      kind: "aggregation",
      op,
      expr: args[expected - 1],
      param: expected === 2 ? args[0] : null,
      grouping: modifier?.labels ?? [],
      isWithout: modifier?.isWithout ?? false,
      span,
    };
  }

  #parseAggregationModifier(): { isWithout: boolean; labels: readonly string[]; end: number } | undefined {
    const keyword = this.#tokens.takeIf("by") ?? this.#tokens.takeIf("without");
    return keyword && { isWithout: keyword.type === "without", ...this.#parseGroupingLabels() };
  }

  #parseGroupingLabels(): { labels: readonly string[]; end: number } {
    const tokens = this.#tokens;
    tokens.expect("(", { within: "grouping opts", expected: '"("' });
    const labels: string[] = [];
    while (tokens.peek().type !== ")") {
      labels.push(this.#parseGroupingLabel());
      if (tokens.peek().type !== ")") tokens.expect(",", { within: "grouping opts", expected: '"," or ")"' });
    }
    return { labels, end: tokens.take().end };
  }

  #parseGroupingLabel(): string {
    const token = this.#tokens.peek();
    if (isGroupingLabel(token.type)) return this.#tokens.take().text;
    this.#tokens.expect("string", { within: "grouping opts", expected: "label" });
    const label = unquote(token.text);
    if (!isValidLabelName(label, "utf8")) {
      this.#tokens.fail(token, `invalid label name for grouping: ${quoteText(label)}`);
    }
    return label;
  }

  #parseBinaryModifiers(): { returnsBool: boolean; matching: VectorMatching } {
    const tokens = this.#tokens;
    const returnsBool = tokens.takeIf("bool") !== undefined;
    let matching = NO_MATCHING;
    const on = tokens.takeIf("on") ?? tokens.takeIf("ignoring");
    if (on !== undefined) {
      matching = { ...matching, isOn: on.type === "on", labels: this.#parseGroupingLabels().labels };
      const group = tokens.takeIf("group_left") ?? tokens.takeIf("group_right");
      if (group !== undefined) {
        const card = group.type === "group_left" ? "many-to-one" : "one-to-many";
        // Labels may be left out, but only where an operand or fill(…) follows.
        const isBare = tokens.peek().type !== "(" && startsExpression(tokens.peek().type);
        const include = isBare ? [] : this.#parseGroupingLabels().labels;
        matching = { ...matching, card, include };
      }
    }
    return { returnsBool, matching: { ...matching, fill: this.#parseFill() } };
  }

  #parseFill(): VectorMatching["fill"] {
    const tokens = this.#tokens;
    if (tokens.takeIf("fill")) {
      const value = this.#parseFillValue();
      return { lhs: value, rhs: value };
    }
    if (tokens.takeIf("fill_left")) {
      const lhs = this.#parseFillValue();
      return { lhs, rhs: tokens.takeIf("fill_right") ? this.#parseFillValue() : null };
    }
    if (tokens.takeIf("fill_right")) {
      const rhs = this.#parseFillValue();
      return { lhs: tokens.takeIf("fill_left") ? this.#parseFillValue() : null, rhs };
    }
    return NO_MATCHING.fill;
  }

  #parseFillValue(): number {
    const tokens = this.#tokens;
    tokens.expect("(");
    const sign = tokens.takeIf("+") ?? tokens.takeIf("-");
    const { type } = tokens.peek();
    if (type !== "number" && type !== "duration") tokens.unexpected();
    const { value } = parseLiteral(tokens);
    tokens.expect(")");
    return sign?.type === "-" ? -value : value;
  }

  #binary(
    lhs: Expr,
    operator: Token,
    { returnsBool, matching }: { returnsBool: boolean; matching: VectorMatching },
    rhs: Expr,
  ): Binary {
    const span = { start: lhs.span.start, end: rhs.span.end };
    const hasFill = matching.fill.lhs !== null || matching.fill.rhs !== null;
    if (hasFill && !this.#options.enableBinopFillModifiers) {
      this.#tokens.fail(span, "binop fill modifiers are experimental and not enabled");
    }
    const opSpan = { start: operator.start, end: operator.end };
    const isScalar = typeOf(lhs) === "scalar" && typeOf(rhs) === "scalar";
    return {
      kind: "binary",
      type: isScalar ? "scalar" : "vector",
      op: operator.type as BinaryOperator,
      lhs,
      rhs,
      returnsBool,
      matching,
      opSpan,
      span,
    };
  }
}

function takesParameter(op: Aggregator): boolean {
  switch (op) {
    case "topk":
    case "bottomk":
    case "quantile":
    case "count_values":
    case "limitk":
    case "limit_ratio":
      return true;
    default:
      return false;
  }
}
