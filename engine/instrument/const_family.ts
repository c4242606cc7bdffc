import type { Metric, MetricFamily, MetricType } from "../exposition/metric_family.ts";
import { quote } from "../labels/labels.ts";
import type { Desc } from "./desc.ts";

/** A value, histogram or summary that a custom collector read elsewhere. */
export interface ConstMetric extends Omit<Metric, "labels"> {
  /** Values of the description's label names, in their order; none unless given. */
  readonly labelValues?: readonly string[];
}

/**
 * A family of metrics whose values come from elsewhere, for a collector to return.
 * @throws {RangeError} If a metric has too many or too few label values.
 */
export function constFamily(desc: Desc, type: MetricType, metrics: readonly ConstMetric[]): MetricFamily {
  const { name, help, unit, labelNames } = desc;
  return {
    name,
    help,
    type,
    ...(unit !== "" && { unit }),
    metrics: metrics.map(({ labelValues = [], ...metric }) => {
      if (labelValues.length !== labelNames.length) {
        throw new RangeError(
          `Metric ${quote(name)} has ${labelNames.length} label(s) (${labelNames.join(", ")}), ` +
            `found ${labelValues.length} value(s): give one value for each`,
        );
      }
      return { ...metric, labels: desc.labelsOf(labelValues) };
    }),
  };
}
