import fc from "fast-check";
import type {
  AtModifier,
  Binary,
  DurationExpr,
  DurationOperand,
  Expr,
  NumberLiteral,
  TimeShift,
  VectorMatching,
  VectorSelector,
} from "../../../engine/promql/ast.ts";
import { paren as parenthesise, typeOf } from "../../../engine/promql/ast.ts";
import { FUNCTION_SIGNATURES, type FunctionSignature } from "../../../engine/promql/function_signatures.ts";
import type { Aggregator, BinaryOperator } from "../../../engine/promql/token.ts";
import type { ValueType } from "../../../engine/promql/value_type.ts";
import { Matcher } from "../../../engine/labels/matcher.ts";

const span = { start: 0, end: 0 };

const PRECEDENCE: Record<BinaryOperator, number> = {
  "or": 1,
  "and": 2,
  "unless": 2,
  ...{ "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "</": 3, ">/": 3 },
  ...{ "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "atan2": 5, "^": 7 },
};
const UNARY_PRECEDENCE = 6;
const COMPARISONS: readonly BinaryOperator[] = ["==", "!=", "<", "<=", ">", ">="];
const SET_OPERATORS: readonly BinaryOperator[] = ["and", "or", "unless"];
const ARITHMETIC: readonly BinaryOperator[] = ["+", "-", "*", "/", "%", "^", "atan2", "</", ">/"];

function precedenceOf(expr: Expr | DurationOperand): number {
  if (expr.kind === "binary") return PRECEDENCE[expr.op];
  if (expr.kind === "unary") return UNARY_PRECEDENCE;
  if (expr.kind === "numberLiteral") {
    // Infinity is printed with a sign, too.
    return 1 / expr.value < 0 || expr.value < 0 || expr.value === Infinity ? UNARY_PRECEDENCE : 9;
  }
  if (expr.kind !== "durationExpr" || expr.isWrapped || expr.rhs === null) return 9;
  if (expr.op === "min_of" || expr.op === "max_of") return 9;
  return expr.lhs === null ? UNARY_PRECEDENCE : PRECEDENCE[expr.op as BinaryOperator];
}

const paren = (expr: Expr): Expr => parenthesise(expr, span);
const atLeast = (precedence: number, expr: Expr): Expr =>
  precedenceOf(expr) < precedence ? paren(expr) : expr;

/** Numbers without a sign, in every form the printer knows. */
const unsigned: fc.Arbitrary<NumberLiteral> = fc.oneof(
  fc.double({ min: 0 }).map((value) => ({ value: value + 0, isDuration: false })),
  fc.nat().map((value) => ({ value, isDuration: false })),
  fc.nat(10 ** 9).map((ms) => ({ value: Math.trunc(ms / 1000) + (ms % 1000) / 1000, isDuration: true })),
).map((fields) => ({ kind: "numberLiteral", ...fields, span }));

const literal: fc.Arbitrary<NumberLiteral> = fc.tuple(unsigned, fc.boolean()).map(([number, isNegative]) =>
  isNegative ? { ...number, value: -number.value } : number
);

const durationLiteral: fc.Arbitrary<NumberLiteral> = fc.record({
  kind: fc.constant("numberLiteral" as const),
  value: fc.integer({ min: 1, max: 10 ** 9 }),
  isDuration: fc.boolean(),
  span: fc.constant(span),
});

function duration(
  op: DurationExpr["op"],
  lhs: DurationOperand | null,
  rhs: DurationOperand | null,
  isWrapped = false,
): DurationExpr {
  return { kind: "durationExpr", op, lhs, rhs, isWrapped, span };
}

function wrapUnder(precedence: number, operand: DurationOperand): DurationOperand {
  return precedenceOf(operand) < precedence && operand.kind === "durationExpr"
    ? { ...operand, isWrapped: true }
    : operand;
}

const { durationExpr, durationOperand } = fc.letrec<
  { durationExpr: DurationExpr; durationOperand: DurationOperand; windowDuration: DurationExpr }
>((tie) => ({
  windowDuration: fc.constantFrom("step" as const, "range" as const).map((op) => duration(op, null, null)),
  durationOperand: fc.oneof({ maxDepth: 4 }, durationLiteral, tie("durationExpr")),
  durationExpr: fc.oneof(
    { maxDepth: 4 },
    tie("windowDuration"),
    durationLiteral.map((number) => duration("+", null, number, true)),
    fc.tuple(
      fc.constantFrom("min_of" as const, "max_of" as const),
      tie("durationOperand"),
      tie("durationOperand"),
    )
      .map(([op, lhs, rhs]) => duration(op, lhs, rhs)),
    tie("durationExpr").map((rhs) => duration("-", null, wrapUnder(UNARY_PRECEDENCE, rhs))),
    fc.tuple(
      fc.constantFrom("+" as const, "-" as const, "*" as const, "/" as const, "%" as const, "^" as const),
      tie("durationOperand"),
      tie("durationOperand"),
    ).map(([op, lhs, rhs]) => {
      const precedence = PRECEDENCE[op];
      const isPower = op === "^";
      const left = wrapUnder(isPower ? precedence + 1 : precedence, lhs);
      return duration(op, left, wrapUnder(isPower ? UNARY_PRECEDENCE : precedence + 1, rhs));
    }),
  ),
}));
export { durationExpr };

/** What can follow `offset` without swallowing an operator behind it. */
const offsetExpr = fc.oneof(
  fc.constantFrom("step" as const, "range" as const).map((op) => duration(op, null, null)),
  fc.tuple(durationOperand, durationOperand).map(([lhs, rhs]) => duration("max_of", lhs, rhs)),
  durationExpr.map((rhs) => duration("-", null, { ...rhs, isWrapped: true })),
);

const at: fc.Arbitrary<AtModifier | null> = fc.oneof(
  fc.constant(null),
  fc.constantFrom("start" as const, "end" as const).map((startOrEnd) => ({ startOrEnd })),
  fc.integer({ min: -(10 ** 12), max: 10 ** 13 }).map((timestampMs) => ({ timestampMs })),
);

const positiveMs = fc.integer({ min: 1, max: 10 ** 12 });
const offset = fc.oneof(
  fc.constant({ offsetMs: 0, offsetExpr: null }),
  positiveMs.map((ms) => ({ offsetMs: ms, offsetExpr: null })),
  positiveMs.map((ms) => ({ offsetMs: -ms, offsetExpr: null })),
  offsetExpr.map((offsetExpr) => ({ offsetMs: 0, offsetExpr })),
);
const shift: fc.Arbitrary<TimeShift> = fc.tuple(offset, at).map(([offset, at]) => ({ ...offset, at }));

const text = fc.string({ unit: "binary", maxLength: 8 }).filter((value) => value.isWellFormed());
const label = fc.oneof(
  fc.constantFrom("job", "le", "by", "on", "sum", "a.b", "é", "0"),
  text.filter((t) => t !== ""),
);
const grouping = fc.array(label, { maxLength: 3 });
const matcher = fc.oneof(
  fc.tuple(fc.constantFrom("=" as const, "!=" as const), label.filter((l) => l !== "__name__"), text),
  fc.tuple(
    fc.constantFrom("=~" as const, "!~" as const),
    fc.constantFrom("job", "x.y"),
    fc.constantFrom("a|b", ".*", "", "[0-9]+\\.x"),
  ),
).map(([type, name, value]) => new Matcher(type, name, value));
const metricName = fc.oneof(
  fc.constantFrom(
    "up",
    "node:cpu:rate5m",
    ":x",
    "sum",
    "by",
    "offset",
    "start",
    "fill",
    "and",
    "max_of",
    "smoothed",
  ),
  fc.stringMatching(/^[a-z_]{1,6}_$/),
);

const noShift: TimeShift = { offsetMs: 0, offsetExpr: null, at: null };

function selector(
  name: string,
  matchers: readonly Matcher[],
  shift: TimeShift,
  extension: string,
): VectorSelector {
  const all = name === "" ? matchers : [...matchers, new Matcher("=", "__name__", name)];
  const extensions = { isAnchored: extension === "anchored", isSmoothed: extension === "smoothed" };
  return { kind: "vectorSelector", name, matchers: all, ...extensions, ...shift, span };
}

const vectorSelector = fc.oneof(
  fc.tuple(metricName, fc.array(matcher, { maxLength: 3 })),
  fc.array(matcher, { maxLength: 3 }).map((matchers) =>
    ["", [...matchers, new Matcher("=~", "__name__", "a.+")]] as [string, Matcher[]]
  ),
).chain(([name, matchers]) =>
  fc.tuple(shift, fc.constantFrom("", "", "anchored", "smoothed"))
    .map(([shift, extension]) => selector(name, matchers, shift, extension))
);

const fill = fc.option(fc.double({ noNaN: true }), { nil: null });

function matchingFor(op: BinaryOperator): fc.Arbitrary<VectorMatching> {
  const none = { lhs: null, rhs: null };
  const on = fc.record({ isOn: fc.boolean(), labels: grouping });
  if (SET_OPERATORS.includes(op)) {
    return on.map((fields) => ({ ...fields, card: "many-to-many", include: [], fill: none }));
  }
  return fc.tuple(
    on,
    fc.constantFrom("one-to-one" as const, "many-to-one" as const, "one-to-many" as const),
    grouping,
    fc.record({ lhs: fill, rhs: fill }),
  ).map(([fields, card, include, fill]) => ({
    ...fields,
    card,
    include: card === "one-to-one" ? [] : include.filter((l) => !fields.isOn || !fields.labels.includes(l)),
    // Equal values print as one, 0 and -0 too.
    fill: fill.lhs === fill.rhs ? { lhs: fill.lhs, rhs: fill.lhs } : fill,
  }));
}

function binary(
  op: BinaryOperator,
  lhs: Expr,
  rhs: Expr,
  fields: Pick<Binary, "returnsBool" | "matching">,
): Binary {
  const precedence = PRECEDENCE[op];
  const left = atLeast(op === "^" ? precedence + 1 : precedence, lhs);
  const right = atLeast(op === "^" ? UNARY_PRECEDENCE : precedence + 1, rhs);
  const type = typeOf(left) === "scalar" && typeOf(right) === "scalar" ? "scalar" : "vector";
  return { kind: "binary", type, op, lhs: left, rhs: right, ...fields, opSpan: span, span };
}

type Typed = Record<ValueType, Expr>;

/** Expressions of every kind that the parser itself could have built, by type. */
export const typedExprs = fc.letrec<Typed>((tie) => ({
  string: text.map((value) => ({ kind: "stringLiteral", value, span })),
  scalar: fc.oneof(
    { maxDepth: 4, depthIdentifier: "expr" },
    literal,
    callReturning("scalar", tie),
    unaryOf(tie("scalar")),
    fc.tuple(fc.constantFrom(...ARITHMETIC, ...COMPARISONS), tie("scalar"), tie("scalar"))
      .map(([op, lhs, rhs]) =>
        binary(op, lhs, rhs, { returnsBool: COMPARISONS.includes(op), matching: null })
      ),
    tie("scalar").map(paren),
  ),
  vector: fc.oneof(
    { maxDepth: 4, depthIdentifier: "expr" },
    vectorSelector,
    callReturning("vector", tie),
    unaryOf(tie("vector")),
    aggregation(tie),
    fc.constantFrom(...ARITHMETIC, ...COMPARISONS, ...SET_OPERATORS).chain((op) =>
      fc.tuple(tie("vector"), tie("vector"), matchingFor(op), fc.boolean()).map((
        [lhs, rhs, matching, isBool],
      ) => binary(op, lhs, rhs, { returnsBool: isBool && COMPARISONS.includes(op), matching }))
    ),
    fc.tuple(fc.constantFrom(...ARITHMETIC, ...COMPARISONS), tie("vector"), tie("scalar"), fc.boolean())
      .map(([op, lhs, rhs, isSwapped]) =>
        binary(op, isSwapped ? rhs : lhs, isSwapped ? lhs : rhs, { returnsBool: false, matching: null })
      ),
    tie("vector").map(paren),
  ),
  matrix: fc.oneof(
    { maxDepth: 4, depthIdentifier: "expr" },
    fc.tuple(vectorSelector, positiveMs, fc.option(durationExpr, { nil: null })).map((
      [selector, ms, rangeExpr],
    ) => ({
      kind: "matrixSelector" as const,
      selector,
      rangeMs: rangeExpr === null ? ms : 0,
      rangeExpr,
      span,
    })),
    fc.tuple(tie("vector"), positiveMs, fc.option(durationExpr, { nil: null }), fc.nat(10 ** 9), shift)
      .map(([inner, rangeMs, stepExpr, stepMs, shift]) => {
        // A range binds to the selector before it: nothing looser, and no plain selector with modifiers.
        const isPlain = inner.kind !== "vectorSelector" || inner.at !== null || inner.offsetMs !== 0;
        const expr = isPlain ? atLeast(9, inner) : inner;
        const step = stepExpr === null ? { stepMs, stepExpr } : { stepMs: 0, stepExpr };
        return { kind: "subquery" as const, expr, rangeMs, rangeExpr: null, ...step, ...shift, span };
      }),
  ),
}));

function unaryOf(expr: fc.Arbitrary<Expr>): fc.Arbitrary<Expr> {
  return fc.tuple(fc.constantFrom("+" as const, "-" as const), expr).map(([op, inner]) => {
    const operand = inner.kind === "numberLiteral" ? paren(inner) : atLeast(UNARY_PRECEDENCE, inner);
    return { kind: "unary", type: typeOf(operand), op, expr: operand, span };
  });
}

function aggregation(tie: fc.LetrecTypedTie<Typed>): fc.Arbitrary<Expr> {
  const modifier = fc.record({ isWithout: fc.boolean(), grouping });
  const plain = fc.constantFrom<Aggregator>("sum", "avg", "count", "min", "max", "group", "stddev", "stdvar");
  const ranked = fc.constantFrom<Aggregator>("topk", "bottomk", "quantile", "limitk", "limit_ratio");
  const counted = fc.constant<Aggregator>("count_values");
  const none: fc.Arbitrary<Expr | null> = fc.constant(null);
  return fc.oneof(
    fc.tuple(plain, none, tie("vector"), modifier),
    fc.tuple(ranked, tie("scalar"), tie("vector"), modifier),
    fc.tuple(counted, tie("string"), tie("vector"), modifier),
  ).map(([op, param, expr, modifier]) => ({ kind: "aggregation", op, param, expr, ...modifier, span }));
}

function callReturning(type: ValueType, tie: fc.LetrecTypedTie<Typed>): fc.Arbitrary<Expr> {
  const candidates = [...FUNCTION_SIGNATURES.values()].filter((func) => func.returnType === type);
  return fc.constantFrom(...candidates).chain((func) =>
    argCount(func).chain((count) => {
      const types = Array.from({ length: count }, (_, i) =>
        func.argTypes[Math.min(i, func.argTypes.length - 1)]);
      const args = types.map((argType, i): fc.Arbitrary<Expr> =>
        func.name === "info" && i === 1
          ? fc.array(matcher, { maxLength: 2 }).map((matchers) =>
            selector("", matchers, noShift, "")
          )
          : tie(argType)
      );
      return fc.tuple(...args).map((args): Expr => ({ kind: "call", func, args, span }));
    })
  );
}

function argCount({ argTypes, variadic }: FunctionSignature): fc.Arbitrary<number> {
  if (variadic === 0) return fc.constant(argTypes.length);
  const min = argTypes.length - 1;
  return fc.integer({ min, max: min + (variadic < 0 ? 3 : variadic) });
}
