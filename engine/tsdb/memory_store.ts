import { compareUtf8 } from "../labels/labels.ts";
import {
  type Batch,
  BATCH_BYTES_MAX,
  BATCH_MUTATIONS_MAX,
  type Entry,
  type Key,
  type KeyPart,
  type ListOptions,
  type Store,
  VALUE_BYTES_MAX,
} from "./store.ts";

/** Largest key in bytes, as `keyBytes` counts. */
export const KEY_BYTES_MAX = 2_048;
/** Largest sum of the keys that one batch sets, in bytes; keys that it deletes are not counted. */
const BATCH_KEY_BYTES_MAX = 80_000;
/** Entries that a list fetches at a time unless told otherwise. */
export const LIST_BATCH_DEFAULT = 100;
const LIST_BATCH_MAX = 1_000;

/**
 * A store in memory that behaves as the durable ones do: same order, same limits, same errors. Values are
 * copied on the way in and out. As in Deno KV a list is consistent per fetched batch, not as a whole.
 */
export class MemoryStore implements Store {
  /** Ascending by key; the entries and what they hold are never changed in place. */
  readonly #entries: Entry[] = [];
  #closed = false;

  // deno-lint-ignore require-await -- failures are rejections, as in every store
  async get(key: Key): Promise<Uint8Array | undefined> {
    this.#assertOpen();
    keyBytes(key);
    const at = this.#lowerBound(key);
    return this.#holds(at, key) ? this.#entries[at].value.slice() : undefined;
  }

  async *list(options: ListOptions): AsyncGenerator<Entry> {
    checkListOptions(options);
    const batchSize = options.batchSize ?? LIST_BATCH_DEFAULT;
    let left = options.limit ?? Infinity;
    let last: Key | undefined;
    while (left > 0) {
      this.#assertOpen();
      const size = Math.min(batchSize, left);
      const batch = this.#fetch(options, last, size);
      for (const { key, value } of batch) yield { key: [...key], value: value.slice() };
      if (batch.length < size) return;
      left -= size;
      last = batch[size - 1].key;
      await undefined; // commits may land between two batches
    }
  }

  // deno-lint-ignore require-await -- failures are rejections, as in every store
  async commit(batch: Batch): Promise<void> {
    this.#assertOpen();
    checkBatch(batch);
    for (const key of batch.delete ?? []) {
      const at = this.#lowerBound(key);
      if (this.#holds(at, key)) this.#entries.splice(at, 1);
    }
    for (const { key, value } of batch.set ?? []) {
      const at = this.#lowerBound(key);
      this.#entries.splice(at, this.#holds(at, key) ? 1 : 0, { key: [...key], value: value.slice() });
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error("Store is closed: open it again");
  }

  /** Up to `size` entries of the range, in the direction of the list, beyond key `last` where that is set. */
  #fetch({ prefix, start, end, reverse }: ListOptions, last: Key | undefined, size: number): Entry[] {
    let low = start === undefined ? this.#upperBound(prefix) : this.#lowerBound(start);
    let high = end === undefined ? this.#endOf(prefix) : this.#lowerBound(end);
    if (last !== undefined) {
      if (reverse) high = Math.min(high, this.#lowerBound(last));
      else low = Math.max(low, this.#upperBound(last));
    }
    return reverse
      ? this.#entries.slice(Math.max(low, high - size), Math.max(low, high)).reverse()
      : this.#entries.slice(low, Math.min(low + size, high));
  }

  #holds(at: number, key: Key): boolean {
    return at < this.#entries.length && compareKeys(this.#entries[at].key, key) === 0;
  }

  /** Index of the first entry whose key is `key` or above. */
  #lowerBound(key: Key): number {
    return this.#firstIndex((other) => compareKeys(other, key) >= 0);
  }

  /** Index of the first entry whose key is above `key`. */
  #upperBound(key: Key): number {
    return this.#firstIndex((other) => compareKeys(other, key) > 0);
  }

  /** Index of the first entry above all keys that begin with `prefix`. */
  #endOf(prefix: Key): number {
    return this.#firstIndex((other) => compareKeys(other.slice(0, prefix.length), prefix) > 0);
  }

  /** Index of the first entry whose key `reached` accepts; it accepts every key above one that it accepts. */
  #firstIndex(reached: (key: Key) => boolean): number {
    let low = 0, high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (reached(this.#entries[middle].key)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** The order of keys: part by part, strings before numbers; a prefix sorts first. */
export function compareKeys(a: Key, b: Key): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compareParts(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareParts(a: KeyPart, b: KeyPart): number {
  if (typeof a === "string") return typeof b === "string" ? compareUtf8(a, b) : -1;
  return typeof b === "string" ? 1 : a - b;
}

/**
 * Bytes of a key as stored: 9 for a number; for a string its UTF-8 bytes, 2 more, and 1 more for each NUL.
 * @throws {RangeError} If the key is empty, over `KEY_BYTES_MAX`, or a part cannot be ordered or stored.
 */
export function keyBytes(key: Key): number {
  if (key.length === 0) throw new RangeError("Key has no parts: give it at least one");
  const bytes = partsBytes(key);
  if (bytes > KEY_BYTES_MAX) {
    throw new RangeError(`Key ${show(key)} is too large: found ${bytes} bytes, at most ${KEY_BYTES_MAX} fit`);
  }
  return bytes;
}

function partsBytes(parts: Key): number {
  let bytes = 0;
  for (const part of parts) {
    if (typeof part === "string") {
      if (!part.isWellFormed()) {
        throw new RangeError(`Key ${show(parts)} holds a lone surrogate: use well-formed strings`);
      }
      bytes += stringBytes(part);
    } else {
      if (!Number.isFinite(part) || Object.is(part, -0)) {
        const found = Object.is(part, -0) ? "-0" : part;
        throw new RangeError(`Key ${show(parts)} holds ${found}: use finite numbers other than -0`);
      }
      bytes += 9;
    }
  }
  return bytes;
}

function stringBytes(part: string): number {
  let bytes = 2;
  for (let i = 0; i < part.length; i++) {
    const unit = part.charCodeAt(i);
    if (unit === 0) bytes += 2;
    else if (unit < 0x80) bytes += 1;
    else if (unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff)) bytes += 2; // half of a 4-byte pair
    else bytes += 3;
  }
  return bytes;
}

/**
 * Checks a batch against the limits of every store. Of `BATCH_BYTES_MAX`, setting a key takes its bytes twice, as in
 * Deno KV, and those of the value; deleting one takes its bytes once. Within a batch deletes come before sets, and of two sets
 * of one key the later wins.
 * @throws {RangeError} If the batch, a key or a value is over its limit.
 */
export function checkBatch(batch: Batch): void {
  const sets = batch.set ?? [], deletes = batch.delete ?? [];
  const mutations = sets.length + deletes.length;
  if (mutations > BATCH_MUTATIONS_MAX) {
    throw new RangeError(
      `Batch has too many mutations: found ${mutations}, at most ${BATCH_MUTATIONS_MAX} fit: split it`,
    );
  }
  let bytes = 0, setKeyBytes = 0;
  for (const { key, value } of sets) {
    if (value.byteLength > VALUE_BYTES_MAX) {
      throw new RangeError(
        `Value of key ${
          show(key)
        } is too large: found ${value.byteLength} bytes, at most ${VALUE_BYTES_MAX} fit`,
      );
    }
    const ofKey = keyBytes(key);
    setKeyBytes += ofKey;
    bytes += 2 * ofKey + value.byteLength;
  }
  for (const key of deletes) bytes += keyBytes(key);
  if (setKeyBytes > BATCH_KEY_BYTES_MAX) {
    throw new RangeError(
      `Batch sets too many bytes of keys: found ${setKeyBytes}, at most ${BATCH_KEY_BYTES_MAX} fit: split it`,
    );
  }
  if (bytes > BATCH_BYTES_MAX) {
    throw new RangeError(
      `Batch is too large: found ${bytes} bytes, at most ${BATCH_BYTES_MAX} fit: split it`,
    );
  }
}

/**
 * Checks what every store requires of a list.
 * @throws {RangeError} If `start` or `end` is not below `prefix`, or a number is out of range.
 */
export function checkListOptions({ prefix, start, end, batchSize, limit }: ListOptions): void {
  if (partsBytes(prefix) > KEY_BYTES_MAX) {
    throw new RangeError(`Prefix ${show(prefix)} is too large: at most ${KEY_BYTES_MAX} bytes fit`);
  }
  for (const [name, bound] of [["start", start], ["end", end]] as const) {
    if (bound === undefined) continue;
    keyBytes(bound);
    if (bound.length <= prefix.length || compareKeys(bound.slice(0, prefix.length), prefix) !== 0) {
      throw new RangeError(
        `List has ${name} ${show(bound)} outside prefix ${show(prefix)}: begin it with the prefix`,
      );
    }
  }
  if (
    batchSize !== undefined && !(Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= LIST_BATCH_MAX)
  ) {
    throw new RangeError(`List has batchSize ${batchSize}: use a whole number from 1 to ${LIST_BATCH_MAX}`);
  }
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 0)) {
    throw new RangeError(`List has limit ${limit}: use a whole number from 0`);
  }
}

/** A key for a message, shortened. */
function show(key: Key): string {
  const text = JSON.stringify(key);
  return text.length <= 120 ? text : `${text.slice(0, 117)}...`;
}
