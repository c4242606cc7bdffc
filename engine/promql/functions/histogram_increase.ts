import { add, compact, toSchema } from "../../histogram/arithmetic.ts";
import { FloatHistogram } from "../../histogram/float_histogram.ts";
import { detectReset } from "../../histogram/reset.ts";
import type { HistogramSamples, RangeSeries } from "../value.ts";
import { histogramDifference } from "./histogram_difference.ts";
import { firstArgumentSpan, metricName } from "./range_call.ts";
import type { FunctionCall } from "./registry.ts";
import { isStartTimeReset, startTimesOverlap } from "./start_time.ts";

/**
 * The difference between the first and the last of the histograms `[from, to)`, at least two, corrected for counter
 * resets if they are counters. Undefined where their buckets do not fit together.
 */
export function histogramIncrease(
  series: RangeSeries,
  { values, times, startTimes }: HistogramSamples,
  { from, to, isCounter }: { from: number; to: number; isCounter: boolean },
  call: FunctionCall,
): FloatHistogram | undefined {
  const { annotations } = call;
  const span = firstArgumentSpan(call), name = metricName(series);
  const first = values[from]!, second = values[from + 1]!, last = values[to - 1]!;
  const isReset = (i: number, previous: FloatHistogram) =>
    (startTimes !== undefined &&
      isStartTimeReset(startTimes[i - 1]!, times[i - 1]!, startTimes[i]!, times[i]!)) ||
    detectReset(values[i]!, previous);

  if (isCounter && (first.counterResetHint === "gauge" || last.counterResetHint === "gauge")) {
    annotations.nativeHistogramNotCounter(name, span);
  }
  // After a reset right behind the first sample, its buckets do not matter.
  const ignoresFirst = isCounter && isReset(from + 1, first);
  const base = ignoresFirst
    ? new FloatHistogram({ schema: second.schema, customValues: second.customValues })
    : first;
  if (last.usesCustomBuckets !== base.usesCustomBuckets) {
    annotations.mixedExponentialCustom(name, span);
    return undefined;
  }
  let minSchema = Math.min(last.schema, base.schema);
  if (isCounter) {
    for (let i = from + 1; i < to - 1; i++) {
      const current = values[i]!;
      if (current.counterResetHint === "gauge") annotations.nativeHistogramNotCounter(name, span);
      minSchema = Math.min(minSchema, current.schema);
      if (current.usesCustomBuckets !== base.usesCustomBuckets) {
        annotations.mixedExponentialCustom(name, span);
        return undefined;
      }
    }
  }

  const difference = histogramDifference(toSchema(last, minSchema), base);
  if (difference === undefined) {
    annotations.mixedExponentialCustom(name, span);
    return undefined;
  }
  if (difference.boundsReconciled) annotations.mismatchedCustomBuckets("subtraction", span);
  let result = difference.histogram;
  if (!isCounter) {
    if (first.counterResetHint !== "gauge" || last.counterResetHint !== "gauge") {
      annotations.nativeHistogramNotGauge(name, span);
    }
    return compact(result.with({ counterResetHint: "gauge" }));
  }
  let previous = base, overlaps = false;
  for (let i = from + 1; i < to; i++) {
    if (!overlaps && startTimes && startTimesOverlap(startTimes[i - 1]!, times[i - 1]!, startTimes[i]!)) {
      annotations.startTimeOverlap(name, span);
      overlaps = true;
    }
    if (isReset(i, previous)) {
      const sum = add(result, previous);
      if (sum === undefined) {
        annotations.mixedExponentialCustom(name, span);
        return undefined;
      }
      if (sum.boundsReconciled) annotations.mismatchedCustomBuckets("addition", span);
      result = sum.histogram;
    }
    previous = values[i]!;
  }
  return compact(result.with({ counterResetHint: "gauge" }));
}
