import { formatPlain } from "../../go_float.ts";
import { toText } from "../../histogram/print.ts";
import { type Labels, METRIC_NAME } from "../../labels/labels.ts";
import { isValidLabelName } from "../../labels/names.ts";
import { ExecutionError } from "../query_errors.ts";
import { quoteText } from "../string_literal.ts";
import { FLOAT, type InstantSeries, NONE, type Vector } from "../value.ts";
import type { AggregationInput } from "./aggregate.ts";
import { Turns } from "./turns.ts";

/** What it takes to find the number of a value, in entries of columns that could be worked through. */
const VALUE_CELLS = 16;

/**
 * How many elements of each group have a value, for every value that occurs, given as a label. Finds the values first:
 * only then is it known how many columns there are, and whether they may be made.
 */
export async function countValues(label: string, input: AggregationInput): Promise<Vector> {
  const { expr, vector, steps, run } = input;
  if (!isValidLabelName(label, "utf8")) throw new ExecutionError(`invalid label name ${quoteText(label)}`);
  const { account } = run.options;
  const names = new Set(expr.isWithout ? [...expr.grouping, METRIC_NAME] : [...expr.grouping, label]);
  const numbers = new Map<string, number>();
  const results: Labels[] = [];
  const numberOf = (labels: Labels, text: string): number => {
    const named = labels.with(label, text);
    const result = expr.isWithout ? named.drop(names) : named.keep(names);
    const key = result.key();
    let number = numbers.get(key);
    if (number === undefined) {
      account.reserve((results.length + 1) * steps.count);
      number = results.push(result) - 1;
      numbers.set(key, number);
    }
    return number;
  };

  // By series and sample, the number of the result that counts it.
  const countedBy: Uint32Array[] = [];
  const turns = new Turns(run);
  for (const series of vector) {
    countedBy.push(numbersOf(series, numberOf));
    const pause = turns.after(VALUE_CELLS * steps.count);
    if (pause !== undefined) await pause;
  }

  const counters = results.map((labels) => run.newSeries(labels, false, steps));
  for (let i = 0; i < vector.length; i++) {
    count(vector[i]!, countedBy[i]!, counters);
    const pause = turns.after(steps.count);
    if (pause !== undefined) await pause;
  }
  return counters;
}

function numbersOf(
  { labels, present, values, histograms }: InstantSeries,
  numberOf: (labels: Labels, text: string) => number,
): Uint32Array {
  const known = new Map<number | string, number>();
  let samples = 0;
  for (let step = 0; step < present.length; step++) if (present[step] !== NONE) samples++;
  const found = new Uint32Array(samples);
  for (let step = 0, at = 0; step < present.length; step++) {
    if (present[step] === NONE) continue;
    const value = present[step] === FLOAT ? values[step]! : toText(histograms![step]!);
    // -0 has a text of its own, but is the same key as 0.
    const key = Object.is(value, -0) ? "-0" : value;
    let number = known.get(key);
    if (number === undefined) {
      number = numberOf(labels, typeof value === "number" ? formatPlain(value) : value);
      known.set(key, number);
    }
    found[at++] = number;
  }
  return found;
}

function count({ present }: InstantSeries, countedBy: Uint32Array, counters: Vector): void {
  for (let step = 0, at = 0; step < present.length; step++) {
    if (present[step] === NONE) continue;
    const counter = counters[countedBy[at++]!]!;
    counter.values[step] = counter.values[step]! + 1;
    counter.present[step] = FLOAT;
  }
}
