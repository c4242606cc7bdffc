import type { FloatHistogram, Span } from "../histogram/float_histogram.ts";
import type { Labels } from "../labels/labels.ts";
import { escapeName, type EscapingScheme } from "../labels/names.ts";
import type { ClassicBucket, Exemplar, Metric, MetricFamily, MetricType } from "./metric_family.ts";
import { present } from "./present.ts";
import { WireWriter } from "./wire_writer.ts";

/**
 * Writes metric families as `io.prometheus.client.MetricFamily` messages, each behind its length.
 * Histograms whose counts are all whole are integer histograms, others have counts of floats.
 * @throws {TypeError} If a metric lacks the value, histogram or summary that its family's type asks for.
 */
export function writeProtobuf(
  families: Iterable<MetricFamily>,
  escaping: EscapingScheme,
): Uint8Array<ArrayBuffer> {
  const out = new WireWriter();
  for (const family of families) out.delimited(() => writeFamily(out, family, escaping));
  return out.take();
}

/** Numbers of the types; those of OpenMetrics alone are gauges. */
const TYPES: Readonly<Record<MetricType, number>> = {
  counter: 0,
  gauge: 1,
  summary: 2,
  unknown: 3,
  histogram: 4,
  gaugehistogram: 5,
  info: 1,
  stateset: 1,
};
/** Field of a metric that has its value, by number of the type. */
const VALUE_FIELDS = [3, 2, 4, 5, 7, 7];

function writeFamily(out: WireWriter, family: MetricFamily, escaping: EscapingScheme): void {
  const { name, help, unit, metrics } = family;
  const type = TYPES[family.type];
  out.text(1, escapeName(name, escaping));
  if (help !== "") out.text(2, help);
  out.integer(3, type);
  for (const metric of metrics) {
    out.message(4, () => {
      writeLabels(out, metric.labels, escaping);
      out.message(VALUE_FIELDS[type], () => writeContent(out, metric, family, escaping));
      if (metric.timestampMs !== undefined) out.integer(6, Math.trunc(metric.timestampMs));
    });
  }
  if (unit) out.text(5, unit);
}

function writeContent(
  out: WireWriter,
  metric: Metric,
  { name, type }: MetricFamily,
  escaping: EscapingScheme,
): void {
  if (type === "summary") writeSummary(out, metric, name);
  else if (type === "histogram" || type === "gaugehistogram") writeHistogram(out, metric, name, escaping);
  else {
    out.double(1, present(metric.value, "value", name));
    if (type !== "counter") return;
    if (metric.exemplar !== undefined) writeExemplar(out, 2, metric.exemplar, escaping);
    if (metric.createdMs !== undefined) writeTimestamp(out, 3, metric.createdMs);
  }
}

function writeSummary(out: WireWriter, { summary, createdMs }: Metric, name: string): void {
  const { count, sum, quantiles } = present(summary, "summary", name);
  out.integer(1, count);
  out.double(2, sum);
  for (const { quantile, value } of quantiles) {
    out.message(3, () => {
      out.double(1, quantile);
      out.double(2, value);
    });
  }
  if (createdMs !== undefined) writeTimestamp(out, 4, createdMs);
}

function writeHistogram(
  out: WireWriter,
  { histogram, createdMs }: Metric,
  name: string,
  escaping: EscapingScheme,
): void {
  const { count, sum, buckets, native } = present(histogram, "histogram", name);
  const isInteger = isWhole(count) && buckets.every((bucket) => isWhole(bucket.count)) &&
    (native === undefined || hasWholeCounts(native));
  if (isInteger) out.integer(1, count);
  else out.double(4, count);
  out.double(2, sum);
  for (const bucket of buckets) out.message(3, () => writeBucket(out, bucket, isInteger, escaping));
  if (native !== undefined) writeNative(out, native, isInteger);
  if (createdMs !== undefined) writeTimestamp(out, 15, createdMs);
}

function writeBucket(
  out: WireWriter,
  { upperBound, count, exemplar }: ClassicBucket,
  isInteger: boolean,
  escaping: EscapingScheme,
): void {
  if (isInteger) out.integer(1, count);
  else out.double(4, count);
  out.double(2, upperBound);
  if (exemplar !== undefined) writeExemplar(out, 3, exemplar, escaping);
}

const NO_OP_SPANS: readonly Span[] = [{ offset: 0, length: 0 }];

function writeNative(out: WireWriter, native: FloatHistogram, isInteger: boolean): void {
  const { schema, zeroThreshold, zeroCount, negativeSpans, negativeBuckets, positiveBuckets } = native;
  out.zigzag(5, schema);
  out.double(6, zeroThreshold);
  if (isInteger) out.integer(7, zeroCount);
  else out.double(8, zeroCount);
  writeSpans(out, 9, negativeSpans);
  if (isInteger) out.zigzags(10, deltas(negativeBuckets));
  else out.doubles(11, negativeBuckets);
  // Without spans, width or a whole count of the zero bucket it would be read as a classic histogram.
  const isBare = zeroThreshold === 0 && negativeSpans.length === 0 && native.positiveSpans.length === 0;
  writeSpans(out, 12, isBare ? NO_OP_SPANS : native.positiveSpans);
  if (isInteger) out.zigzags(13, deltas(positiveBuckets));
  else out.doubles(14, positiveBuckets);
}

function writeSpans(out: WireWriter, field: number, spans: readonly Span[]): void {
  for (const { offset, length } of spans) {
    out.message(field, () => {
      out.zigzag(1, offset);
      out.integer(2, length);
    });
  }
}

function* deltas(counts: Float64Array): Generator<number> {
  let last = 0;
  for (const count of counts) {
    yield count - last;
    last = count;
  }
}

/** Whether it can be written as an integer, and differences of two such as zigzags. */
function isWhole(count: number): boolean {
  return Number.isInteger(count) && count >= 0 && count <= 2 ** 52;
}

function hasWholeCounts({ count, zeroCount, negativeBuckets, positiveBuckets }: FloatHistogram): boolean {
  return isWhole(count) && isWhole(zeroCount) && negativeBuckets.every(isWhole) &&
    positiveBuckets.every(isWhole);
}

function writeLabels(out: WireWriter, labels: Labels, escaping: EscapingScheme): void {
  for (const [name, value] of labels) {
    out.message(1, () => {
      out.text(1, escapeName(name, escaping));
      out.text(2, value);
    });
  }
}

function writeExemplar(
  out: WireWriter,
  field: number,
  { labels, value, timestampMs }: Exemplar,
  escaping: EscapingScheme,
): void {
  out.message(field, () => {
    writeLabels(out, labels, escaping);
    out.double(2, value);
    if (timestampMs !== undefined) writeTimestamp(out, 3, timestampMs);
  });
}

/** A `google.protobuf.Timestamp`. */
function writeTimestamp(out: WireWriter, field: number, ms: number): void {
  const seconds = Math.floor(ms / 1000);
  out.message(field, () => {
    out.integer(1, seconds);
    out.integer(2, Math.round((ms - seconds * 1000) * 1e6));
  });
}
