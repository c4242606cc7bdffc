import { grown } from "../grown.ts";

/** Marks the end of the walk: no entry is expected. */
export const NONE = -1;

/**
 * The texts of one target's bodies and what they stand for, in the order of the last body.
 *
 * ```text
 *  keys     │foo{a="b"} │foo{a="c"} │bar │…       texts, one after another
 *  offsets   0           11          22   26      entry i is keys[offsets[i], offsets[i + 1])
 *  slots     0           1           -1   …       a slot, DROPPED, or below that an index of something special
 *  next      1           2           3    …       the entry that followed in the last body
 *  tags      context << 16 | body                 the context it was read in, the last body that had it (mod 2^16)
 *  buckets                                        hash table of entry + 1, open addressing, 0 = free
 * ```
 * 16 bytes an entry beside its text, and 4 to 8 in the hash table. The arrays are replaced when they grow.
 */
export class SeriesTable {
  keys = new Uint8Array(4096);
  keyView = new DataView(this.keys.buffer);
  offsets = new Uint32Array(128);
  slots = new Int32Array(127);
  next = new Int32Array(127);
  tags = new Uint32Array(127);
  count = 0;
  /** First entry of the body, NONE before one is known. */
  first = NONE;
  /** The entry that the body had last, NONE at its start. */
  previous = NONE;
  #buckets = new Uint32Array(256);

  /** The entry that followed here in the last body, or NONE. */
  get expected(): number {
    return this.previous === NONE ? this.first : this.next[this.previous];
  }

  /** Notes that body number `body` has `entry` next. */
  advance(entry: number, body: number): void {
    if (this.previous === NONE) this.first = entry;
    else this.next[this.previous] = entry;
    this.tags[entry] = (this.tags[entry] & 0xffff0000 | body) >>> 0;
    this.previous = entry;
  }

  /** As `find`, looking first at the expected entry. */
  findNext(bytes: Uint8Array, start: number, end: number, context: number): number {
    const { expected } = this;
    return expected !== NONE && this.#holds(expected, bytes, start, end, context)
      ? expected
      : this.find(bytes, start, end, context);
  }

  /** The entry whose text is bytes [start, end) and whose context is `context`, or NONE. */
  find(bytes: Uint8Array, start: number, end: number, context: number): number {
    const buckets = this.#buckets, mask = buckets.length - 1;
    for (let at = hash(bytes, start, end, context) & mask; buckets[at] !== 0; at = (at + 1) & mask) {
      const entry = buckets[at] - 1;
      if (this.#holds(entry, bytes, start, end, context)) return entry;
    }
    return NONE;
  }

  /** Adds an entry that `find` does not know; its `next` is NONE. */
  add(bytes: Uint8Array, start: number, end: number, context: number, slot: number): number {
    const entry = this.count++;
    if (entry === this.slots.length) this.#growEntries(2 * entry);
    const offset = this.offsets[entry], after = offset + end - start;
    if (after > this.keys.length) this.#growKeys(Math.max(after, Math.ceil(1.5 * this.keys.length)));
    this.keys.set(bytes.subarray(start, end), offset);
    this.offsets[entry + 1] = after;
    this.slots[entry] = slot;
    this.next[entry] = NONE;
    this.tags[entry] = context << 16;
    if (this.count * 4 > this.#buckets.length * 3) this.#rehash(2 * this.#buckets.length);
    else this.#place(entry);
    return entry;
  }

  #holds(entry: number, bytes: Uint8Array, start: number, end: number, context: number): boolean {
    const { keys } = this;
    let key = this.offsets[entry];
    if (this.offsets[entry + 1] - key !== end - start || this.tags[entry] >>> 16 !== context) return false;
    for (let i = start; i < end; i++) if (keys[key++] !== bytes[i]) return false;
    return true;
  }

  /**
   * A table of only those entries that body number `body`, the last one, had, in its order.
   */
  compacted(body: number): SeriesTable {
    const { keys, offsets, slots, next, tags } = this;
    const kept = new SeriesTable();
    const take = (entry: number) => {
      const added = kept.add(keys, offsets[entry], offsets[entry + 1], tags[entry] >>> 16, slots[entry]);
      kept.tags[added] = tags[entry];
      kept.next[added] = added + 1;
    };
    const taken = new Uint8Array(this.count);
    for (let entry = this.first; entry !== NONE && taken[entry] === 0; entry = next[entry]) {
      taken[entry] = 1;
      if ((tags[entry] & 0xffff) === body) take(entry);
    }
    // The chain misses entries where a body had the same text twice.
    for (let entry = 0; entry < this.count; entry++) {
      if (taken[entry] === 0 && (tags[entry] & 0xffff) === body) take(entry);
    }
    if (kept.count > 0) {
      kept.next[kept.count - 1] = NONE;
      kept.first = 0;
    }
    return kept;
  }

  #place(entry: number): void {
    const buckets = this.#buckets, mask = buckets.length - 1;
    const { offsets } = this;
    let at = hash(this.keys, offsets[entry], offsets[entry + 1], this.tags[entry] >>> 16) & mask;
    while (buckets[at] !== 0) at = (at + 1) & mask;
    buckets[at] = entry + 1;
  }

  #rehash(size: number): void {
    this.#buckets = new Uint32Array(size);
    for (let entry = 0; entry < this.count; entry++) this.#place(entry);
  }

  #growKeys(size: number): void {
    const keys = new Uint8Array(size);
    keys.set(this.keys);
    this.keys = keys;
    this.keyView = new DataView(keys.buffer);
  }

  #growEntries(size: number): void {
    this.offsets = grown(this.offsets, size + 1);
    this.slots = grown(this.slots, size);
    this.next = grown(this.next, size);
    this.tags = grown(this.tags, size);
  }
}

/** FNV-1a over bytes [start, end), mixed so that the low bits depend on all of them. */
function hash(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let h = 0x811c9dc5 ^ seed;
  for (let i = start; i < end; i++) h = Math.imul(h ^ bytes[i], 0x01000193);
  h ^= h >>> 15;
  return Math.imul(h, 0x2c1b3c6d) >>> 8;
}
