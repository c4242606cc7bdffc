import type { FloatHistogram } from "../../histogram/float_histogram.ts";
import { detectReset } from "../../histogram/reset.ts";
import { FLOAT, type FloatSamples, type InstantSeries, type RangeSeries } from "../value.ts";
import { extendedSelector, rangeArgument } from "./range_call.ts";
import type { FunctionCall, FunctionImplementation, FunctionTable } from "./registry.ts";
import { isStartTimeReset } from "./start_time.ts";

/** How often something happens from one sample of a window to the next. */
export const CHANGES_FUNCTIONS: FunctionTable = {
  changes: countTransitions({
    ofFloats: ({ values }, i) =>
      !(values[i] === values[i - 1] || (isNaN(values[i]!) && isNaN(values[i - 1]!))),
    ofHistograms: (before, now) => !now.histogram.equals(before.histogram),
  }),
  resets: countTransitions({
    ofFloats: ({ values, times, startTimes }, i) =>
      values[i]! < values[i - 1]! ||
      (startTimes !== undefined &&
        isStartTimeReset(startTimes[i - 1]!, times[i - 1]!, startTimes[i]!, times[i]!)),
    ofHistograms: (before, now) =>
      isStartTimeReset(before.startTime, before.time, now.startTime, now.time) ||
      detectReset(now.histogram, before.histogram),
  }),
};

interface HistogramSample {
  readonly time: number;
  readonly startTime: number;
  readonly histogram: FloatHistogram;
}

interface Transition {
  /** Whether it happens between floats `i - 1` and `i`. */
  ofFloats(samples: FloatSamples, i: number): boolean;
  ofHistograms(before: HistogramSample, now: HistogramSample): boolean;
}

/** A change from float to histogram, or back, always counts. */
function countTransitions(transition: Transition): FunctionImplementation {
  return {
    kind: "range",
    evaluate: (series, out, call) => {
      if (series.floats !== undefined && series.histograms === undefined && !extendedSelector(call)) {
        countFloats(transition, series.floats, out);
        return;
      }
      const { endsMs, rangeMs } = rangeArgument(call);
      for (let step = 0; step < out.present.length; step++) {
        const startMs = extendedSelector(call) ? endsMs[step]! - rangeMs : -Infinity;
        countMixed(transition, series, step, startMs, out, call);
      }
    },
  };
}

/** Transitions up to each sample are counted once; a window's are a difference of two counts. */
function countFloats({ ofFloats }: Transition, samples: FloatSamples, out: InstantSeries): void {
  const { from, to } = samples.windows;
  const counts = new Uint32Array(samples.values.length);
  for (let i = 1; i < counts.length; i++) counts[i] = counts[i - 1]! + (ofFloats(samples, i) ? 1 : 0);
  for (let step = 0; step < from.length; step++) {
    if (to[step] === from[step]) continue;
    out.values[step] = counts[to[step]! - 1]! - counts[from[step]!]!;
    out.present[step] = FLOAT;
  }
}

/**
 * One step of a series with histograms, or of an anchored range: there, the last sample up to the start of the range
 * is what the first one after it is compared with.
 */
function countMixed(
  transition: Transition,
  { floats, histograms }: RangeSeries,
  step: number,
  startMs: number,
  out: InstantSeries,
  call: FunctionCall,
): void {
  const isAnchored = extendedSelector(call) !== undefined;
  const floatsEnd = floats?.windows.to[step] ?? 0, histogramsEnd = histograms?.windows.to[step] ?? 0;
  let i = floats?.windows.from[step] ?? 0, j = histograms?.windows.from[step] ?? 0;
  if (i === floatsEnd && j === histogramsEnd) return;
  if (isAnchored) {
    const firstFloat = i, firstHistogram = j;
    while (i < floatsEnd && floats!.times[i]! <= startMs) i++;
    while (j < histogramsEnd && histograms!.times[j]! <= startMs) j++;
    if (i === floatsEnd && j === histogramsEnd) return;
    const floatAnchor = i > firstFloat ? floats!.times[i - 1]! : -Infinity;
    const histogramAnchor = j > firstHistogram ? histograms!.times[j - 1]! : -Infinity;
    if (floatAnchor >= histogramAnchor && i > firstFloat) i--;
    else if (j > firstHistogram) j--;
  }
  let count = 0;
  let before: "none" | "float" | HistogramSample = "none";
  while (i < floatsEnd || j < histogramsEnd) {
    if (j >= histogramsEnd || (i < floatsEnd && floats!.times[i]! < histograms!.times[j]!)) {
      if (before === "float" ? transition.ofFloats(floats!, i) : before !== "none") count++;
      before = "float";
      i++;
      continue;
    }
    const now = {
      time: histograms!.times[j]!,
      startTime: histograms!.startTimes?.[j] ?? 0,
      histogram: histograms!.values[j]!,
    };
    if (before === "float" || (before !== "none" && transition.ofHistograms(before, now))) count++;
    before = now;
    j++;
  }
  out.values[step] = count;
  out.present[step] = FLOAT;
}
