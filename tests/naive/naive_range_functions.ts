import { add, compact, divide, multiply, subtract } from "../../engine/histogram/arithmetic.ts";
import type { FloatHistogram } from "../../engine/histogram/float_histogram.ts";
import { detectReset } from "../../engine/histogram/reset.ts";
import type { Point, Window } from "./naive_value.ts";

type Result = number | FloatHistogram | undefined;
type FloatPoint = Point & { readonly value: number };
type HistogramPoint = Point & { readonly value: FloatHistogram };

/** What a function gives for one window that has points; `undefined` for nothing. */
export type RangeFunction = (window: Window, parameter: number, evaluationMs: number) => Result;

export const RANGE_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  count_over_time: ({ points }) => points.length,
  present_over_time: () => 1,
  last_over_time: ({ points }) => points.at(-1)!.value,
  first_over_time: ({ points }) => points[0].value,
  ts_of_first_over_time: ({ points }) => points[0].ms / 1000,
  ts_of_last_over_time: ({ points }) => points.at(-1)!.ms / 1000,
  sum_over_time: (window) => ofOneKind(window, sum, sumOfHistograms),
  avg_over_time: (window) => ofOneKind(window, mean, (hs) => compact(divide(sumOfHistograms(hs), hs.length))),
  min_over_time: (window) => ofFloats(window, (values) => extreme(values, (a, b) => a < b)),
  max_over_time: (window) => ofFloats(window, (values) => extreme(values, (a, b) => a > b)),
  ts_of_min_over_time: (window) => timeOfExtreme(window, (a, b) => a <= b),
  ts_of_max_over_time: (window) => timeOfExtreme(window, (a, b) => a >= b),
  stdvar_over_time: (window) => ofFloats(window, variance),
  stddev_over_time: (window) => ofFloats(window, (values) => Math.sqrt(variance(values))),
  quantile_over_time: (window, phi) => ofFloats(window, (values) => quantile(values, phi)),
  mad_over_time: (window) =>
    ofFloats(window, (values) => {
      if (values.some(Number.isNaN)) return NaN;
      const median = quantile(values, 0.5);
      return quantile(values.map((value) => Math.abs(value - median)), 0.5);
    }),
  changes: ({ points }) => count(points, (a, b) => !same(a, b)),
  resets: ({ points }) => count(points, fell),
  rate: (window) => extrapolated(window, true, true),
  increase: (window) => extrapolated(window, true, false),
  delta: (window) => extrapolated(window, false, false),
  irate: (window) => lastTwo(window, true),
  idelta: (window) => lastTwo(window, false),
  deriv: ({ points }) => {
    const floats = points.filter(isFloatPoint);
    return floats.length < 2 ? undefined : regression(floats, floats[0].ms).slope;
  },
  predict_linear: ({ points }, seconds, evaluationMs) => {
    const floats = points.filter(isFloatPoint);
    if (floats.length < 2) return undefined;
    const { slope, intercept } = regression(floats, evaluationMs);
    return slope * seconds + intercept;
  },
};

function isFloatPoint(point: Point): point is FloatPoint {
  return typeof point.value === "number";
}

function isHistogramPoint(point: Point): point is HistogramPoint {
  return typeof point.value !== "number";
}

function floatsOf({ points }: Window): number[] {
  return points.filter(isFloatPoint).map(({ value }) => value);
}

/** Histograms beside floats do not count; histograms alone give nothing. */
function ofFloats(window: Window, f: (values: number[]) => number): Result {
  const floats = floatsOf(window);
  return floats.length === 0 ? undefined : f(floats);
}

/** Nothing where the window has both kinds. */
function ofOneKind(
  window: Window,
  ofFloatValues: (values: number[]) => number,
  ofHistograms: (values: FloatHistogram[]) => FloatHistogram,
): Result {
  const floats = floatsOf(window);
  const histograms = window.points.filter(isHistogramPoint).map(({ value }) => value);
  if (floats.length > 0 && histograms.length > 0) return undefined;
  return floats.length > 0 ? ofFloatValues(floats) : ofHistograms(histograms);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function sumOfHistograms(histograms: readonly FloatHistogram[]): FloatHistogram {
  return compact(histograms.reduce((total, histogram) => add(total, histogram)!.histogram));
}

/** NaN gives way to everything else. */
function extreme(values: readonly number[], isBetter: (a: number, b: number) => boolean): number {
  return values.reduce((best, value) => Number.isNaN(best) || isBetter(value, best) ? value : best);
}

function timeOfExtreme({ points }: Window, isAsGood: (a: number, b: number) => boolean): Result {
  const floats = points.filter(isFloatPoint);
  if (floats.length === 0) return undefined;
  return floats.reduce((best, point) =>
    Number.isNaN(best.value) || isAsGood(point.value, best.value) ? point : best
  ).ms / 1000;
}

export function variance(values: readonly number[]): number {
  const middle = mean(values);
  return mean(values.map((value) => (value - middle) ** 2));
}

export function quantile(values: readonly number[], phi: number): number {
  if (values.length === 0 || Number.isNaN(phi)) return NaN;
  if (phi < 0) return -Infinity;
  if (phi > 1) return Infinity;
  const sorted = values.toSorted((a, b) =>
    Number.isNaN(a) ? (Number.isNaN(b) ? 0 : -1) : Number.isNaN(b) ? 1 : a - b
  );
  const rank = phi * (sorted.length - 1);
  const low = Math.max(0, Math.floor(rank)), high = Math.min(sorted.length - 1, low + 1);
  const weight = rank - Math.floor(rank);
  return sorted[low] * (1 - weight) + sorted[high] * weight;
}

function count(points: readonly Point[], counts: (before: Point, after: Point) => boolean): number {
  return points.filter((point, i) => i > 0 && counts(points[i - 1], point)).length;
}

function same(a: Point, b: Point): boolean {
  if (isFloatPoint(a) && isFloatPoint(b)) {
    return a.value === b.value || (Number.isNaN(a.value) && Number.isNaN(b.value));
  }
  return isHistogramPoint(a) && isHistogramPoint(b) && a.value.equals(b.value);
}

/** A change of kind counts as a reset. */
function fell(a: Point, b: Point): boolean {
  if (beganAgain(a, b)) return true;
  if (isFloatPoint(a) && isFloatPoint(b)) return b.value < a.value;
  return !(isHistogramPoint(a) && isHistogramPoint(b)) || detectReset(b.value, a.value);
}

/** Whether the start of `b` tells that the counter was reset after `a`. */
function beganAgain(a: Point, b: Point): boolean {
  const isKnown = b.startMs !== 0 && b.startMs < b.ms;
  if (!isKnown || b.startMs < a.ms) return false;
  if (b.startMs > a.ms) return true;
  // Each sample that begins at the one before it is a delta; only the first such one after another start is a reset.
  return a.startMs !== 0 && a.startMs < a.ms;
}

function extrapolated(window: Window, isCounter: boolean, perSecond: boolean): Result {
  const { points, startMs, endMs } = window;
  if (!points.every(isFloatPoint) && !points.every(isHistogramPoint)) return undefined;
  if (
    isCounter && points[0].startMs !== 0 && points[0].startMs > startMs && points[0].startMs < points[0].ms
  ) {
    return sinceItsStart(window, perSecond);
  }
  if (points.length < 2) return undefined;
  const first = points[0], last = points.at(-1)!;
  const difference = points.every(isFloatPoint)
    ? increaseOfFloats(points, isCounter)
    : increaseOfHistograms(points as HistogramPoint[], isCounter);

  const sampled = (last.ms - first.ms) / 1000;
  const gap = sampled / (points.length - 1);
  let before = (first.ms - startMs) / 1000, after = (endMs - last.ms) / 1000;
  if (before >= 1.1 * gap) before = gap / 2;
  if (after >= 1.1 * gap) after = gap / 2;
  const firstCount = countOf(first.value), grown = countOf(difference);
  if (isCounter && grown > 0 && firstCount >= 0) before = Math.min(before, sampled * firstCount / grown);
  let factor = (sampled + before + after) / sampled;
  if (perSecond) factor /= (endMs - startMs) / 1000;
  return typeof difference === "number" ? difference * factor : compact(multiply(difference, factor));
}

/** The increase of floats that began inside of the window, at zero: extrapolated to the end of the window only. */
function sinceItsStart({ points, startMs, endMs }: Window, perSecond: boolean): number {
  const floats = points as readonly FloatPoint[];
  const grown = floats[0].value + increaseOfFloats(floats, true);
  const first = floats[0], last = floats.at(-1)!;
  const sampled = (last.ms - first.startMs) / 1000;
  const gap = floats.length > 1 ? (last.ms - first.ms) / 1000 / (floats.length - 1) : 0;
  let after = (endMs - last.ms) / 1000;
  if (after >= 1.1 * gap) after = gap / 2;
  const increase = grown * (sampled + after) / sampled;
  return perSecond ? increase / ((endMs - startMs) / 1000) : increase;
}

function countOf(value: number | FloatHistogram): number {
  return typeof value === "number" ? value : value.count;
}

function increaseOfFloats(points: readonly FloatPoint[], isCounter: boolean): number {
  let grown = points.at(-1)!.value - points[0].value;
  for (let i = 1; isCounter && i < points.length; i++) {
    if (fell(points[i - 1], points[i])) grown += points[i - 1].value;
  }
  return grown;
}

function increaseOfHistograms(points: readonly HistogramPoint[], isCounter: boolean): FloatHistogram {
  let grown = subtract(points.at(-1)!.value, points[0].value)!.histogram;
  for (let i = 1; isCounter && i < points.length; i++) {
    const before = points[i - 1].value;
    if (detectReset(points[i].value, before)) grown = add(grown, before)!.histogram;
  }
  return grown;
}

function lastTwo({ points }: Window, isRate: boolean): Result {
  if (points.length < 2) return undefined;
  const [a, b] = points.slice(-2);
  const seconds = (b.ms - a.ms) / 1000;
  if (isFloatPoint(a) && isFloatPoint(b)) {
    if (!isRate) return b.value - a.value;
    return (fell(a, b) ? b.value : b.value - a.value) / seconds;
  }
  if (!isHistogramPoint(a) || !isHistogramPoint(b)) return undefined;
  if (!isRate) return subtract(b.value, a.value)!.histogram;
  return compact(divide(
    detectReset(b.value, a.value) ? b.value : subtract(b.value, a.value)!.histogram,
    seconds,
  ));
}

/** Least squares through points `(seconds since originMs, value)`. */
function regression(points: readonly FloatPoint[], originMs: number): { slope: number; intercept: number } {
  const values = points.map(({ value }) => value);
  if (values.every((value) => value === values[0])) {
    return Number.isFinite(values[0]) ? { slope: 0, intercept: values[0] } : { slope: NaN, intercept: NaN };
  }
  const seconds = points.map(({ ms }) => (ms - originMs) / 1000);
  const meanX = mean(seconds), meanY = mean(values);
  const slope = sum(seconds.map((x, i) => (x - meanX) * (values[i] - meanY))) /
    sum(seconds.map((x) => (x - meanX) ** 2));
  return { slope, intercept: meanY - slope * meanX };
}
