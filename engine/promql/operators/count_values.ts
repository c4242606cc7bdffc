import { formatPlain } from "../../go_float.ts";
import { toText } from "../../histogram/print.ts";
import { type Labels, METRIC_NAME } from "../../labels/labels.ts";
import { isValidLabelName } from "../../labels/names.ts";
import { ExecutionError } from "../query_errors.ts";
import { quoteText } from "../string_literal.ts";
import { FLOAT, type InstantSeries, NONE, type Vector } from "../value.ts";
import type { AggregationInput } from "./aggregate.ts";

/** How many elements of each group have a value, for every value that occurs, given as a label. */
export function countValues(label: string, { expr, vector, steps, run }: AggregationInput): Vector {
  if (!isValidLabelName(label, "utf8")) throw new ExecutionError(`invalid label name ${quoteText(label)}`);
  const names = new Set(expr.isWithout ? [...expr.grouping, METRIC_NAME] : [...expr.grouping, label]);
  const counts = new Map<string, InstantSeries>();
  const counterOf = (labels: Labels, text: string): InstantSeries => {
    const named = labels.with(label, text);
    const result = expr.isWithout ? named.drop(names) : named.keep(names);
    let counter = counts.get(result.key());
    if (counter === undefined) {
      counter = run.newSeries(result, false, steps);
      counts.set(result.key(), counter);
    }
    return counter;
  };
  for (const { labels, present, values, histograms } of vector) {
    const known = new Map<number | string, InstantSeries>();
    for (let step = 0; step < steps.count; step++) {
      if (present[step] === NONE) continue;
      const value = present[step] === FLOAT ? values[step]! : toText(histograms![step]!);
      // -0 has a text of its own, but is the same key as 0.
      const key = Object.is(value, -0) ? "-0" : value;
      let counter = known.get(key);
      if (counter === undefined) {
        counter = counterOf(labels, typeof value === "number" ? formatPlain(value) : value);
        known.set(key, counter);
      }
      counter.values[step] = counter.values[step]! + 1;
      counter.present[step] = FLOAT;
    }
  }
  return [...counts.values()];
}
