import { frame, unframe } from "./block/framed_value.ts";
import { ByteSink } from "./chunk/byte_sink.ts";
import { ByteSource } from "./chunk/byte_source.ts";
import type { Interval } from "./series_collector.ts";
import type { Entry, Key } from "./store.ts";

/** Refs that one stored value takes. */
const REFS_PER_VALUE = 10_000;

/**
 * Deleted stretches of series, kept until the blocks that hold their samples were rewritten.
 *
 *   key   │ "tombstone" · number
 *   value │ frame │ first ms · last ms (both inclusive, as doubles) · refs · (ref against the one before)*
 */
export class Tombstones {
  static readonly prefix: Key = ["tombstone"];
  readonly #intervals = new Map<number, Interval[]>();
  readonly #stored = new Map<number, { refs: Uint32Array; interval: Interval }>();
  #next = 0;

  get isEmpty(): boolean {
    return this.#stored.size === 0;
  }

  get count(): number {
    return this.#intervals.size;
  }

  of(ref: number): readonly Interval[] | undefined {
    return this.#intervals.get(ref);
  }

  /** Adds a deletion of ascending `refs`; it is in force at once, and durable once the entries are committed. */
  add(refs: Uint32Array, interval: Interval): Entry[] {
    const entries: Entry[] = [];
    for (let from = 0; from < refs.length; from += REFS_PER_VALUE) {
      const part = refs.slice(from, from + REFS_PER_VALUE);
      const out = new ByteSink(part.length * 2 + 32);
      out.float(interval.startMs);
      out.float(interval.endMs);
      out.varint(part.length);
      for (let i = 0; i < part.length; i++) out.varint(i === 0 ? part[0] : part[i] - part[i - 1]);
      entries.push({ key: [...Tombstones.prefix, this.#next], value: frame(out.written(), true) });
      this.#keep(this.#next, part, interval);
    }
    return entries;
  }

  /** @throws {DamagedValueError | RangeError} If the value is damaged. */
  load(key: Key, value: Uint8Array): void {
    const number = Number(key.at(-1));
    this.#next = Math.max(this.#next, number + 1);
    const source = new ByteSource(unframe(value));
    const interval = { startMs: source.float(), endMs: source.float() };
    const refs = new Uint32Array(source.varint());
    for (let i = 0, ref = 0; i < refs.length; i++) refs[i] = ref += source.varint();
    this.#keep(number, refs, interval);
  }

  /** The keys of all tombstones there are now, and the time that they span. */
  all(): { keys: Key[]; span: Interval } {
    const intervals = [...this.#stored.values()].map(({ interval }) => interval);
    return {
      keys: [...this.#stored.keys()].map((number) => [...Tombstones.prefix, number]),
      span: {
        startMs: Math.min(...intervals.map(({ startMs }) => startMs)),
        endMs: Math.max(...intervals.map(({ endMs }) => endMs)),
      },
    };
  }

  /** Forgets these tombstones: no block holds their samples any more. */
  forget(keys: readonly Key[]): void {
    for (const key of keys) {
      const number = Number(key.at(-1));
      const { refs, interval } = this.#stored.get(number)!;
      this.#stored.delete(number);
      for (const ref of refs) {
        const rest = this.#intervals.get(ref)!.filter((other) => other !== interval);
        if (rest.length === 0) this.#intervals.delete(ref);
        else this.#intervals.set(ref, rest);
      }
    }
  }

  #keep(number: number, refs: Uint32Array, interval: Interval): void {
    this.#next = Math.max(this.#next, number + 1);
    this.#stored.set(number, { refs, interval });
    for (const ref of refs) {
      const known = this.#intervals.get(ref);
      if (known === undefined) this.#intervals.set(ref, [interval]);
      else known.push(interval);
    }
  }
}
