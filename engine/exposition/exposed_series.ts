import { Labels, METRIC_NAME } from "../labels/labels.ts";
import { ExpositionError } from "./exposition_error.ts";
import { formatOpenMetrics, parseFloatText } from "../go_float.ts";
import type { MetricType } from "./metric_family.ts";
import type { ExposedSeries } from "./scrape_row.ts";

/** What the metadata around a series say about it. */
export interface FamilyContext {
  readonly type: MetricType;
  readonly unit: string;
}

/** A label's name and value as exposed; the value may be empty. */
export type ExposedLabel = readonly [name: string, value: string];

/**
 * Puts together what a resolver needs to know.
 * @param typeAndUnitLabels Whether to add `__type__` and `__unit__`, over labels of these names.
 * @throws {ExpositionError} If a label name occurs twice.
 */
export function exposedSeries(
  name: string,
  exposed: readonly ExposedLabel[],
  context: FamilyContext,
  options: { kind: ExposedSeries["kind"]; typeAndUnitLabels: boolean },
): ExposedSeries {
  const { type, unit } = context;
  const added: ExposedLabel[] = [[METRIC_NAME, name]];
  if (options.typeAndUnitLabels) {
    if (type !== "unknown") added.push(["__type__", type]);
    if (unit !== "") added.push(["__unit__", unit]);
  }
  const pairs = options.typeAndUnitLabels
    ? exposed.filter(([label]) => label === METRIC_NAME || !added.some(([taken]) => taken === label))
    : exposed;
  const normalised = pairs.map(([label, value]): ExposedLabel => [label, normaliseValue(type, label, value)]);
  return {
    labels: labelsOf([...added, ...normalised], name),
    emptyNames: normalised.filter(([, value]) => value === "").map(([label]) => label),
    kind: options.kind,
    type,
    unit,
    family: familyName(name, type),
  };
}

/** @throws {ExpositionError} If a label name occurs twice. */
export function labelsOf(pairs: readonly ExposedLabel[], what: string): Labels {
  try {
    return Labels.from(pairs);
  } catch (cause) {
    throw new ExpositionError(`invalid labels of ${JSON.stringify(what)}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** The label that distinguishes the float series of one metric of this type, "" for types with one series. */
export function partLabel(type: MetricType): "le" | "quantile" | "" {
  if (type === "histogram") return "le";
  return type === "summary" ? "quantile" : "";
}

/** `le` of histograms and `quantile` of summaries in the canonical form of OpenMetrics. */
function normaliseValue(type: MetricType, label: string, value: string): string {
  if (label !== partLabel(type)) return value;
  const number = parseFloatText(value);
  return typeof number === "number" ? formatOpenMetrics(number) : value;
}

const SUFFIXES: Readonly<Partial<Record<MetricType, readonly string[]>>> = {
  counter: ["_total", "_created"],
  histogram: ["_bucket", "_sum", "_count", "_created"],
  gaugehistogram: ["_bucket", "_gsum", "_gcount", "_sum", "_count"],
  summary: ["_sum", "_count", "_created"],
  info: ["_info"],
};

/** The name of the metric that a series of this name and type is a part of. */
export function familyName(name: string, type: MetricType): string {
  const suffix = SUFFIXES[type]?.find((suffix) => name.endsWith(suffix) && name.length > suffix.length);
  return suffix === undefined ? name : name.slice(0, -suffix.length);
}
