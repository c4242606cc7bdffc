import { compact, divide, subtract } from "../../histogram/arithmetic.ts";
import type { FloatHistogram } from "../../histogram/float_histogram.ts";
import { detectReset } from "../../histogram/reset.ts";
import { FLOAT, type InstantSeries, type RangeSeries, setHistogram } from "../value.ts";
import { firstArgumentSpan, floatsAt, histogramsAt, metricName } from "./range_call.ts";
import type { FunctionCall, FunctionImplementation, FunctionTable } from "./registry.ts";
import { isStartTimeReset } from "./start_time.ts";

/** The difference between the last two samples of a window. */
export const INSTANT_DELTA_FUNCTIONS: FunctionTable = {
  irate: instantDelta(true),
  idelta: instantDelta(false),
};

function instantDelta(isRate: boolean): FunctionImplementation {
  return {
    kind: "range",
    evaluate: (series, out, call) => {
      const { floats, histograms } = series;
      for (let step = 0; step < out.present.length; step++) {
        if (histograms !== undefined && histogramsAt(series, step) > 0) {
          withHistograms(isRate, series, step, out, call);
          continue;
        }
        if (floats === undefined || floatsAt(series, step) < 2) continue;
        const { times, values, startTimes, windows } = floats;
        const last = windows.to[step]! - 1;
        const isReset = isRate && (values[last]! < values[last - 1]! ||
          (startTimes !== undefined &&
            isStartTimeReset(startTimes[last - 1]!, times[last - 1]!, startTimes[last]!, times[last]!)));
        const difference = isReset ? values[last]! : values[last]! - values[last - 1]!;
        out.values[step] = isRate ? difference / ((times[last]! - times[last - 1]!) / 1000) : difference;
        out.present[step] = FLOAT;
      }
    },
  };
}

interface Sample {
  readonly time: number;
  readonly startTime: number;
  readonly histogram?: FloatHistogram;
}

function lastTwo(
  samples: RangeSeries["floats"] | RangeSeries["histograms"],
  step: number,
): Sample[] {
  if (samples === undefined) return [];
  const { times, startTimes, windows, values } = samples;
  const to = windows.to[step]!;
  const found: Sample[] = [];
  for (let i = Math.max(windows.from[step]!, to - 2); i < to; i++) {
    const value = values[i]!;
    found.push({
      time: times[i]!,
      startTime: startTimes?.[i] ?? 0,
      histogram: typeof value === "number" ? undefined : value,
    });
  }
  return found;
}

/** One step whose window has histograms. */
function withHistograms(
  isRate: boolean,
  series: RangeSeries,
  step: number,
  out: InstantSeries,
  call: FunctionCall,
): void {
  const span = firstArgumentSpan(call), name = metricName(series);
  const { annotations } = call;
  const [previous, current] = [...lastTwo(series.floats, step), ...lastTwo(series.histograms, step)]
    .sort((a, b) => a.time - b.time)
    .slice(-2);
  if (previous === undefined || current === undefined) return;
  const before = previous.histogram, now = current.histogram;
  if (before === undefined || now === undefined) {
    if (before === undefined && now === undefined) floatDelta(isRate, series, step, out);
    else annotations.mixedFloatsHistograms(name, span);
    return;
  }
  const areGauges = before.counterResetHint === "gauge" && now.counterResetHint === "gauge";
  const anyGauge = before.counterResetHint === "gauge" || now.counterResetHint === "gauge";
  if (isRate && anyGauge) annotations.nativeHistogramNotCounter(name, span);
  if (!isRate && !areGauges) annotations.nativeHistogramNotGauge(name, span);
  let result = now;
  const isReset = isRate &&
    (isStartTimeReset(previous.startTime, previous.time, current.startTime, current.time) ||
      detectReset(now, before));
  if (!isReset) {
    const difference = subtract(now, before);
    if (difference === undefined) {
      annotations.mixedExponentialCustom(name, span);
      return;
    }
    if (difference.boundsReconciled) annotations.mismatchedCustomBuckets("subtraction", span);
    result = difference.histogram;
  }
  result = compact(result.with({ counterResetHint: "gauge" }));
  setHistogram(out, step, isRate ? divide(result, (current.time - previous.time) / 1000) : result);
}

/** The last two samples are floats, though there are histograms before them. */
function floatDelta(isRate: boolean, { floats }: RangeSeries, step: number, out: InstantSeries): void {
  const { values, times, windows } = floats!;
  const last = windows.to[step]! - 1;
  const isReset = isRate && values[last]! < values[last - 1]!;
  const difference = isReset ? values[last]! : values[last]! - values[last - 1]!;
  out.values[step] = isRate ? difference / ((times[last]! - times[last - 1]!) / 1000) : difference;
  out.present[step] = FLOAT;
}
