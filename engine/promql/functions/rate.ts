import { add, multiply } from "../../histogram/arithmetic.ts";
import type { FloatHistogram } from "../../histogram/float_histogram.ts";
import type { FloatSamples, InstantSeries, RangeSeries, RangeVector } from "../value.ts";
import { FLOAT, setHistogram } from "../value.ts";
import { extendedRateAt } from "./extended_rate.ts";
import { extrapolationOf } from "./extrapolation.ts";
import { histogramIncrease } from "./histogram_increase.ts";
import { PlainHistogramRates } from "./histogram_rate.ts";
import {
  extendedSelector,
  firstArgumentSpan,
  floatsAt,
  histogramsAt,
  metricName,
  rangeArgument,
} from "./range_call.ts";
import type { FunctionCall, FunctionImplementation, FunctionTable } from "./registry.ts";
import { isStartTimeReset, startTimesOverlap } from "./start_time.ts";

/** How much a series grew over a window, extrapolated to its edges. */
export const RATE_FUNCTIONS: FunctionTable = {
  rate: rateFunction({ isCounter: true, isRate: true }),
  increase: rateFunction({ isCounter: true, isRate: false }),
  delta: rateFunction({ isCounter: false, isRate: false }),
};

export interface RateKind {
  /** Values only fall where the counter was reset. */
  readonly isCounter: boolean;
  /** Per second, rather than over the window. */
  readonly isRate: boolean;
}

function rateFunction(kind: RateKind): FunctionImplementation {
  return {
    kind: "range",
    evaluate: (series, out, call) => {
      const range = rangeArgument(call);
      const { floats, histograms } = series;
      if (extendedSelector(call) !== undefined) {
        for (let step = 0; step < range.endsMs.length; step++) extendedRateAt(kind, series, step, out, call);
      } else if (floats !== undefined && histograms === undefined && floats.startTimes === undefined) {
        extrapolateFloats(kind, floats, range, out);
      } else {
        const plain = histograms && PlainHistogramRates.of(kind, histograms, range);
        for (let step = 0; step < range.endsMs.length; step++) {
          if (plain !== undefined && floatsAt(series, step) === 0 && plain.setStep(step, series, out, call)) {
            continue;
          }
          rateAt(kind, series, step, out, call);
        }
      }
      if (kind.isCounter) warnOfNonCounter(series, out, call);
    },
  };
}

function warnOfNonCounter(series: RangeSeries, { present }: InstantSeries, call: FunctionCall): void {
  const name = metricName(series);
  if (name === "") return;
  if (call.typeAndUnitLabels) {
    const type = series.labels.get("__type__");
    if (type === "counter" || type === "histogram" || !present.includes(FLOAT)) return;
    call.annotations.possibleNonCounterLabel(name, type, firstArgumentSpan(call));
    return;
  }
  if (/_(?:total|sum|count|bucket)$/.test(name) || !present.includes(FLOAT)) return;
  call.annotations.possibleNonCounter(name, firstArgumentSpan(call));
}

/** The usual case: floats without start times. */
function extrapolateFloats(
  { isCounter, isRate }: RateKind,
  floats: FloatSamples,
  range: RangeVector,
  out: InstantSeries,
): void {
  const { values, windows: { from, to } } = floats;
  const { sampled, toStart, toEnd, factor } = extrapolationOf(floats, range, isRate);
  const rangeSeconds = range.rangeMs / 1000;
  const resets = isCounter ? resetsOf(values, from[0]!, to[to.length - 1]!) : NO_RESETS;
  const { values: outValues, present } = out;
  let nextReset = 0;
  for (let step = 0; step < from.length; step++) {
    const first = from[step]!, last = to[step]! - 1;
    if (last <= first) continue;
    const start = values[first]!;
    let increase = values[last]! - start;
    while (nextReset < resets.length && resets[nextReset]! <= first) nextReset++;
    for (let r = nextReset; r < resets.length && resets[r]! <= last; r++) increase += values[resets[r]! - 1]!;
    let scale = factor[step]!;
    if (isCounter && increase > 0 && start >= 0) {
      // A counter is not extrapolated below zero.
      const toZero = sampled[step]! * (start / increase);
      if (toZero < toStart[step]!) {
        scale = (sampled[step]! + toZero + toEnd[step]!) / sampled[step]!;
        if (isRate) scale /= rangeSeconds;
      }
    }
    outValues[step] = increase * scale;
    present[step] = FLOAT;
  }
}

const NO_RESETS: readonly number[] = [];

/** Indexes in `(from, to)` of values lower than the one before. */
function resetsOf(values: Float64Array, from: number, to: number): readonly number[] {
  let resets: number[] | undefined;
  for (let i = from + 1; i < to; i++) if (values[i]! < values[i - 1]!) (resets ??= []).push(i);
  return resets ?? NO_RESETS;
}

/** One step of a series with histograms, or with start times. */
function rateAt(
  kind: RateKind,
  series: RangeSeries,
  step: number,
  out: InstantSeries,
  call: FunctionCall,
): void {
  const { isCounter, isRate } = kind;
  const floatCount = floatsAt(series, step), histogramCount = histogramsAt(series, step);
  if (floatCount > 0 && histogramCount > 0) {
    call.annotations.mixedFloatsHistograms(metricName(series), firstArgumentSpan(call));
    return;
  }
  const samples = histogramCount > 0 ? series.histograms! : series.floats;
  const count = floatCount + histogramCount;
  if (samples === undefined || count === 0) return;
  const { times, windows, startTimes } = samples;
  const from = windows.from[step]!, to = windows.to[step]!;
  const { endsMs, rangeMs } = rangeArgument(call);
  const rangeStartMs = endsMs[step]! - rangeMs;

  let increase = 0;
  let histogram: FloatHistogram | undefined;
  if (histogramCount === 0) increase = floatIncrease(series, from, to, isCounter, call);
  else if (count > 1) {
    histogram = histogramIncrease(series, series.histograms!, { from, to, isCounter }, call);
    if (histogram === undefined) return;
  }
  const firstHistogram = histogramCount > 0 ? series.histograms!.values[from]! : undefined;
  const firstFloat = histogramCount > 0 ? undefined : series.floats!.values[from]!;

  let toStart = (times[from]! - rangeStartMs) / 1000, toEnd = (endsMs[step]! - times[to - 1]!) / 1000;
  let sampled = (times[to - 1]! - times[from]!) / 1000;
  const gap = count > 1 ? sampled / (count - 1) : 0;
  const start = startTimes?.[from] ?? 0;
  if (isCounter && start !== 0 && start > rangeStartMs && start < times[from]!) {
    // The series began inside the window, at zero.
    toStart = 0;
    sampled = (times[to - 1]! - start) / 1000;
    if (firstFloat !== undefined) increase += firstFloat;
    else if (histogram === undefined) histogram = firstHistogram;
    else {
      const sum = add(histogram, firstHistogram!);
      if (sum === undefined) {
        call.annotations.mixedExponentialCustom(metricName(series), firstArgumentSpan(call));
        return;
      }
      if (sum.boundsReconciled) {
        call.annotations.mismatchedCustomBuckets("addition", firstArgumentSpan(call));
      }
      histogram = sum.histogram;
    }
  } else if (count === 1) {
    return;
  } else {
    if (toStart >= gap * 1.1) toStart = gap / 2;
    if (isCounter) {
      let toZero = toStart;
      if (firstFloat !== undefined && increase > 0 && firstFloat >= 0) {
        toZero = sampled * (firstFloat / increase);
      } else if (histogram !== undefined && histogram.count > 0 && firstHistogram!.count >= 0) {
        toZero = sampled * (firstHistogram!.count / histogram.count);
      }
      if (toZero < toStart) toStart = toZero;
    }
  }
  if (toEnd >= gap * 1.1) toEnd = gap / 2;
  let factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
  if (isRate) factor /= rangeMs / 1000;
  if (histogram !== undefined) setHistogram(out, step, multiply(histogram, factor));
  else {
    out.values[step] = increase * factor;
    out.present[step] = FLOAT;
  }
}

/** The difference between the first and the last of the floats `[from, to)`, corrected for counter resets. */
function floatIncrease(
  series: RangeSeries,
  from: number,
  to: number,
  isCounter: boolean,
  call: FunctionCall,
): number {
  const { values, times, startTimes } = series.floats!;
  let increase = values[to - 1]! - values[from]!;
  if (!isCounter) return increase;
  let overlaps = false;
  for (let i = from + 1; i < to; i++) {
    if (!overlaps && startTimes && startTimesOverlap(startTimes[i - 1]!, times[i - 1]!, startTimes[i]!)) {
      call.annotations.startTimeOverlap(metricName(series), firstArgumentSpan(call));
      overlaps = true;
    }
    const isReset = values[i]! < values[i - 1]! ||
      (startTimes && isStartTimeReset(startTimes[i - 1]!, times[i - 1]!, startTimes[i]!, times[i]!));
    if (isReset) increase += values[i - 1]!;
  }
  return increase;
}
