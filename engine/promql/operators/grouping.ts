import { type Labels, METRIC_NAME } from "../../labels/labels.ts";

/** Series put into groups; groups are numbered in the order of their first series. */
export interface Groups {
  /** By series: the number of its group. */
  readonly groupOf: Uint32Array;
  readonly count: number;
  /** Label set of a group's result. */
  labelsOf(group: number): Labels;
}

/** Groups by the labels in `grouping`, or by all but those and the metric name. */
export function groupSeries(
  series: readonly { readonly labels: Labels }[],
  grouping: readonly string[],
  isWithout: boolean,
): Groups {
  const names = new Set(grouping);
  if (isWithout) names.add(METRIC_NAME);
  const groupLabels = (labels: Labels) => isWithout ? labels.drop(names) : labels.keep(names);
  const keyOf = isWithout ? (labels: Labels) => labels.drop(names).key() : keyBy([...names]);

  const groupOf = new Uint32Array(series.length);
  const numbers = new Map<string, number>();
  const first: number[] = [];
  for (let i = 0; i < series.length; i++) {
    const key = keyOf(series[i]!.labels);
    let group = numbers.get(key);
    if (group === undefined) {
      group = first.push(i) - 1;
      numbers.set(key, group);
    }
    groupOf[i] = group;
  }
  return { groupOf, count: first.length, labelsOf: (group) => groupLabels(series[first[group]!]!.labels) };
}

/** A function that gives equal strings for label sets that agree in `names`. */
export function keyBy(names: readonly string[]): (labels: { get(name: string): string }) => string {
  if (names.length === 0) return () => "";
  if (names.length === 1) return (labels) => labels.get(names[0]!);
  return (labels) => {
    let key = "";
    for (const name of names) {
      const value = labels.get(name);
      key += value.length + ":" + value;
    }
    return key;
  };
}
