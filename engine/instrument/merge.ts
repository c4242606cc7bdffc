import type {
  ClassicBucket,
  Exemplar,
  ExposedHistogram,
  Metric,
  MetricFamily,
} from "../exposition/metric_family.ts";
import { add } from "../histogram/arithmetic.ts";
import { compareLabels, compareUtf8, quote } from "../labels/labels.ts";

/**
 * One list of families out of those of several threads, sorted by name, metrics by labels. Metrics with equal name
 * and labels are added up, gauges included: a gauge that must not be (a time, a ratio) belongs in one thread
 * only. Infos stay as they are. Quantiles of several summaries cannot be combined and are left out.
 * @throws {TypeError} If families of one name differ in type, or histograms of one series in their buckets.
 */
export function mergeFamilies(lists: readonly (readonly MetricFamily[])[]): MetricFamily[] {
  const merged = new Map<string, { family: MetricFamily; metrics: Map<string, Metric> }>();
  for (const family of lists.flat()) {
    let open = merged.get(family.name);
    if (open === undefined) merged.set(family.name, open = { family, metrics: new Map() });
    const { type } = open.family;
    if (family.type !== type) {
      throw new TypeError(
        `Cannot merge metric ${
          quote(family.name)
        }: found ${type} and ${family.type}: use one type in all threads`,
      );
    }
    for (const metric of family.metrics) {
      const key = `${metric.timestampMs ?? ""}\u0000${metric.labels.key()}`;
      const known = open.metrics.get(key);
      open.metrics.set(key, known === undefined ? metric : mergeMetrics(known, metric, open.family));
    }
  }
  return [...merged.values()]
    .map(({ family, metrics }) => ({
      ...family,
      metrics: [...metrics.values()].sort((a, b) => compareLabels(a.labels, b.labels)),
    }))
    .sort((a, b) => compareUtf8(a.name, b.name));
}

function mergeMetrics(a: Metric, b: Metric, { name, type }: MetricFamily): Metric {
  if (type === "info" || type === "stateset") return a;
  const { labels, timestampMs } = a;
  const exemplar = newerExemplar(a.exemplar, b.exemplar);
  const createdMs = a.createdMs === undefined || b.createdMs === undefined
    ? a.createdMs ?? b.createdMs
    : Math.min(a.createdMs, b.createdMs);
  return {
    labels,
    ...(a.value !== undefined && b.value !== undefined && { value: a.value + b.value }),
    ...(a.histogram && b.histogram && { histogram: mergeHistograms(a.histogram, b.histogram, name) }),
    ...(a.summary && b.summary && {
      summary: {
        count: a.summary.count + b.summary.count,
        sum: a.summary.sum + b.summary.sum,
        quantiles: [],
      },
    }),
    ...(timestampMs !== undefined && { timestampMs }),
    ...(exemplar && { exemplar }),
    ...(createdMs !== undefined && { createdMs }),
  };
}

function mergeHistograms(a: ExposedHistogram, b: ExposedHistogram, name: string): ExposedHistogram {
  const native = a.native && b.native && add(a.native, b.native)?.histogram;
  if (
    a.buckets.length !== b.buckets.length ||
    a.buckets.some(({ upperBound }, i) => upperBound !== b.buckets[i].upperBound) ||
    (native === undefined && (a.native ?? b.native) !== undefined)
  ) {
    throw new TypeError(
      `Cannot merge histogram ${
        quote(name)
      }: its buckets differ between threads: use the same buckets in all`,
    );
  }
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    buckets: a.buckets.map((bucket, i) => mergeBuckets(bucket, b.buckets[i])),
    ...(native && { native }),
  };
}

function mergeBuckets(a: ClassicBucket, b: ClassicBucket): ClassicBucket {
  const exemplar = newerExemplar(a.exemplar, b.exemplar);
  return { upperBound: a.upperBound, count: a.count + b.count, ...(exemplar && { exemplar }) };
}

function newerExemplar(a: Exemplar | undefined, b: Exemplar | undefined): Exemplar | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return (b.timestampMs ?? 0) > (a.timestampMs ?? 0) ? b : a;
}
