import { HistogramAccumulator } from "../../histogram/accumulator.ts";
import { HistogramMean } from "../../histogram/mean.ts";
import { METRIC_NAME } from "../../labels/labels.ts";
import { FLOAT, HISTOGRAM, type InstantSeries, NONE, setHistogram, type Vector } from "../value.ts";
import { type AggregationInput, membersOf } from "./aggregate.ts";
import type { Groups } from "./grouping.ts";

/** Adds the histograms of each group to `out`, which has the results of its floats; a group with both has neither. */
export function aggregateHistograms(
  op: "sum" | "avg",
  groups: Groups,
  out: Vector,
  input: AggregationInput,
): void {
  const members = membersOf(groups);
  for (let group = 0; group < groups.count; group++) {
    const series = members[group]!.map((i) => input.vector[i]!);
    if (!series.some(({ histograms }) => histograms !== undefined)) continue;
    for (let step = 0; step < input.steps.count; step++) addStep(op, series, out[group]!, step, input);
  }
}

function addStep(
  op: "sum" | "avg",
  series: readonly InstantSeries[],
  out: InstantSeries,
  step: number,
  { expr, run: { annotations } }: AggregationInput,
): void {
  const { span } = expr.expr;
  let state: HistogramAccumulator | HistogramMean | undefined;
  for (const { present, histograms, labels } of series) {
    if (present[step] !== HISTOGRAM) continue;
    const histogram = histograms![step]!;
    if (state === undefined) {
      state = op === "sum"
        ? new HistogramAccumulator(histogram, { compensated: true })
        : new HistogramMean(histogram);
    } else if (!state.add(histogram)) {
      annotations.mixedExponentialCustom(labels.get(METRIC_NAME), span);
      out.present[step] = NONE;
      return;
    }
  }
  if (state === undefined) return;
  if (state.boundsReconciled) annotations.mismatchedCustomBuckets("aggregation", span);
  if (out.present[step] === FLOAT) {
    annotations.mixedFloatsHistogramsInAggregation(span);
    out.present[step] = NONE;
    return;
  }
  if (state.hintsConflict) annotations.counterResetCollision("aggregation", span);
  setHistogram(out, step, state.toHistogram());
}
