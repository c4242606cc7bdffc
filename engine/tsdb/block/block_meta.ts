import type { Key } from "../store.ts";

/** What is known of a block without reading its index. */
export interface BlockMeta {
  readonly id: number;
  /** 0 = rows just flushed; each compaction adds 1. */
  readonly level: number;
  /** First and last timestamp in ms, both inclusive. */
  readonly minMs: number;
  readonly maxMs: number;
  readonly samples: number;
  readonly series: number;
  readonly chunks: number;
  readonly pages: number;
  readonly timePages: number;
  /** Values that the index is spread over. */
  readonly indexParts: number;
  /** Above every ref of the block. */
  readonly refsEnd: number;
  /** Values that the set of series refs is spread over. */
  readonly refParts: number;
  /** Bytes of all values of the block. */
  readonly bytes: number;
  /**
   * The lowest id of the flushed or imported blocks that its samples come from: where two blocks have different samples
   * of one series and time, that of the lower age counts.
   */
  readonly age: number;
  /** Ids of the blocks that this one replaced. */
  readonly sources: readonly number[];
}

/** Keys of everything that a block consists of. */
export const blockKeys = {
  metas: ["block"] as Key,
  meta: (id: number): Key => ["block", id],
  /** All pages of all blocks. */
  allPages: ["page"] as Key,
  pages: (id: number): Key => ["page", id],
  valuePage: (id: number, page: number): Key => ["page", id, "v", page],
  timePage: (id: number, page: number): Key => ["page", id, "t", page],
  indexParts: (id: number): Key => ["page", id, "i"],
  refParts: (id: number): Key => ["page", id, "r"],
  indexPart: (id: number, part: number): Key => ["page", id, "i", part],
  refPart: (id: number, part: number): Key => ["page", id, "r", part],
  /** Every key of the block but its meta. */
  *contents(meta: BlockMeta): IterableIterator<Key> {
    for (let i = 0; i < meta.pages; i++) yield blockKeys.valuePage(meta.id, i);
    for (let i = 0; i < meta.timePages; i++) yield blockKeys.timePage(meta.id, i);
    for (let i = 0; i < meta.indexParts; i++) yield blockKeys.indexPart(meta.id, i);
    for (let i = 0; i < meta.refParts; i++) yield blockKeys.refPart(meta.id, i);
  },
};
