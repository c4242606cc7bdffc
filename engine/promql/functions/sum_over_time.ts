import { HistogramAccumulator } from "../../histogram/accumulator.ts";
import { HistogramMean } from "../../histogram/mean.ts";
import {
  FLOAT,
  type HistogramSamples,
  type InstantSeries,
  NONE,
  type RangeSeries,
  setHistogram,
} from "../value.ts";
import { HistogramWindowSums } from "./histogram_sums.ts";
import { firstArgumentSpan, floatsAt, histogramsAt, metricName } from "./range_call.ts";
import type { FunctionCall, FunctionImplementation, FunctionTable } from "./registry.ts";

/** Sum and mean of a window, compensated for rounding errors. */
export const SUM_OVER_TIME_FUNCTIONS: FunctionTable = {
  sum_over_time: combineOverTime("sum"),
  avg_over_time: combineOverTime("avg"),
};

function combineOverTime(op: "sum" | "avg"): FunctionImplementation {
  const ofFloats = op === "sum" ? sumOf : meanOf;
  return {
    kind: "range",
    evaluate: (series, out, call) => {
      const { floats, histograms } = series;
      if (floats !== undefined) {
        const { values, windows: { from, to } } = floats;
        const sums = from.length > 1 ? exactSums(values) : undefined;
        for (let step = 0; step < from.length; step++) {
          const first = from[step]!, end = to[step]!;
          if (first === end) continue;
          out.present[step] = FLOAT;
          if (sums === undefined) out.values[step] = ofFloats(values, first, end);
          else {
            const sum = sums[end]! - sums[first]!;
            out.values[step] = op === "sum" ? sum : sum / (end - first);
          }
        }
      }
      if (histograms === undefined) return;
      const sums = out.present.length > 1 ? new HistogramWindowSums(op, histograms) : undefined;
      for (let step = 0; step < out.present.length; step++) {
        if (histogramsAt(series, step) === 0) continue;
        if (floatsAt(series, step) > 0) {
          out.present[step] = NONE;
          call.annotations.mixedFloatsHistograms(metricName(series), firstArgumentSpan(call));
        } else if (!sums?.setStep(step, out, call)) {
          combineHistograms(op, histograms, step, out, series, call);
        }
      }
    },
  };
}

/**
 * Sums of all values before each index, where they are exact whatever the order of summation: for whole numbers whose
 * sums stay below 2^53. Undefined where they may not be.
 */
function exactSums(values: Float64Array): Float64Array | undefined {
  const sums = new Float64Array(values.length + 1);
  let sum = 0, size = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // A negative zero would lose its sign in a difference of sums.
    if (value !== Math.trunc(value) || (value === 0 && Object.is(value, -0))) return undefined;
    sum += value;
    size += Math.abs(value);
    sums[i + 1] = sum;
  }
  return size < 2 ** 53 ? sums : undefined;
}

function sumOf(values: Float64Array, from: number, to: number): number {
  let sum = 0, error = 0;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    const next = sum + value;
    if (next === Infinity || next === -Infinity) error = 0;
    else if (Math.abs(sum) >= Math.abs(value)) error += (sum - next) + value;
    else error += (value - next) + sum;
    sum = next;
  }
  return sum === Infinity || sum === -Infinity ? sum : sum + error;
}

/** The sum over the count as long as the sum is finite, from then on a running mean. */
function meanOf(values: Float64Array, from: number, to: number): number {
  let sum = values[from]!, error = 0;
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    const next = sum + value;
    if (next === Infinity || next === -Infinity) return runningMean(values, i, to, i - from, sum, error);
    if (Math.abs(sum) >= Math.abs(value)) error += (sum - next) + value;
    else error += (value - next) + sum;
    sum = next;
  }
  const count = to - from;
  return sum / count + error / count;
}

/** Goes on from the sum of `count` values with the values `[from, to)`. */
function runningMean(
  values: Float64Array,
  from: number,
  to: number,
  count: number,
  sum: number,
  sumError: number,
): number {
  let mean = sum / count, error = sumError / count;
  for (let i = from; i < to; i++) {
    count++;
    const share = (count - 1) / count;
    const before = share * mean, increment = values[i]! / count;
    error *= share;
    const next = before + increment;
    if (next === Infinity || next === -Infinity) error = 0;
    else if (Math.abs(before) >= Math.abs(increment)) error += (before - next) + increment;
    else error += (increment - next) + before;
    mean = next;
  }
  return mean + error;
}

function combineHistograms(
  op: "sum" | "avg",
  { values, windows }: HistogramSamples,
  step: number,
  out: InstantSeries,
  series: RangeSeries,
  call: FunctionCall,
): void {
  const { annotations } = call;
  const span = firstArgumentSpan(call);
  const first = values[windows.from[step]!]!;
  const state = op === "sum"
    ? new HistogramAccumulator(first, { compensated: true })
    : new HistogramMean(first);
  for (let i = windows.from[step]! + 1; i < windows.to[step]!; i++) {
    if (state.add(values[i]!)) continue;
    annotations.mixedExponentialCustom(metricName(series), span);
    return;
  }
  if (state.hintsConflict) annotations.counterResetCollision("aggregation", span);
  if (state.boundsReconciled) annotations.mismatchedCustomBuckets("aggregation", span);
  setHistogram(out, step, state.toHistogram());
}
