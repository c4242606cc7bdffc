import type { FloatHistogram } from "../histogram/float_histogram.ts";
import { ByteSink } from "./chunk/byte_sink.ts";
import { ByteSource } from "./chunk/byte_source.ts";
import { HistogramDeltaDecoder, HistogramDeltaEncoder } from "./chunk/histogram_delta.ts";
import { decodeHistograms, encodeHistograms } from "./chunk/histograms.ts";
import { decodeRow, encodeRow } from "./chunk/row_delta.ts";
import type { Group } from "./group.ts";
import type { StartTimes } from "./start_times.ts";
import { wordsOf } from "../sample.ts";
import type { ExemplarEntry } from "./exemplars.ts";

const WHOLE_ROW = 1;
const NEXT_ROW = 2;
const FLOAT = 3;
const LONE_HISTOGRAM = 4;
const EXEMPLAR = 5;
const STALE_FLOAT = 6;
const WHOLE_ROW_STARTS = 7;
const NEXT_ROW_STARTS = 8;
const START = 9;
const HISTOGRAM = 10;
const LAST_TIME = 11;

/** Most bytes of one encoded histogram, so that it fits a page. */
export const HISTOGRAM_BYTES_MAX = 48_000;
/** More than a bucket, a span or a boundary takes when encoded. */
const BYTES_PER_PART_MAX = 20;

/** Bytes of an encoded histogram: exactly if they may be too many, else more than there are, as the exact size is not free. */
export function histogramBytes(histogram: FloatHistogram): number {
  const { positiveSpans, negativeSpans, positiveBuckets, negativeBuckets, customValues } = histogram;
  const parts = positiveBuckets.length + negativeBuckets.length + positiveSpans.length +
    negativeSpans.length + customValues.length;
  if (parts * BYTES_PER_PART_MAX <= HISTOGRAM_BYTES_MAX / 2) return HISTOGRAM_BYTES_MAX / 2;
  const encoded = new ByteSink(2 * HISTOGRAM_BYTES_MAX);
  encodeHistograms([histogram], encoded);
  return encoded.length;
}

const none: Uint32Array = new Uint32Array(0);

/**
 * Records of the write-ahead log, one after another:
 *
 *   whole row │ 1 · group · row number · time · slots · identity · series ref of each slot · row against nothing
 *   next row  │ 2 · group · row number · time · slots · row against the row before
 *   float     │ 3 · ref · time · value
 *   histogram │ 4 · ref · time · length · histogram chunk of one; is read, but no longer written
 *   exemplar  │ 5 · ref · time · value · labels
 *   stale     │ 6 · ref · time
 *   whole row │ 7 · as 1 · start timestamps of all slots that have one
 *   next row  │ 8 · as 2 · start timestamps of the slots where they changed
 *   start     │ 9 · start timestamp of the float or histogram that follows
 *   histogram │ 10 · ref · time · histogram against the one before it in the same batch
 *   last time │ 11 · refs · time · each ref: of these series, the newest sample so far is of this time
 *
 * A group's rows are numbered; the first row of each segment is whole, so that a lost batch costs at most the rows
 * up to the next segment.
 */
export class LogRecordWriter {
  readonly out = new ByteSink(1 << 16);
  /**
   * Whether anything but next rows and histograms was written since `clear`. Most commits of a busy log hold nothing
   * else, and zstd would take about a tenth of all CPU for them.
   */
  isCompressible = false;
  readonly #rowNumbers = new Map<number, number>();
  readonly #histograms = new HistogramDeltaEncoder();

  /**
   * Logs the last row of `group`.
   * @param knownStarts Of the changes of the group's start timestamps, how many came with rows before.
   */
  row(group: Group, knownStarts = 0): void {
    const segment = group.lastSegment!;
    const row = segment.rows - 1;
    const { width, words } = segment;
    const number = (this.#rowNumbers.get(group.id) ?? -1) + 1;
    this.#rowNumbers.set(group.id, number);
    const { out } = this;
    const { startTimes } = group;
    const isWhole = row === 0,
      hasStarts = startTimes !== undefined && (isWhole || startTimes.count > knownStarts);
    this.isCompressible ||= isWhole || hasStarts;
    if (hasStarts) out.byte(isWhole ? WHOLE_ROW_STARTS : NEXT_ROW_STARTS);
    else out.byte(isWhole ? WHOLE_ROW : NEXT_ROW);
    out.varint(group.id);
    out.varint(number);
    out.float(segment.times[row]);
    out.varint(width);
    if (isWhole) {
      out.text(group.identity);
      for (let slot = 0, ref = 0; slot < width; slot++) {
        out.signedVarint(group.slotRefs[slot] - ref);
        ref = group.slotRefs[slot];
      }
      encodeRow(words.subarray(0, width * 2), none, width, out);
    } else {
      const base = row * width * 2, before = base - width * 2;
      encodeRow(words.subarray(base, base + width * 2), words.subarray(before, base), width, out);
    }
    if (hasStarts) encodeStarts(isWhole ? allOf(startTimes) : changesOf(startTimes, knownStarts), out);
  }

  float(ref: number, timeMs: number, value: number, startMs = 0): void {
    this.#start(startMs);
    this.#sample(FLOAT, ref, timeMs);
    this.out.float(value);
  }

  stale(ref: number, timeMs: number): void {
    this.#sample(STALE_FLOAT, ref, timeMs);
  }

  /** @throws {RangeError} If the histogram takes more than HISTOGRAM_BYTES_MAX; nothing is logged. */
  histogram(ref: number, timeMs: number, histogram: FloatHistogram, startMs = 0): void {
    const bytes = histogramBytes(histogram);
    if (bytes > HISTOGRAM_BYTES_MAX) {
      throw new RangeError(
        `Expected a histogram of at most ${HISTOGRAM_BYTES_MAX} bytes, found one of ${bytes}: limit its buckets`,
      );
    }
    this.#start(startMs);
    this.#head(HISTOGRAM, ref, timeMs);
    this.#histograms.encode(histogram, this.out);
  }

  exemplar(ref: number, exemplar: ExemplarEntry): void {
    this.#sample(EXEMPLAR, ref, exemplar.timeMs);
    this.out.float(exemplar.value);
    this.out.varint(exemplar.labels.length);
    for (const text of exemplar.labels) this.out.text(text);
  }

  /**
   * Logs when series were sampled last, where nothing else in this generation says so.
   * @param refs Best ascending.
   */
  lastTime(timeMs: number, refs: readonly number[]): void {
    this.#sample(LAST_TIME, refs.length, timeMs);
    let before = 0;
    for (const ref of refs) {
      this.out.signedVarint(ref - before);
      before = ref;
    }
  }

  /** Forgets what was written. */
  clear(): void {
    this.out.clear();
    this.#histograms.clear();
    this.isCompressible = false;
  }

  #sample(type: number, ref: number, timeMs: number): void {
    this.isCompressible = true;
    this.#head(type, ref, timeMs);
  }

  #head(type: number, ref: number, timeMs: number): void {
    this.out.byte(type);
    this.out.varint(ref);
    this.out.float(timeMs);
  }

  #start(startMs: number): void {
    if (startMs === 0) return;
    this.out.byte(START);
    this.out.signedVarint(startMs);
  }
}

/** Slots and their start timestamps, ascending by slot. */
type SlotStarts = readonly (readonly [slot: number, startMs: number])[];

function allOf(startTimes: StartTimes): SlotStarts {
  const found: [number, number][] = [];
  for (let slot = 0; slot < startTimes.slotsEnd; slot++) {
    const startMs = startTimes.newestOf(slot);
    if (startMs !== 0) found.push([slot, startMs]);
  }
  return found;
}

/** Those that came with one row. */
function changesOf(startTimes: StartTimes, first: number): SlotStarts {
  const found: [number, number][] = [];
  for (let i = first; i < startTimes.count; i++) found.push([startTimes.slotOf(i), startTimes.startOf(i)]);
  return found;
}

function encodeStarts(starts: SlotStarts, out: ByteSink): void {
  out.varint(starts.length);
  let nextSlot = 0, before = 0;
  for (const [slot, startMs] of starts) {
    out.varint(slot - nextSlot);
    out.signedVarint(startMs - before);
    nextSlot = slot + 1;
    before = startMs;
  }
}

/** @throws {RangeError} If they name a slot beyond `into`. */
function decodeStarts(source: ByteSource, into: Float64Array): void {
  let nextSlot = 0, before = 0;
  for (let left = source.varint(); left > 0; left--) {
    const slot = nextSlot + source.varint();
    if (slot >= into.length) throw new RangeError(`Expected a slot below ${into.length}, found ${slot}`);
    into[slot] = before += source.signedVarint();
    nextSlot = slot + 1;
  }
}

/** Takes what the log holds, in order. */
export interface LogReplay {
  /** The group of a whole row, made when it is not known; its layout is given slot by slot. */
  group(logId: number, identity: string, slotRefs: Uint32Array): Group;
  /** @param startTimes By slot, 0 where unknown; undefined where no slot has any. */
  row(group: Group, timeMs: number, words: Uint32Array, width: number, startTimes?: Float64Array): void;
  float(ref: number, timeMs: number, value: number, startMs: number): void;
  stale(ref: number, timeMs: number): void;
  histogram(ref: number, timeMs: number, histogram: FloatHistogram, startMs: number): void;
  exemplar(ref: number, exemplar: ExemplarEntry): void;
  lastTime(ref: number, timeMs: number): void;
}

interface RowState {
  readonly group: Group;
  readonly width: number;
  /** The words of the last row. */
  readonly words: Uint32Array;
  startTimes: Float64Array | undefined;
  row: number;
}

/** Reads the batches of one log. Rows whose row before was lost are counted and left out. */
export class LogRecordReader {
  /** Rows that could not be restored because a batch before them is lost. */
  lostRows = 0;
  readonly #groups = new Map<number, RowState>();
  readonly #histograms = new HistogramDeltaDecoder();

  constructor(readonly replay: LogReplay) {}

  /**
   * Reads the records of one batch.
   * @param follows Whether nothing is missing between these records and those read last.
   * @throws {RangeError} If the bytes are not records; those before the bad one count.
   */
  read(bytes: Uint8Array, follows: boolean): void {
    if (!follows) this.#groups.clear();
    this.#histograms.clear();
    const source = new ByteSource(bytes);
    const { replay } = this;
    let startMs = 0;
    while (!source.done) {
      const type = source.byte();
      if (type === WHOLE_ROW || type === WHOLE_ROW_STARTS || type === NEXT_ROW || type === NEXT_ROW_STARTS) {
        this.#row(source, type);
        continue;
      }
      if (type === START) {
        startMs = source.signedVarint();
        continue;
      }
      const ref = source.varint(), timeMs = source.float();
      if (type === FLOAT) replay.float(ref, timeMs, source.float(), startMs);
      else if (type === STALE_FLOAT) replay.stale(ref, timeMs);
      else if (type === HISTOGRAM) {
        replay.histogram(ref, timeMs, this.#histograms.decode(source), startMs);
      } else if (type === LONE_HISTOGRAM) {
        const end = source.varint() + source.at;
        const { histograms } = decodeHistograms(bytes, source.at, 1);
        source.at = end;
        replay.histogram(ref, timeMs, histograms[0]!, startMs);
      } else if (type === EXEMPLAR) {
        const value = source.float();
        const labels: string[] = [];
        for (let i = source.varint(); i > 0; i--) labels.push(source.text());
        replay.exemplar(ref, { timeMs, value, labels });
      } else if (type === LAST_TIME) {
        for (let left = ref, of = 0; left > 0; left--) replay.lastTime(of += source.signedVarint(), timeMs);
      } else throw new RangeError(`Expected a record type from 1 to 11, found ${type}`);
      startMs = 0;
    }
  }

  #row(source: ByteSource, type: number): void {
    const id = source.varint(), number = source.varint(), timeMs = source.float(), width = source.varint();
    let state = this.#groups.get(id);
    const hasStarts = type === WHOLE_ROW_STARTS || type === NEXT_ROW_STARTS;
    if (type === WHOLE_ROW || type === WHOLE_ROW_STARTS) {
      const identity = source.text();
      const refs = new Uint32Array(width);
      for (let slot = 0, ref = 0; slot < width; slot++) refs[slot] = ref += source.signedVarint();
      const group = this.replay.group(id, identity, refs);
      const words = wordsOf(new Float64Array(width));
      state = { group, row: number, words, width, startTimes: undefined };
      source.at = decodeRow(source.bytes, source.at, none, width, state.words);
      this.#groups.set(id, state);
    } else if (state === undefined || number !== state.row + 1 || width !== state.width) {
      // The bytes of the row say nothing without the row before, but their length must be known: read them against it.
      source.at = decodeRow(source.bytes, source.at, none, width, wordsOf(new Float64Array(width)));
      if (hasStarts) decodeStarts(source, new Float64Array(width));
      this.lostRows++;
      return;
    } else {
      source.at = decodeRow(source.bytes, source.at, state.words, width, state.words);
      state.row = number;
    }
    if (hasStarts) decodeStarts(source, state.startTimes ??= new Float64Array(width));
    this.replay.row(state.group, timeMs, state.words, width, state.startTimes);
  }
}
