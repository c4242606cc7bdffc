import type { Metric, MetricFamily } from "../exposition/metric_family.ts";
import { Labels } from "../labels/labels.ts";

/**
 * The value of one sample as it would be exposed, for tests: `sampleValue(registry, "http_seconds_bucket", { le: "1" })`.
 * @returns `undefined` where there is no such sample.
 */
export function sampleValue(
  registry: { gather(): readonly MetricFamily[] },
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  for (const family of registry.gather()) {
    if (!name.startsWith(family.name)) continue;
    const suffix = name.slice(family.name.length);
    for (const metric of family.metrics) {
      const value = valueOf(family, metric, suffix, labels);
      if (value !== undefined) return value;
    }
  }
  return undefined;
}

function valueOf(
  { type }: MetricFamily,
  { labels: own, value, histogram, summary }: Metric,
  suffix: string,
  { le, quantile, ...rest }: Readonly<Record<string, string>>,
): number | undefined {
  const matches = (extra: Readonly<Record<string, string | undefined>>) =>
    own.equals(
      Labels.from(
        Object.entries({ ...rest, ...extra }).filter((pair): pair is [string, string] =>
          pair[1] !== undefined
        ),
      ),
    );
  if (histogram !== undefined && suffix === "_bucket" && le !== undefined && matches({ quantile })) {
    return histogram.buckets.find(({ upperBound }) => upperBound === numberOf(le))?.count;
  }
  if (summary !== undefined && suffix === "" && quantile !== undefined && matches({ le })) {
    return summary.quantiles.find((found) => found.quantile === numberOf(quantile))?.value;
  }
  if (!matches({ le, quantile })) return undefined;
  const countAndSum = histogram ?? summary;
  if (countAndSum === undefined) return suffix === "" ? value : undefined;
  const prefix = type === "gaugehistogram" ? "_g" : "_";
  return suffix === `${prefix}count`
    ? countAndSum.count
    : suffix === `${prefix}sum`
    ? countAndSum.sum
    : undefined;
}

function numberOf(text: string): number {
  return text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);
}
