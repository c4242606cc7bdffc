import { add, compact, divide, multiply, subtract } from "../../engine/histogram/arithmetic.ts";
import { FloatHistogram } from "../../engine/histogram/float_histogram.ts";
import { trimLower, trimUpper } from "../../engine/histogram/trim.ts";
import { type Labels, METRIC_NAME } from "../../engine/labels/labels.ts";
import type { Binary, VectorMatching } from "../../engine/promql/ast.ts";
import type { BinaryOperator } from "../../engine/promql/token.ts";
import { type Sample, withoutName } from "./naive_value.ts";

type Operand = number | FloatHistogram;

const COMPARISONS: ReadonlySet<BinaryOperator> = new Set(["==", "!=", "<", "<=", ">", ">="]);

/** Operators whose result is of the same metric as their left operand. */
function keepsMeaning({ op, returnsBool }: Binary): boolean {
  return !returnsBool && (isComparison(op) || op === "</" || op === ">/");
}

export function isComparison(op: BinaryOperator): boolean {
  return COMPARISONS.has(op);
}

/** What two operands give; for comparisons `keep` tells whether they hold. Undefined: no result. */
function apply(op: BinaryOperator, a: Operand, b: Operand): { value: Operand; keep: boolean } | undefined {
  if (typeof a === "number" && typeof b === "number") return floats(op, a, b);
  const value = histograms(op, a, b);
  return value === undefined ? undefined : typeof value === "boolean" ? { value: a, keep: value } : {
    value,
    keep: true,
  };
}

export function floats(
  op: BinaryOperator,
  a: number,
  b: number,
): { value: number; keep: boolean } | undefined {
  const result = (value: number) => ({ value, keep: true });
  const comparison = (keep: boolean) => ({ value: a, keep });
  switch (op) {
    case "+":
      return result(a + b);
    case "-":
      return result(a - b);
    case "*":
      return result(a * b);
    case "/":
      return result(a / b);
    case "%":
      return result(a % b);
    case "^":
      return result(a === 1 || b === 0 ? 1 : a ** b);
    case "atan2":
      return result(Math.atan2(a, b));
    case "==":
      return comparison(a === b);
    case "!=":
      return comparison(a !== b);
    case "<":
      return comparison(a < b);
    case "<=":
      return comparison(a <= b);
    case ">":
      return comparison(a > b);
    case ">=":
      return comparison(a >= b);
    default:
      return undefined;
  }
}

function histograms(op: BinaryOperator, a: Operand, b: Operand): FloatHistogram | boolean | undefined {
  if (a instanceof FloatHistogram && b instanceof FloatHistogram) {
    switch (op) {
      case "+":
        return add(a, b)?.histogram;
      case "-":
        return subtract(a, b)?.histogram.with({ counterResetHint: "gauge" });
      case "==":
        return a.equals(b);
      case "!=":
        return !a.equals(b);
      default:
        return undefined;
    }
  }
  if (a instanceof FloatHistogram && typeof b === "number") {
    if (op === "*") return compact(multiply(a, b));
    if (op === "/") return compact(divide(a, b));
    if (op === "</") return trimUpper(a, b);
    if (op === ">/") return trimLower(a, b);
  }
  if (typeof a === "number" && b instanceof FloatHistogram && op === "*") return compact(multiply(b, a));
  return undefined;
}

/** A vector with a number on one side. */
export function withScalar(
  expr: Binary,
  samples: readonly Sample[],
  scalar: number,
  isScalarLeft: boolean,
): Sample[] {
  const { op, returnsBool } = expr;
  return samples.flatMap((sample) => {
    const result = isScalarLeft ? apply(op, scalar, sample.value) : apply(op, sample.value, scalar);
    if (result === undefined) return [];
    if (isComparison(op) && !returnsBool) return result.keep ? [sample] : [];
    const value = returnsBool ? Number(result.keep) : result.value;
    const labels = keepsMeaning(expr) ? sample.labels : withoutName(sample.labels);
    return [{ ...sample, labels, value }];
  });
}

/** `and`, `or` and `unless`. */
export function setOperation(
  { op, matching }: Binary,
  lhs: readonly Sample[],
  rhs: readonly Sample[],
): Sample[] {
  const keyOf = ({ labels }: Sample) => matchKey(labels, matching!);
  const left = new Set(lhs.map(keyOf)), right = new Set(rhs.map(keyOf));
  if (op === "and") return lhs.filter((sample) => right.has(keyOf(sample)));
  if (op === "unless") return lhs.filter((sample) => !right.has(keyOf(sample)));
  return [...lhs, ...rhs.filter((sample) => !left.has(keyOf(sample)))];
}

function matchLabels(labels: Labels, { isOn, labels: names }: VectorMatching): Labels {
  return isOn ? labels.keep(new Set(names)) : labels.drop(new Set([...names, METRIC_NAME]));
}

function matchKey(labels: Labels, matching: VectorMatching): string {
  return matchLabels(labels, matching).key();
}

/** Arithmetic and comparisons of two vectors. */
export function vectors(
  expr: Binary,
  lhs: readonly Sample[],
  rhs: readonly Sample[],
): Sample[] {
  const { op, returnsBool } = expr;
  const matching = expr.matching!;
  // As upstream has it, fill_right stands in for the "one" side even where that is the left one.
  const { lhs: fillMany, rhs: fillOne } = matching.fill;
  const hasFill = fillMany !== null || fillOne !== null;
  // Then nobody looks whether matches are unique.
  if ((lhs.length === 0 || rhs.length === 0) && !(hasFill && lhs.length + rhs.length > 0)) return [];
  const isManyRight = matching.card === "one-to-many";
  const many = isManyRight ? rhs : lhs, one = isManyRight ? lhs : rhs;
  const ones = new Map<string, Sample>();
  for (const sample of one) {
    const key = matchKey(sample.labels, matching);
    if (ones.has(key)) throw new Error("found duplicate series for the match group");
    ones.set(key, sample);
  }
  const filled = ({ labels, atMs }: Sample, value: number): Sample => ({
    labels: matchLabels(labels, matching),
    value,
    atMs,
  });
  const seen = new Set<string>(), matched = new Set<string>();
  const results: Sample[] = [];
  const combine = (sample: Sample, partner: Sample, key: string) => {
    const [left, right] = isManyRight ? [partner, sample] : [sample, partner];
    const result = apply(op, left.value, right.value);
    if (result === undefined) return;
    matched.add(key);
    const labels = resultLabels(sample.labels, partner.labels, matching, keepsMeaning(expr));
    const identity = matching.card === "one-to-one" ? key : JSON.stringify([key, labels.key()]);
    if (seen.has(identity)) throw new Error("multiple matches for labels");
    seen.add(identity);
    if (isComparison(op) && !returnsBool && !result.keep) return;
    const value = returnsBool ? Number(result.keep) : isComparison(op) ? left.value : result.value;
    results.push({ labels, value, atMs: sample.atMs });
  };
  for (const sample of many) {
    const key = matchKey(sample.labels, matching);
    const partner = ones.get(key) ?? (fillOne === null ? undefined : filled(sample, fillOne));
    if (partner !== undefined) combine(sample, partner, key);
  }
  for (const partner of one) {
    const key = matchKey(partner.labels, matching);
    if (fillMany !== null && !matched.has(key)) combine(filled(partner, fillMany), partner, key);
  }
  return results;
}

function resultLabels(many: Labels, one: Labels, matching: VectorMatching, keepsName: boolean): Labels {
  let labels = keepsName ? many : withoutName(many);
  if (matching.card === "one-to-one") {
    const names = new Set(matching.labels);
    return matching.isOn ? labels.keep(names) : labels.drop(names);
  }
  for (const name of matching.include) labels = labels.with(name, one.get(name));
  return labels;
}
