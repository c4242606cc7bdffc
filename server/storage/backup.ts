import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { syncPath } from "./_sync_path.ts";
import type { CopyAnswer, CopyRequest } from "./copy_worker.ts";
import { exists } from "./exists.ts";
import { createKvFile } from "./kv_store.ts";

/** Pages that one step of `vacuum` returns: a commit that meets a step waits a few ms. */
const VACUUM_STEP_PAGES = 64;
/** Rest between two steps in ms, which leaves the lock to the store's own writer. */
const VACUUM_REST_MS = 2;
/** How long SQLite waits for the store's writer to finish a commit, in ms. */
const BUSY_MS = 10_000;

/**
 * Writes a consistent, compacted copy of the KV file at `source`, live or not, to `destination`, which appears
 * once it is complete and on disk. Commits go on meanwhile: the copy holds those that were acknowledged before
 * it began. SQLite's log beside the source cannot be reset until the copy is done, so it grows by what is written.
 * @param options.without Keys whose first part is this are left out.
 * @returns Bytes of the copy.
 * @throws {Error} If the destination exists, or one of the files cannot be read or written.
 */
export async function copyKv(
  source: string,
  destination: string,
  options: { without?: string } = {},
): Promise<number> {
  if (await exists(destination)) {
    throw new Error(
      `Cannot copy ${source} to ${destination}: the file exists: remove it or choose another name`,
    );
  }
  const partial = `${destination}.partial`;
  await removeIfExists(partial);
  try {
    // A copy of an empty file would not have the settings of a store.
    if ((await Deno.stat(source)).size === 0) createKvFile(partial);
    else await copyInWorker({ source, destination: partial, busyMs: BUSY_MS, ...options });
    await syncPath(partial);
    await Deno.rename(partial, destination);
    await syncPath(dirname(destination));
  } catch (cause) {
    await removeIfExists(partial);
    await removeIfExists(`${partial}-journal`);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot copy ${source} to ${destination}: ${reason}`, { cause });
  }
  return (await Deno.stat(destination)).size;
}

/**
 * Returns the free pages of the KV file at `path`, live or not, to the file system, in small steps between which
 * the store's commits go on. The file shrinks at SQLite's next checkpoint, which a busy store makes by itself.
 * @param options.signal Ends the work after the step under way.
 * @returns Bytes of the pages that were returned.
 * @throws {Error} If the file was not created by `openKvStore`, or is not a database.
 */
export async function vacuum(path: string, options: { signal?: AbortSignal } = {}): Promise<number> {
  const db = openExisting(path);
  try {
    if (pragma(db, "auto_vacuum") !== 2) {
      throw new Error(
        `Cannot vacuum ${path} while it is in use: it was not created by Narthex: stop Narthex and run ` +
          `sqlite3 ${path} "PRAGMA auto_vacuum = INCREMENTAL; VACUUM"`,
      );
    }
    const step = db.prepare(`PRAGMA incremental_vacuum(${VACUUM_STEP_PAGES})`);
    // Counted at the start: pages that commits free meanwhile could keep the loop going for ever.
    const free = pragma(db, "freelist_count");
    let returned = 0;
    while (returned < free && !options.signal?.aborted) {
      const pages = step.all().length; // SQLite answers one row per page
      if (pages === 0) break; // commits used up the rest
      returned += pages;
      await delay(VACUUM_REST_MS);
    }
    return returned * pragma(db, "page_size");
  } finally {
    db.close();
  }
}

/** Bytes of the pages of the KV file at `path` that hold nothing: later writes reuse them, `vacuum` returns them. */
export function freePagesBytes(path: string): number {
  const db = openExisting(path);
  try {
    return pragma(db, "freelist_count") * pragma(db, "page_size");
  } finally {
    db.close();
  }
}

function openExisting(path: string): DatabaseSync {
  Deno.statSync(path); // SQLite would create the file
  return new DatabaseSync(path, { timeout: BUSY_MS });
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()![name]);
}

/** The copy is one call of SQLite that takes as long as the file is large: not on this thread. */
function copyInWorker(request: CopyRequest): Promise<void> {
  const worker = new Worker(new URL("./copy_worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  worker.onmessage = ({ data }: MessageEvent<CopyAnswer>) => {
    if (data.error === undefined) resolve();
    else reject(new Error(data.error));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  worker.postMessage(request);
  return promise.finally(() => worker.terminate());
}

async function removeIfExists(path: string): Promise<void> {
  if (await exists(path)) await Deno.remove(path);
}
