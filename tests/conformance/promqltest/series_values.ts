import { add, subtract, type SumOfHistograms } from "../../../engine/histogram/arithmetic.ts";
import type { CounterResetHint } from "../../../engine/histogram/float_histogram.ts";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { Labels } from "../../../engine/labels/labels.ts";
import { scanString } from "../../../engine/promql/string_literal.ts";
import { parseMetricSelector } from "../../../engine/promql/parser.ts";

/** One value of a series description. `hintIsSet`: the counter reset hint was written, so it is to be compared. */
export type SequenceValue =
  | { readonly kind: "omitted" }
  | { readonly kind: "stale" }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "histogram"; readonly histogram: FloatHistogram; readonly hintIsSet: boolean };

export interface SeriesDescription {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
}

/**
 * Reads `metric{label="value"} 1 2+3x4 _ _x5 stale {{schema:1 count:3 buckets:[1 2]}}`.
 * @throws {SyntaxError} If `text` is not a series with values.
 */
export function parseSeriesDescription(text: string): SeriesDescription {
  const end = metricEnd(text);
  return { labels: parseMetric(text.slice(0, end)), values: parseValues(text.slice(end)) };
}

/** `metric{label="value"}` as a label set. */
export function parseMetric(text: string): Labels {
  return Labels.from(
    parseMetricSelector(text.trim()).map(({ type, name, value }) => {
      if (type !== "=") throw new SyntaxError(`Cannot read series ${text}: found ${type}, use =`);
      return [name, value] as const;
    }),
  );
}

/** Where the metric ends: after its name and its braces, of which either may be missing. */
function metricEnd(text: string): number {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(text)?.[0] ?? "";
  const brace = /^\s*\{(?!\{)/.exec(text.slice(name.length));
  if (brace === null) return name.length;
  for (let at = name.length + brace[0].length; at < text.length; at++) {
    if (text[at] === "}") return at + 1;
    if (!`"'\``.includes(text[at])) continue;
    const end = scanString(text, at);
    if (typeof end === "string") throw new SyntaxError(`Cannot read series ${text}: ${end}`);
    at = end - 1;
  }
  throw new SyntaxError(`Cannot read series ${text}: close the braces`);
}

const NUMBER = String.raw`(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?|[iI][nN][fF]|[nN][aA][nN]`;
const FLOAT_ITEM = new RegExp(String.raw`^([+-]?(?:${NUMBER}))(?:([+-](?:${NUMBER}))?x(\d+))?$`);

function parseValues(text: string): SequenceValue[] {
  const values: SequenceValue[] = [];
  for (const item of splitItems(text)) values.push(...parseItem(item));
  return values;
}

/** Items between spaces; spaces inside `{{…}}` belong to the item. */
function splitItems(text: string): string[] {
  return text.match(/(?:\{\{.*?\}\}|[^\s{])+/g) ?? [];
}

function parseItem(item: string): SequenceValue[] {
  if (item.startsWith("{{")) return parseHistogramItem(item);
  const omitted = /^_(?:x(\d+))?$/.exec(item);
  if (omitted) return Array(Number(omitted[1] ?? 1)).fill({ kind: "omitted" });
  const stale = /^stale(?:x(\d+))?$/.exec(item);
  if (stale) return Array(Number(stale[1] ?? 0) + 1).fill({ kind: "stale" });
  const float = FLOAT_ITEM.exec(item);
  if (!float) throw new SyntaxError(`Cannot read value ${item}: use a number, _, stale or {{…}}`);
  const step = float[2] === undefined ? 0 : parseFloatText(float[2]);
  let value = parseFloatText(float[1]);
  const values: SequenceValue[] = [];
  for (let i = 0; i <= Number(float[3] ?? 0); i++) {
    values.push({ kind: "float", value });
    if (float[2] !== undefined) value += step;
  }
  return values;
}

/** A number with a sign, `Inf` and `NaN` in any case. */
function parseFloatText(text: string): number {
  const [, sign, digits] = /^([+-]?)(.*)$/.exec(text.replaceAll("_", ""))!;
  const value = /^inf$/i.test(digits) ? Infinity : /^nan$/i.test(digits) ? NaN : Number(digits);
  if (digits === "" || (Number.isNaN(value) && !/^nan$/i.test(digits))) {
    throw new SyntaxError(`Cannot read number ${text}`);
  }
  return sign === "-" ? -value : value;
}

function parseHistogramItem(item: string): SequenceValue[] {
  const parts = /^(\{\{.*?\}\})(?:([+-])(\{\{.*?\}\}))?(?:x(\d+))?$/.exec(item);
  if (!parts || (parts[2] !== undefined && parts[4] === undefined)) {
    throw new SyntaxError(`Cannot read histogram ${item}: use {{…}}, {{…}}x3 or {{…}}+{{…}}x3`);
  }
  const base = parseHistogram(parts[1]);
  const increment = parts[3] === undefined ? undefined : parseHistogram(parts[3]);
  const hintIsSet = (increment ?? base).hintIsSet;
  let { histogram } = base;
  const values: SequenceValue[] = [{ kind: "histogram", histogram, hintIsSet }];
  for (let i = 0; i < Number(parts[4] ?? 0); i++) {
    if (increment !== undefined) {
      histogram = combine(histogram, increment.histogram, parts[2]).histogram;
    }
    values.push({ kind: "histogram", histogram, hintIsSet });
  }
  return values;
}

function combine(a: FloatHistogram, b: FloatHistogram, sign: string): SumOfHistograms {
  const sum = a.schema > b.schema ? undefined : sign === "+" ? add(a, b) : subtract(a, b);
  if (sum === undefined) {
    throw new SyntaxError(
      `error combining histograms: cannot merge from schema ${b.schema} to ${a.schema}`,
    );
  }
  return sum;
}

const HISTOGRAM_KEYS = [
  "schema",
  "sum",
  "count",
  "z_bucket",
  "z_bucket_w",
  "custom_values",
  "buckets",
  "offset",
  "n_buckets",
  "n_offset",
  "counter_reset_hint",
];
const HINTS: readonly string[] = ["unknown", "reset", "not_reset", "gauge"];

/** `{{schema:1 sum:3 count:22 buckets:[5 10 7]}}`. Not validated: expectations may name impossible histograms. */
export function parseHistogram(text: string): { histogram: FloatHistogram; hintIsSet: boolean } {
  const found = new Map<string, string>();
  const body = text.slice(2, -2).trim();
  let at = 0;
  for (const match of body.matchAll(/\s*([a-z_]+):(\[[^\]]*\]|\S+)/gy)) {
    const [whole, key, value] = match;
    if (!HISTOGRAM_KEYS.includes(key)) throw new SyntaxError(`Cannot read histogram ${text}: key ${key}`);
    if (found.has(key)) throw new SyntaxError(`duplicate key "${key}" in histogram`);
    found.set(key, value);
    at = match.index + whole.length;
  }
  if (at !== body.length) throw new SyntaxError(`Cannot read histogram ${text} at "${body.slice(at)}"`);
  const number = (key: string) => parseFloatText(found.get(key) ?? "0");
  const numbers = (key: string) =>
    Float64Array.from(
      (found.get(key) ?? "[]").slice(1, -1).trim().split(/\s+/).filter(Boolean),
      parseFloatText,
    );
  const hint = found.get("counter_reset_hint");
  if (hint !== undefined && !HINTS.includes(hint)) {
    throw new SyntaxError(`unknown counter reset hint ${hint}`);
  }
  const positiveBuckets = numbers("buckets"), negativeBuckets = numbers("n_buckets");
  const spansOf = (offset: string, { length }: Float64Array) =>
    length === 0 ? [] : [{ offset: number(offset), length }];
  const histogram = new FloatHistogram({
    schema: number("schema"),
    sum: number("sum"),
    count: number("count"),
    zeroCount: number("z_bucket"),
    zeroThreshold: number("z_bucket_w"),
    customValues: numbers("custom_values"),
    positiveBuckets,
    positiveSpans: spansOf("offset", positiveBuckets),
    negativeBuckets,
    negativeSpans: spansOf("n_offset", negativeBuckets),
    counterResetHint: hint as CounterResetHint | undefined,
  });
  return { histogram, hintIsSet: hint !== undefined };
}
