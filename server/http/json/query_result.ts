import { formatPlain } from "../../../engine/go_float.ts";
import type { Labels } from "../../../engine/labels/labels.ts";
import type { MatrixSeries, QueryValue } from "../../../engine/promql/query_result.ts";
import { FLOAT, HISTOGRAM } from "../../../engine/promql/value.ts";
import { ByteWriter, CHUNK_BYTES } from "./byte_writer.ts";
import { HistogramWriter } from "./histogram.ts";
import { writeTimestamp, writeValue } from "./number.ts";
import { SampleHeads } from "./sample_heads.ts";

type Chunks = Generator<Uint8Array<ArrayBuffer>, void>;

/** The value of a query in the form of the API's `result`: one value, or a list of series, in chunks. */
export function* queryValueChunks(value: QueryValue): Chunks {
  const out = new ByteWriter();
  switch (value.type) {
    // Upstream writes these two in another way than samples: 1.5 s is no 1.500, and a scalar has no exponent.
    case "scalar":
      out.ascii(`[${value.timeMs / 1000},"${formatPlain(value.value)}"]`);
      break;
    case "string":
      out.ascii(`[${value.timeMs / 1000},`);
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
      yield* matrixChunks(out, value.series);
      out.ascii("]");
  }
  yield out.take();
}

function* matrixChunks(out: ByteWriter, all: readonly MatrixSeries[]): Chunks {
  const heads = new SampleHeads(), histograms = new HistogramWriter();
  for (const [i, series] of all.entries()) {
    if (i > 0) out.ascii(",");
    yield* seriesChunks(out, series, heads, histograms);
    if (out.isFull) yield out.take();
  }
}

function* vectorChunks(out: ByteWriter, { timeMs, series }: Extract<QueryValue, { type: "vector" }>): Chunks {
  const writer = new HistogramWriter();
  for (const [i, { labels, values, histograms }] of series.entries()) {
    const histogram = histograms?.[0];
    out.ascii(i === 0 ? '{"metric":' : ',{"metric":');
    writeLabels(out, labels);
    out.ascii(histogram === undefined ? ',"value":[' : ',"histogram":[');
    timestamp(out, timeMs);
    if (histogram === undefined) {
      out.ascii(',"');
      out.length = writeValue(out.view, out.length, values[0]);
      out.ascii('"]}');
    } else {
      out.ascii(",");
      writer.write(out, histogram);
      out.ascii("]}");
    }
    if (out.isFull) yield out.take();
  }
}

function* seriesChunks(
  out: ByteWriter,
  series: MatrixSeries,
  heads: SampleHeads,
  writer: HistogramWriter,
): Chunks {
  const { times, present, histograms } = series;
  out.ascii('{"metric":');
  writeLabels(out, series.labels);
  const first = present.indexOf(FLOAT);
  if (first >= 0) {
    out.ascii(',"values":');
    heads.use(times);
    for (let at = first; at < times.length;) {
      if (out.isFull) yield out.take();
      // About what is still to come: large answers grow in few steps.
      out.reserve(Math.min(CHUNK_BYTES - out.length, SAMPLE_BYTES * (times.length - at)));
      const start = out.length, isFirst = at === first;
      at = writeSamples(out, series, heads, at);
      if (isFirst) out.bytes[start] = OPEN; // in place of a comma
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
      writer.write(out, histograms[i]!);
      out.ascii("]");
      separator = ",";
      if (out.isFull) yield out.take();
    }
    if (separator === ",") out.ascii("]");
  }
  out.ascii("}");
  if (out.isFull) yield out.take();
}

const OPEN = 91, COMMA = 44, COLON = 58, CLOSING = 0x5d22; // `[`, and `"]` little-endian
/** Bytes of a usual sample. */
const SAMPLE_BYTES = 32;

/**
 * Writes `,[time,"value"]` for each sample from `at` on while there is room.
 * @returns Where to go on.
 */
function writeSamples(
  out: ByteWriter,
  { times, values, present }: MatrixSeries,
  heads: SampleHeads,
  at: number,
): number {
  const { view, limit } = out, count = times.length;
  let length = out.length;
  for (; at < count && length < limit; at++) {
    if (present[at] !== FLOAT) continue;
    length = heads.write(view, length, at);
    length = writeValue(view, length, values[at]);
    view.setUint16(length, CLOSING, true);
    length += 2;
  }
  out.length = length;
  return at;
}

function timestamp(out: ByteWriter, ms: number): void {
  out.length = writeTimestamp(out.view, out.length, ms);
}

/** Writes an object of label names and values. */
function writeLabels(out: ByteWriter, labels: Labels): void {
  writeLabelPairs(out, labels.pairs);
}

/** As `writeLabels`, from `name, value, …`. */
export function writeLabelPairs(out: ByteWriter, pairs: readonly string[]): void {
  out.ascii("{");
  for (let i = 0; i < pairs.length; i += 2) {
    if (i > 0) out.bytes[out.length++] = COMMA;
    out.string(pairs[i]);
    out.bytes[out.length++] = COLON;
    out.string(pairs[i + 1]);
  }
  out.ascii("}");
}
