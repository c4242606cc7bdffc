import { DatabaseSync } from "node:sqlite";
import {
  checkBatch,
  checkListOptions,
  compareKeys,
  keyBytes,
  LIST_BATCH_DEFAULT,
} from "../../engine/tsdb/memory_store.ts";
import {
  type Batch,
  type Entry,
  type Key,
  type ListOptions,
  type Store,
  StoreFullError,
} from "../../engine/tsdb/store.ts";

/**
 * SQLite's page size for new files. Values above about a quarter of it spill into whole pages, so that a larger
 * one wastes more at the end of each value (4 KiB: 5 %, 8 KiB: 9 %, 16 KiB: 18 % for values of 8 to 64 KiB), and
 * SQLite checkpoints every 1,000 pages while a commit waits (about 20, 40 and 60 ms).
 */
const PAGE_BYTES = 8_192;

/**
 * Opens the Deno KV file at `path`, creating it if it does not exist; its folder must exist.
 *
 * Nothing else in this process may open the file by any way but SQLite while it is live: closing any other
 * descriptor of it drops the locks that SQLite holds.
 * @throws {Error} If the file cannot be opened, created, or is no database.
 */
export async function openKvStore(path: string): Promise<KvStore> {
  let writer: Deno.Kv | undefined;
  try {
    if (await fileBytes(path) === 0) createKvFile(path);
    else readTables(path);
    writer = await Deno.openKv(path);
    return new KvStore(path, writer, await Deno.openKv(path));
  } catch (cause) {
    writer?.close();
    if (isFull(cause)) {
      throw new StoreFullError(`Cannot open ${path}: disk is full: free some space`, { cause });
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `Cannot open the store ${path}: ${reason}: check that its folder exists and is writable and that the file ` +
        `was written by Narthex, or restore it from a backup`,
      { cause },
    );
  }
}

/** A store in one Deno KV file. Open one per file: a second writer makes both wait on each other's locks. */
export class KvStore implements Store {
  readonly path: string;
  readonly #writer: Deno.Kv;
  readonly #reader: Deno.Kv; // a read on the writing handle would queue behind commits
  readonly #commits = new Set<Promise<unknown>>();
  #closed = false;

  constructor(path: string, writer: Deno.Kv, reader: Deno.Kv) {
    this.path = path;
    this.#writer = writer;
    this.#reader = reader;
  }

  async get(key: Key): Promise<Uint8Array | undefined> {
    this.#assertOpen();
    keyBytes(key);
    const { value } = await this.#reader.get(key);
    return value === null ? undefined : this.#bytes(key, value);
  }

  async *list(options: ListOptions): AsyncGenerator<Entry> {
    checkListOptions(options);
    this.#assertOpen();
    const { batchSize = LIST_BATCH_DEFAULT, reverse, limit } = options;
    if (limit === 0) return;
    const selector = selectorOf(options);
    if (selector === undefined) return;
    try {
      for await (const { key, value } of this.#reader.list(selector, { batchSize, reverse, limit })) {
        yield { key: key as Key, value: this.#bytes(key as Key, value) };
      }
    } catch (error) {
      this.#assertOpen(); // closed between two batches
      throw error;
    }
  }

  async commit(batch: Batch): Promise<void> {
    this.#assertOpen();
    checkBatch(batch);
    const operation = this.#writer.atomic();
    for (const key of batch.delete ?? []) operation.delete(key);
    for (const { key, value } of batch.set ?? []) operation.set(key, ownBytes(value));
    const running = operation.commit();
    this.#commits.add(running);
    try {
      await running;
    } catch (cause) {
      if (isFull(cause)) {
        throw new StoreFullError(`Cannot write to ${this.path}: disk is full: free some space`, { cause });
      }
      throw cause;
    } finally {
      this.#commits.delete(running);
    }
  }

  /** Refuses new calls, waits for running commits, then closes. A list that is under way fails at its next batch. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.allSettled(this.#commits);
    this.#writer.close();
    this.#reader.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error(`Store ${this.path} is closed: open it again`);
  }

  #bytes(key: Key, value: unknown): Uint8Array {
    if (value instanceof Uint8Array) return value;
    throw new TypeError(
      `Key ${JSON.stringify(key)} of ${this.path} holds a ${typeof value} instead of bytes: ` +
        `something else wrote to this file, restore it from a backup`,
    );
  }
}

/** Deno KV's selector for a list, `undefined` where the range is empty. */
function selectorOf({ prefix, start, end }: ListOptions): Deno.KvListSelector | undefined {
  if (start === undefined) return end === undefined ? { prefix } : { prefix, end };
  if (end === undefined) return { prefix, start };
  return compareKeys(start, end) < 0 ? { start, end } : undefined; // KV takes no prefix beside both
}

/** Deno KV takes no views of shared memory. */
function ownBytes(value: Uint8Array): Uint8Array {
  return value.buffer instanceof ArrayBuffer ? value : value.slice();
}

/** Makes an empty store. SQLite fixes two settings once the file has content: they come before Deno KV's own tables. */
export function createKvFile(path: string): void {
  const db = new DatabaseSync(path);
  try {
    db.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL`);
  } finally {
    db.close();
  }
}

/** Reads a row of every table: Deno would end the process, without a word of the file, where that cannot be done. */
function readTables(path: string): void {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    for (const { name } of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()) {
      db.prepare(`SELECT * FROM "${name}" LIMIT 1`).get();
    }
  } finally {
    db.close();
  }
}

/** Size of a file, 0 where it does not exist. */
async function fileBytes(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** Deno KV has no error class for this, only SQLite's text. */
function isFull(error: unknown): boolean {
  return error instanceof Error && error.message.includes("database or disk is full");
}
