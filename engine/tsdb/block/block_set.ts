import { deleteKeys } from "../batches.ts";
import type { Batch, Entry, Key, Store } from "../store.ts";
import { Block, type CachedPage, type OnDamage } from "./block.ts";
import { blockKeys, type BlockMeta } from "./block_meta.ts";
import { BlockWriter } from "./block_writer.ts";
import { decodeJson, encodeJson, isDamage } from "./framed_value.ts";
import { PageCache } from "./page_cache.ts";
import { Mutex } from "../mutex.ts";
import type { SeriesOrder } from "../series_order.ts";

/** Blocks whose metas, and the marks that they were garbage, fit one atomic batch. */
const BLOCKS_PER_SWAP = 200;

/** Ids of blocks whose values are to be deleted, or that are being written. */
const GARBAGE: Key = ["garbage"];

/** A change of the set. */
export interface Swap {
  readonly add?: readonly BlockMeta[];
  readonly remove?: readonly Block[];
  /** Set in the same atomic batch, and what they are put back to should it fail. */
  readonly set?: readonly Entry[];
  readonly restore?: readonly Entry[];
  /** Runs in the same moment in which the blocks of the set change. */
  readonly then?: () => void;
}

/**
 * The blocks of a store. A block counts while its meta is there; its values come before the meta and go after it.
 * Until the meta is there, and once it is gone, the block is marked as garbage.
 *
 *   startBlock: garbage mark ─▶ values ─▶ swap: meta instead of mark ─▶ … ─▶ swap: mark instead of meta ─▶ values, mark deleted
 */
export class BlockSet {
  readonly cache: PageCache<CachedPage>;
  #blocks: readonly Block[] = [];
  /** Metas of blocks that cannot be read. They are kept until retention would remove them. */
  #setAside: readonly BlockMeta[] = [];
  #nextId = 1;
  readonly #writing = new Set<number>();
  /** What makes the store what it was before a swap that failed, which may have been stored all the same. */
  readonly #undo: Batch[] = [];
  readonly #garbage = new Map<number, BlockMeta | undefined>();
  readonly #settling = new Mutex();

  constructor(
    readonly store: Store,
    readonly order: SeriesOrder,
    cacheBytes: number,
    readonly onDamage: OnDamage,
  ) {
    this.cache = new PageCache(cacheBytes);
  }

  /** The blocks that can be read, by their first timestamp. A change replaces the array. */
  get all(): readonly Block[] {
    return this.#blocks;
  }

  get setAside(): readonly BlockMeta[] {
    return this.#setAside;
  }

  /** The id of the next block to be started: above that of all before it. */
  get nextId(): number {
    return this.#nextId;
  }

  /** Bytes of all blocks. */
  get bytes(): number {
    return this.#blocks.reduce((sum, { meta }) => sum + meta.bytes, 0);
  }

  /** Newest and oldest sample in ms, infinite where there is none. */
  get maxMs(): number {
    return this.#blocks.reduce((newest, { meta }) => Math.max(newest, meta.maxMs), -Infinity);
  }

  get minMs(): number {
    return this.#blocks.length === 0 ? Infinity : this.#blocks[0].meta.minMs;
  }

  /** Whether blocks were started that are neither part of the set nor discarded. */
  get isWriting(): boolean {
    return this.#writing.size > 0;
  }

  /**
   * Begins a block, which becomes part of the set by `swap`, or goes by `discard`.
   * @param level 0 for blocks that compaction rewrites soon.
   */
  async startBlock(level: number, sources: readonly BlockMeta[] = []): Promise<BlockWriter> {
    const id = this.#nextId++;
    this.#writing.add(id);
    try {
      await this.store.commit({ set: [garbageEntry(id)] });
    } catch (error) {
      this.abandon(id); // the mark may be stored all the same
      throw error;
    }
    return new BlockWriter(this.store, { id, level, sources });
  }

  /** Removes what was written of a block that is not part of the set; what fails is tried again by `settle`. */
  async discard(id: number): Promise<void> {
    this.#writing.delete(id);
    this.#garbage.set(id, undefined);
    await this.settle();
  }

  /** As `discard`, when something else failed already: leaves the work to `settle`. */
  abandon(id: number): void {
    this.#writing.delete(id);
    this.#garbage.set(id, undefined);
  }

  /**
   * Adds finished blocks and removes others, all at once. What was removed is deleted when nobody reads it any more.
   * @throws {StoreFullError} If there is no space: nothing has changed, and the blocks to be added are abandoned.
   */
  async swap({ add = [], remove = [], set = [], restore = [], then }: Swap): Promise<void> {
    const forward: Batch = {
      set: [...set, ...add.map(metaEntry), ...remove.map(({ meta }) => garbageEntry(meta.id))],
      delete: [...add.map(({ id }) => garbageKey(id)), ...remove.map(({ meta }) => blockKeys.meta(meta.id))],
    };
    const back: Batch = {
      set: [
        ...restore,
        ...remove.map(({ meta }) => metaEntry(meta)),
        ...add.map(({ id }) => garbageEntry(id)),
      ],
      delete: [...remove.map(({ meta }) => garbageKey(meta.id)), ...add.map(({ id }) => blockKeys.meta(id))],
    };
    const added: Block[] = [];
    try {
      for (const meta of add) added.push(await this.#open(meta));
      try {
        await this.store.commit(forward);
      } catch (error) {
        this.#undo.push(back);
        throw error;
      }
    } catch (error) {
      for (const { id } of add) this.abandon(id);
      throw error;
    }
    for (const { id } of add) this.#writing.delete(id);
    this.#blocks = [...this.#blocks.filter((block) => !remove.includes(block)), ...added]
      .sort((a, b) => a.meta.minMs - b.meta.minMs);
    then?.();
    for (const block of remove) {
      block.onIdle = () => void this.#garbage.set(block.meta.id, block.meta);
      if (block.readers === 0) block.onIdle();
    }
  }

  /** Adds any number of finished blocks, up to 200 at once. */
  async add(metas: readonly BlockMeta[]): Promise<void> {
    for (let i = 0; i < metas.length; i += BLOCKS_PER_SWAP) {
      await this.swap({ add: metas.slice(i, i + BLOCKS_PER_SWAP) });
    }
  }

  /** Removes blocks that cannot be read. */
  async removeSetAside(metas: readonly BlockMeta[]): Promise<void> {
    await this.store.commit({
      set: metas.map(({ id }) => garbageEntry(id)),
      delete: metas.map(({ id }) => blockKeys.meta(id)),
    });
    this.#setAside = this.#setAside.filter((meta) => !metas.includes(meta));
    for (const meta of metas) this.#garbage.set(meta.id, meta);
  }

  /** Undoes swaps that failed and deletes garbage. Does nothing where there is neither. */
  settle(): Promise<void> {
    return this.#settling.run(async () => {
      while (this.#undo.length > 0) {
        await this.store.commit(this.#undo[0]);
        this.#undo.shift();
      }
      for (const [id, meta] of this.#garbage) {
        const keys = meta === undefined ? await this.#keysOf(id) : blockKeys.contents(meta);
        await deleteKeys(this.store, keys);
        await this.store.commit({ delete: [garbageKey(id)] });
        this.#garbage.delete(id);
      }
    });
  }

  async #keysOf(id: number): Promise<Key[]> {
    const keys: Key[] = [];
    for await (const { key } of this.store.list({ prefix: blockKeys.pages(id), batchSize: 64 })) {
      keys.push(key);
    }
    return keys;
  }

  /**
   * Opens what is in the store, and writes nothing. Blocks that cannot be read are reported and set aside; a block
   * whose meta is damaged gets another one from what it consists of.
   */
  async load(): Promise<void> {
    const { store } = this;
    for await (const { key } of store.list({ prefix: GARBAGE, batchSize: 1000 })) {
      const id = Number(key.at(-1));
      this.#garbage.set(id, undefined);
      this.noteId(id);
    }
    // Blocks whose meta is gone, too: their ids must not be given out again.
    for await (const { key } of store.list({ prefix: blockKeys.allPages, reverse: true, limit: 1 })) {
      this.noteId(key[1] as number);
    }
    const metas: (BlockMeta | { id: number })[] = [];
    for await (const { key, value } of store.list({ prefix: blockKeys.metas, batchSize: 1000 })) {
      const id = Number(key.at(-1));
      this.noteId(id);
      try {
        metas.push(decodeJson<BlockMeta>(value));
      } catch (error) {
        this.onDamage(key, error as Error);
        metas.push({ id });
      }
    }
    const blocks: Block[] = [], setAside: BlockMeta[] = [];
    for (const found of metas) {
      try {
        const meta = "indexParts" in found ? found : await Block.metaOf(found.id, store);
        try {
          blocks.push(await this.#open(meta));
        } catch (error) {
          if (isDamage(error)) setAside.push(meta);
          throw error;
        }
      } catch (error) {
        if (!isDamage(error)) throw error;
        this.onDamage(blockKeys.meta(found.id), error);
      }
    }
    this.#blocks = blocks.sort((a, b) => a.meta.minMs - b.meta.minMs);
    this.#setAside = setAside;
  }

  /** Keeps `id` from being given out. */
  noteId(id: number): void {
    this.#nextId = Math.max(this.#nextId, id + 1);
  }

  async #open(meta: BlockMeta): Promise<Block> {
    const block = await Block.open(meta, this.store, this.cache, this.onDamage);
    const { symbols } = this.order.index;
    block.index.mend((name) => name > 0 && symbols.isLost(name - 1));
    return block;
  }
}

function garbageKey(id: number): Key {
  return [...GARBAGE, id];
}

function garbageEntry(id: number): Entry {
  return { key: garbageKey(id), value: new Uint8Array([1]) };
}

function metaEntry(meta: BlockMeta): Entry {
  return { key: blockKeys.meta(meta.id), value: encodeJson(meta) };
}
