import { isAbsent, wordsOf } from "../sample.ts";
import type { BlockWriter } from "./block/block_writer.ts";
import { FLOATS, HISTOGRAMS } from "./block/value_page.ts";
import { ByteSink } from "./chunk/byte_sink.ts";
import { encodeStartTimes } from "./chunk/start_times.ts";
import { encodeHistograms } from "./chunk/histograms.ts";
import { encodeConstant, encodeValues } from "./chunk/values.ts";
import { gatherColumn, type GroupRows, type Head, isConstant, markSlots } from "./head.ts";
import { markedRefs } from "./postings.ts";
import type { LooseColumns } from "./loose_series.ts";
import { lowerBound } from "./lower_bound.ts";
import type { SeriesOrder } from "./series_order.ts";

/** Most timestamps of a time column, and so samples of a chunk. */
export const COLUMN_ROWS_MAX = 240;
/** Most bytes of a chunk; a longer stretch is cut in halves. */
const CHUNK_BYTES_MAX = 48_000;
/** Samples that are written between pauses: some 10 ms. */
export const SAMPLES_PER_PAUSE = 100_000;

/** A time column of a group in the block being written: rows `[from, to)`. */
interface RowColumn {
  readonly from: number;
  readonly to: number;
  readonly column: number;
}

interface GroupColumns {
  readonly rows: GroupRows;
  readonly columns: readonly RowColumn[];
}

/**
 * Writes the samples of the sealing generation with times from `startMs` (inclusive) to `endMs` (exclusive).
 * @param pause Called now and then, so that other work is not kept waiting.
 */
export async function writeSealing(
  head: Head,
  order: SeriesOrder,
  writer: BlockWriter,
  startMs: number,
  endMs: number,
  pause: () => Promise<void>,
): Promise<void> {
  const groups = new Map<number, GroupColumns>();
  let longest = 0;
  for (const group of head.groups.values()) {
    if (group.sealing.length === 0) continue;
    const rows = head.rows(group, "sealing");
    const first = lowerBound(rows.times, startMs), end = lowerBound(rows.times, endMs);
    const columns: RowColumn[] = [];
    for (let from = first; from < end; from += COLUMN_ROWS_MAX) {
      const to = Math.min(end, from + COLUMN_ROWS_MAX);
      columns.push({ from, to, column: writer.addColumn(rows.times, from, to) });
      longest = Math.max(longest, to - from);
    }
    if (columns.length > 0) groups.set(group.id, { rows, columns });
  }

  const sorted = order.sort(refsOf(head, groups, startMs, endMs, order.index.size));
  await pause();
  const series = new SeriesWriter(head, writer, groups, longest, { startMs, endMs });
  for (let i = 0; i < sorted.refs.length;) {
    i = series.write(sorted, i);
    if (series.isDue) await writer.commit();
    await pause();
  }
}

/** Refs of series and their names, in the order of a block. */
type SortedSeries = ReturnType<SeriesOrder["sort"]>;

/** Writes series of the sealing generation, many at a time: a loop that awaits nothing is compiled once and for all. */
class SeriesWriter {
  /** Whether the block's batch is due. */
  isDue = false;
  readonly #values: Float64Array;
  readonly #words: Uint32Array;
  readonly #startTimes: Float64Array;
  readonly #chunk = new ByteSink(1 << 14);

  /** @param longest Most rows of a column. */
  constructor(
    readonly head: Head,
    readonly writer: BlockWriter,
    readonly groups: ReadonlyMap<number, GroupColumns>,
    longest: number,
    readonly window: { readonly startMs: number; readonly endMs: number },
  ) {
    this.#values = new Float64Array(longest);
    this.#words = wordsOf(this.#values);
    this.#startTimes = new Float64Array(longest);
  }

  /** Writes series from number `first` on, until it is time for a pause. @returns The number of the next one. */
  write({ refs, names }: SortedSeries, first: number): number {
    this.isDue = false;
    let i = first;
    for (let written = 0; i < refs.length && written < SAMPLES_PER_PAUSE && !this.isDue; i++) {
      written += this.#series(names[i], refs[i]);
    }
    return i;
  }

  /** @returns How many samples it went through. */
  #series(name: number, ref: number): number {
    const { head, groups, window: { startMs, endMs } } = this;
    let seen = 0;
    const home = head.firstHome(ref);
    const columns = home === undefined ? undefined : groups.get(home.id);
    if (columns !== undefined) seen += this.#rows(name, ref, columns, head.firstSlot(ref));
    for (const { group, slot } of head.furtherHomes(ref)) {
      const further = groups.get(group.id);
      if (further !== undefined) seen += this.#rows(name, ref, further, slot);
    }
    const loose = head.sealingLoose.get(ref);
    if (loose !== undefined && loose.firstMs < endMs && loose.lastMs >= startMs) {
      this.isDue = writeLoose(this.writer, name, ref, loose.columns(), startMs, endMs) || this.isDue;
      seen += loose.count;
    }
    return seen;
  }

  #rows(name: number, ref: number, { rows, columns }: GroupColumns, slot: number): number {
    let seen = 0;
    for (const { from, to, column } of columns) {
      seen += to - from;
      const samples = this.#encode(rows, slot, from, to);
      if (samples < 0) continue;
      this.#encodeStarts(rows, slot, from, to);
      const chunk = this.#chunk.written();
      this.isDue = this.writer.addChunk(name, ref, column, FLOATS, chunk, samples) || this.isDue;
    }
    return seen;
  }

  /** Encodes a column to `#chunk`. @returns Its samples; -1 where there is nothing, not even a staleness marker. */
  #encode(rows: GroupRows, slot: number, from: number, to: number): number {
    const chunk = this.#chunk, words = this.#words;
    chunk.clear();
    if (isConstant(rows, slot, from, to, words) && encodeConstant(words[0], words[1], chunk)) {
      return to - from;
    }
    if (!gatherColumn(rows, slot, from, to, words, 0)) return -1;
    encodeValues(this.#values, 0, to - from, 1, chunk);
    return countSamples(words, to - from);
  }

  #encodeStarts(rows: GroupRows, slot: number, from: number, to: number): void {
    const startTimes = this.#startTimes;
    if (!rows.startTimes?.read(slot, rows.times, from, to, () => startTimes, 0)) return;
    encodeStartTimes(startTimes, rows.times.subarray(from, to), this.#chunk);
    startTimes.fill(0);
  }
}

/**
 * Writes samples that have a time column of their own, floats and histograms in chunks of their own.
 * @returns Whether the writer's batch is due.
 */
export function writeLoose(
  writer: BlockWriter,
  name: number,
  ref: number,
  samples: LooseColumns,
  startMs: number,
  endMs: number,
): boolean {
  const { times, values, histograms, startTimes } = samples;
  const words = wordsOf(values);
  const first = lowerBound(times, startMs), end = lowerBound(times, endMs);
  let due = false;
  const write = (from: number, to: number): void => {
    const chunk = new ByteSink(1 << 12);
    const isHistogram = histograms?.[from] !== undefined;
    if (isHistogram) encodeHistograms(histograms!.slice(from, to).map((histogram) => histogram!), chunk);
    else encodeValues(values, from, to - from, 1, chunk);
    if (hasAny(startTimes, from, to)) {
      encodeStartTimes(startTimes!.subarray(from, to), times.subarray(from, to), chunk);
    }
    if (chunk.length > CHUNK_BYTES_MAX && to - from > 1) {
      const middle = (from + to) >>> 1;
      write(from, middle);
      write(middle, to);
      return;
    }
    const column = writer.addColumn(times, from, to);
    const kind = isHistogram ? HISTOGRAMS : FLOATS;
    const count = isHistogram ? to - from : countSamples(words.subarray(2 * from), to - from);
    due = writer.addChunk(name, ref, column, kind, chunk.written(), count) || due;
  };
  for (let from = first; from < end;) {
    const isHistogram = histograms?.[from] !== undefined;
    let to = from;
    while (to < end && to - from < COLUMN_ROWS_MAX && (histograms?.[to] !== undefined) === isHistogram) to++;
    write(from, to);
    from = to;
  }
  return due;
}

/** Refs of all series that may have samples in the groups, or among the loose ones of the time, ascending. */
function refsOf(
  head: Head,
  groups: ReadonlyMap<number, GroupColumns>,
  startMs: number,
  endMs: number,
  refsEnd: number,
): Uint32Array {
  const marks = new Uint8Array(refsEnd);
  for (const { rows } of groups.values()) markSlots(rows.group, marks);
  for (const { ref, firstMs, lastMs } of head.sealingLoose.values()) {
    if (firstMs < endMs && lastMs >= startMs) marks[ref] = 1;
  }
  return markedRefs(marks);
}

/** Whether any of the start timestamps `[from, to)` is known. */
export function hasAny(startTimes: Float64Array | undefined, from: number, to: number): boolean {
  if (startTimes === undefined) return false;
  for (let i = from; i < to; i++) if (startTimes[i] !== 0) return true;
  return false;
}

export function countSamples(words: Uint32Array, count: number): number {
  let samples = 0;
  for (let i = 0; i < count; i++) if (!isAbsent(words, i)) samples++;
  return samples;
}
