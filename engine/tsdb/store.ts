/**
 * The engine's only door to durable storage, shaped after Deno KV: ordered keys of parts, small binary
 * values, atomic batches. Adapters: `MemoryStore` beside this file, Deno KV in `server/storage/`.
 */
export type KeyPart = string | number;
export type Key = readonly KeyPart[];

/** Largest value, in bytes. */
export const VALUE_BYTES_MAX = 65_536;
/** Largest sum of key and value bytes in one batch, kept below Deno KV's 819,200. */
export const BATCH_BYTES_MAX = 800_000;
/** Largest number of sets and deletes in one batch. */
export const BATCH_MUTATIONS_MAX = 1_000;

/** Changes that become durable together or not at all. */
export interface Batch {
  readonly set?: readonly { readonly key: Key; readonly value: Uint8Array }[];
  readonly delete?: readonly Key[];
}

export interface Entry {
  readonly key: Key;
  readonly value: Uint8Array;
}

export interface ListOptions {
  /** Keys that begin with these parts. */
  readonly prefix: Key;
  /** First key, inclusive; whole key including the prefix. */
  readonly start?: Key;
  /** Last key, exclusive; whole key including the prefix. */
  readonly end?: Key;
  /** Entries fetched at a time: 16 to 64 for pages, up to 1,000 for small values. */
  readonly batchSize?: number;
  readonly reverse?: boolean;
  readonly limit?: number;
}

export interface Store {
  /** A copy of the value, or `undefined` where the key is not set. */
  get(key: Key): Promise<Uint8Array | undefined>;
  /** Entries in key order: strings before numbers, strings by their UTF-8 bytes, numbers by value. */
  list(options: ListOptions): AsyncIterable<Entry>;
  /**
   * Resolves once the whole batch is durable.
   * @throws {StoreFullError} If there is no space; nothing of the batch is stored.
   * @throws {RangeError} If the batch is over the limits above.
   */
  commit(batch: Batch): Promise<void>;
  close(): Promise<void>;
}

/** No space for a commit. Reads go on; the commit may be tried again later. */
export class StoreFullError extends Error {
  override readonly name = "StoreFullError";
}
