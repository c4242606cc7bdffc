import { wordsOf } from "../sample.ts";
import type { Block, TimePage } from "./block/block.ts";
import type { BlockWriter } from "./block/block_writer.ts";
import { FLOATS, type ValuePage } from "./block/value_page.ts";
import { ByteSink } from "./chunk/byte_sink.ts";
import { encodeStartTimes } from "./chunk/start_times.ts";
import { encodeValues } from "./chunk/values.ts";
import { COLUMN_ROWS_MAX, countSamples, hasAny, SAMPLES_PER_PAUSE, writeLoose } from "./head_writer.ts";
import { Labels } from "../labels/labels.ts";
import { SeriesCollector } from "./series_collector.ts";
import type { SeriesOrder } from "./series_order.ts";
import type { Tombstones } from "./tombstones.ts";

/** Time ranges that blocks are compacted into, each three times the one before, as upstream. */
export function blockRanges(firstMs: number, longestMs: number): number[] {
  const ranges = [firstMs];
  while (ranges.at(-1)! * 3 <= longestMs) ranges.push(ranges.at(-1)! * 3);
  return ranges;
}

/** What a plan looks at. */
export interface PlannedBlock {
  readonly id: number;
  readonly level: number;
  /** First and last timestamp in ms, both inclusive. */
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * The next blocks to merge into one, or `undefined` where nothing is due.
 *
 * A window of the first range is due when it is complete (`completeMs` is behind it) and has a block that was only
 * flushed, or overlapping ones. A window of a longer range is due when it is complete and holds two blocks or more.
 */
export function planCompaction<B extends PlannedBlock>(
  blocks: readonly B[],
  ranges: readonly number[],
  completeMs: number,
): B[] | undefined {
  for (const [i, range] of ranges.entries()) {
    const windows = new Map<number, B[]>();
    for (const block of blocks) {
      const window = Math.floor(block.minMs / range);
      if (Math.floor(block.maxMs / range) !== window) continue;
      const list = windows.get(window) ?? [];
      list.push(block);
      windows.set(window, list);
    }
    for (const [window, list] of [...windows].sort((a, b) => a[0] - b[0])) {
      if ((window + 1) * range > completeMs) continue;
      const due = i === 0 ? list.length > 1 || list.some((block) => block.level === 0) : list.length > 1;
      if (due) return list;
    }
  }
  return undefined;
}

/** Reads the chunks of a block series by series. */
class BlockCursor {
  #page: ValuePage | undefined;
  #number = -1;
  #chunk = 0;
  readonly #columnIds = new Map<number, number>();
  readonly #times = new Map<number, Float64Array | undefined>();
  readonly #timePages = new Map<number, TimePage | undefined>();

  constructor(
    readonly block: Block,
    readonly order: SeriesOrder,
    readonly collector: SeriesCollector,
    readonly tombstones: Tombstones,
  ) {}

  /** Metric name (symbol id + 1) and ref of the next series; valid while `done` is false. */
  name = 0;
  ref = -1;
  done = false;

  /** Moves to the next chunk. Series whose labels are lost are left out: nothing can ask for them. */
  async next(): Promise<void> {
    for (;; this.#chunk++) {
      while (this.#page === undefined || this.#chunk === this.#page.refs.length) {
        if (++this.#number >= this.block.index.pages) {
          this.done = true;
          return;
        }
        this.#page = await this.block.valuePage(this.#number);
        this.#chunk = 0;
      }
      const ref = this.#page.refs[this.#chunk];
      if (ref === this.ref) return;
      if (this.order.index.isLost(ref)) continue;
      this.name = this.order.nameOf(ref);
      this.ref = ref;
      return;
    }
  }

  /** Gives all chunks of the current series to the collector and moves to the next series. */
  async collect(): Promise<void> {
    const { ref, block } = this;
    const deleted = this.tombstones.of(ref, block.meta.id);
    do {
      const page = this.#page!, chunk = this.#chunk++;
      const column = page.columns[chunk];
      const times = this.#times.has(column) ? this.#times.get(column) : await this.#load(column);
      if (times !== undefined) {
        this.collector.addChunk(
          { block, number: this.#number, page, chunk, deleted },
          this.#columnIds.get(column)!,
          times,
        );
      }
      if (this.#chunk === page.refs.length || page.refs[this.#chunk] !== ref) await this.next();
    } while (!this.done && this.ref === ref);
  }

  async #load(column: number): Promise<Float64Array | undefined> {
    this.#columnIds.set(column, this.collector.newColumnId());
    await this.block.loadTimePages([column], this.#timePages);
    const times = this.block.times(column, this.#timePages);
    this.#times.set(column, times);
    return times;
  }
}

/** Writes the samples of all `blocks` to `writer`, without those that were deleted. */
export async function compact(
  blocks: readonly Block[],
  order: SeriesOrder,
  writer: BlockWriter,
  tombstones: Tombstones,
  pause: () => Promise<void>,
): Promise<void> {
  const collector = new SeriesCollector(-Infinity, Infinity);
  const cursors = [...blocks].sort((a, b) => a.meta.minMs - b.meta.minMs)
    .map((block) => new BlockCursor(block, order, collector, tombstones));
  for (const cursor of cursors) await cursor.next();
  const columnsOf = new Map<Float64Array, { from: number; to: number; column: number }[]>();
  const chunk = new ByteSink(1 << 14);
  for (let samples = 0;;) {
    let first: BlockCursor | undefined;
    for (const cursor of cursors) {
      if (cursor.done) continue;
      if (first === undefined || order.compare(cursor.name, cursor.ref, first.name, first.ref) < 0) {
        first = cursor;
      }
    }
    if (first === undefined) return;
    const { name, ref } = first;
    for (const cursor of cursors) if (!cursor.done && cursor.ref === ref) await cursor.collect();
    const series = collector.take(Labels.empty);
    if (series === undefined) continue;
    samples += series.times.length;
    let due = false;
    if (!collector.lastWasShared) {
      due = writeLoose(
        writer,
        name,
        ref,
        series,
        -Infinity,
        Infinity,
      );
    } else {
      const { times, values, startTimes } = series;
      let columns = columnsOf.get(times);
      if (columns === undefined) {
        columns = [];
        for (let from = 0; from < times.length; from += COLUMN_ROWS_MAX) {
          const to = Math.min(times.length, from + COLUMN_ROWS_MAX);
          columns.push({ from, to, column: writer.addColumn(times, from, to) });
        }
        columnsOf.set(times, columns);
      }
      for (const { from, to, column } of columns) {
        const present = countSamples(wordsOf(values.subarray(from, to)), to - from);
        if (present === 0) continue;
        chunk.clear();
        encodeValues(values, from, to - from, 1, chunk);
        if (hasAny(startTimes, from, to)) {
          encodeStartTimes(startTimes!.subarray(from, to), times.subarray(from, to), chunk);
        }
        due = writer.addChunk(name, ref, column, FLOATS, chunk.written(), present) || due;
      }
    }
    if (due) await writer.commit();
    if (!due && samples < SAMPLES_PER_PAUSE) continue;
    samples = 0;
    await pause();
  }
}
