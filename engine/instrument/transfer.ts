import type {
  ClassicBucket,
  Exemplar,
  ExposedHistogram,
  Metric,
  MetricFamily,
} from "../exposition/metric_family.ts";
import { FloatHistogram, type HistogramFields } from "../histogram/float_histogram.ts";
import { Labels } from "../labels/labels.ts";

/** `T` with label sets as `name, value, …` pairs and native histograms as their fields. */
type Plain<T> = T extends Labels ? readonly string[]
  : T extends FloatHistogram ? HistogramFields
  : T extends readonly (infer Item)[] ? readonly Plain<Item>[]
  : T extends object ? { readonly [Key in keyof T]: Plain<T[Key]> }
  : T;

/** A metric family that survives `structuredClone` and `postMessage`. */
export type PlainFamily = Plain<MetricFamily>;

/** The families in a form that can be posted to another thread. */
export function encodeFamilies(families: readonly MetricFamily[]): PlainFamily[] {
  return families.map((family) => ({ ...family, metrics: family.metrics.map(encodeMetric) }));
}

/** The families as they were before `encodeFamilies`. */
export function decodeFamilies(families: readonly PlainFamily[]): MetricFamily[] {
  return families.map((family) => ({ ...family, metrics: family.metrics.map(decodeMetric) }));
}

function encodeMetric({ labels, exemplar, histogram, ...rest }: Metric): Plain<Metric> {
  return {
    ...rest,
    labels: labels.pairs,
    ...(exemplar && { exemplar: encodeExemplar(exemplar) }),
    ...(histogram && { histogram: encodeHistogram(histogram) }),
  };
}

function decodeMetric({ labels, exemplar, histogram, ...rest }: Plain<Metric>): Metric {
  return {
    ...rest,
    labels: Labels.fromSortedPairs(labels),
    ...(exemplar && { exemplar: decodeExemplar(exemplar) }),
    ...(histogram && { histogram: decodeHistogram(histogram) }),
  };
}

function encodeExemplar(exemplar: Exemplar): Plain<Exemplar> {
  return { ...exemplar, labels: exemplar.labels.pairs };
}

function decodeExemplar(exemplar: Plain<Exemplar>): Exemplar {
  return { ...exemplar, labels: Labels.fromSortedPairs(exemplar.labels) };
}

function encodeHistogram({ buckets, native, ...rest }: ExposedHistogram): Plain<ExposedHistogram> {
  return {
    ...rest,
    buckets: buckets.map(({ exemplar, ...bucket }): Plain<ClassicBucket> => ({
      ...bucket,
      ...(exemplar && { exemplar: encodeExemplar(exemplar) }),
    })),
    ...(native && { native: { ...native } }),
  };
}

function decodeHistogram({ buckets, native, ...rest }: Plain<ExposedHistogram>): ExposedHistogram {
  return {
    ...rest,
    buckets: buckets.map(({ exemplar, ...bucket }): ClassicBucket => ({
      ...bucket,
      ...(exemplar && { exemplar: decodeExemplar(exemplar) }),
    })),
    ...(native && { native: new FloatHistogram(native) }),
  };
}
