import { LabelsBuilder } from "../../engine/labels/builder.ts";
import { compareUtf8, Labels, METRIC_NAME, quote } from "../../engine/labels/labels.ts";
import { isValidLabelName, isValidMetricName, type ValidationScheme } from "../../engine/labels/names.ts";
import type { RelabelRule } from "../../engine/labels/relabel.ts";
import { misfitOf } from "../../engine/tsdb/series_index.ts";

/** Limits on the labels of a series after relabelling, target labels included; 0 is none. Lengths in bytes. */
interface LabelLimits {
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
}

/** A series with more or longer labels than the configuration allows. */
export class LabelLimitError extends Error {
  override readonly name = "LabelLimitError";
}

/** A series with more or longer labels than can be stored. */
class SeriesSizeError extends Error {
  override readonly name = "SeriesSizeError";
}

/**
 * Gives an exposed series the labels of its target. Without `honorLabels` the target's labels win and exposed ones of
 * the same name are renamed `exported_…`; with it exposed labels win, and one exposed with an empty value
 * (`emptyNames`) removes the target's.
 */
export function withTargetLabels(
  exposed: Labels,
  emptyNames: readonly string[],
  target: Labels,
  honorLabels: boolean,
): LabelsBuilder {
  const builder = new LabelsBuilder(exposed);
  const conflicting: [name: string, value: string][] = [];
  for (const [name, value] of target) {
    const own = exposed.get(name);
    if (honorLabels) {
      if (own === "" && !emptyNames.includes(name)) builder.set(name, value);
      continue;
    }
    if (own !== "") conflicting.push([name, own]);
    builder.set(name, value);
  }
  // Shorter names first, as upstream: "a" takes "exported_a" before an exposed "exported_a" looks for another name.
  conflicting.sort(([a], [b]) => a.length - b.length);
  for (const [name, value] of conflicting) {
    let renamed = `exported_${name}`;
    while (builder.get(renamed) !== "") renamed = `exported_${renamed}`;
    builder.set(renamed, value);
  }
  return builder;
}

/** The union of two label sets, undefined where they have a name in common. */
export function disjointUnion(a: Labels, b: Labels): Labels | undefined {
  const left = a.pairs, right = b.pairs;
  const pairs: string[] = [];
  let i = 0, j = 0;
  while (i < left.length || j < right.length) {
    const order = i === left.length ? 1 : j === right.length ? -1 : compareUtf8(left[i], right[j]);
    if (order === 0) return undefined;
    if (order < 0) pairs.push(left[i++], left[i++]);
    else pairs.push(right[j++], right[j++]);
  }
  return Labels.fromSortedPairs(pairs);
}

/** The labels after the rules, undefined where the series is dropped. */
export function relabelled(builder: LabelsBuilder, rules: readonly RelabelRule[]): Labels | undefined {
  for (const rule of rules) if (!rule.apply(builder)) return undefined;
  const labels = builder.labels();
  return labels.size === 0 ? undefined : labels;
}

/** @throws {TypeError} If the metric name is missing or a name or value is not valid. */
export function checkNames(labels: Labels, scheme: ValidationScheme): void {
  const metric = labels.get(METRIC_NAME);
  if (metric === "") throw new TypeError("missing metric name (__name__ label)");
  let isValid = isValidMetricName(metric, scheme);
  const { pairs } = labels;
  for (let i = 0; i < pairs.length; i += 2) {
    isValid &&= isValidLabelName(pairs[i], scheme) && pairs[i + 1].isWellFormed();
  }
  if (!isValid) throw new TypeError(`invalid metric name or label names: ${labels}`);
}

/**
 * @throws {LabelLimitError} If a limit of the configuration is exceeded.
 * @throws {SeriesSizeError} If one of the storage is.
 */
export function checkLimits(labels: Labels, limits: LabelLimits): void {
  const { labelLimit, labelNameLengthLimit, labelValueLengthLimit } = limits;
  const metric = () => labels.get(METRIC_NAME).slice(0, 50);
  if (labelLimit > 0 && labels.size > labelLimit) {
    const found = `metric: ${metric()}, number of labels: ${labels.size}, limit: ${labelLimit}`;
    throw new LabelLimitError(`label_limit exceeded (${found})`);
  }
  if (labelNameLengthLimit > 0 || labelValueLengthLimit > 0) checkLengths(labels, limits, metric);
  const misfit = misfitOf(labels.pairs);
  if (misfit !== undefined) {
    throw new SeriesSizeError(`series cannot be stored (metric: ${metric()}): ${misfit}`);
  }
}

function checkLengths(
  labels: Labels,
  { labelNameLengthLimit, labelValueLengthLimit }: LabelLimits,
  metric: () => string,
): void {
  for (const [name, value] of labels) {
    const about = `metric: ${metric()}, label name: ${name.slice(0, 50)}`;
    const nameLength = utf8Length(name), valueLength = utf8Length(value);
    if (labelNameLengthLimit > 0 && nameLength > labelNameLengthLimit) {
      const found = `${about}, length: ${nameLength}, limit: ${labelNameLengthLimit}`;
      throw new LabelLimitError(`label_name_length_limit exceeded (${found})`);
    }
    if (labelValueLengthLimit > 0 && valueLength > labelValueLengthLimit) {
      const found = `${about}, value: ${
        quote(value.slice(0, 50))
      }, length: ${valueLength}, limit: ${labelValueLengthLimit}`;
      throw new LabelLimitError(`label_value_length_limit exceeded (${found})`);
    }
  }
}

const encoder = new TextEncoder();

function utf8Length(text: string): number {
  return encoder.encode(text).length;
}
