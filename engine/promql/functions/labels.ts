import { compareLabels, compareUtf8, METRIC_NAME } from "../../labels/labels.ts";
import { isValidLabelName } from "../../labels/names.ts";
import { AnchoredRegexp } from "../../labels/regexp.ts";
import { ExecutionError } from "../query_errors.ts";
import type { InstantSeries, Vector } from "../value.ts";
import { type FunctionCall, type FunctionTable, stringArgument, vectorArgument } from "./registry.ts";

/** Functions that look at labels only. */
export const LABEL_FUNCTIONS: FunctionTable = {
  label_replace: { kind: "vector", evaluate: labelReplace },
  label_join: { kind: "vector", evaluate: labelJoin },
  sort_by_label: { kind: "vector", evaluate: (call) => sortByLabel(call, 1) },
  sort_by_label_desc: { kind: "vector", evaluate: (call) => sortByLabel(call, -1) },
};

/** @throws {ExecutionError} If the pattern is not RE2 or the destination is not a label name. */
function labelReplace(call: FunctionCall): Vector {
  const [destination, replacement, source, pattern] = [1, 2, 3, 4].map((i) => stringArgument(call, i));
  const regexp = compile(pattern);
  checkName(destination, "destination label name in label_replace()");
  const template = regexp.template(replacement);
  return vectorArgument(call, 0).map((series) => {
    const value = regexp.expand(template, series.labels.get(source));
    return value === undefined ? series : withLabel(series, destination, value);
  });
}

function compile(pattern: string): AnchoredRegexp {
  try {
    return new AnchoredRegexp(pattern);
  } catch (cause) {
    throw new ExecutionError(`invalid regular expression in label_replace(): ${pattern}`, { cause });
  }
}

/** @throws {ExecutionError} If a source or the destination is not a label name. */
function labelJoin(call: FunctionCall): Vector {
  const [destination, separator, ...sources] = call.args.slice(1).map((_, i) => stringArgument(call, i + 1));
  for (const source of sources) checkName(source, "source label name in label_join()");
  checkName(destination, "destination label name in label_join()");
  return vectorArgument(call, 0).map((series) =>
    withLabel(series, destination, sources.map((source) => series.labels.get(source)).join(separator))
  );
}

function checkName(name: string, what: string): void {
  if (!isValidLabelName(name, "utf8")) throw new ExecutionError(`invalid ${what}: ${name}`);
}

/** The series with one label set, or removed by an empty value. A name that was set is no longer to be dropped. */
function withLabel(series: InstantSeries, name: string, value: string): InstantSeries {
  return {
    ...series,
    labels: series.labels.with(name, value),
    dropName: series.dropName && name !== METRIC_NAME,
  };
}

/** By the labels given, numbers in them by value, then by all labels. */
function sortByLabel(call: FunctionCall, direction: 1 | -1): Vector {
  const names = call.args.slice(1).map((_, i) => stringArgument(call, i + 1));
  return vectorArgument(call, 0).toSorted((a, b) => {
    for (const name of names) {
      const order = compareNatural(a.labels.get(name), b.labels.get(name));
      if (order !== 0) return direction * order;
    }
    return direction * compareLabels(a.labels, b.labels);
  });
}

/** Compares runs of digits as numbers and the text between them byte by byte; equal numbers in two notations tie. */
export function compareNatural(a: string, b: string): number {
  if (a === b) return 0;
  const x = a.match(/\d+|\D+/g) ?? [], y = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    if (x[i] === y[i]) continue;
    if (isInteger(x[i]) && isInteger(y[i])) {
      const order = BigInt(x[i]) - BigInt(y[i]);
      if (order !== 0n) return order < 0n ? -1 : 1;
    } else {
      return compareUtf8(x[i], y[i]);
    }
  }
  return x.length - y.length;
}

function isInteger(text: string): boolean {
  return /^\d+$/.test(text) && BigInt(text) < 2n ** 63n;
}
