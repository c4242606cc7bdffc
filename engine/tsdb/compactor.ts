import type { Block } from "./block/block.ts";
import type { BlockSet } from "./block/block_set.ts";
import type { BlockMeta } from "./block/block_meta.ts";
import { blockRanges, compact, planCompaction } from "./compaction.ts";
import { WINDOW_MS } from "./flusher.ts";
import type { Store } from "./store.ts";
import type { Tombstones } from "./tombstones.ts";

/**
 * Longest window that blocks are merged into. Merging keeps the timestamps of all groups of the window in memory,
 * 8 bytes a row, so it is shorter than upstream's 31 days.
 */
const WINDOW_MAX_MS = 27 * WINDOW_MS;
/** Blocks that one atomic batch removes. */
const REMOVED_AT_ONCE = 200;

/** Merges blocks into longer ones, removes those past their retention and what was deleted. One call at a time. */
export class Compactor {
  constructor(readonly store: Store, readonly blocks: BlockSet, readonly tombstones: Tombstones) {}

  /** Removes the blocks that end at least `retentionMs` before the newest one. @returns How many. */
  async removeOlder(retentionMs: number): Promise<number> {
    const oldestMs = this.blocks.maxMs - retentionMs;
    const setAside = this.blocks.setAside.filter(({ maxMs }) => maxMs <= oldestMs);
    if (setAside.length > 0) await this.blocks.removeSetAside(setAside);
    const old = this.blocks.all.filter(({ meta }) => meta.maxMs <= oldestMs).slice(0, REMOVED_AT_ONCE);
    if (old.length > 0) await this.blocks.swap({ remove: old });
    return old.length;
  }

  /** Removes the oldest block. */
  async removeOldest(): Promise<void> {
    await this.blocks.swap({ remove: this.blocks.all.slice(0, 1) });
  }

  /**
   * Merges the next blocks that are due.
   * @param completeMs No sample before this time is to be flushed any more, late ones aside.
   * @param retentionMs 0 where blocks are kept for ever.
   * @returns Whether any were.
   */
  async compactNext(completeMs: number, retentionMs: number, pause: () => Promise<void>): Promise<boolean> {
    const longestMs = retentionMs > 0 ? Math.max(WINDOW_MS, retentionMs / 10) : Infinity;
    const candidates = this.blocks.all.map((block) => ({ ...block.meta, block }));
    const ranges = blockRanges(WINDOW_MS, Math.min(WINDOW_MAX_MS, longestMs));
    const planned = planCompaction(candidates, ranges, completeMs);
    if (planned === undefined) return false;
    await this.#rewrite(planned.map(({ block }) => block), pause);
    return true;
  }

  /** Rewrites the blocks that hold deleted samples, then forgets the tombstones there were. */
  async cleanTombstones(pause: () => Promise<void>): Promise<void> {
    const all = [...this.tombstones.all()];
    const isMeant = ({ id, minMs, maxMs }: BlockMeta) =>
      all.some(([, { blocksEnd, interval }]) =>
        id < blocksEnd && minMs <= interval.endMs && maxMs >= interval.startMs
      );
    for (const block of this.blocks.all.filter(({ meta }) => isMeant(meta))) {
      await this.#rewrite([block], pause);
    }
    await this.forgetTombstones();
  }

  /** Forgets the tombstones of which no block holds samples any more. */
  async forgetTombstones(): Promise<void> {
    const blocks = [...this.blocks.all.map(({ meta }) => meta), ...this.blocks.setAside];
    const keys = [...this.tombstones.all()].filter(([, { blocksEnd, interval }]) =>
      !blocks.some(({ id, minMs, maxMs }) =>
        id < blocksEnd && minMs <= interval.endMs && maxMs >= interval.startMs
      )
    ).map(([key]) => key).slice(0, 500);
    if (keys.length === 0) return;
    await this.store.commit({ delete: keys });
    this.tombstones.forget(keys);
  }

  /** Puts one block with what was not deleted in the place of these. */
  async #rewrite(sources: readonly Block[], pause: () => Promise<void>): Promise<void> {
    const { blocks } = this;
    const level = Math.max(...sources.map(({ meta }) => meta.level)) + 1;
    const writer = await blocks.startBlock(level, sources.map(({ meta }) => meta));
    for (const block of sources) block.readers++;
    try {
      await compact(sources, blocks.order, writer, this.tombstones, pause);
      const add = writer.isEmpty ? [] : [await writer.finish()];
      await blocks.swap({ add, remove: sources });
    } catch (error) {
      blocks.abandon(writer.options.id);
      throw error;
    } finally {
      for (const block of sources) block.release();
    }
    if (writer.isEmpty) blocks.abandon(writer.options.id);
  }
}
