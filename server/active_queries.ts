import type { StartedQuery } from "./promql_queries.ts";

/** Bytes of one slot; a longer query is cut. */
const SLOT_BYTES = 1024;

/** A query that was running when the last process ended. */
export interface UnfinishedQuery {
  readonly query: string;
  /** When it began, in ms since the Unix epoch. */
  readonly beganMs: number;
}

/**
 * The queries that are running now, in a file, so that those that were running at a crash can be told afterwards:
 *
 *   slot 0: one line of JSON, blanks to its end │ slot 1: blanks only, free │ …
 *
 * Slots are written at once into the page cache, which outlives the process; nothing waits for the disk.
 */
export class ActiveQueries implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #free: number[];

  private constructor(file: Deno.FsFile, slots: number) {
    this.#file = file;
    this.#free = Array.from({ length: slots }, (_, i) => slots - 1 - i);
  }

  /**
   * Opens the file with that many slots, empties it, and tells what was running when it was last in use. Queries that
   * find no free slot are not recorded.
   * @throws If the file cannot be opened.
   */
  static open(path: string, slots: number): { active: ActiveQueries; unfinished: UnfinishedQuery[] } {
    let before = "";
    try {
      before = Deno.readTextFileSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    const file = Deno.openSync(path, { create: true, truncate: true, write: true });
    const active = new ActiveQueries(file, slots);
    for (let slot = 0; slot < slots; slot++) active.#write(slot, "");
    return { active, unfinished: before.split("\n").flatMap(unfinishedOf) };
  }

  /** Records a query until the returned function is called. */
  start({ query }: Pick<StartedQuery, "query">, nowMs: number): () => void {
    const slot = this.#free.pop();
    if (slot === undefined) return () => {};
    this.#write(slot, entryOf(query, nowMs));
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#write(slot, "");
      this.#free.push(slot);
    };
  }

  /** To be called once no query runs any more. */
  [Symbol.dispose](): void {
    this.#file.close();
  }

  #write(slot: number, text: string): void {
    const bytes = new Uint8Array(SLOT_BYTES).fill(0x20);
    bytes.set(new TextEncoder().encode(text));
    bytes[SLOT_BYTES - 1] = 0x0a;
    this.#file.seekSync(slot * SLOT_BYTES, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }
}

/** An entry that fits a slot. */
function entryOf(query: string, beganMs: number): string {
  for (let length = Math.min(query.length, SLOT_BYTES);; length = Math.floor(length / 2)) {
    const text = JSON.stringify({ query: query.slice(0, length), beganMs });
    if (new TextEncoder().encode(text).length < SLOT_BYTES) return text;
  }
}

/** The last time that a `Date` can be. */
const DATE_MS_MAX = 8.64e15;

/** What a line tells; nothing where it is blank or was cut by the crash. */
function unfinishedOf(line: string): UnfinishedQuery[] {
  if (line.trim() === "") return [];
  try {
    const { query, beganMs } = JSON.parse(line) as Record<string, unknown>;
    const isTime = typeof beganMs === "number" && Math.abs(beganMs) <= DATE_MS_MAX;
    return typeof query === "string" && isTime ? [{ query, beganMs }] : [];
  } catch {
    return [];
  }
}
