import { ByteSink } from "../chunk/byte_sink.ts";
import { ByteSource } from "../chunk/byte_source.ts";
import { decodeTimestamps } from "../chunk/timestamps.ts";
import type { Key, Store } from "../store.ts";
import type { SeriesOrder } from "../series_order.ts";
import { BlockIndex } from "./block_index.ts";
import { blockKeys, type BlockMeta } from "./block_meta.ts";
import { DamagedValueError, isDamage, unframe } from "./framed_value.ts";
import type { PageCache } from "./page_cache.ts";
import { readValuePage, type ValuePage } from "./value_page.ts";

/** The payload of a time page, with the offset of each of its columns as far as they were looked at. */
interface TimePage {
  readonly bytes: Uint8Array;
  readonly offsets: number[];
}

interface RefSet {
  readonly refs: Uint32Array;
}

export type CachedPage = ValuePage | TimePage | RefSet;

/** A value page or time page that cannot be read: set aside, the rest of the block is served. */
export type OnDamage = (key: Key, error: Error) => void;

/** A sealed stretch of time with its own index, read page by page. */
export class Block {
  /** Selects and compactions that are reading; its pages stay in the store until there are none. */
  readers = 0;
  /** Keys of values that could not be read, which are reported once. */
  readonly #damaged = new Set<string>();
  /** Called once nobody reads, after the block was replaced. */
  onIdle: (() => void) | undefined;

  private constructor(
    readonly meta: BlockMeta,
    readonly index: BlockIndex,
    readonly store: Store,
    readonly cache: PageCache<CachedPage>,
    readonly onDamage: OnDamage,
  ) {}

  /** @throws {DamagedValueError} If the block's index cannot be read. */
  static async open(
    meta: BlockMeta,
    store: Store,
    cache: PageCache<CachedPage>,
    onDamage: OnDamage,
  ): Promise<Block> {
    return new Block(meta, await readIndex(meta.id, meta.indexParts, store), store, cache, onDamage);
  }

  /**
   * Another meta for a block whose own cannot be read, from what the block consists of. The numbers of samples and
   * bytes, which serve statistics only, are not known.
   * @throws {DamagedValueError} If that cannot be read either.
   */
  static async metaOf(id: number, store: Store): Promise<BlockMeta> {
    const count = async (prefix: Key) => {
      let parts = 0;
      for await (const _ of store.list({ prefix, batchSize: 16 })) parts++;
      return parts;
    };
    const indexParts = await count(blockKeys.indexParts(id)), refParts = await count(blockKeys.refParts(id));
    const index = await readIndex(id, indexParts, store);
    const refs = await readRefs(id, refParts, store);
    const { columns, columnStarts, columnEnds, pages, timePages } = index;
    return {
      id,
      level: 1,
      minMs: columnStarts.subarray(0, columns).reduce((a, b) => Math.min(a, b), Infinity),
      maxMs: columnEnds.subarray(0, columns).reduce((a, b) => Math.max(a, b), -Infinity),
      samples: 0,
      series: refs.length,
      chunks: 0,
      pages,
      timePages,
      indexParts,
      refsEnd: refs.length === 0 ? 0 : refs[refs.length - 1] + 1,
      refParts,
      bytes: 0,
      age: id,
      sources: [],
    };
  }

  /** Refs of the series that the block has chunks of, ascending; `undefined` where that is damaged. */
  async refs(): Promise<Uint32Array | undefined> {
    const { meta, store } = this;
    const cacheKey = `${meta.id}r`;
    const cached = this.cache.get(cacheKey) as RefSet | undefined;
    if (cached !== undefined) return cached.refs;
    this.readers++;
    try {
      const refs = await readRefs(meta.id, meta.refParts, store);
      this.cache.set(cacheKey, { refs }, refs.byteLength + 100);
      return refs;
    } catch (error) {
      this.#report(blockKeys.refPart(meta.id, 0), error);
      return undefined;
    } finally {
      this.release();
    }
  }

  release(): void {
    if (--this.readers === 0) this.onIdle?.();
  }

  /**
   * The first page that can hold the series, which may also be the last one before it.
   * `order` knows the metric names; `name` is a symbol id + 1, 0 for none.
   */
  firstPageOf(name: number, ref: number, order: SeriesOrder): number {
    const { firstNames, firstRefs, pages } = this.index;
    let low = 0, high = pages;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (order.compare(firstNames[middle], firstRefs[middle], name, ref) < 0) low = middle + 1;
      else high = middle;
    }
    let page = Math.max(0, low - 1);
    // Pages that a lost name gave the first series of the page before may begin anywhere behind it.
    while (page > 0 && firstRefs[page] === firstRefs[page - 1] && firstNames[page] === firstNames[page - 1]) {
      page--;
    }
    return page;
  }

  /** Whether `page` begins after the series. */
  beginsAfter(page: number, name: number, ref: number, order: SeriesOrder): boolean {
    return order.compare(this.index.firstNames[page], this.index.firstRefs[page], name, ref) > 0;
  }

  /** The page, or `undefined` where it is damaged or gone. */
  async valuePage(page: number): Promise<ValuePage | undefined> {
    const key = blockKeys.valuePage(this.meta.id, page);
    const cacheKey = `${this.meta.id}v${page}`;
    const cached = this.cache.get(cacheKey);
    if (cached !== undefined) return cached as ValuePage;
    return await this.#read(key, cacheKey, (payload) => readValuePage(payload));
  }

  /** Makes the time pages of `columns` ready for `times`. */
  async loadTimePages(columns: Iterable<number>, into: Map<number, TimePage | undefined>): Promise<void> {
    for (const column of columns) {
      const page = this.index.timePageOf(column);
      if (into.has(page)) continue;
      const cacheKey = `${this.meta.id}t${page}`;
      const cached = this.cache.get(cacheKey) as TimePage | undefined;
      const key = blockKeys.timePage(this.meta.id, page);
      into.set(page, cached ?? await this.#read(key, cacheKey, (bytes) => ({ bytes, offsets: [0] })));
    }
  }

  /** The timestamps of `column` from pages that `loadTimePages` made ready; `undefined` where the page is damaged. */
  times(column: number, pages: ReadonlyMap<number, TimePage | undefined>): Float64Array | undefined {
    const number = this.index.timePageOf(column);
    const page = pages.get(number);
    if (page === undefined) return undefined;
    const first = this.index.firstColumns[number];
    const out = new Float64Array(this.index.columnLengths[column]);
    try {
      for (let i = page.offsets.length - 1; first + i < column; i++) {
        const length = this.index.columnLengths[first + i];
        page.offsets.push(decodeTimestamps(page.bytes, page.offsets[i], length, new Float64Array(length), 0));
      }
      decodeTimestamps(page.bytes, page.offsets[column - first], out.length, out, 0);
      return out;
    } catch (error) {
      this.#report(blockKeys.timePage(this.meta.id, number), error);
      return undefined;
    }
  }

  async #read<Page extends CachedPage>(
    key: Key,
    cacheKey: string,
    parse: (payload: Uint8Array) => Page,
  ): Promise<Page | undefined> {
    try {
      const payload = await readPayload(this.store, key);
      const page = parse(payload);
      this.cache.set(cacheKey, page, payload.length + 200);
      return page;
    } catch (error) {
      this.#report(key, error);
      return undefined;
    }
  }

  /** Reports a value that cannot be read. @throws What is no damage. */
  #report(key: Key, error: unknown): void {
    if (!isDamage(error)) throw error;
    const text = JSON.stringify(key);
    if (this.#damaged.has(text)) return;
    this.#damaged.add(text);
    this.onDamage(key, error);
  }

  /** Reports a chunk of value page `page` that cannot be decoded. */
  reportChunk(page: number, error: unknown): void {
    this.#report(blockKeys.valuePage(this.meta.id, page), error);
  }
}

async function readIndex(id: number, parts: number, store: Store): Promise<BlockIndex> {
  const whole = await readParts(store, parts, (part) => blockKeys.indexPart(id, part));
  try {
    return BlockIndex.decode(whole);
  } catch (cause) {
    throw new DamagedValueError(`Cannot read the index of block ${id}`, { cause });
  }
}

/** Ascending. @throws {DamagedValueError | RangeError} */
async function readRefs(id: number, parts: number, store: Store): Promise<Uint32Array> {
  const source = new ByteSource(await readParts(store, parts, (part) => blockKeys.refPart(id, part)));
  const count = source.varint();
  if (count > source.bytes.length) {
    throw new RangeError(`Expected at most ${source.bytes.length} refs, found ${count}`);
  }
  const refs = new Uint32Array(count);
  for (let i = 0, ref = 0; i < count; i++) refs[i] = ref += source.varint();
  return refs;
}

async function readParts(store: Store, parts: number, keyOf: (part: number) => Key): Promise<Uint8Array> {
  const whole = new ByteSink(1 << 12);
  for (let part = 0; part < parts; part++) whole.append(await readPayload(store, keyOf(part)));
  return whole.written();
}

async function readPayload(store: Store, key: Key): Promise<Uint8Array> {
  const value = await store.get(key);
  if (value === undefined) {
    throw new DamagedValueError(`Expected a value at ${JSON.stringify(key)}, found none`);
  }
  return unframe(value);
}

export type { TimePage };
