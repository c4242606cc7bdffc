import { add, compact, divide, multiply, subtract } from "../../histogram/arithmetic.ts";
import type { FloatHistogram } from "../../histogram/float_histogram.ts";
import { detectReset } from "../../histogram/reset.ts";
import type { Annotations } from "../annotations.ts";
import type { Span } from "../position.ts";
import { FLOAT, type InstantSeries, type RangeSeries, setHistogram } from "../value.ts";
import {
  extendedSelector,
  firstArgumentSpan,
  floatsAt,
  histogramsAt,
  metricName,
  rangeArgument,
} from "./range_call.ts";
import type { RateKind } from "./rate.ts";
import type { FunctionCall } from "./registry.ts";

/**
 * rate(), increase() and delta() over an `anchored` or `smoothed` range, whose windows reach beyond the range: the
 * difference between the values at its edges, which are those of the samples nearest to them, or interpolated.
 */
export function extendedRateAt(
  kind: RateKind,
  series: RangeSeries,
  step: number,
  out: InstantSeries,
  call: FunctionCall,
): void {
  const floatCount = floatsAt(series, step), histogramCount = histogramsAt(series, step);
  if (floatCount > 0 && histogramCount > 0) {
    call.annotations.mixedFloatsHistograms(metricName(series), firstArgumentSpan(call));
    return;
  }
  const samples = histogramCount > 0 ? series.histograms! : series.floats;
  if (samples === undefined || floatCount + histogramCount === 0) return;
  const { endsMs, rangeMs } = rangeArgument(call);
  const edges = edgesOf(samples.times, samples.windows.from[step]!, samples.windows.to[step]!, {
    startMs: endsMs[step]! - rangeMs,
    endMs: endsMs[step]!,
    isSmoothed: extendedSelector(call)!.selector.isSmoothed,
  });
  if (edges === undefined) return;
  if (histogramCount > 0) {
    const histogram = histogramDifference(kind, series, edges, call);
    if (histogram === undefined) return;
    const result = kind.isRate ? divide(histogram, rangeMs / 1000) : histogram;
    setHistogram(out, step, compact(result.with({ counterResetHint: "gauge" })));
    return;
  }
  const difference = floatDifference(kind, series, edges);
  out.values[step] = kind.isRate ? difference / (rangeMs / 1000) : difference;
  out.present[step] = FLOAT;
}

/** The samples that the edges of a range are taken from. */
interface Edges {
  /** First and last index. */
  readonly first: number;
  readonly last: number;
  readonly startMs: number;
  readonly endMs: number;
  /** Whether values at the edges are interpolated. */
  readonly isSmoothed: boolean;
}

/** The edges among the samples `[from, to)`, at least one; undefined where none of them bears on the range. */
export function edgesOf(
  times: Float64Array,
  from: number,
  to: number,
  { startMs, endMs, isSmoothed }: { startMs: number; endMs: number; isSmoothed: boolean },
): Edges | undefined {
  let last = to - 1;
  const first = Math.max(from, firstIndex(from, last, (i) => times[i]! > startMs) - 1);
  if (isSmoothed) last = firstIndex(from, last, (i) => times[i]! >= endMs);
  if (times[last]! <= startMs || (isSmoothed && times[first]! > endMs)) return undefined;
  return { first, last, startMs, endMs, isSmoothed };
}

function firstIndex(from: number, to: number, holds: (i: number) => boolean): number {
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (holds(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

interface Floats {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** The value at the start of the range. `from` is the first index of the window. */
export function leftValue(floats: Floats, { first, startMs, isSmoothed }: Edges, isCounter: boolean): number {
  const { times, values } = floats;
  if (isSmoothed && times[first]! < startMs) {
    return interpolate(floats, first, startMs, isCounter);
  }
  return values[first]!;
}

/** The value at the end of the range, of a window that begins at index `from`. */
export function rightValue(
  floats: Floats,
  { last, endMs, isSmoothed }: Edges,
  from: number,
  isCounter: boolean,
): number {
  const { times, values } = floats;
  if (isSmoothed && last > from && times[last]! > endMs) {
    return interpolate(floats, last - 1, endMs, isCounter);
  }
  return values[last]!;
}

/** The value at `ms` on the line from sample `i` to the next one; from zero where a counter was reset between them. */
export function interpolate({ times, values }: Floats, i: number, ms: number, isCounter: boolean): number {
  const end = values[i + 1]!;
  const start = isCounter && end < values[i]! ? 0 : values[i]!;
  return start + (end - start) * (ms - times[i]!) / (times[i + 1]! - times[i]!);
}

function floatDifference({ isCounter }: RateKind, series: RangeSeries, edges: Edges): number {
  const floats = series.floats!;
  const { times, values } = floats;
  const left = leftValue(floats, edges, isCounter);
  const right = rightValue(floats, edges, edges.first, isCounter);
  const difference = right - left;
  if (!isCounter) return difference;
  // Resets at the edges are part of their values.
  let { first, last } = edges;
  if (times[first]! <= edges.startMs) first++;
  if (times[last]! >= edges.endMs) last--;
  let correction = 0, previous = left;
  for (let i = first; i <= last; i++) {
    if (values[i]! < previous) correction += previous;
    previous = values[i]!;
  }
  if (right < previous) correction += previous;
  return difference + correction;
}

/** Combines histograms, and annotates what is remarkable about it. */
class Combiner {
  constructor(
    readonly annotations: Annotations,
    readonly name: string,
    readonly span: Span,
  ) {}

  add(a: FloatHistogram, b: FloatHistogram): FloatHistogram | undefined {
    return this.#note(add(a, b), "addition");
  }

  subtract(a: FloatHistogram, b: FloatHistogram): FloatHistogram | undefined {
    return this.#note(subtract(a, b), "subtraction");
  }

  #note(sum: ReturnType<typeof add>, operation: "addition" | "subtraction"): FloatHistogram | undefined {
    if (sum === undefined) this.annotations.mixedExponentialCustom(this.name, this.span);
    else if (sum.boundsReconciled) this.annotations.mismatchedCustomBuckets(operation, this.span);
    return sum?.histogram;
  }

  /** As `interpolate`, of histograms. */
  interpolate(
    h1: FloatHistogram,
    t1: number,
    h2: FloatHistogram,
    t2: number,
    ms: number,
    isCounter: boolean,
  ): FloatHistogram | undefined {
    if (ms === t1) return h1;
    if (ms === t2) return h2;
    const fraction = (ms - t1) / (t2 - t1);
    if (isCounter && detectReset(h2, h1)) return multiply(h2, fraction);
    const difference = this.subtract(h2, h1);
    return difference && this.add(multiply(difference, fraction), h1);
  }
}

/** The histogram between two samples at `ms`; undefined, with an annotation, where they do not fit together. */
export function interpolateHistograms(
  { values, times }: { values: readonly FloatHistogram[]; times: Float64Array },
  i: number,
  ms: number,
  isCounter: boolean,
  { annotations, name, span }: { annotations: Annotations; name: string; span: Span },
): FloatHistogram | undefined {
  const combiner = new Combiner(annotations, name, span);
  return combiner.interpolate(values[i]!, times[i]!, values[i + 1]!, times[i + 1]!, ms, isCounter);
}

function histogramDifference(
  { isCounter }: RateKind,
  series: RangeSeries,
  edges: Edges,
  call: FunctionCall,
): FloatHistogram | undefined {
  const { annotations } = call;
  const name = metricName(series), span = firstArgumentSpan(call);
  const { times, values } = series.histograms!;
  const { first, last, startMs, endMs, isSmoothed } = edges;
  const combiner = new Combiner(annotations, name, span);
  for (let i = first; i <= last; i++) {
    if (values[i]!.usesCustomBuckets !== values[first]!.usesCustomBuckets) {
      annotations.mixedExponentialCustom(name, span);
      return undefined;
    }
    if (isCounter && values[i]!.counterResetHint === "gauge") {
      annotations.nativeHistogramNotCounter(name, span);
    }
  }
  const between = (i: number, ms: number) =>
    combiner.interpolate(values[i]!, times[i]!, values[i + 1]!, times[i + 1]!, ms, isCounter);
  const left = isSmoothed && times[first]! < startMs ? between(first, startMs) : values[first]!;
  const right = isSmoothed && last > first && times[last]! > endMs ? between(last - 1, endMs) : values[last]!;
  if (left === undefined || right === undefined) return undefined;
  if (!isCounter && (left.counterResetHint !== "gauge" || right.counterResetHint !== "gauge")) {
    annotations.nativeHistogramNotGauge(name, span);
  }
  const difference = combiner.subtract(right, left);
  if (!isCounter || difference === undefined) return difference;

  let result = difference;
  let correction: FloatHistogram | undefined;
  let previous = left, next = first + 1;
  if (isSmoothed && times[first]! < startMs && detectReset(values[first + 1]!, values[first]!)) {
    // The left edge was interpolated across this reset.
    previous = values[first + 1]!;
    next++;
  }
  if (next > last) return result;
  // The last sample takes part as the right edge only.
  for (; next <= last; next++) {
    const current = next === last ? right : values[next]!;
    if (detectReset(current, previous)) {
      correction = correction === undefined ? previous : combiner.add(correction, previous);
      if (correction === undefined) return undefined;
    }
    previous = current;
  }
  if (correction !== undefined) {
    const corrected = combiner.add(result, correction);
    if (corrected === undefined) return undefined;
    result = corrected;
  }
  return result;
}
