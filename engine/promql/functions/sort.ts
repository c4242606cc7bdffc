import { FLOAT, type InstantSeries, newSeries, type Vector } from "../value.ts";
import { type FunctionCall, type FunctionTable, vectorArgument } from "./registry.ts";

/** By value, NaN last. Only the order of an instant query's result tells; histograms are left out. */
export const SORT_FUNCTIONS: FunctionTable = {
  sort: { kind: "vector", evaluate: (call) => sortByValue(call, 1) },
  sort_desc: { kind: "vector", evaluate: (call) => sortByValue(call, -1) },
};

function sortByValue(call: FunctionCall, direction: 1 | -1): Vector {
  const floats = vectorArgument(call, 0).map((series) => floatsOf(series, call));
  if (call.steps.count > 1) return floats;
  return floats.filter(({ present }) => present[0] === FLOAT).sort((a, b) => {
    const x = a.values[0], y = b.values[0];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return x === y ? 0 : direction * (x < y ? -1 : 1);
  });
}

function floatsOf(series: InstantSeries, { steps }: FunctionCall): InstantSeries {
  if (series.histograms === undefined) return series;
  const out = newSeries(series.labels, series.dropName, steps);
  out.values.set(series.values);
  for (let step = 0; step < steps.count; step++) {
    if (series.present[step] === FLOAT) out.present[step] = FLOAT;
  }
  return out;
}
