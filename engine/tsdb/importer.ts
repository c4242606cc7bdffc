import { NAN_HIGH, NAN_LOW, wordsOf } from "../sample.ts";
import type { BlockMeta } from "./block/block_meta.ts";
import type { BlockWriter } from "./block/block_writer.ts";
import { FLOATS } from "./block/value_page.ts";
import { ByteSink } from "./chunk/byte_sink.ts";
import { encodeValues } from "./chunk/values.ts";
import { type Database, WINDOW_MS } from "./database.ts";
import { COLUMN_ROWS_MAX } from "./head_writer.ts";
import { lowerBound } from "./lower_bound.ts";
import { grown } from "../grown.ts";

/** Blocks get longer, up to this many times the shortest window, while they would hold fewer samples than that. */
const BLOCK_SAMPLES_MIN = 1 << 18;
const WINDOWS_MAX = 81;
/** Blocks of one batch; where samples lie further apart, blocks get longer still. */
const BLOCKS_MAX = 256;

export interface ImporterOptions {
  /** Samples that are held in memory, at 36 bytes each, before they are written. */
  readonly samplesMax: number;
}

/**
 * Writes samples of the past straight to blocks, without log and head.
 *
 *   samples in any order ─▶ by series and time ─▶ a block for each window, series with equal timestamps sharing columns
 *
 * Each batch of `samplesMax` samples makes blocks of its own; they may overlap each other and those that are there.
 * Nothing is visible before `finish`. Where a series has several samples of one time, the first one counts.
 */
export class Importer {
  readonly #samplesMax: number;
  readonly #metas: BlockMeta[] = [];
  readonly #begun: number[] = [];
  #refs = new Uint32Array(1024);
  #times = new Float64Array(1024);
  #values = new Float64Array(1024);
  #count = 0;
  /** Samples in the blocks that were written. */
  samples = 0;

  constructor(readonly database: Database, options: ImporterOptions) {
    this.#samplesMax = options.samplesMax;
  }

  /** Whether `write` is due before more samples are added. */
  get isFull(): boolean {
    return this.#count >= this.#samplesMax;
  }

  get blocks(): number {
    return this.#metas.length;
  }

  /**
   * Adds a sample, any NaN as the canonical one.
   * @param timeMs Whole ms, at most TIME_MAX_MS in magnitude.
   */
  add(ref: number, timeMs: number, value: number): void {
    if (this.#count === this.#refs.length) this.#grow();
    const at = this.#count++;
    this.#refs[at] = ref;
    this.#times[at] = timeMs;
    this.#values[at] = value;
  }

  #grow(): void {
    this.#refs = grown(this.#refs, this.#count + 1);
    this.#times = grown(this.#times, this.#count + 1);
    this.#values = grown(this.#values, this.#count + 1);
  }

  /** Writes the samples that were added to blocks. @throws {StoreFullError} */
  async write(): Promise<void> {
    if (this.#count === 0) return;
    const batch = this.#sort();
    this.#count = 0;
    const lengthMs = blockLengthMs(batch);
    for (;;) {
      const windowMs = nextWindow(batch, lengthMs);
      if (windowMs === Infinity) return;
      const writer = await this.database.startBlock(1);
      this.#begun.push(writer.options.id);
      await this.#writeWindow(batch, windowMs + lengthMs, writer);
      const meta = await writer.finish();
      this.#metas.push(meta);
      this.samples += meta.samples;
    }
  }

  /** Writes the rest and makes everything part of the database. @throws {StoreFullError} */
  async finish(): Promise<void> {
    await this.write();
    // Deletions of the past are not meant for samples that come now.
    await this.database.cleanTombstones();
    this.#begun.length = 0; // what may be part of the database is not to be removed
    await this.database.addBlocks(this.#metas);
  }

  /** Removes what was written; after `finish` began, nothing. */
  async abort(): Promise<void> {
    for (const id of this.#begun) await this.database.discardBlock(id);
  }

  /** The samples by series in the order of blocks, then by time, each time once. */
  #sort(): Batch {
    const { index, order } = this.database;
    const count = this.#count;
    const counts = new Uint32Array(index.size);
    for (let i = 0; i < count; i++) counts[this.#refs[i]]++;
    const { refs, names } = order.sort(presentRefs(counts));
    const starts = new Uint32Array(refs.length), ends = new Uint32Array(refs.length);
    const places = counts; // from here on: where the next sample of the series goes
    for (let i = 0, at = 0; i < refs.length; i++) {
      starts[i] = at;
      ends[i] = at += counts[refs[i]];
      places[refs[i]] = starts[i];
    }
    const times = new Float64Array(count), values = new Float64Array(count);
    const words = wordsOf(values);
    for (let i = 0; i < count; i++) {
      const to = places[this.#refs[i]]++;
      const value = this.#values[i];
      times[to] = this.#times[i];
      values[to] = value;
      if (value !== value) {
        words[2 * to] = NAN_LOW;
        words[2 * to + 1] = NAN_HIGH;
      }
    }
    for (let i = 0; i < refs.length; i++) {
      if (!isAscending(times, starts[i], ends[i])) ends[i] = sortRun(times, words, starts[i], ends[i]);
    }
    return { refs, names, starts, ends, times, values };
  }

  /** Writes the samples before `endMs` that are left and moves the starts of their series on. */
  async #writeWindow(batch: Batch, endMs: number, writer: BlockWriter): Promise<void> {
    const { refs, names, starts, ends, times, values } = batch;
    const columns = new SharedColumns(times, writer);
    const chunk = new ByteSink(1 << 14);
    for (let i = 0; i < refs.length; i++) {
      const first = starts[i];
      if (first === ends[i] || times[first] >= endMs) continue;
      const end = first + lowerBound(times.subarray(first, ends[i]), endMs);
      let due = false;
      for (let from = first; from < end; from += COLUMN_ROWS_MAX) {
        const to = Math.min(end, from + COLUMN_ROWS_MAX);
        const column = columns.columnOf(from, to);
        chunk.clear();
        encodeValues(values, from, to - from, 1, chunk);
        due = writer.addChunk(names[i], refs[i], column, FLOATS, chunk.written(), to - from) || due;
      }
      starts[i] = end;
      if (!due) continue;
      await writer.commit();
      await this.database.options.pause();
    }
  }
}

/** Series `i` has samples `[starts[i], ends[i])`, which ascend in time. */
interface Batch {
  readonly refs: Uint32Array;
  readonly names: Uint32Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** Finds the time column of a block that has the same timestamps. */
class SharedColumns {
  /** By hash; stretches of equal hash are chained. */
  readonly #known = new Map<number, Stretch>();
  readonly #times: Float64Array;
  readonly #writer: BlockWriter;
  #last: Stretch | undefined;

  constructor(times: Float64Array, writer: BlockWriter) {
    this.#times = times;
    this.#writer = writer;
  }

  /** The column of the timestamps `[from, to)`, a new one where there is none yet. */
  columnOf(from: number, to: number): number {
    const { column } = this.#last = this.#find(from, to);
    return column;
  }

  #find(from: number, to: number): Stretch {
    const guess = this.#last?.next;
    if (guess !== undefined && this.#isSame(guess, from, to)) return guess;
    const hash = hashTimes(this.#times, from, to);
    const first = this.#known.get(hash);
    let found = first;
    while (found !== undefined && !this.#isSame(found, from, to)) found = found.sameHash;
    if (found === undefined) {
      found = {
        from,
        to,
        column: this.#writer.addColumn(this.#times, from, to),
        sameHash: first,
        next: undefined,
      };
      this.#known.set(hash, found);
    }
    if (this.#last !== undefined) this.#last.next = found;
    return found;
  }

  #isSame({ from: other, to: otherEnd }: Stretch, from: number, to: number): boolean {
    if (otherEnd - other !== to - from) return false;
    const times = this.#times;
    for (let i = from, j = other; i < to; i++, j++) if (times[i] !== times[j]) return false;
    return true;
  }
}

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly column: number;
  readonly sameHash: Stretch | undefined;
  /** What came after this one last time, which is likely to come again. */
  next: Stretch | undefined;
}

function hashTimes(times: Float64Array, from: number, to: number): number {
  let hash = to - from;
  for (let i = from; i < to; i++) {
    hash = Math.imul(hash ^ (times[i] | 0), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

function presentRefs(counts: Uint32Array): Uint32Array {
  const refs = new Uint32Array(counts.length);
  let present = 0;
  for (let ref = 0; ref < counts.length; ref++) if (counts[ref] > 0) refs[present++] = ref;
  return refs.subarray(0, present);
}

function isAscending(times: Float64Array, from: number, to: number): boolean {
  for (let i = from + 1; i < to; i++) if (times[i] <= times[i - 1]) return false;
  return true;
}

/** Sorts samples `[from, to)` by time and keeps the first one of each time. @returns Their new end. */
function sortRun(times: Float64Array, words: Uint32Array, from: number, to: number): number {
  const order = Uint32Array.from({ length: to - from }, (_, i) => from + i)
    .sort((a, b) => times[a] - times[b] || a - b);
  const oldTimes = times.slice(from, to), oldWords = words.slice(2 * from, 2 * to);
  let end = from;
  for (const i of order) {
    const timeMs = oldTimes[i - from];
    if (end > from && times[end - 1] === timeMs) continue;
    times[end] = timeMs;
    words[2 * end] = oldWords[2 * (i - from)];
    words[2 * end + 1] = oldWords[2 * (i - from) + 1];
    end++;
  }
  return end;
}

/** How long blocks are: the shortest windows, three times longer as often as it takes to fill them. */
function blockLengthMs({ starts, ends, times }: Batch): number {
  let minMs = Infinity, maxMs = -Infinity;
  for (let i = 0; i < starts.length; i++) {
    minMs = Math.min(minMs, times[starts[i]]);
    maxMs = Math.max(maxMs, times[ends[i] - 1]);
  }
  let lengthMs = WINDOW_MS;
  for (;; lengthMs *= 3) {
    const windows = Math.floor(maxMs / lengthMs) - Math.floor(minMs / lengthMs) + 1;
    const areFilled = times.length / windows >= BLOCK_SAMPLES_MIN || lengthMs >= WINDOWS_MAX * WINDOW_MS;
    if (windows === 1 || (areFilled && windows <= BLOCKS_MAX)) return lengthMs;
  }
}

/** Begin of the window of the earliest sample that is left, Infinity where none is. */
function nextWindow({ starts, ends, times }: Batch, lengthMs: number): number {
  let firstMs = Infinity;
  for (let i = 0; i < starts.length; i++) {
    if (starts[i] < ends[i]) firstMs = Math.min(firstMs, times[starts[i]]);
  }
  return Math.floor(firstMs / lengthMs) * lengthMs;
}
