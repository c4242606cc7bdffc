import type { FloatHistogram } from "../histogram/float_histogram.ts";
import type { Labels } from "../labels/labels.ts";
import { ABSENT_HIGH, ABSENT_LOW, fillAbsent, isAbsent, isStale, wordsOf } from "../sample.ts";
import { HISTOGRAMS, type ValuePage } from "./block/value_page.ts";
import type { Block } from "./block/block.ts";
import { decodeStartTimes } from "./chunk/start_times.ts";
import { decodeHistograms } from "./chunk/histograms.ts";
import { decodeValues } from "./chunk/values.ts";
import { gatherColumn, type GroupRows } from "./head.ts";
import type { LooseColumns } from "./loose_series.ts";
import { lowerBound } from "./lower_bound.ts";
import type { SeriesColumns } from "./select.ts";

/** A stretch of one series: rows `[from, to)` of a time column, with the place that its samples are read from. */
interface Piece {
  readonly columnId: number;
  readonly times: Float64Array;
  readonly from: number;
  readonly to: number;
  // One of these, with the slot of `rows`.
  readonly chunk: BlockChunk | undefined;
  readonly rows: GroupRows | undefined;
  readonly slot: number;
  readonly loose: LooseColumns | undefined;
}

/** A chunk of a block. */
export interface BlockChunk {
  readonly block: Block;
  /** Number of the page in the block. */
  readonly number: number;
  readonly page: ValuePage;
  /** Index of the chunk in the page. */
  readonly chunk: number;
  /** What was deleted from it. */
  readonly deleted: readonly Interval[] | undefined;
}

/** First and last time in ms, both inclusive, of samples that were deleted. */
export interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

const SLAB_VALUES = 1 << 15;

/**
 * Puts series together from the stretches that blocks and the head have of them. Series whose stretches have the
 * same time columns get the very same array of times.
 */
export class SeriesCollector {
  #pieces: Piece[] = [];
  #order = -Infinity;
  #isSequential = true;
  #hasHistograms = false;
  // Sequences of time columns as a trie: from a sequence and the next column to the longer sequence.
  readonly #longer = new Map<number, number>();
  readonly #sequenceTimes = new Map<number, Float64Array>();
  #sequences = 0;
  #slab = new Float64Array(0);
  #slabUsed = 0;
  // The part of the slab that the last series got, where series reuse it.
  #view = this.#slab;
  #viewWords = wordsOf(this.#slab);
  #scratch = new Float64Array(1024);
  #columnIds = 0;
  // Of the series that is being read: how many samples it has, and their start timestamps once there are any.
  #total = 0;
  #startTimes: Float64Array | undefined;

  /**
   * Only samples of times from `startMs` to `endMs`, both inclusive, are collected.
   * @param reuses Whether the values of a series need only last until the next one is taken.
   */
  constructor(readonly startMs: number, readonly endMs: number, readonly reuses = false) {}

  /** Whether the last series that was taken has an array of times that others may share. */
  lastWasShared = false;

  /** A number for a time column; equal numbers must mean equal columns. */
  newColumnId(): number {
    return this.#columnIds++;
  }

  addChunk(chunk: BlockChunk, columnId: number, times: Float64Array): void {
    this.#hasHistograms ||= chunk.page.kinds[chunk.chunk] === HISTOGRAMS;
    this.#add(columnId, times, chunk, undefined, 0, undefined);
  }

  addRows(rows: GroupRows, slot: number, columnId: number): void {
    this.#add(columnId, rows.times, undefined, rows, slot, undefined);
  }

  addLoose(loose: LooseColumns): void {
    this.#hasHistograms ||= loose.histograms !== undefined;
    this.#add(this.newColumnId(), loose.times, undefined, undefined, 0, loose);
  }

  /** Whether no stretch was added since the last series was taken. */
  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** The series made of the stretches added since the last call; `undefined` where it has no sample in the range. */
  take(labels: Labels): SeriesColumns | undefined {
    const pieces = this.#pieces;
    if (pieces.length === 0) return undefined;
    const sequential = this.#isSequential && !this.#hasHistograms;
    this.lastWasShared = sequential;
    const series = sequential ? this.#concatenate(labels, pieces) : this.#merge(labels, pieces);
    this.#pieces = [];
    this.#isSequential = true;
    this.#hasHistograms = false;
    this.#order = -Infinity;
    return hasSample(series) ? series : undefined;
  }

  #add(
    columnId: number,
    times: Float64Array,
    chunk: BlockChunk | undefined,
    rows: GroupRows | undefined,
    slot: number,
    loose: LooseColumns | undefined,
  ): void {
    const from = lowerBound(times, this.startMs), to = lowerBound(times, this.endMs + 1);
    if (from >= to) return;
    if (this.#pieces.length > 0 && times[from] <= this.#order) this.#isSequential = false;
    this.#order = times[to - 1];
    this.#pieces.push({ columnId, times, from, to, chunk, rows, slot, loose });
  }

  #concatenate(labels: Labels, pieces: readonly Piece[]): SeriesColumns {
    let sequence = 0;
    for (const piece of pieces) {
      const step = sequence * 0x1000000 + piece.columnId;
      let next = this.#longer.get(step);
      if (next === undefined) this.#longer.set(step, next = ++this.#sequences);
      sequence = next;
    }
    let times = this.#sequenceTimes.get(sequence);
    if (times === undefined) this.#sequenceTimes.set(sequence, times = joinTimes(pieces));
    const values = this.#allocate(times.length);
    const words = this.reuses ? this.#viewWords : wordsOf(values);
    this.#begin(times.length);
    let at = 0;
    for (const piece of pieces) {
      this.#read(piece, values, words, at);
      at += piece.to - piece.from;
    }
    const startTimes = this.#startTimes;
    return startTimes === undefined ? { labels, times, values } : { labels, times, values, startTimes };
  }

  /** The slow way: samples of several sources in order of time, the oldest real one where several have the same time. */
  #merge(labels: Labels, unordered: readonly Piece[]): SeriesColumns {
    // The oldest comes first where times meet.
    const isSequential = this.#isSequential;
    const pieces = isSequential ? unordered : [...unordered].sort((a, b) => ageOf(a) - ageOf(b));
    const total = pieces.reduce((sum, piece) => sum + piece.to - piece.from, 0);
    const times = joinTimes(pieces);
    const values = new Float64Array(total);
    const words = wordsOf(values);
    const histograms: (FloatHistogram | undefined)[] = [];
    this.#begin(total);
    const begins = new Uint8Array(total);
    let at = 0;
    for (const piece of pieces) {
      begins[at] = 1;
      this.#read(piece, values, words, at, histograms);
      at += piece.to - piece.from;
    }
    const order = new Uint32Array(total);
    for (let i = 0; i < total; i++) order[i] = i;
    if (!isSequential) order.sort((a, b) => times[a] - times[b] || a - b);
    const rank = (i: number) =>
      histograms[i] !== undefined ? 2 : isAbsent(words, i) ? 0 : isStale(words, i) ? 1 : 2;
    const outTimes = new Float64Array(total), outValues = new Float64Array(total);
    const outWords = wordsOf(outValues);
    const outHistograms: (FloatHistogram | undefined)[] = [];
    const startTimes = this.#startTimes, outStartTimes = startTimes && this.#zeros(total);
    let count = 0, lastRank = 0, last = -1;
    for (const i of order) {
      const own = rank(i);
      if (own === 0) continue;
      const repeats = count > 0 && outTimes[count - 1] === times[i];
      if (repeats && own <= lastRank) continue;
      if (!repeats) count++;
      lastRank = own;
      outTimes[count - 1] = times[i];
      // Only of the sample that it was stored behind is it known that the counter went on from there.
      const isBehind = begins[i] === 1 ? last === -1 : last === i - 1;
      outHistograms[count - 1] = isBehind ? histograms[i] : withoutNotReset(histograms[i]);
      last = i;
      if (outStartTimes !== undefined) outStartTimes[count - 1] = startTimes![i];
      outWords[2 * count - 2] = histograms[i] === undefined ? words[2 * i] : ABSENT_LOW;
      outWords[2 * count - 1] = histograms[i] === undefined ? words[2 * i + 1] : ABSENT_HIGH;
    }
    return {
      labels,
      times: outTimes.subarray(0, count),
      values: outValues.subarray(0, count),
      ...(outHistograms.some((histogram) => histogram !== undefined) ? { histograms: outHistograms } : {}),
      ...(outStartTimes === undefined ? {} : { startTimes: outStartTimes.subarray(0, count) }),
    };
  }

  #read(
    piece: Piece,
    values: Float64Array,
    words: Uint32Array,
    at: number,
    histograms?: (FloatHistogram | undefined)[],
  ): void {
    const { from, to, chunk, rows, loose } = piece;
    if (rows !== undefined) {
      gatherColumn(rows, piece.slot, from, to, words, at);
      rows.startTimes?.read(piece.slot, piece.times, from, to, () => this.#reserveStartTimes(), at);
    } else if (loose !== undefined) {
      values.set(loose.values.subarray(from, to), at);
      if (loose.startTimes !== undefined) {
        this.#reserveStartTimes().set(loose.startTimes.subarray(from, to), at);
      }
      for (let i = from; i < to; i++) {
        if (loose.histograms?.[i] !== undefined) histograms![at + i - from] = loose.histograms[i];
      }
    } else {
      try {
        this.#readChunk(piece, chunk!, values, words, at, histograms);
      } catch (error) {
        fillAbsent(words, at, at + to - from);
        chunk!.block.reportChunk(chunk!.number, error);
      }
    }
  }

  #readChunk(
    { times, from, to }: Piece,
    { page, chunk, deleted }: BlockChunk,
    values: Float64Array,
    words: Uint32Array,
    at: number,
    histograms?: (FloatHistogram | undefined)[],
  ): void {
    const length = times.length;
    let end: number;
    if (page.kinds[chunk] === HISTOGRAMS) {
      const decoded = decodeHistograms(page.bytes, page.offsets[chunk], length);
      end = decoded.end;
      fillAbsent(words, at, at + to - from);
      for (let i = from; i < to; i++) histograms![at + i - from] = decoded.histograms[i];
    } else if (from === 0 && to === length) {
      end = decodeValues(page.bytes, page.offsets[chunk], length, values, at);
    } else {
      if (this.#scratch.length < length) this.#scratch = new Float64Array(length);
      end = decodeValues(page.bytes, page.offsets[chunk], length, this.#scratch, 0);
      values.set(this.#scratch.subarray(from, to), at);
    }
    if (end < page.offsets[chunk + 1]) {
      const bytes = page.bytes.subarray(0, page.offsets[chunk + 1]);
      decodeStartTimes(bytes, end, times, from, to, this.#reserveStartTimes(), at);
    }
    if (deleted === undefined) return;
    for (const { startMs, endMs } of deleted) {
      const first = Math.max(from, lowerBound(times, startMs)),
        end = Math.min(to, lowerBound(times, endMs + 1));
      if (first >= end) continue;
      fillAbsent(words, at + first - from, at + end - from);
      histograms?.fill(undefined, at + first - from, at + end - from);
    }
  }

  #begin(total: number): void {
    this.#total = total;
    this.#startTimes = undefined;
  }

  #reserveStartTimes(): Float64Array {
    return this.#startTimes ??= this.#zeros(this.#total);
  }

  #zeros(length: number): Float64Array {
    return this.reuses ? new Float64Array(length) : this.#allocate(length);
  }

  /** Room for values, which are written all: what is in it may be those of an earlier series. */
  #allocate(length: number): Float64Array {
    if (this.reuses) {
      if (this.#view.length === length) return this.#view;
      if (this.#slab.length < length) this.#slab = new Float64Array(Math.max(length, SLAB_VALUES));
      this.#view = this.#slab.subarray(0, length);
      this.#viewWords = wordsOf(this.#view);
      return this.#view;
    }
    if (length > SLAB_VALUES / 4) return new Float64Array(length);
    if (this.#slabUsed + length > this.#slab.length) {
      this.#slab = new Float64Array(SLAB_VALUES);
      this.#slabUsed = 0;
    }
    this.#slabUsed += length;
    return this.#slab.subarray(this.#slabUsed - length, this.#slabUsed);
  }
}

function withoutNotReset(histogram: FloatHistogram | undefined): FloatHistogram | undefined {
  return histogram?.counterResetHint === "not_reset"
    ? histogram.with({ counterResetHint: "unknown" })
    : histogram;
}

/** What is not in a block is younger than all blocks. */
function ageOf({ chunk }: Piece): number {
  return chunk === undefined ? Number.MAX_SAFE_INTEGER : chunk.block.meta.age;
}

function joinTimes(pieces: readonly Piece[]): Float64Array {
  if (pieces.length === 1) return pieces[0].times.slice(pieces[0].from, pieces[0].to);
  const times = new Float64Array(pieces.reduce((sum, piece) => sum + piece.to - piece.from, 0));
  let at = 0;
  for (const { times: column, from, to } of pieces) {
    times.set(column.subarray(from, to), at);
    at += to - from;
  }
  return times;
}

function hasSample(series: SeriesColumns): boolean {
  if (series.histograms?.some((histogram) => histogram !== undefined)) return true;
  const { values } = series;
  for (let i = 0; i < values.length; i++) if (values[i] === values[i]) return true;
  const words = wordsOf(values);
  for (let i = 0; i < values.length; i++) if (!isAbsent(words, i)) return true;
  return false;
}
