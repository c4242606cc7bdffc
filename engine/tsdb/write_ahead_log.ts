import { batchesOf, deleteKeys } from "./batches.ts";
import { DamagedValueError, frame, unframe } from "./block/framed_value.ts";
import { ByteSink } from "./chunk/byte_sink.ts";
import { ByteSource } from "./chunk/byte_source.ts";
import type { Entry, Key, Store } from "./store.ts";

/** First part of the keys of all that only the log has: a store without it lacks the samples that are in no block. */
export const LOG_KEY = "wal";
const PREFIX: Key = [LOG_KEY];
/** Payload bytes of a part, so that with its frame it fits a value. */
const PART_BYTES = 60_000;

/** Records that were committed together. */
export interface LogBatch {
  readonly records: Uint8Array;
  /** Whether nothing is missing between this batch and the one before it, and both are of one generation. */
  readonly follows: boolean;
}

/** A generation's batches in the store: how many parts each has, by number. */
interface Generation {
  readonly parts: number[];
  bytes: number;
}

/**
 * The write-ahead log: batches of records, each of one or more values. Its generations follow one another; one goes
 * when all its samples are in blocks. A process never goes on with a generation of another one.
 *
 *   key   │ "wal" · generation · batch, from 0 in each generation · part, from 0
 *   value │ frame │ number of parts of the batch · bytes of the records
 *
 * Batches become durable in order. One whose last parts are missing at the end of a generation was never acknowledged
 * and is ignored.
 */
export class WriteAheadLog {
  readonly #generations = new Map<number, Generation>();
  /** Batches that are not durable yet, in order. */
  readonly #queue: Entry[] = [];
  #generation = 0;
  #batch = 0;

  constructor(readonly store: Store) {}

  /** The generation that batches are added to. */
  get generation(): number {
    return this.#generation;
  }

  /** Bytes of the batches that are in the store. */
  get bytes(): number {
    let bytes = 0;
    for (const generation of this.#generations.values()) bytes += generation.bytes;
    return bytes;
  }

  /** Values that are not durable yet. */
  get queued(): number {
    return this.#queue.length;
  }

  get queuedBytes(): number {
    return this.#queue.reduce((sum, { value }) => sum + value.length, 0);
  }

  /**
   * Adds a batch of these records to what the next `commit` makes durable.
   * @param compress Whether zstd is worth its time.
   */
  add(records: Uint8Array, compress = true): void {
    const parts = Math.max(1, Math.ceil(records.length / PART_BYTES));
    for (let part = 0; part < parts; part++) {
      const out = new ByteSink(PART_BYTES + 8);
      out.varint(parts);
      out.append(records.subarray(part * PART_BYTES, (part + 1) * PART_BYTES));
      this.#queue.push({
        key: [...PREFIX, this.#generation, this.#batch, part],
        value: frame(out.written(), compress),
      });
    }
    this.#batch++;
  }

  /** Begins another generation. */
  rotate(): void {
    this.#generation++;
    this.#batch = 0;
  }

  /** Makes the first `count` queued values durable. What a failure leaves is queued still, and may be stored already. */
  async commit(count: number): Promise<void> {
    for (const set of batchesOf(this.#queue.slice(0, count))) {
      await this.store.commit({ set });
      this.#queue.splice(0, set.length);
      for (const { key, value } of set) this.#note(key, value);
    }
  }

  /** Deletes the generations before `generation`. */
  async deleteBefore(generation: number): Promise<void> {
    for (const [number, { parts }] of [...this.#generations]) {
      if (number >= generation) continue;
      await deleteKeys(this.store, keysOf(number, parts));
      this.#generations.delete(number);
    }
  }

  /**
   * The batches from generation `floor` on, in order; those of older ones are only noted for deletion. Batches that are
   * damaged or missing are reported and left out. Afterwards a generation of its own begins.
   */
  async *replay(floor: number, onDamage: (key: Key, error: Error) => void): AsyncIterable<LogBatch> {
    this.#generation = floor;
    let generation = -1, batch = -1;
    let parts: Uint8Array[] = [], expected = 0;
    let isDamaged = false, follows = false;
    for await (const { key, value } of this.store.list({ prefix: PREFIX, batchSize: 32 })) {
      const [, keyGeneration, keyBatch, keyPart] = key as readonly [string, number, number, number];
      this.#note(key, value);
      if (keyGeneration < floor) continue;
      if (keyGeneration !== generation) {
        generation = keyGeneration;
        batch = -1;
        parts = [];
        follows = false;
        this.#generation = generation + 1;
      }
      if (keyBatch !== batch) {
        const isCut = batch >= 0 && !isDamaged && parts.length < expected;
        if (isCut || keyBatch !== batch + 1) {
          follows = false;
          onDamage(key, new DamagedValueError(`Batches before ${keyBatch} of the log are incomplete`));
        }
        batch = keyBatch;
        parts = [];
        isDamaged = false;
      }
      if (isDamaged) continue;
      try {
        const source = new ByteSource(unframe(value));
        expected = source.varint();
        if (keyPart !== parts.length) {
          throw new DamagedValueError(`Expected part ${parts.length} of the batch, found part ${keyPart}`);
        }
        parts.push(source.bytes.subarray(source.at));
      } catch (error) {
        onDamage(key, error as Error);
        isDamaged = true;
        follows = false;
        continue;
      }
      if (parts.length < expected) continue;
      yield { records: joined(parts), follows };
      follows = true;
    }
  }

  #note(key: Key, value: Uint8Array): void {
    const [, number, batch, part] = key as readonly [string, number, number, number];
    let generation = this.#generations.get(number);
    if (generation === undefined) this.#generations.set(number, generation = { parts: [], bytes: 0 });
    generation.parts[batch] = Math.max(generation.parts[batch] ?? 0, part + 1);
    generation.bytes += value.length;
  }
}

function* keysOf(generation: number, parts: readonly number[]): IterableIterator<Key> {
  for (const [batch, count = 0] of parts.entries()) {
    for (let part = 0; part < count; part++) yield [...PREFIX, generation, batch, part];
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
