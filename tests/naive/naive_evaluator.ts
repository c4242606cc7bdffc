import { multiply } from "../../engine/histogram/arithmetic.ts";
import { FloatHistogram } from "../../engine/histogram/float_histogram.ts";
import { Labels, METRIC_NAME } from "../../engine/labels/labels.ts";
import type { Aggregation, Binary, Call, Expr, TimeShift, VectorSelector } from "../../engine/promql/ast.ts";
import type { SeriesColumns } from "../../engine/tsdb/select.ts";
import { aggregate } from "./naive_aggregation.ts";
import { floats, isComparison, setOperation, vectors, withScalar } from "./naive_binary.ts";
import { overExtendedRange, smoothedAt } from "./naive_extended_range.ts";
import { histogramFraction, histogramQuantile } from "./naive_histogram.ts";
import { info, labelJoin, labelReplace } from "./naive_labels.ts";
import { RANGE_FUNCTIONS } from "./naive_range_functions.ts";
import {
  isFloat,
  type NaiveValue,
  type Point,
  pointsOf,
  type Sample,
  type StoredPoint,
  unique,
  type Window,
  withoutName,
} from "./naive_value.ts";

export interface NaiveOptions {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly lookbackDeltaMs: number;
  readonly subqueryStepMs: number;
  readonly useStartTimestamps: boolean;
}

/** Results of a query by label set and step time. */
export type NaiveResult = Map<string, Map<number, number | FloatHistogram>>;

/**
 * Evaluates a query one step at a time, straight from the definitions: slow, and sharing nothing with the engine but
 * the syntax tree, label sets and the histogram model.
 * @throws {Error} Where upstream fails too; the message is not upstream's in full.
 */
export function evaluateNaively(
  expr: Expr,
  data: readonly SeriesColumns[],
  options: NaiveOptions,
): NaiveResult {
  const result: NaiveResult = new Map();
  const evaluator = new NaiveEvaluator(data, options);
  for (let ms = options.startMs; ms <= options.endMs; ms += options.stepMs) {
    const value = evaluator.evaluate(expr, ms);
    const samples = value.type === "scalar"
      ? [{ labels: Labels.empty, value: value.value, atMs: ms }]
      : value.type === "vector"
      ? unique(value.samples)
      : [];
    for (const sample of samples) {
      const series = result.get(sample.labels.toString()) ?? new Map();
      result.set(sample.labels.toString(), series);
      series.set(ms, sample.value);
    }
  }
  return result;
}

interface StoredSeries {
  readonly labels: Labels;
  readonly points: readonly StoredPoint[];
}

class NaiveEvaluator {
  readonly #series: readonly StoredSeries[];

  constructor(data: readonly SeriesColumns[], readonly options: NaiveOptions) {
    this.#series = data.map((series) => ({ labels: series.labels, points: pointsOf(series) }));
  }

  evaluate(expr: Expr, ms: number): NaiveValue {
    switch (expr.kind) {
      case "numberLiteral":
        return { type: "scalar", value: expr.value };
      case "stringLiteral":
        return { type: "string", text: expr.value };
      case "paren":
        return this.evaluate(expr.expr, ms);
      case "unary":
        return this.#negate(this.evaluate(expr.expr, ms), expr.op);
      case "vectorSelector":
        return { type: "vector", samples: this.#select(expr, ms) };
      case "matrixSelector": {
        const endMs = this.#timeOf(expr.selector, ms), startMs = endMs - expr.rangeMs;
        const { isAnchored, isSmoothed } = expr.selector;
        const { lookbackDeltaMs } = this.options;
        const windows = this.#windows(
          expr.selector,
          isAnchored || isSmoothed ? startMs - lookbackDeltaMs : startMs,
          isSmoothed ? endMs + lookbackDeltaMs : endMs,
        );
        return { type: "matrix", windows: windows.map((window) => ({ ...window, startMs, endMs })) };
      }
      case "subquery": {
        const endMs = this.#timeOf(expr, ms);
        const stepMs = expr.stepMs || this.options.subqueryStepMs;
        return { type: "matrix", windows: this.#subquery(expr.expr, endMs - expr.rangeMs, endMs, stepMs) };
      }
      case "aggregation":
        return this.#aggregate(expr, ms);
      case "binary":
        return this.#binary(expr, ms);
      case "call":
        return this.#call(expr, ms);
    }
  }

  #vector(expr: Expr, ms: number): readonly Sample[] {
    const value = this.evaluate(expr, ms);
    if (value.type !== "vector") throw new Error("BUG: expected a vector");
    return value.samples;
  }

  #scalar(expr: Expr, ms: number): number {
    const value = this.evaluate(expr, ms);
    if (value.type !== "scalar") throw new Error("BUG: expected a scalar");
    return value.value;
  }

  #timeOf({ at, offsetMs }: TimeShift, ms: number): number {
    if (at === null) return ms - offsetMs;
    if ("timestampMs" in at) return at.timestampMs - offsetMs;
    return (at.startOrEnd === "start" ? this.options.startMs : this.options.endMs) - offsetMs;
  }

  #matching({ matchers }: VectorSelector) {
    return this.#series.filter(({ labels }) =>
      matchers.every((matcher) => matcher.matches(labels.get(matcher.name)))
    );
  }

  #select(selector: VectorSelector, ms: number): Sample[] {
    const atMs = this.#timeOf(selector, ms);
    const { lookbackDeltaMs } = this.options;
    if (selector.isSmoothed) {
      return this.#windows(selector, atMs - lookbackDeltaMs, atMs + lookbackDeltaMs).flatMap((window) => {
        const value = smoothedAt(window.points.filter(isFloat), atMs);
        return value === undefined ? [] : [{ labels: window.labels, value, atMs: ms }];
      });
    }
    return this.#newest(this.#matching(selector), atMs);
  }

  #newest(series: readonly StoredSeries[], atMs: number): Sample[] {
    return series.flatMap(({ labels, points }) => {
      const newest = points.filter((point) =>
        point.ms <= atMs && point.ms > atMs - this.options.lookbackDeltaMs
      ).at(-1);
      if (newest?.value === undefined) return [];
      return [{ labels, value: newest.value, atMs: newest.ms }];
    });
  }

  #windows(selector: VectorSelector, startMs: number, endMs: number): Window[] {
    return this.#matching(selector).flatMap(({ labels, points }) => {
      const { useStartTimestamps } = this.options;
      const inside = points.flatMap(({ ms, value, startMs: beganMs }) =>
        ms > startMs && ms <= endMs && value !== undefined
          ? [{ ms, value, startMs: useStartTimestamps ? beganMs : 0 }]
          : []
      );
      return inside.length === 0 ? [] : [{ labels, points: inside, startMs, endMs }];
    });
  }

  #subquery(expr: Expr, startMs: number, endMs: number, stepMs: number): Window[] {
    const found = new Map<
      string,
      { labels: Labels; points: Point[] }
    >();
    for (let ms = Math.floor(startMs / stepMs) * stepMs; ms <= endMs; ms += stepMs) {
      if (ms <= startMs) continue;
      const value = this.evaluate(expr, ms);
      const samples = value.type === "scalar"
        ? [{ labels: Labels.empty, value: value.value, atMs: ms }]
        : value.type === "vector"
        ? unique(value.samples)
        : [];
      for (const sample of samples) {
        const key = sample.labels.key();
        const series = found.get(key) ?? { labels: sample.labels, points: [] };
        found.set(key, series);
        series.points.push({ ms, value: sample.value, startMs: 0 });
      }
    }
    return [...found.values()].map((series) => ({ ...series, startMs, endMs }));
  }

  #negate(value: NaiveValue, op: "+" | "-"): NaiveValue {
    if (op === "+") return value;
    if (value.type === "scalar") return { type: "scalar", value: -value.value };
    if (value.type !== "vector") throw new Error("BUG: only numbers and vectors have a sign");
    return {
      type: "vector",
      samples: value.samples.map((sample) => ({
        ...sample,
        labels: withoutName(sample.labels),
        value: isFloat(sample) ? -sample.value : multiply(sample.value as FloatHistogram, -1),
      })),
    };
  }

  #aggregate(expr: Aggregation, ms: number): NaiveValue {
    const parameter = expr.param === null ? undefined : this.evaluate(expr.param, ms);
    return { type: "vector", samples: aggregate(expr, this.#vector(expr.expr, ms), parameter) };
  }

  #binary(expr: Binary, ms: number): NaiveValue {
    const lhs = this.evaluate(expr.lhs, ms), rhs = this.evaluate(expr.rhs, ms);
    if (lhs.type === "scalar" && rhs.type === "scalar") {
      const { value, keep } = floats(expr.op, lhs.value, rhs.value)!;
      return { type: "scalar", value: isComparison(expr.op) ? Number(keep) : value };
    }
    if (lhs.type === "vector" && rhs.type === "vector") {
      if (expr.matching!.card === "many-to-many") {
        return { type: "vector", samples: setOperation(expr, lhs.samples, rhs.samples) };
      }
      return { type: "vector", samples: vectors(expr, lhs.samples, rhs.samples) };
    }
    if (lhs.type === "vector" && rhs.type === "scalar") {
      return { type: "vector", samples: withScalar(expr, lhs.samples, rhs.value, false) };
    }
    if (lhs.type === "scalar" && rhs.type === "vector") {
      return { type: "vector", samples: withScalar(expr, rhs.samples, lhs.value, true) };
    }
    throw new Error("BUG: operands of a binary operator are numbers or vectors");
  }

  #call(call: Call, ms: number): NaiveValue {
    const { func, args } = call;
    const vector = (samples: readonly Sample[]): NaiveValue => ({ type: "vector", samples: unique(samples) });
    const matrixAt = args.findIndex(({ kind }) => kind === "matrixSelector" || kind === "subquery");
    if (matrixAt >= 0) {
      const value = this.evaluate(args[matrixAt], ms);
      if (value.type !== "matrix") throw new Error("BUG: expected a range vector");
      const other = args[1 - matrixAt];
      const parameter = other === undefined ? NaN : this.#scalar(other, ms);
      if (func.name === "absent_over_time") return vector(absent(value.windows.length === 0, args[0], ms));
      const keepsName = func.name === "last_over_time" || func.name === "first_over_time";
      return vector(value.windows.flatMap((window) => {
        const selector = args[matrixAt].kind === "matrixSelector" ? args[matrixAt].selector : undefined;
        const result = selector?.isAnchored || selector?.isSmoothed
          ? overExtendedRange(func.name, { ...window, isSmoothed: selector.isSmoothed })
          : RANGE_FUNCTIONS[func.name](window, parameter, ms);
        if (result === undefined) return [];
        return [{ labels: keepsName ? window.labels : withoutName(window.labels), value: result, atMs: ms }];
      }));
    }
    const numbers = (at: number, otherwise: number) =>
      args[at] === undefined ? otherwise : this.#scalar(args[at], ms);
    const map = (f: (x: number) => number | undefined) =>
      vector(
        this.#vector(args[0], ms).filter(isFloat).flatMap((sample) => {
          const value = f(sample.value);
          return value === undefined ? [] : [{ ...sample, labels: withoutName(sample.labels), value }];
        }),
      );
    const ofHistograms = (f: (h: FloatHistogram) => number) =>
      vector(
        this.#vector(args[0], ms).flatMap((sample) =>
          sample.value instanceof FloatHistogram
            ? [{ ...sample, labels: withoutName(sample.labels), value: f(sample.value) }]
            : []
        ),
      );
    switch (func.name) {
      case "time":
        return { type: "scalar", value: ms / 1000 };
      case "pi":
        return { type: "scalar", value: Math.PI };
      case "vector":
        return vector([{ labels: Labels.empty, value: numbers(0, NaN), atMs: ms }]);
      case "scalar": {
        const samples = this.#vector(args[0], ms).filter(isFloat);
        return { type: "scalar", value: samples.length === 1 ? samples[0].value : NaN };
      }
      case "absent":
        return vector(absent(this.#vector(args[0], ms).length === 0, args[0], ms));
      case "timestamp":
        return vector(
          this.#vector(args[0], ms).map((sample) => ({
            ...sample,
            labels: withoutName(sample.labels),
            value: (args[0].kind === "vectorSelector" ? sample.atMs : ms) / 1000,
          })),
        );
      case "abs":
        return map(Math.abs);
      case "ceil":
        return map(Math.ceil);
      case "floor":
        return map(Math.floor);
      case "sqrt":
        return map(Math.sqrt);
      case "sgn":
        return map((x) => x === 0 || Number.isNaN(x) ? x : Math.sign(x));
      case "round": {
        const nearest = numbers(1, 1);
        return map((x) => Math.floor(x / nearest + 0.5) * nearest);
      }
      case "clamp":
      case "clamp_min":
      case "clamp_max": {
        const low = func.name === "clamp_max" ? -Infinity : numbers(1, NaN);
        const high = func.name === "clamp_min" ? Infinity : numbers(func.name === "clamp" ? 2 : 1, NaN);
        return map((x) => high < low ? undefined : Math.max(low, Math.min(high, x)));
      }
      case "minute":
        return map((x) => new Date(Math.trunc(x) * 1000).getUTCMinutes());
      case "day_of_year":
        return map((x) => {
          const date = new Date(Math.trunc(x) * 1000);
          return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0)) / 86_400_000) + 1;
        });
      case "histogram_count":
        return ofHistograms((h) => h.count);
      case "histogram_sum":
        return ofHistograms((h) => h.sum);
      case "histogram_quantile":
        return vector(histogramQuantile(numbers(0, NaN), this.#vector(args[1], ms)));
      case "histogram_fraction":
        return vector(histogramFraction(numbers(0, NaN), numbers(1, NaN), this.#vector(args[2], ms)));
      case "label_replace":
        return vector(labelReplace(this.#vector(args[0], ms), args.slice(1).map(textOf)));
      case "label_join":
        return vector(labelJoin(this.#vector(args[0], ms), args.slice(1).map(textOf)));
      case "sort":
      case "sort_desc":
        return vector(this.#vector(args[0], ms).filter(isFloat));
      case "sort_by_label":
      case "sort_by_label_desc": // the order of a range query's result is another one
        return vector(this.#vector(args[0], ms));
      case "info": {
        const base = args[0].kind === "vectorSelector" ? args[0] : undefined;
        const conditions = args[1]?.kind === "vectorSelector" ? args[1].matchers : [];
        const atMs = base === undefined ? ms : this.#timeOf(base, ms);
        return vector(info(this.#vector(args[0], ms), conditions, this.#newest(this.#series, atMs)));
      }
      default:
        throw new Error(`BUG: the naive evaluator does not know ${func.name}()`);
    }
  }
}

function textOf(expr: Expr): string {
  if (expr.kind !== "stringLiteral") throw new Error("BUG: expected a string");
  return expr.value;
}

function absent(isAbsent: boolean, expr: Expr, ms: number): Sample[] {
  if (!isAbsent) return [];
  const selector = expr.kind === "matrixSelector" ? expr.selector : expr;
  const matchers = selector.kind === "vectorSelector" ? selector.matchers : [];
  const fixed = matchers.filter(({ name, type }) =>
    type === "=" && name !== METRIC_NAME && matchers.filter((other) => other.name === name).length === 1
  );
  return [{
    labels: Labels.from(fixed.map(({ name, value }) => [name, value] as const)),
    value: 1,
    atMs: ms,
  }];
}
