import { METRIC_NAME } from "../../labels/labels.ts";
import { ExecutionError } from "../query_errors.ts";
import { HISTOGRAM, type InstantSeries, NONE, type Vector } from "../value.ts";

export const SAME_LABELSET = "vector cannot contain metrics with the same labelset";

/**
 * The vector with series of the same label set made one.
 * @throws {ExecutionError} If two of them have a sample at the same step.
 */
export function mergeSameLabels(vector: Vector): Vector {
  if (vector.length < 2) return vector;
  const places = new Map<string, number>();
  const merged: Vector = [];
  for (const series of vector) {
    const key = series.labels.key();
    const place = places.get(key);
    if (place === undefined) {
      places.set(key, merged.length);
      merged.push(series);
    } else {
      merged[place] = merge(merged[place]!, series);
    }
  }
  return merged.length === vector.length ? vector : merged;
}

function merge(a: InstantSeries, b: InstantSeries): InstantSeries {
  const values = a.values.slice(), present = a.present.slice();
  const hasHistograms = a.histograms !== undefined || b.histograms !== undefined;
  const histograms = hasHistograms
    ? a.histograms?.slice() ?? new Array(present.length).fill(undefined)
    : undefined;
  for (let step = 0; step < present.length; step++) {
    if (b.present[step] === NONE) continue;
    if (present[step] !== NONE) throw new ExecutionError(SAME_LABELSET);
    present[step] = b.present[step]!;
    values[step] = b.values[step]!;
    if (present[step] === HISTOGRAM) histograms![step] = b.histograms![step];
  }
  return { labels: a.labels, dropName: a.dropName, values, present, histograms };
}

/**
 * Whether label sets that are all different surely stay so without metadata: all series have the same name, and no
 * type or unit.
 */
export function haveOneName(series: readonly { readonly labels: InstantSeries["labels"] }[]): boolean {
  if (series.length === 0) return true;
  const name = series[0]!.labels.get(METRIC_NAME);
  for (const { labels } of series) {
    if (labels.get(METRIC_NAME) !== name || labels.has("__type__") || labels.has("__unit__")) return false;
  }
  return true;
}
