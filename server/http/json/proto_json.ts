import type {
  ClassicBucket,
  Exemplar,
  ExposedHistogram,
  Metric,
  MetricFamily,
  MetricType,
} from "../../../engine/exposition/metric_family.ts";
import type { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import type { Labels } from "../../../engine/labels/labels.ts";
import { formatTime } from "../params/time.ts";

const TYPES: Readonly<Record<MetricType, string>> = {
  counter: "COUNTER",
  gauge: "GAUGE",
  histogram: "HISTOGRAM",
  gaugehistogram: "GAUGE_HISTOGRAM",
  summary: "SUMMARY",
  info: "GAUGE",
  stateset: "GAUGE",
  unknown: "UNTYPED",
};

/** A metric family as ProtoJSON of `io.prometheus.client.MetricFamily`: 64-bit integers are strings. */
export function familyJson({ name, help, type, unit, metrics }: MetricFamily): object {
  return {
    name,
    ...(help !== "" && { help }),
    type: TYPES[type],
    ...(metrics.length > 0 && { metric: metrics.map((metric) => metricJson(metric, type)) }),
    ...(unit !== undefined && { unit }),
  };
}

function metricJson(metric: Metric, type: MetricType): object {
  const { labels, timestampMs } = metric;
  return {
    ...(labels.size > 0 && { label: labelsJson(labels) }),
    ...valueJson(metric, type),
    ...(timestampMs !== undefined && { timestampMs: String(timestampMs) }),
  };
}

function valueJson(metric: Metric, type: MetricType): object {
  const { value = NaN, histogram, summary, exemplar, createdMs } = metric;
  const created = createdMs === undefined ? {} : { createdTimestamp: formatTime(createdMs) };
  switch (type) {
    case "counter": {
      return {
        counter: { value: number(value), ...(exemplar && { exemplar: exemplarJson(exemplar) }), ...created },
      };
    }
    case "histogram":
    case "gaugehistogram":
      return histogram === undefined ? {} : { histogram: { ...histogramJson(histogram), ...created } };
    case "summary":
      return summary === undefined ? {} : {
        summary: {
          sampleCount: String(summary.count),
          sampleSum: number(summary.sum),
          quantile: summary.quantiles.map(({ quantile, value }) => ({
            quantile: number(quantile),
            value: number(value),
          })),
          ...created,
        },
      };
    case "unknown":
      return { untyped: { value: number(value) } };
    default:
      return { gauge: { value: number(value) } };
  }
}

function histogramJson({ count, sum, buckets, native }: ExposedHistogram): object {
  return {
    sampleCount: String(count),
    sampleSum: number(sum),
    ...(buckets.length > 0 && { bucket: buckets.map(bucketJson) }),
    ...(native && nativeJson(native)),
  };
}

function bucketJson({ count, upperBound, exemplar }: ClassicBucket): object {
  return {
    cumulativeCount: String(count),
    upperBound: number(upperBound),
    ...(exemplar && { exemplar: exemplarJson(exemplar) }),
  };
}

function nativeJson(native: FloatHistogram): object {
  return {
    schema: native.schema,
    zeroThreshold: native.zeroThreshold,
    zeroCount: String(native.zeroCount),
    ...(native.negativeSpans.length > 0 && {
      negativeSpan: native.negativeSpans,
      negativeDelta: deltas(native.negativeBuckets),
    }),
    ...(native.positiveSpans.length > 0 && {
      positiveSpan: native.positiveSpans,
      positiveDelta: deltas(native.positiveBuckets),
    }),
  };
}

function deltas(counts: Float64Array): string[] {
  return Array.from(counts, (count, i) => String(count - (i === 0 ? 0 : counts[i - 1])));
}

function exemplarJson({ labels, value, timestampMs }: Exemplar): object {
  return {
    ...(labels.size > 0 && { label: labelsJson(labels) }),
    value: number(value),
    ...(timestampMs !== undefined && { timestamp: formatTime(timestampMs) }),
  };
}

function labelsJson(labels: Labels): object[] {
  return Array.from(labels, ([name, value]) => ({ name, value }));
}

/** JSON has no NaN and no infinities. */
function number(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
