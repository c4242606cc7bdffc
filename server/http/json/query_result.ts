import { formatValue } from "../../../engine/go_float.ts";
import { toJson } from "../../../engine/histogram/print.ts";
import type { Labels } from "../../../engine/labels/labels.ts";
import type { MatrixSeries, QueryValue } from "../../../engine/promql/query_result.ts";
import { FLOAT, HISTOGRAM } from "../../../engine/promql/value.ts";
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
      out.string(value.text);
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

function* vectorChunks(out: ByteWriter, { timeMs, series }: Extract<QueryValue, { type: "vector" }>): Chunks {
  for (const [i, { labels, values, histograms }] of series.entries()) {
    const histogram = histograms?.[0];
    out.ascii(i === 0 ? '{"metric":' : ',{"metric":');
    writeLabels(out, labels);
    out.ascii(histogram === undefined ? ',"value":[' : ',"histogram":[');
    timestamp(out, timeMs);
    if (histogram === undefined) {
      out.ascii(`,"${formatValue(values[0])}"]}`);
    } else {
      out.ascii(",");
      out.ascii(JSON.stringify(toJson(histogram)));
      out.ascii("]}");
    }
    if (out.isFull) yield out.take();
  }
}

function* seriesChunks(out: ByteWriter, series: MatrixSeries): Chunks {
  const { times, present, histograms } = series;
  out.ascii('{"metric":');
  writeLabels(out, series.labels);
  const first = present.indexOf(FLOAT);
  if (first >= 0) {
    out.ascii(',"values":[');
    for (let at = first; at < times.length;) {
      at = writeSamples(out, series, { at, isFirst: at === first });
      if (out.isFull) yield out.take();
    }
    out.ascii("]");
  }
  if (histograms !== undefined) {
    let separator = ',"histograms":[';
    for (let i = 0; i < times.length; i++) {
      if (present[i] !== HISTOGRAM) continue;
      out.ascii(`${separator}[`);
      timestamp(out, times[i]);
      out.ascii(",");
      out.ascii(JSON.stringify(toJson(histograms[i]!)));
      out.ascii("]");
      separator = ",";
      if (out.isFull) yield out.take();
    }
    if (separator === ",") out.ascii("]");
  }
  out.ascii("}");
  if (out.isFull) yield out.take();
}

const OPEN = 91, CLOSE = 93, COMMA = 44, QUOTE = 34;

/**
 * Writes `[time,"value"]` for each sample from `at` on until the writer is full.
 * @returns Where to go on.
 */
function writeSamples(
  out: ByteWriter,
  { times, values, present }: MatrixSeries,
  { at, isFirst }: { at: number; isFirst: boolean },
): number {
  const bytes = out.bytes, count = times.length;
  let length = out.length;
  let separate = !isFirst;
  for (; at < count && length < CHUNK_BYTES; at++) {
    if (present[at] !== FLOAT) continue;
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
function writeLabels(out: ByteWriter, labels: Labels): void {
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
