import { join } from "node:path";
import { Database } from "../../engine/tsdb/database.ts";
import { type DataDirectory, openDirectory } from "../storage/directory.ts";
import { exists } from "../storage/exists.ts";
import { openKvStore } from "../storage/kv_store.ts";
import { CommandError, type CommandIo } from "./io.ts";

/** The databases of a data directory that no server uses, held until they are closed. */
export interface OpenData {
  readonly databases: readonly Database[];
  close(): Promise<void>;
}

/**
 * Opens all shards of the data directory at `path`, creating it where there is none.
 * @throws {DirectoryError} If it is in use or cannot be used.
 */
export async function openData(path: string, io: CommandIo): Promise<OpenData> {
  const directory = await openDirectory(path, {
    defaultShardCount: navigator.hardwareConcurrency,
    nowMs: Date.now(),
  });
  const databases: Database[] = [];
  const close = async () => {
    for (const { store } of databases) await store.close();
    directory.close();
  };
  try {
    for (let shard = 0; shard < directory.format.shardCount; shard++) {
      const store = await openKvStore(directory.shardPath(shard));
      try {
        databases.push(
          await Database.open(store, {
            pause: () => Promise.resolve(), // nothing else waits
            onDamage: (key, error) =>
              io.stderr(`Shard ${shard}: left out damaged value ${JSON.stringify(key)}: ${error.message}\n`),
          }),
        );
      } catch (error) {
        await store.close();
        throw error;
      }
    }
    return { databases, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Opens the data directory at `path`, which must exist, for this process alone.
 * @throws {CommandError | DirectoryError} If there is none, it is in use or cannot be used.
 */
export async function openExistingDirectory(path: string): Promise<DataDirectory> {
  await requireDirectory(path);
  return await openDirectory(path, { defaultShardCount: 1, nowMs: 0 });
}

/** @throws {CommandError} If there is no data directory at `path`. */
export async function requireDirectory(path: string): Promise<void> {
  if (await exists(join(path, "format.json"))) return;
  throw new CommandError(
    `No data directory at ${path}: it has no format.json: give the directory that --storage.path of the server names`,
  );
}
