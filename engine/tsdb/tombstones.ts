import { frame, unframe } from "./block/framed_value.ts";
import { ByteSink } from "./chunk/byte_sink.ts";
import { ByteSource } from "./chunk/byte_source.ts";
import type { Interval } from "./series_collector.ts";
import type { Entry, Key } from "./store.ts";

/** Refs that one stored value takes. */
const REFS_PER_VALUE = 10_000;

/** What was deleted from some series, in the blocks that there were then. */
export interface Tombstone {
  readonly refs: Uint32Array;
  readonly interval: Interval;
  /** Only blocks with ids below this one hold samples that are meant. */
  readonly blocksEnd: number;
}

/**
 * Deleted stretches of series, kept until no block holds their samples any more. Samples that come later, as when
 * corrected ones are imported, are not touched.
 *
 *   key   │ "tombstone" · number
 *   value │ frame │ blocks end · first ms · last ms (both inclusive, as doubles) · refs · (ref against the one before)*
 */
export class Tombstones {
  static readonly prefix: Key = ["tombstone"];
  readonly #bySeries = new Map<number, Tombstone[]>();
  readonly #stored = new Map<number, Tombstone>();
  #next = 0;

  get isEmpty(): boolean {
    return this.#stored.size === 0;
  }

  /** Series that have any. */
  get count(): number {
    return this.#bySeries.size;
  }

  /** What was deleted from the series in block `block`. */
  of(ref: number, block: number): readonly Interval[] | undefined {
    const all = this.#bySeries.get(ref);
    if (all === undefined) return undefined;
    const found = all.filter(({ blocksEnd }) => block < blocksEnd);
    return found.length === 0 ? undefined : found.map(({ interval }) => interval);
  }

  /** Of series in block `block`, those of which not all was deleted between two times, both inclusive. */
  remaining(refs: Uint32Array, block: number, startMs: number, endMs: number): Uint32Array {
    if (this.isEmpty) return refs;
    const isDeleted = (ref: number) =>
      this.of(ref, block)?.some((interval) => interval.startMs <= startMs && interval.endMs >= endMs) ??
        false;
    return refs.filter((ref) => !isDeleted(ref));
  }

  /** The values of a deletion, which is in force once they are durable and `load` was given each. */
  entries({ refs, interval, blocksEnd }: Tombstone): Entry[] {
    const entries: Entry[] = [];
    for (let from = 0; from < refs.length; from += REFS_PER_VALUE) {
      const part = refs.subarray(from, from + REFS_PER_VALUE);
      const out = new ByteSink(part.length * 2 + 32);
      out.varint(blocksEnd);
      out.float(interval.startMs);
      out.float(interval.endMs);
      out.varint(part.length);
      for (let i = 0; i < part.length; i++) out.varint(i === 0 ? part[0] : part[i] - part[i - 1]);
      entries.push({
        key: [...Tombstones.prefix, this.#next + entries.length],
        value: frame(out.written(), true),
      });
    }
    return entries;
  }

  /** @throws {DamagedValueError | RangeError} If the value is damaged. */
  load({ key, value }: Entry): Tombstone {
    const number = Number(key.at(-1));
    this.#next = Math.max(this.#next, number + 1);
    const source = new ByteSource(unframe(value));
    const blocksEnd = source.varint();
    const interval = { startMs: source.float(), endMs: source.float() };
    const count = source.varint();
    if (count > REFS_PER_VALUE) {
      throw new RangeError(`Expected at most ${REFS_PER_VALUE} refs, found ${count}`);
    }
    const refs = new Uint32Array(count);
    for (let i = 0, ref = 0; i < refs.length; i++) refs[i] = ref += source.varint();
    const tombstone = { refs, interval, blocksEnd };
    this.#stored.set(number, tombstone);
    for (const ref of refs) {
      const known = this.#bySeries.get(ref);
      if (known === undefined) this.#bySeries.set(ref, [tombstone]);
      else known.push(tombstone);
    }
    return tombstone;
  }

  /** Keys and contents of all that there are. */
  *all(): IterableIterator<[key: Key, tombstone: Tombstone]> {
    for (const [number, tombstone] of this.#stored) yield [[...Tombstones.prefix, number], tombstone];
  }

  /** Forgets these tombstones: no block holds their samples any more. */
  forget(keys: readonly Key[]): void {
    for (const key of keys) {
      const number = Number(key.at(-1));
      const tombstone = this.#stored.get(number)!;
      this.#stored.delete(number);
      for (const ref of tombstone.refs) {
        const rest = this.#bySeries.get(ref)!.filter((other) => other !== tombstone);
        if (rest.length === 0) this.#bySeries.delete(ref);
        else this.#bySeries.set(ref, rest);
      }
    }
  }
}
