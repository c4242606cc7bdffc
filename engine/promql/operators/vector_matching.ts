import { type Labels, METRIC_NAME } from "../../labels/labels.ts";
import type { VectorMatching } from "../ast.ts";
import { withoutMetadata } from "../value.ts";
import { keyBy } from "./grouping.ts";

/** What it takes to build a signature, in entries of columns that could be worked through. */
export const SIGNATURE_CELLS = 64;

/** A function that gives equal strings for label sets that match. */
export function signatureOf({ labels: names, isOn }: VectorMatching): (labels: Labels) => string {
  if (isOn) return keyBy([...names].sort());
  const ignored = new Set([METRIC_NAME, ...names]);
  return (labels) => labels.drop(ignored).key();
}

/** The labels that make a label set match. */
export function matchingLabels(labels: Labels, { labels: names, isOn }: VectorMatching): Labels {
  return isOn ? labels.keep(new Set(names)) : labels.drop(new Set([METRIC_NAME, ...names]));
}

/**
 * A function that gives the labels of a result from those of the "many" side (the left of two) and the other one.
 * @param dropsName Whether the name goes, before a label of the other side may take its place.
 */
export function resultLabelsOf(
  { card, labels: names, isOn, include }: VectorMatching,
  dropsName: boolean,
): (many: Labels, one: Labels) => Labels {
  const matched = new Set(names);
  return (many, one) => {
    let labels = dropsName ? withoutMetadata(many) : many;
    if (card === "one-to-one") labels = isOn ? labels.keep(matched) : labels.drop(matched);
    for (const name of include) labels = labels.with(name, one.get(name));
    return labels;
  };
}
