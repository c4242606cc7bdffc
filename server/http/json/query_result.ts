import { formatValue } from "../../../engine/go_float.ts";
import { allBuckets, boundaryRule } from "../../../engine/histogram/bucket.ts";
import type { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import type { Labels } from "../../../engine/labels/labels.ts";
import type { MatrixSeries, QueryValue, VectorValue } from "../query_service.ts";
import { ByteWriter, CHUNK_BYTES } from "./byte_writer.ts";
import { writeTimestamp, writeValue } from "./number.ts";

type Chunks = Generator<Uint8Array<ArrayBuffer>, void>;

/** The value of a query in the form of the API's `result`: one value, or a list of series, in chunks. */
export function* queryValueChunks(value: QueryValue): Chunks {
  const out = new ByteWriter();
  switch (value.type) {
    case "scalar":
      out.ascii("[");
      timestamp(out, value.timeMs);
      out.ascii(`,"${formatValue(value.value)}"]`);
      break;
    case "string":
      out.ascii("[");
      timestamp(out, value.timeMs);
      out.ascii(",");
      out.string(value.value);
      out.ascii("]");
      break;
    case "vector":
      out.ascii("[");
      yield* vectorChunks(out, value);
      out.ascii("]");
      break;
    case "matrix":
      out.ascii("[");
      for (const [i, series] of value.series.entries()) {
        if (i > 0) out.ascii(",");
        yield* seriesChunks(out, series);
      }
      out.ascii("]");
  }
  yield out.take();
}

function* vectorChunks(out: ByteWriter, { timeMs, labels, values, histograms }: VectorValue): Chunks {
  for (let i = 0; i < labels.length; i++) {
    const histogram = histograms?.[i];
    out.ascii(i === 0 ? '{"metric":' : ',{"metric":');
    writeLabels(out, labels[i]);
    out.ascii(histogram === undefined ? ',"value":[' : ',"histogram":[');
    timestamp(out, timeMs);
    if (histogram === undefined) {
      out.ascii(`,"${formatValue(values[i])}"]}`);
    } else {
      out.ascii(",");
      writeHistogram(out, histogram);
      out.ascii("]}");
    }
    if (out.isFull) yield out.take();
  }
}

function* seriesChunks(out: ByteWriter, series: MatrixSeries): Chunks {
  const { times, histograms } = series;
  out.ascii('{"metric":');
  writeLabels(out, series.labels);
  const present = floatsOf(series);
  const first = present === undefined ? 0 : present.indexOf(1);
  if (first >= 0 && first < times.length) {
    out.ascii(',"values":[');
    for (let at = first; at < times.length;) {
      at = writeSamples(out, series, { present, at, isFirst: at === first });
      if (out.isFull) yield out.take();
    }
    out.ascii("]");
  }
  if (histograms !== undefined) {
    let separator = ',"histograms":[';
    for (let i = 0; i < times.length; i++) {
      const histogram = histograms[i];
      if (histogram === undefined) continue;
      out.ascii(`${separator}[`);
      timestamp(out, times[i]);
      out.ascii(",");
      writeHistogram(out, histogram);
      out.ascii("]");
      separator = ",";
      if (out.isFull) yield out.take();
    }
    if (separator === ",") out.ascii("]");
  }
  out.ascii("}");
  if (out.isFull) yield out.take();
}

/** 1 where there is a float sample; undefined where all are. */
function floatsOf({ times, present, histograms }: MatrixSeries): Uint8Array | undefined {
  if (histograms === undefined) return present;
  return Uint8Array.from(times, (_, i) => histograms[i] === undefined && present?.[i] !== 0 ? 1 : 0);
}

const OPEN = 91, CLOSE = 93, COMMA = 44, QUOTE = 34;

/**
 * Writes `[time,"value"]` for each sample from `at` on until the writer is full.
 * @returns Where to go on.
 */
function writeSamples(
  out: ByteWriter,
  { times, values }: MatrixSeries,
  { present, at, isFirst }: { present: Uint8Array | undefined; at: number; isFirst: boolean },
): number {
  const bytes = out.bytes, count = times.length;
  let length = out.length;
  let separate = !isFirst;
  for (; at < count && length < CHUNK_BYTES; at++) {
    if (present !== undefined && present[at] === 0) continue;
    if (separate) bytes[length++] = COMMA;
    separate = true;
    bytes[length++] = OPEN;
    length = writeTimestamp(bytes, length, times[at]);
    bytes[length++] = COMMA;
    bytes[length++] = QUOTE;
    length = writeValue(bytes, length, values[at]);
    bytes[length++] = QUOTE;
    bytes[length++] = CLOSE;
  }
  out.length = length;
  return at;
}

function timestamp(out: ByteWriter, ms: number): void {
  out.length = writeTimestamp(out.bytes, out.length, ms);
}

/** Writes an object of label names and values. */
export function writeLabels(out: ByteWriter, labels: Labels): void {
  writeLabelPairs(out, labels.pairs);
}

/** As `writeLabels`, from `name, value, …`. */
export function writeLabelPairs(out: ByteWriter, pairs: readonly string[]): void {
  out.ascii("{");
  for (let i = 0; i < pairs.length; i += 2) {
    if (i > 0) out.ascii(",");
    out.string(pairs[i]);
    out.ascii(":");
    out.string(pairs[i + 1]);
  }
  out.ascii("}");
}

/** Writes count, sum and the buckets that have observations, from the lowest to the highest. */
function writeHistogram(out: ByteWriter, histogram: FloatHistogram): void {
  out.ascii(`{"count":"${formatValue(histogram.count)}","sum":"${formatValue(histogram.sum)}"`);
  let separator = ',"buckets":[';
  for (const bucket of allBuckets(histogram)) {
    if (bucket.count === 0) continue;
    const { lower, upper, count } = bucket;
    out.ascii(
      `${separator}[${boundaryRule(bucket)},"${formatValue(lower)}","${formatValue(upper)}","${
        formatValue(count)
      }"]`,
    );
    separator = ",";
  }
  out.ascii(separator === "," ? "]}" : "}");
}
