import { grown } from "../../grown.ts";
import type { SeriesCollector } from "../series_collector.ts";
import type { SeriesOrder } from "../series_order.ts";
import type { Tombstones } from "../tombstones.ts";
import type { Block, TimePage } from "./block.ts";
import type { ValuePage } from "./value_page.ts";

/** Pages that are read from the store at the same time. */
const READS = 8;

/** Reads the chunks of many series of one block for one select, slice by slice. */
export class BlockReader {
  #pages = new Map<number, ValuePage | undefined>();
  readonly #timePages = new Map<number, TimePage | undefined>();
  readonly #columns = new Map<number, { id: number; times: Float64Array | undefined }>();
  /** What the slice has of the block: page number and index in the page, series after series. */
  #chunks = new Uint32Array(64);
  #chunkCount = 0;
  /** By place in the slice: how many entries of `#chunks` there are up to the end of the series. */
  #ends = new Uint32Array(0);

  constructor(
    readonly block: Block,
    readonly order: SeriesOrder,
    readonly collector: SeriesCollector,
    readonly tombstones: Tombstones,
    /** First and last time in ms, both inclusive, that samples are wanted of. */
    readonly startMs: number,
    readonly endMs: number,
  ) {}

  /** Reads what `collect` needs for series `[from, to)`, which are in block order; forgets what it read before. */
  async load(refs: Uint32Array, names: Uint32Array, from: number, to: number): Promise<void> {
    const firstPages = await this.#loadPages(refs, names, from, to);
    this.#chunkCount = 0;
    this.#ends = new Uint32Array(to - from);
    const columns = new Set<number>();
    for (let i = from; i < to; i++) {
      this.#find(refs[i], names[i], firstPages[i - from], columns);
      this.#ends[i - from] = this.#chunkCount;
    }
    await this.block.loadTimePages(columns, this.#timePages);
    for (const column of columns) {
      const times = this.block.times(column, this.#timePages);
      this.#columns.set(column, { id: this.collector.newColumnId(), times });
    }
  }

  /** Gives the chunks of series `ref`, which is number `i` of the slice that was loaded, to the collector. */
  collect(ref: number, i: number): void {
    const from = i === 0 ? 0 : this.#ends[i - 1], to = this.#ends[i];
    if (from === to) return;
    const { block } = this;
    const deleted = this.tombstones.of(ref, block.meta.id);
    for (let at = from; at < to; at++) {
      const number = this.#chunks[2 * at], chunk = this.#chunks[2 * at + 1];
      const page = this.#pages.get(number)!;
      const column = this.#columns.get(page.columns[chunk])!;
      if (column.times === undefined) continue;
      this.collector.addChunk({ block, number, page, chunk, deleted }, column.id, column.times);
    }
  }

  /** Makes the pages of the series ready. @returns By place in the slice, the first page that may hold the series. */
  async #loadPages(refs: Uint32Array, names: Uint32Array, from: number, to: number): Promise<Uint32Array> {
    const { block, order } = this;
    const firstPages = new Uint32Array(to - from);
    const pages = new Map<number, ValuePage | undefined>();
    for (let i = from; i < to; i++) {
      const first = firstPages[i - from] = block.firstPageOf(names[i], refs[i], order);
      for (let page = first; page < block.index.pages; page++) {
        if (block.beginsAfter(page, names[i], refs[i], order)) break;
        if (!pages.has(page)) pages.set(page, this.#pages.get(page));
      }
    }
    const missing = [...pages.keys()].filter((page) => pages.get(page) === undefined);
    for (let i = 0; i < missing.length; i += READS) {
      await Promise.all(
        missing.slice(i, i + READS).map(async (page) => {
          pages.set(page, await block.valuePage(page));
        }),
      );
    }
    this.#pages = pages;
    return firstPages;
  }

  /** Notes the chunks of a series that overlap the range, and their time columns where those are not known yet. */
  #find(ref: number, name: number, firstPage: number, columns: Set<number>): void {
    const { block, order } = this, { columnStarts, columnEnds } = block.index;
    for (let number = firstPage; number < block.index.pages; number++) {
      if (block.beginsAfter(number, name, ref, order)) return;
      const page = this.#pages.get(number);
      if (page === undefined) continue;
      page.firstChunks ??= firstChunks(page.refs);
      for (let chunk = page.firstChunks.get(ref) ?? page.refs.length; page.refs[chunk] === ref; chunk++) {
        const column = page.columns[chunk];
        if (columnStarts[column] > this.endMs || columnEnds[column] < this.startMs) continue;
        if (!this.#columns.has(column)) columns.add(column);
        this.#note(number, chunk);
      }
    }
  }

  #note(page: number, chunk: number): void {
    const at = 2 * this.#chunkCount++;
    if (at === this.#chunks.length) this.#chunks = grown(this.#chunks, at + 2);
    this.#chunks[at] = page;
    this.#chunks[at + 1] = chunk;
  }
}

function firstChunks(refs: Uint32Array): Map<number, number> {
  const first = new Map<number, number>();
  for (let i = refs.length - 1; i >= 0; i--) first.set(refs[i], i);
  return first;
}
