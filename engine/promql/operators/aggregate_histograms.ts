import { HistogramAccumulator } from "../../histogram/accumulator.ts";
import type { FloatHistogram } from "../../histogram/float_histogram.ts";
import { HistogramMean } from "../../histogram/mean.ts";
import { METRIC_NAME } from "../../labels/labels.ts";
import type { Annotations } from "../annotations.ts";
import type { Span } from "../position.ts";
import { FLOAT, HISTOGRAM, type InstantSeries, NONE, setHistogram, type Vector } from "../value.ts";
import { type AggregationInput, membersOf } from "./aggregate.ts";
import type { Groups } from "./grouping.ts";
import { Turns } from "./turns.ts";

/** What histograms of a group are added to, at one step. */
export type HistogramSum = HistogramAccumulator | HistogramMean;

export function newHistogramSum(op: "sum" | "avg", first: FloatHistogram): HistogramSum {
  return op === "sum" ? new HistogramAccumulator(first, { compensated: true }) : new HistogramMean(first);
}

/** What it takes to add a histogram, in entries of columns that could be worked through. */
const ADDITION_CELLS = 256;

/** Adds the histograms of each group to `out`, which has the results of its floats; a group with both has neither. */
export async function aggregateHistograms(
  op: "sum" | "avg",
  groups: Groups,
  out: Vector,
  input: AggregationInput,
): Promise<void> {
  const members = membersOf(groups), turns = new Turns(input.run);
  for (let group = 0; group < groups.count; group++) {
    const series = members[group]!.map((i) => input.vector[i]!);
    if (!series.some(({ histograms }) => histograms !== undefined)) continue;
    for (let step = 0; step < input.steps.count; step++) {
      addStep(op, series, out[group]!, step, input);
      const pause = turns.after(series.length * ADDITION_CELLS);
      if (pause !== undefined) await pause;
    }
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
  let sum: HistogramSum | undefined;
  for (const { present, histograms, labels } of series) {
    if (present[step] !== HISTOGRAM) continue;
    const histogram = histograms![step]!;
    if (sum === undefined) sum = newHistogramSum(op, histogram);
    else if (!sum.add(histogram)) {
      annotations.mixedExponentialCustom(labels.get(METRIC_NAME), span);
      out.present[step] = NONE;
      return;
    }
  }
  if (sum !== undefined) finishHistograms(sum, out, step, annotations, span);
}

/**
 * Sets what the histograms of a group sum up to.
 * @param out Has the result of the group's floats.
 * @param span Of what is aggregated.
 */
export function finishHistograms(
  sum: HistogramSum,
  out: InstantSeries,
  step: number,
  annotations: Annotations,
  span: Span,
): void {
  if (sum.boundsReconciled) annotations.mismatchedCustomBuckets("aggregation", span);
  if (out.present[step] === FLOAT) {
    annotations.mixedFloatsHistogramsInAggregation(span);
    out.present[step] = NONE;
    return;
  }
  if (sum.hintsConflict) annotations.counterResetCollision("aggregation", span);
  setHistogram(out, step, sum.toHistogram());
}
