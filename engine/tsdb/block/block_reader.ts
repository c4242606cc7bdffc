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
    const pages = new Map<number, ValuePage | undefined>();
    for (let i = from; i < to; i++) {
      for (const page of this.#pagesOf(refs[i], names[i])) pages.set(page, this.#pages.get(page));
    }
    const missing = [...pages.keys()].filter((page) => pages.get(page) === undefined);
    for (let i = 0; i < missing.length; i += READS) {
      await Promise.all(
        missing.slice(i, i + READS).map(async (page) => {
          pages.set(page, await this.block.valuePage(page));
        }),
      );
    }
    this.#pages = pages;
    const columns = new Set<number>();
    for (let i = from; i < to; i++) {
      this.#chunksOf(refs[i], names[i], (page, chunk) => {
        if (!this.#columns.has(page.columns[chunk])) columns.add(page.columns[chunk]);
      });
    }
    await this.block.loadTimePages(columns, this.#timePages);
    for (const column of columns) {
      const times = this.block.times(column, this.#timePages);
      this.#columns.set(column, { id: this.collector.newColumnId(), times });
    }
  }

  /** Gives the chunks of the series to the collector; it must be one of the slice that was loaded. */
  collect(ref: number, name: number): void {
    const { block } = this;
    const deleted = this.tombstones.of(ref, block.meta.id);
    this.#chunksOf(ref, name, (page, chunk, number) => {
      const column = this.#columns.get(page.columns[chunk])!;
      if (column.times === undefined) return;
      this.collector.addChunk({ block, number, page, chunk, deleted }, column.id, column.times);
    });
  }

  *#pagesOf(ref: number, name: number): IterableIterator<number> {
    const { block, order } = this;
    for (let page = block.firstPageOf(name, ref, order); page < block.index.pages; page++) {
      if (block.beginsAfter(page, name, ref, order)) return;
      yield page;
    }
  }

  #chunksOf(
    ref: number,
    name: number,
    visit: (page: ValuePage, chunk: number, pageNumber: number) => void,
  ): void {
    const { columnStarts, columnEnds } = this.block.index;
    for (const number of this.#pagesOf(ref, name)) {
      const page = this.#pages.get(number);
      if (page === undefined) continue;
      page.firstChunks ??= firstChunks(page.refs);
      for (let chunk = page.firstChunks.get(ref) ?? page.refs.length; page.refs[chunk] === ref; chunk++) {
        const column = page.columns[chunk];
        if (columnStarts[column] <= this.endMs && columnEnds[column] >= this.startMs) {
          visit(page, chunk, number);
        }
      }
    }
  }
}

function firstChunks(refs: Uint32Array): Map<number, number> {
  const first = new Map<number, number>();
  for (let i = refs.length - 1; i >= 0; i--) first.set(refs[i], i);
  return first;
}
