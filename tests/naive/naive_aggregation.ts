import { add, compact, divide } from "../../engine/histogram/arithmetic.ts";
import type { FloatHistogram } from "../../engine/histogram/float_histogram.ts";
import { toText } from "../../engine/histogram/print.ts";
import { hashLabels } from "../../engine/labels/hash.ts";
import { type Labels, METRIC_NAME } from "../../engine/labels/labels.ts";
import type { Aggregation } from "../../engine/promql/ast.ts";
import { formatPlain } from "../../engine/go_float.ts";
import { quantile, variance } from "./naive_range_functions.ts";
import { isFloat, type NaiveValue, type Sample, withoutName } from "./naive_value.ts";

/** One step of an aggregation. */
export function aggregate(
  { op, grouping, isWithout }: Aggregation,
  samples: readonly Sample[],
  parameter: NaiveValue | undefined,
): Sample[] {
  const groups = new Map<string, { labels: Labels; members: Sample[] }>();
  for (const sample of samples) {
    const labels = isWithout
      ? withoutName(sample.labels).drop(new Set(grouping))
      : sample.labels.keep(new Set(grouping));
    const group = groups.get(labels.key()) ?? { labels, members: [] };
    groups.set(labels.key(), group);
    group.members.push(sample);
  }
  return [...groups.values()].flatMap(({ labels, members }) => {
    if (op === "topk" || op === "bottomk") return best(members, op, numberOf(parameter));
    if (op === "limitk") return members.slice(0, Math.max(0, Math.trunc(numberOf(parameter))));
    if (op === "limit_ratio") return share(members, numberOf(parameter));
    if (op === "count_values") return countValues(labels, members, textOf(parameter));
    const value = reduce(op, members, parameter);
    return value === undefined ? [] : [{ labels, value, atMs: members[0].atMs }];
  });
}

function numberOf(value: NaiveValue | undefined): number {
  if (value?.type !== "scalar") throw new Error("BUG: the parameter is no scalar");
  return value.value;
}

function textOf(value: NaiveValue | undefined): string {
  if (value?.type !== "string") throw new Error("BUG: the parameter is no string");
  return value.text;
}

function reduce(
  op: Aggregation["op"],
  members: readonly Sample[],
  parameter: NaiveValue | undefined,
): number | FloatHistogram | undefined {
  if (op === "count") return members.length;
  if (op === "group") return 1;
  const floats = members.filter(isFloat).map(({ value }) => value);
  const histograms = members.flatMap(({ value }) => typeof value === "number" ? [] : [value]);
  if (op === "sum" || op === "avg") {
    if (floats.length > 0 && histograms.length > 0) return undefined;
    if (histograms.length > 0) {
      const total = histograms.reduce((a, b) => add(a, b)!.histogram);
      return compact(op === "sum" ? total : divide(total, histograms.length));
    }
    const total = floats.reduce((a, b) => a + b);
    return op === "sum" ? total : total / floats.length;
  }
  if (floats.length === 0) return undefined;
  switch (op) {
    case "min":
      return floats.reduce((a, b) => Number.isNaN(a) || b < a ? b : a);
    case "max":
      return floats.reduce((a, b) => Number.isNaN(a) || b > a ? b : a);
    case "stdvar":
      return variance(floats);
    case "stddev":
      return Math.sqrt(variance(floats));
    case "quantile":
      return quantile(floats, numberOf(parameter));
    default:
      throw new Error(`BUG: the naive evaluator does not know ${op}`);
  }
}

/** NaN comes last; of equal values the order is not defined. */
function best(members: readonly Sample[], op: "topk" | "bottomk", k: number): Sample[] {
  const sign = op === "topk" ? -1 : 1;
  return members.filter(isFloat).toSorted((a, b) => {
    const isNaN = [a, b].map(({ value }) => Number(Number.isNaN(value)));
    if (isNaN.includes(1)) return isNaN[0] - isNaN[1];
    return a.value === b.value ? 0 : sign * (a.value < b.value ? -1 : 1);
  }).slice(0, Math.max(0, Math.trunc(k)));
}

/** By where the hash of its labels lies among all hashes: an element below the ratio, or from its complement on. */
function share(members: readonly Sample[], ratio: number): Sample[] {
  const r = Math.min(1, Math.max(-1, ratio));
  return members.filter(({ labels }) => {
    const place = Number(hashLabels(labels)) / 2 ** 64;
    return r >= 0 ? place < r : place >= 1 + r;
  });
}

function countValues(labels: Labels, members: readonly Sample[], name: string): Sample[] {
  const counts = new Map<string, number>();
  for (const { value } of members) {
    const text = typeof value === "number" ? formatPlain(value) : toText(value);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => ({
    labels: (name === METRIC_NAME ? labels.withoutName() : labels).with(name, text),
    value: count,
    atMs: members[0].atMs,
  }));
}
