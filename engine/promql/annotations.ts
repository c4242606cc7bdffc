import { formatExponent, formatG } from "../go_float.ts";
import { formatTimestamp } from "../go_time.ts";
import { quote } from "../labels/labels.ts";
import { formatPosition, type Span } from "./position.ts";

export type AnnotationLevel = "warning" | "info";

/** A remark on a result that is otherwise fine. Plain data. */
export interface Annotation {
  readonly level: AnnotationLevel;
  /** Upstream's text without position; equal texts are one annotation. */
  readonly text: string;
  span: Span;
  /** What was forced into order by histogram_quantile, over all places with this text. */
  forced?: Forced;
  /** How often start times overlapped. */
  overlaps?: number;
}

interface Forced {
  minMs: number;
  maxMs: number;
  minBucket: number;
  maxBucket: number;
  maxDiff: number;
  samples: number;
}

/** Which histogram operation an annotation is about. */
export type HistogramOperation = "addition" | "subtraction" | "aggregation";

/** The remarks of one query, each text once. Methods are named after what they report and use upstream's texts. */
export class Annotations {
  readonly #byText = new Map<string, Annotation>();

  get size(): number {
    return this.#byText.size;
  }

  warn(text: string, span: Span): void {
    this.#add("warning", text, span);
  }

  info(text: string, span: Span): void {
    this.#add("info", text, span);
  }

  invalidQuantile(q: number, span: Span): void {
    this.warn(`quantile value should be between 0 and 1, got ${formatG(q)}`, span);
  }

  invalidRatio(ratio: number, cappedTo: number, span: Span): void {
    const found = `got ${formatG(ratio)}, capping to ${formatG(cappedTo)}`;
    this.warn(`ratio value should be between -1 and 1, ${found}`, span);
  }

  badBucketLabel(metric: string, label: string, span: Span): void {
    this.warn(
      forMetric(`bucket label "le" is missing or has a malformed value of ${quote(label)}`, metric),
      span,
    );
  }

  mixedFloatsHistograms(metric: string, span: Span): void {
    this.warn(`encountered a mix of histograms and floats for metric name ${quote(metric)}`, span);
  }

  mixedFloatsHistogramsInAggregation(span: Span): void {
    this.warn("encountered a mix of histograms and floats for aggregation", span);
  }

  mixedClassicNative(metric: string, span: Span): void {
    this.warn(forMetric("vector contains a mix of classic and native histograms", metric), span);
  }

  nativeHistogramNotCounter(metric: string, span: Span): void {
    this.warn(`this native histogram metric is not a counter: ${quote(metric)}`, span);
  }

  nativeHistogramNotGauge(metric: string, span: Span): void {
    this.warn(`this native histogram metric is not a gauge: ${quote(metric)}`, span);
  }

  mixedExponentialCustom(metric: string, span: Span): void {
    const mix = "vector contains a mix of histograms with exponential and custom buckets schemas";
    this.warn(`${mix} for metric name ${quote(metric)}`, span);
  }

  incompatibleBucketLayout(operator: string, span: Span): void {
    this.warn(`incompatible bucket layout encountered for binary operator ${operator}`, span);
  }

  sortInRangeQuery(span: Span): void {
    this.warn("sort is ineffective for range queries since results are always ordered by labels", span);
  }

  counterResetCollision(operation: HistogramOperation, span: Span): void {
    this.warn(`conflicting counter resets during histogram ${operation}`, span);
  }

  startTimeOverlap(metric: string, span: Span): void {
    const text = `sample has start time that overlaps with previous sample timestamp for metric ${
      quote(metric)
    }`;
    const annotation = this.#add("warning", text, span);
    annotation.overlaps = (annotation.overlaps ?? 0) + 1;
  }

  possibleNonCounter(metric: string, span: Span): void {
    const text = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket";
    this.info(`${text}: ${quote(metric)}`, span);
  }

  possibleNonCounterLabel(metric: string, typeLabel: string, span: Span): void {
    const text = 'metric might not be a counter, __type__ label is not set to "counter" or "histogram"';
    this.info(`${text}, got ${quote(typeLabel)}: ${quote(metric)}`, span);
  }

  /** Counts of a classic histogram fell with rising bounds at time `ms` and were raised. */
  forcedMonotonicity(
    metric: string,
    span: Span,
    { ms, minBucket, maxBucket, maxDiff }: {
      ms: number;
      minBucket: number;
      maxBucket: number;
      maxDiff: number;
    },
  ): void {
    const text = "input to histogram_quantile needed to be fixed for monotonicity (see " +
      "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";
    const annotation = this.#add("info", forMetric(text, metric), span);
    const forced: Forced = { minMs: ms, maxMs: ms, minBucket, maxBucket, maxDiff, samples: 1 };
    annotation.forced = together(annotation.forced, forced);
  }

  /** Types are "float" and "histogram". */
  incompatibleTypes(lhsType: string, operator: string, rhsType: string, span: Span): void {
    const types = `${lhsType} ${operator} ${rhsType}`;
    this.info(
      `incompatible sample types encountered for binary operator ${quote(operator)}: ${types}`,
      span,
    );
  }

  histogramIgnoredInAggregation(aggregation: string, span: Span): void {
    this.info(`ignored histogram in ${aggregation} aggregation`, span);
  }

  histogramIgnoredInMixedRange(metric: string, span: Span): void {
    const text = "ignored histograms in a range containing both floats and histograms for metric name";
    this.info(`${text} ${quote(metric)}`, span);
  }

  quantileOfNaN(metric: string, effect: "result_nan" | "skewed", span: Span): void {
    const result = effect === "result_nan" ? "result is NaN" : "result is skewed higher";
    this.info(forMetric(`input to histogram_quantile has NaN observations, ${result}`, metric), span);
  }

  fractionOfNaN(metric: string, span: Span): void {
    const text = "input to histogram_fraction has NaN observations, which are excluded from all fractions";
    this.info(forMetric(text, metric), span);
  }

  mismatchedCustomBuckets(operation: HistogramOperation, span: Span): void {
    this.info(`mismatched custom buckets were reconciled during ${operation}`, span);
  }

  /** All of them, in the order in which they came. */
  list(): Annotation[] {
    return [...this.#byText.values()];
  }

  /** Takes over what was remarked elsewhere. */
  absorb(annotations: readonly Annotation[]): void {
    for (const { level, text, span, forced, overlaps } of annotations) {
      const annotation = this.#add(level, text, span);
      if (forced !== undefined) annotation.forced = together(annotation.forced, forced);
      if (overlaps !== undefined) annotation.overlaps = (annotation.overlaps ?? 0) + overlaps;
    }
  }

  /** The texts of one level with positions in `query`. */
  texts(level: AnnotationLevel, query: string): string[] {
    return [...this.#byText.values()]
      .filter((annotation) => annotation.level === level)
      .map((annotation) => describe(annotation, query));
  }

  #add(level: AnnotationLevel, text: string, span: Span): Annotation {
    const known = this.#byText.get(text);
    if (known !== undefined) {
      known.span = span;
      return known;
    }
    const annotation: Annotation = { level, text, span };
    this.#byText.set(text, annotation);
    return annotation;
  }
}

function together(a: Forced | undefined, b: Forced): Forced {
  return a === undefined ? b : {
    minMs: Math.min(a.minMs, b.minMs),
    maxMs: Math.max(a.maxMs, b.maxMs),
    minBucket: Math.min(a.minBucket, b.minBucket),
    maxBucket: Math.max(a.maxBucket, b.maxBucket),
    maxDiff: Math.max(a.maxDiff, b.maxDiff),
    samples: a.samples + b.samples,
  };
}

function forMetric(text: string, metric: string): string {
  return metric === "" ? text : `${text} for metric name ${quote(metric)}`;
}

function describe({ level, text, span, forced, overlaps }: Annotation, query: string): string {
  const at = `(${formatPosition(query, span)})`;
  const prefixed = `PromQL ${level}: ${text}`;
  if (forced !== undefined) {
    const { minBucket, maxBucket, maxDiff, samples, minMs, maxMs } = forced;
    const buckets = `from buckets ${formatG(minBucket)} to ${formatG(maxBucket)}`;
    const diff = `with a max diff of ${twoDigits(maxDiff)}`;
    return `${prefixed}, ${buckets}, ${diff}, over ${samples} samples from ${isoSeconds(minMs)} to ${
      isoSeconds(maxMs)
    } ${at}`;
  }
  if (overlaps !== undefined && overlaps > 1) return `${prefixed} (${overlaps} occurrences) ${at}`;
  return `${prefixed} ${at}`;
}

/** RFC 3339 in UTC, whole seconds. */
function isoSeconds(ms: number): string {
  return formatTimestamp(ms).replace(/\.\d+Z$/, "Z");
}

/** Go's `%.2g`. */
function twoDigits(x: number): string {
  const rounded = Number(x.toPrecision(2));
  return Math.abs(rounded) >= 100 && Number.isFinite(rounded) ? formatExponent(rounded) : formatG(rounded);
}
