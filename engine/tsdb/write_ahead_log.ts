import { DamagedValueError, frame, unframe } from "./block/framed_value.ts";
import { ByteSink } from "./chunk/byte_sink.ts";
import { ByteSource } from "./chunk/byte_source.ts";
import { BATCH_BYTES_MAX, type Entry, type Key, type Store } from "./store.ts";

const PREFIX: Key = ["wal"];
/** Payload bytes of a part, so that with its frame it fits a value. */
const PART_BYTES = 60_000;
/** Parts that one atomic batch of the store takes. */
const PARTS_PER_COMMIT = Math.floor(BATCH_BYTES_MAX / (PART_BYTES + 100));

/**
 * The write-ahead log: batches of records, numbered in order, each of one or more values.
 *
 *   key   │ "wal" · generation · batch · part
 *   value │ frame │ number of parts of the batch · bytes of the records
 *
 * All parts of a batch are committed together unless it is larger than the store's limit; a batch of which the last
 * part is missing was never acknowledged and is ignored.
 */
export class WriteAheadLog {
  /** Keys of each generation that is still in the store, oldest first. */
  readonly #keys = new Map<number, Key[]>();
  #batch = 0;
  #bytes = 0;

  constructor(readonly store: Store, public generation: number) {}

  /** Bytes of the batches that are in the store. */
  get bytes(): number {
    return this.#bytes;
  }

  get oldestGeneration(): number {
    return this.#keys.keys().next().value ?? this.generation;
  }

  /** The values of a batch with these records. They belong to the log once the caller has committed them. */
  encode(records: Uint8Array): Entry[] {
    const parts = Math.max(1, Math.ceil(records.length / PART_BYTES));
    const entries: Entry[] = [];
    for (let part = 0; part < parts; part++) {
      const out = new ByteSink(PART_BYTES + 8);
      out.varint(parts);
      out.append(records.subarray(part * PART_BYTES, (part + 1) * PART_BYTES));
      entries.push({
        key: [...PREFIX, this.generation, this.#batch, part],
        value: frame(out.written(), true),
      });
    }
    this.#batch++;
    return entries;
  }

  /** Commits the values of batches, together with `first` in front, in as few atomic batches as they fit. */
  async commit(entries: readonly Entry[]): Promise<void> {
    for (let i = 0; i < entries.length; i += PARTS_PER_COMMIT) {
      const set = entries.slice(i, i + PARTS_PER_COMMIT);
      await this.store.commit({ set });
      for (const { key, value } of set) {
        const generation = key[PREFIX.length] as number;
        const keys = this.#keys.get(generation) ?? [];
        keys.push(key);
        this.#keys.set(generation, keys);
        this.#bytes += value.length;
      }
    }
  }

  /** Deletes the generations before `generation`. */
  async deleteBefore(generation: number): Promise<void> {
    for (const [old, keys] of [...this.#keys]) {
      if (old >= generation) continue;
      while (keys.length > 0) {
        await this.store.commit({ delete: keys.slice(0, 900) });
        keys.splice(0, 900);
      }
      this.#keys.delete(old);
    }
    if (this.#keys.size === 0) this.#bytes = 0;
  }

  /**
   * The records of every batch from generation `floor` on, in order. Batches that are damaged are reported and left out.
   * What is older than `floor` is noted for deletion.
   */
  async *replay(
    floor: number,
    onDamage: (key: Key, error: Error) => void,
  ): AsyncIterable<Uint8Array> {
    let parts: Uint8Array[] = [];
    let expected = 0, batchKey = "", damaged = false;
    for await (const { key, value } of this.store.list({ prefix: PREFIX, batchSize: 32 })) {
      const [, generation, batch, part] = key as readonly [string, number, number, number];
      const keys = this.#keys.get(generation) ?? [];
      keys.push(key);
      this.#keys.set(generation, keys);
      this.#bytes += value.length;
      if (generation < floor) continue;
      this.generation = Math.max(this.generation, generation + 1);
      if (batchKey !== `${generation}/${batch}`) {
        batchKey = `${generation}/${batch}`;
        parts = [];
        damaged = false;
      }
      try {
        const source = new ByteSource(unframe(value));
        expected = source.varint();
        if (part !== parts.length) {
          throw new DamagedValueError(`Expected part ${parts.length}, found part ${part}`);
        }
        parts.push(source.bytes.subarray(source.at));
      } catch (error) {
        if (!damaged) onDamage(key, error as Error);
        damaged = true;
      }
      if (!damaged && parts.length === expected) yield joined(parts);
    }
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
