import type { Labels } from "../labels/labels.ts";
import type { FloatHistogram } from "../histogram/float_histogram.ts";

/** Types of a metric family; `unknown` is called `untyped` in the text format. */
export type MetricType =
  | "counter"
  | "gauge"
  | "histogram"
  | "gaugehistogram"
  | "summary"
  | "info"
  | "stateset"
  | "unknown";

/** What a target says about a metric family. */
export interface MetricMetadata {
  readonly family: string;
  readonly type: MetricType;
  /** Unescaped; "" where none is given. */
  readonly help: string;
  /** "" where none is given. */
  readonly unit: string;
}

/** An example observation attached to a counter or a bucket. */
export interface Exemplar {
  readonly labels: Labels;
  readonly value: number;
  /** Milliseconds since the Unix epoch. */
  readonly timestampMs?: number;
}

/** A bucket of a classic histogram; `upperBound` is inclusive, `count` includes all lower buckets. */
export interface ClassicBucket {
  readonly upperBound: number;
  readonly count: number;
  readonly exemplar?: Exemplar;
}

/** A histogram as it is exposed: classic buckets, a native histogram, or both. */
export interface ExposedHistogram {
  readonly count: number;
  readonly sum: number;
  /** Ascending by bound; a missing `+Inf` bucket is written with `count`. */
  readonly buckets: readonly ClassicBucket[];
  /** Only the protobuf format can carry it. */
  readonly native?: FloatHistogram;
}

export interface ExposedSummary {
  readonly count: number;
  readonly sum: number;
  /** Ascending by `quantile`, which is between 0 and 1. */
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
}

/** One metric of a family: a label set with a value, a histogram or a summary, whichever the type asks for. */
export interface Metric {
  /** Without the metric's name, `le` and `quantile`. */
  readonly labels: Labels;
  readonly value?: number;
  readonly histogram?: ExposedHistogram;
  readonly summary?: ExposedSummary;
  /** Explicit timestamp in milliseconds since the Unix epoch. */
  readonly timestampMs?: number;
  /** Of a counter; buckets carry their own. */
  readonly exemplar?: Exemplar;
  /** When a counter, histogram or summary began to count, in milliseconds since the Unix epoch. */
  readonly createdMs?: number;
}

/** Metrics that share a name, a type and a help text. Counters carry `_total` in `name`, where they have it. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly unit?: string;
  readonly metrics: readonly Metric[];
}
