import type { FloatHistogram } from "../histogram/float_histogram.ts";
import { ByteSink } from "./chunk/byte_sink.ts";
import { ByteSource } from "./chunk/byte_source.ts";
import { decodeHistograms, encodeHistograms } from "./chunk/histograms.ts";
import { decodeRow, encodeRow } from "./chunk/row_delta.ts";
import type { Group } from "./group.ts";
import { wordsOf } from "../sample.ts";
import type { ExemplarEntry } from "./exemplars.ts";

const WHOLE_ROW = 1;
const NEXT_ROW = 2;
const FLOAT = 3;
const HISTOGRAM = 4;
const EXEMPLAR = 5;
const STALE_FLOAT = 6;

/** Most bytes of one encoded histogram, so that it fits a page. */
export const HISTOGRAM_BYTES_MAX = 48_000;

const none: Uint32Array = new Uint32Array(0);

/**
 * Records of the write-ahead log, one after another:
 *
 *   whole row │ 1 · group · row number · time · slots · identity · series ref of each slot · row against nothing
 *   next row  │ 2 · group · row number · time · slots · row against the row before
 *   float     │ 3 · ref · time · value
 *   histogram │ 4 · ref · time · length · histogram chunk of one
 *   exemplar  │ 5 · ref · time · value · labels
 *   stale     │ 6 · ref · time
 *
 * A group's rows are numbered; the first row of each segment is whole, so that a lost batch costs at most the rows
 * up to the next segment.
 */
export class LogRecordWriter {
  readonly out = new ByteSink(1 << 16);
  readonly #rowNumbers = new Map<number, number>();

  /** Logs the last row of `group`. `whole` where the log holds no row before it. */
  row(group: Group): void {
    const segment = group.lastSegment!;
    const row = segment.rows - 1;
    const { width, words } = segment;
    const number = (this.#rowNumbers.get(group.id) ?? -1) + 1;
    this.#rowNumbers.set(group.id, number);
    const { out } = this;
    out.byte(row === 0 ? WHOLE_ROW : NEXT_ROW);
    out.varint(group.id);
    out.varint(number);
    out.float(segment.times[row]);
    out.varint(width);
    if (row === 0) {
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
  }

  float(ref: number, timeMs: number, value: number): void {
    this.#sample(FLOAT, ref, timeMs);
    this.out.float(value);
  }

  stale(ref: number, timeMs: number): void {
    this.#sample(STALE_FLOAT, ref, timeMs);
  }

  /** @throws {RangeError} If the histogram takes more than HISTOGRAM_BYTES_MAX; nothing is logged. */
  histogram(ref: number, timeMs: number, histogram: FloatHistogram): void {
    const chunk = new ByteSink(256);
    encodeHistograms([histogram], chunk);
    if (chunk.length > HISTOGRAM_BYTES_MAX) {
      throw new RangeError(
        `Expected a histogram of at most ${HISTOGRAM_BYTES_MAX} bytes, found one of ${chunk.length}: ` +
          "limit its buckets",
      );
    }
    this.#sample(HISTOGRAM, ref, timeMs);
    this.out.varint(chunk.length);
    this.out.append(chunk.written());
  }

  exemplar(ref: number, exemplar: ExemplarEntry): void {
    this.#sample(EXEMPLAR, ref, exemplar.timeMs);
    this.out.float(exemplar.value);
    this.out.varint(exemplar.labels.length);
    for (const text of exemplar.labels) this.out.text(text);
  }

  #sample(type: number, ref: number, timeMs: number): void {
    this.out.byte(type);
    this.out.varint(ref);
    this.out.float(timeMs);
  }
}

/** Takes what the log holds, in order. */
export interface LogReplay {
  /** The group of a whole row, made when it is not known; its layout is given slot by slot. */
  group(logId: number, identity: string, slotRefs: Uint32Array): Group;
  row(group: Group, timeMs: number, words: Uint32Array, width: number): void;
  float(ref: number, timeMs: number, value: number): void;
  stale(ref: number, timeMs: number): void;
  histogram(ref: number, timeMs: number, histogram: FloatHistogram): void;
  exemplar(ref: number, exemplar: ExemplarEntry): void;
}

interface RowState {
  readonly group: Group;
  readonly width: number;
  /** The words of the last row. */
  readonly words: Uint32Array;
  row: number;
}

/** Reads the batches of one log. Rows whose row before was lost are counted and left out. */
export class LogRecordReader {
  /** Rows that could not be restored because a batch before them is lost. */
  lostRows = 0;
  readonly #groups = new Map<number, RowState>();

  constructor(readonly replay: LogReplay) {}

  /**
   * @param follows Whether nothing is missing between these records and those read last.
   * @throws {RangeError} If the bytes are not records; those before the bad one count.
   */
  read(bytes: Uint8Array, follows: boolean): void {
    if (!follows) this.#groups.clear();
    const source = new ByteSource(bytes);
    const { replay } = this;
    while (!source.done) {
      const type = source.byte();
      if (type === WHOLE_ROW || type === NEXT_ROW) {
        this.#row(source, type);
        continue;
      }
      const ref = source.varint(), timeMs = source.float();
      if (type === FLOAT) replay.float(ref, timeMs, source.float());
      else if (type === STALE_FLOAT) replay.stale(ref, timeMs);
      else if (type === HISTOGRAM) {
        const end = source.varint() + source.at;
        const { histograms } = decodeHistograms(bytes, source.at, 1);
        source.at = end;
        replay.histogram(ref, timeMs, histograms[0]!);
      } else if (type === EXEMPLAR) {
        const value = source.float();
        const labels: string[] = [];
        for (let i = source.varint(); i > 0; i--) labels.push(source.text());
        replay.exemplar(ref, { timeMs, value, labels });
      } else throw new RangeError(`Expected a record type from 1 to 6, found ${type}`);
    }
  }

  #row(source: ByteSource, type: number): void {
    const id = source.varint(), number = source.varint(), timeMs = source.float(), width = source.varint();
    let state = this.#groups.get(id);
    if (type === WHOLE_ROW) {
      const identity = source.text();
      const refs = new Uint32Array(width);
      for (let slot = 0, ref = 0; slot < width; slot++) refs[slot] = ref += source.signedVarint();
      const group = this.replay.group(id, identity, refs);
      state = { group, row: number, words: wordsOf(new Float64Array(width)), width };
      source.at = decodeRow(source.bytes, source.at, none, width, state.words);
      this.#groups.set(id, state);
    } else if (state === undefined || number !== state.row + 1 || width !== state.width) {
      // The bytes of the row say nothing without the row before, but their length must be known: read them against it.
      source.at = decodeRow(source.bytes, source.at, none, width, wordsOf(new Float64Array(width)));
      this.lostRows++;
      return;
    } else {
      source.at = decodeRow(source.bytes, source.at, state.words, width, state.words);
      state.row = number;
    }
    this.replay.row(state.group, timeMs, state.words, width);
  }
}
