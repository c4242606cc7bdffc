import { type CounterResetHint, FloatHistogram, type Span } from "../../histogram/float_histogram.ts";
import { bucketCountOf } from "../../histogram/span.ts";
import type { ByteSink } from "./byte_sink.ts";
import { ByteSource, corrupt } from "./byte_source.ts";
import { decodeValues, encodeValues } from "./values.ts";

/**
 * A column of native histograms: runs that share a bucket layout, each with its numbers as columns of values.ts.
 *
 * ```text
 *  ┌──────┬──────────┐      run, none:    length * 2
 *  │ runs │ run …    │      run, layout:  length * 2 + 1 │ layout │ hints │ columns …
 *  └──────┴──────────┘
 *  layout   schema │ zero threshold 8 bytes │ positive spans │ negative spans │ custom values
 *           a list is its length and its items; a span is offset and length; integers are varints
 *  hints    pairs (samples - 1) * 4 + hint, until the run is full
 *  columns  count, zero count, sum, each positive bucket, each negative bucket
 * ```
 * Staleness is not carried here: a stale marker is a value of the float column beside this one.
 */
export const HINTS: readonly CounterResetHint[] = ["unknown", "reset", "not_reset", "gauge"];

/** Most bucket counts that one run may decode to, so that damaged bytes cannot exhaust memory. */
const RUN_CELLS_MAX = 1 << 24;

const NO_BUCKETS = new Float64Array(0);

// Rows of short runs; reused between calls, as encoding is synchronous and never re-entered.
const scratch = new Float64Array(1 << 13);

/** Appends the histograms; `undefined` means that there is none at that index. */
export function encodeHistograms(histograms: readonly (FloatHistogram | undefined)[], out: ByteSink): void {
  const starts: number[] = [];
  for (let i = 0; i < histograms.length; i++) {
    if (i === 0 || !sharesLayout(histograms[i - 1], histograms[i])) starts.push(i);
  }
  out.varint(starts.length);
  starts.forEach((start, run) => {
    const end = starts[run + 1] ?? histograms.length;
    const first = histograms[start];
    out.varint((end - start) * 2 + (first === undefined ? 0 : 1));
    if (first !== undefined) encodeRun(histograms.slice(start, end) as FloatHistogram[], out);
  });
}

function encodeRun(run: readonly FloatHistogram[], out: ByteSink): void {
  encodeLayout(run[0], out);
  for (let from = 0; from < run.length;) {
    const hint = run[from].counterResetHint;
    let to = from + 1;
    while (to < run.length && run[to].counterResetHint === hint) to++;
    out.varint((to - from - 1) * 4 + HINTS.indexOf(hint));
    from = to;
  }

  const positive = run[0].positiveBuckets.length, negative = run[0].negativeBuckets.length;
  const stride = 3 + positive + negative;
  const cells = run.length * stride, rows = cells <= scratch.length ? scratch : new Float64Array(cells);
  for (let i = 0, at = 0; i < run.length; i++) {
    const { count, zeroCount, sum, positiveBuckets, negativeBuckets } = run[i];
    rows[at++] = count;
    rows[at++] = zeroCount;
    rows[at++] = sum;
    for (let b = 0; b < positive; b++) rows[at++] = positiveBuckets[b];
    for (let b = 0; b < negative; b++) rows[at++] = negativeBuckets[b];
  }
  for (let column = 0; column < stride; column++) encodeValues(rows, column, run.length, stride, out);
}

/**
 * Reads `count` histograms; those of one run share their spans and custom values.
 * @returns Them and the offset behind the column.
 * @throws {RangeError} If the bytes are cut short or damaged.
 */
export function decodeHistograms(
  bytes: Uint8Array,
  offset: number,
  count: number,
): { histograms: (FloatHistogram | undefined)[]; end: number } {
  const source = new ByteSource(bytes, offset);
  const histograms: (FloatHistogram | undefined)[] = [];
  for (let runs = source.varint(); runs > 0; runs--) {
    const head = source.varint(), length = Math.floor(head / 2);
    if (length === 0 || histograms.length + length > count) {
      throw corrupt(source.at, `a run of ${length} histograms after ${histograms.length} of ${count}`);
    }
    if (head % 2 === 1) decodeRun(source, length, histograms);
    else for (let i = 0; i < length; i++) histograms.push(undefined);
  }
  if (histograms.length !== count) throw corrupt(source.at, `${histograms.length} of ${count} histograms`);
  return { histograms, end: source.at };
}

function decodeRun(source: ByteSource, length: number, histograms: (FloatHistogram | undefined)[]): void {
  const { positive, negative, ...layout } = decodeLayout(source);
  const columns = 3 + positive + negative;
  // Each column takes at least its tag byte.
  if (source.at + columns > source.bytes.length || columns * length > RUN_CELLS_MAX) {
    throw corrupt(source.at, `${length} histograms of ${columns - 3} buckets`);
  }

  const hints: CounterResetHint[] = [];
  while (hints.length < length) {
    const head = source.varint(), samples = Math.floor(head / 4) + 1;
    if (hints.length + samples > length) throw corrupt(source.at, `hints for more than ${length} histograms`);
    for (let i = 0; i < samples; i++) hints.push(HINTS[head % 4]);
  }

  const values = new Float64Array(columns * length);
  for (let column = 0; column < columns; column++) {
    source.at = decodeValues(source.bytes, source.at, length, values, column * length);
  }
  // Bucket counts by histogram: each one's are a part of one array.
  const buckets = positive + negative, counts = new Float64Array(buckets * length);
  for (let b = 0, from = 3 * length; b < buckets; b++) {
    for (let to = b; to < counts.length; to += buckets) counts[to] = values[from++];
  }
  for (let i = 0, at = 0; i < length; i++, at += buckets) {
    histograms.push(
      new FloatHistogram({
        ...layout,
        count: values[i],
        zeroCount: values[length + i],
        sum: values[2 * length + i],
        positiveBuckets: positive === 0 ? NO_BUCKETS : counts.subarray(at, at + positive),
        negativeBuckets: negative === 0 ? NO_BUCKETS : counts.subarray(at + positive, at + buckets),
        counterResetHint: hints[i],
      }),
    );
  }
}

/** What histograms of one layout have in common, and how many buckets they have on each side. */
export interface HistogramLayout {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  readonly customValues: Float64Array;
  readonly positive: number;
  readonly negative: number;
}

export function encodeLayout(of: FloatHistogram, out: ByteSink): void {
  out.signedVarint(of.schema);
  encodeDoubles(Float64Array.of(of.zeroThreshold), out);
  encodeSpans(of.positiveSpans, out);
  encodeSpans(of.negativeSpans, out);
  out.varint(of.customValues.length);
  encodeDoubles(of.customValues, out);
}

/** @throws {RangeError} If the bytes are cut short or damaged. */
export function decodeLayout(source: ByteSource): HistogramLayout {
  const schema = source.signedVarint();
  const zeroThreshold = decodeDoubles(source, 1)[0];
  const positiveSpans = decodeSpans(source), negativeSpans = decodeSpans(source);
  const customValues = decodeDoubles(source, source.varint());
  const positive = bucketCountOf(positiveSpans), negative = bucketCountOf(negativeSpans);
  return { schema, zeroThreshold, positiveSpans, negativeSpans, customValues, positive, negative };
}

/** Whether a histogram has the layout of the one before it. */
export function sharesLayout(a: FloatHistogram | undefined, b: FloatHistogram | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.schema === b.schema && Object.is(a.zeroThreshold, b.zeroThreshold) &&
    a.positiveBuckets.length === b.positiveBuckets.length &&
    a.negativeBuckets.length === b.negativeBuckets.length &&
    sameItems(a.positiveSpans, b.positiveSpans, sameSpan) &&
    sameItems(a.negativeSpans, b.negativeSpans, sameSpan) &&
    sameItems(a.customValues, b.customValues, Object.is);
}

function sameItems<T>(a: ArrayLike<T>, b: ArrayLike<T>, same: (a: T, b: T) => boolean): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!same(a[i], b[i])) return false;
  return true;
}

function sameSpan(a: Span, b: Span): boolean {
  return a.offset === b.offset && a.length === b.length;
}

function encodeSpans(spans: readonly Span[], out: ByteSink): void {
  out.varint(spans.length);
  for (const { offset, length } of spans) {
    out.signedVarint(offset);
    out.varint(length);
  }
}

function decodeSpans(source: ByteSource): Span[] {
  const spans: Span[] = [];
  for (let left = source.varint(); left > 0; left--) {
    spans.push({ offset: source.signedVarint(), length: source.varint() });
  }
  return spans;
}

function encodeDoubles(doubles: Float64Array, out: ByteSink): void {
  const words = new Uint32Array(doubles.buffer, doubles.byteOffset, 2 * doubles.length);
  for (let i = 0; i < words.length; i += 2) out.double(words[i], words[i + 1]);
}

function decodeDoubles(source: ByteSource, count: number): Float64Array {
  if (source.at + 8 * count > source.bytes.length) throw corrupt(source.at, `a list of ${count} numbers`);
  const doubles = new Float64Array(count);
  const words = new Uint32Array(doubles.buffer);
  for (let i = 0; i < words.length; i++) words[i] = source.word();
  return doubles;
}
