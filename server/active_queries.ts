import type { StartedQuery } from "./promql_queries.ts";

/** Bytes of one slot; a longer query is cut. */
const SLOT_BYTES = 1000;

/** A query that was running when the last process ended. */
export interface UnfinishedQuery {
  readonly query: string;
  /** When it began, in ms since the Unix epoch, to the second. */
  readonly beganMs: number;
}

/**
 * The queries that are running now, in a file, so that those that were running at a crash can be told afterwards:
 *
 *   [ │ slot 0: {"query":…,"timestamp_sec":…}, and zeros to its end │ slot 1: zeros only, free │ …
 *
 * which is upstream's form. Slots are written at once into the page cache, which outlives the process; nothing waits for the disk.
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
    let before = new Uint8Array(0);
    try {
      before = Deno.readFileSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    const file = Deno.openSync(path, { create: true, truncate: true, write: true });
    const active = new ActiveQueries(file, slots);
    active.#writeAt(0, new TextEncoder().encode("["));
    for (let slot = 0; slot < slots; slot++) active.#write(slot, "");
    return { active, unfinished: unfinishedIn(before) };
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
    const bytes = new Uint8Array(SLOT_BYTES);
    bytes.set(new TextEncoder().encode(text));
    this.#writeAt(1 + slot * SLOT_BYTES, bytes);
  }

  #writeAt(offset: number, bytes: Uint8Array): void {
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }
}

/** An entry that fits a slot. */
function entryOf(query: string, beganMs: number): string {
  const timestamp_sec = Math.floor(beganMs / 1000);
  for (let length = Math.min(query.length, SLOT_BYTES);; length = Math.floor(length / 2)) {
    const text = `${JSON.stringify({ query: query.slice(0, length), timestamp_sec })},`;
    if (new TextEncoder().encode(text).length <= SLOT_BYTES) return text;
  }
}

/** The last time that a `Date` can be, in seconds. */
const DATE_SECONDS_MAX = 8.64e12;

/** What a file tells; nothing of slots that are free or were cut by the crash. */
function unfinishedIn(bytes: Uint8Array): UnfinishedQuery[] {
  const found: UnfinishedQuery[] = [];
  for (let at = 1; at < bytes.length; at += SLOT_BYTES) {
    const [text] = new TextDecoder().decode(bytes.subarray(at, at + SLOT_BYTES)).split("\0");
    if (text === "") continue;
    try {
      const { query, timestamp_sec: seconds } = JSON.parse(text.replace(/,$/, "")) as Record<string, unknown>;
      if (typeof query !== "string" || typeof seconds !== "number") continue;
      if (Math.abs(seconds) <= DATE_SECONDS_MAX) found.push({ query, beganMs: seconds * 1000 });
    } catch {
      // Damaged, or of an earlier form: there is nothing to tell.
    }
  }
  return found;
}
