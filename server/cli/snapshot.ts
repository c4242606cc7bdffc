import { dirname, join } from "node:path";
import { copyKv } from "../storage/backup.ts";
import { type DataDirectory, openDirectory } from "../storage/directory.ts";
import { DirectoryError } from "../storage/directory_error.ts";
import { CommandError, reasonOf } from "./io.ts";
import { exists } from "../storage/exists.ts";
import { requireDirectory } from "./open_data.ts";

/**
 * A snapshot is a directory of files that nobody writes to, and a data directory itself:
 *
 *     format.json   as in a data directory
 *     shard-0.kv …  all shards
 */
const FORMAT = "format.json", LOCK = "lock";
/** Where files are put together before they get their names; in the destination, which may be a volume of its own. */
const STAGING = "incomplete";
/** What a directory may hold and yet count as empty: a fresh ext4 volume has the one, a failed attempt leaves the others. */
const IGNORED = new Set(["lost+found", LOCK, STAGING]);
const SQLITE_MAGIC = "SQLite format 3\0";

/**
 * Copies the files of the snapshot at `source` to `destination`, which must be empty or absent. They get their names
 * once they are all there and checked, format.json last: without it nobody takes the directory for a data directory.
 * @param check Looks at each copy before it gets its name, and throws where it is not to have one.
 * @throws {CommandError} If the source is no whole snapshot, or the destination holds something.
 */
export async function copySnapshot(
  source: string,
  destination: string,
  check: (path: string, name: string) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await requireDirectory(source);
  await requireEmpty(destination);
  await refusing(`Cannot copy ${source} to ${destination}`, async () => {
    const staging = join(destination, STAGING);
    await removeAll(staging);
    await Deno.mkdir(staging, { recursive: true });
    try {
      await Deno.copyFile(join(source, FORMAT), join(staging, FORMAT));
      const staged = await openDirectory(staging, { defaultShardCount: 1, nowMs: 0 }); // reads and checks the format
      try {
        for (const name of await filesOf(source, staged.format.shardCount)) {
          await copyStore(join(source, name), join(staging, name));
          await check(join(staging, name), join(source, name));
        }
      } finally {
        staged.close();
      }
      await moveIn(staging, destination);
    } finally {
      await removeAll(staging);
    }
  });
}

/** Copies a data directory that this process holds to `destination`, which must be empty or absent, as a snapshot. */
export async function writeSnapshot(directory: DataDirectory, destination: string): Promise<void> {
  await requireEmpty(destination);
  await refusing(`Cannot copy ${directory.path} to ${destination}`, async () => {
    const staging = join(destination, STAGING);
    await removeAll(staging);
    await Deno.mkdir(staging, { recursive: true });
    try {
      for (const name of await filesOf(directory.path, directory.format.shardCount)) {
        await copyKv(join(directory.path, name), join(staging, name));
      }
      await Deno.copyFile(join(directory.path, FORMAT), join(staging, FORMAT));
      await moveIn(staging, destination);
    } finally {
      await removeAll(staging);
    }
  });
}

/** @throws {CommandError} If something is at `path` that a copy could mix with. */
export async function requireEmpty(path: string): Promise<void> {
  if (!await exists(path)) return;
  try {
    for await (const { name } of Deno.readDir(path)) {
      if (IGNORED.has(name)) continue;
      throw new CommandError(
        `${path} is not empty: it holds ${name}: give a directory that is empty or does not exist`,
      );
    }
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(
      `Cannot write to ${path}: ${reasonOf(cause)}: give a directory that is empty or absent`,
      {
        cause,
      },
    );
  }
}

/** The stores of a directory. @throws {CommandError} If a shard is not there. */
async function filesOf(path: string, shardCount: number): Promise<string[]> {
  const names: string[] = [];
  for (let shard = 0; shard < shardCount; shard++) {
    const name = `shard-${shard}.kv`;
    if (!await exists(join(path, name))) {
      throw new CommandError(
        `${path} is not complete: it has no ${name}, and format.json tells of ${shardCount} shards`,
      );
    }
    names.push(name);
  }
  return names;
}

/** Copies a store that nobody has open; one that was opened as a data directory and killed has a log beside it. */
async function copyStore(from: string, to: string): Promise<void> {
  if (await exists(`${from}-wal`) || (await Deno.stat(from)).size === 0) { // of a shard that was never used
    await copyKv(from, to);
    return;
  }
  await Deno.copyFile(from, to);
  const file = await Deno.open(to, { read: true, write: true });
  try {
    const start = new Uint8Array(SQLITE_MAGIC.length);
    await file.read(start);
    if (new TextDecoder().decode(start) !== SQLITE_MAGIC) {
      throw new CommandError(`${from} is damaged: it is no SQLite file: use another copy`);
    }
    await file.sync();
  } finally {
    file.close();
  }
}

/** Gives the staged files their names, format.json last. */
async function moveIn(staging: string, destination: string): Promise<void> {
  for await (const { name } of Deno.readDir(staging)) {
    if (name.endsWith(".kv")) await Deno.rename(join(staging, name), join(destination, name));
  }
  await sync(join(staging, FORMAT));
  await Deno.rename(join(staging, FORMAT), join(destination, FORMAT));
  await sync(destination);
  await sync(dirname(destination));
}

async function sync(path: string): Promise<void> {
  const file = await Deno.open(path);
  try {
    await file.sync();
  } finally {
    file.close();
  }
}

async function removeAll(path: string): Promise<void> {
  if (await exists(path)) await Deno.remove(path, { recursive: true });
}

/** Names what was being done in front of what went wrong. */
async function refusing(doing: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const reason = cause instanceof DirectoryError
      ? cause.message.replace(/^Cannot use data directory .*?: /, "")
      : reasonOf(cause);
    throw new CommandError(`${doing}: ${reason}`, { cause });
  }
}
