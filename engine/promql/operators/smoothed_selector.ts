import { METRIC_NAME } from "../../labels/labels.ts";
import type { VectorSelector } from "../ast.ts";
import { interpolate, interpolateHistograms } from "../functions/extended_rate.ts";
import type { QueryRun } from "../query_run.ts";
import type { SeriesSamples } from "../selected_samples.ts";
import {
  FLOAT,
  hasSamples,
  type InstantSeries,
  type RangeSeries,
  setHistogram,
  type Steps,
  type Vector,
} from "../value.ts";
import { WindowCutter } from "./range_windows.ts";
import { mapInTurns } from "./turns.ts";

/**
 * An instant selector with `smoothed`: the value on the line between the samples before and after each time, both
 * within the lookback; without one after it, the value before.
 * @param at By step, the time in ms.
 */
export async function smoothInstant(
  { span }: VectorSelector,
  selected: readonly SeriesSamples[],
  at: Float64Array,
  steps: Steps,
  run: QueryRun,
): Promise<Vector> {
  const { lookbackDeltaMs, account } = run.options;
  const cutter = new WindowCutter(at, lookbackDeltaMs, lookbackDeltaMs);
  const result = await mapInTurns(selected, 2 * steps.count, run, (samples) => {
    const windows = cutter.cut(samples, false);
    account.lookThrough(windows, true);
    const out = run.newSeries(windows.labels, false, steps);
    for (let step = 0; step < steps.count; step++) smoothAt(windows, step, at[step]!, out, span, run);
    return out;
  });
  return result.filter(hasSamples);
}

function smoothAt(
  { labels, floats, histograms }: RangeSeries,
  step: number,
  ms: number,
  out: InstantSeries,
  span: VectorSelector["span"],
  { annotations }: QueryRun,
): void {
  const hasFloats = floats !== undefined && floats.windows.to[step]! > floats.windows.from[step]!;
  const hasHistograms = histograms !== undefined &&
    histograms.windows.to[step]! > histograms.windows.from[step]!;
  const name = labels.get(METRIC_NAME);
  if (hasFloats && hasHistograms) {
    annotations.mixedFloatsHistograms(name, span);
    return;
  }
  const samples = hasFloats ? floats : hasHistograms ? histograms : undefined;
  if (samples === undefined) return;
  const { times, windows } = samples;
  const from = windows.from[step]!, to = windows.to[step]!;
  let next = from;
  while (next < to && times[next]! < ms) next++;
  const isExact = next < to && times[next] === ms;
  if (!isExact && next === from) return;
  const isBetween = !isExact && next < to;
  if (hasFloats) {
    out.values[step] = isBetween
      ? interpolate(floats, next - 1, ms, false)
      : floats.values[isExact ? next : next - 1]!;
    out.present[step] = FLOAT;
    return;
  }
  const { values } = histograms!;
  if (isExact) setHistogram(out, step, values[next]!);
  else if (!isBetween) setHistogram(out, step, values[next - 1]!.with({ counterResetHint: "unknown" }));
  else {
    const before = values[next - 1]!, after = values[next]!;
    if (before.usesCustomBuckets !== after.usesCustomBuckets) {
      annotations.mixedExponentialCustom(name, span);
      return;
    }
    const isCounter = before.counterResetHint !== "gauge" || after.counterResetHint !== "gauge";
    const between = interpolateHistograms(histograms!, next - 1, ms, isCounter, { annotations, name, span });
    if (between !== undefined) setHistogram(out, step, between);
  }
}
