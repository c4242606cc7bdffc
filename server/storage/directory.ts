import { join } from "node:path";
import { syncPath } from "./_sync_path.ts";
import { DirectoryError } from "./directory_error.ts";
import { lockFile } from "./lock_file.ts";

const FORMAT_NAME = "narthex-data-directory";
const FORMAT_VERSION = 1;
export const SHARDS_MAX = 1_024;

/** What `format.json` says of a data directory. */
export interface DirectoryFormat {
  readonly format: typeof FORMAT_NAME;
  readonly version: number;
  /** When the directory was created, RFC 3339. */
  readonly created: string;
  /** From 1 to `SHARDS_MAX`. */
  readonly shardCount: number;
}

/** What each key of a `DirectoryFormat` has to be. Written out: the server keeps no schema library in memory. */
const FORMAT_KEYS: Readonly<Record<keyof DirectoryFormat, [(value: unknown) => boolean, string]>> = {
  format: [(value) => value === FORMAT_NAME, `expected ${JSON.stringify(FORMAT_NAME)}`],
  version: [isWholeUpTo(Number.MAX_SAFE_INTEGER), "expected a whole number from 1"],
  created: [
    (value) => typeof value === "string" && !Number.isNaN(Date.parse(value)),
    "expected a time as in RFC 3339",
  ],
  shardCount: [isWholeUpTo(SHARDS_MAX), `expected a whole number from 1 to ${SHARDS_MAX}`],
};

function isWholeUpTo(max: number): (value: unknown) => boolean {
  return (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max;
}

export interface OpenDirectoryOptions {
  /**
   * Number of shards that the user asked for. A directory keeps the number that it was created with, because a
   * series belongs to the shard that its hash picks among that many: another number is refused.
   */
  readonly shardCount?: number;
  /** Number of shards of a directory that is created now and for which none was asked. */
  readonly defaultShardCount: number;
  /** The time now, written to a directory that is created, in ms since the Unix epoch. */
  readonly nowMs: number;
}

/**
 * A data directory, held by this process until it is closed or dies.
 *
 *     format.json   what this is, its version, when it was created, number of shards
 *     lock          locked while in use; holds the pid of who has it, or ended without closing it
 *     shard-0.kv …  the samples of each shard, with SQLite's own -wal and -shm beside each while it is open
 *     ballast       space kept back for a full disk
 */
export interface DataDirectory {
  readonly path: string;
  readonly format: DirectoryFormat;
  /** Whether whoever had it before closed it, or nobody had. */
  readonly wasClosed: boolean;
  /** Path of the store of shard `index`, from 0. */
  shardPath(index: number): string;
  /**
   * Releases the directory to other processes; close the stores first.
   * @param inOrder See `FileLock`; a server knows, whoever only reads or adds leaves it as it was.
   */
  close(inOrder?: boolean): void;
}

/**
 * Opens the data directory at `path` for this process alone, creating it where it does not exist.
 * @throws {DirectoryError} If it is in use, cannot be written, is newer, damaged, of Prometheus, or has other shards than
 *   asked.
 */
export async function openDirectory(path: string, options: OpenDirectoryOptions): Promise<DataDirectory> {
  try {
    await Deno.mkdir(path, { recursive: true });
    await refuseForeign(path); // whose lock file is not ours to take
    const lock = await lockFile(path, join(path, "lock"));
    try {
      const format = await readFormat(path) ?? await createFormat(path, options);
      checkFormat(path, format, options.shardCount);
      return {
        path,
        format,
        wasClosed: lock.wasClosed,
        shardPath: (index) => {
          if (Number.isInteger(index) && index >= 0 && index < format.shardCount) {
            return join(path, `shard-${index}.kv`);
          }
          throw new RangeError(`BUG: shard ${index} of ${format.shardCount}`);
        },
        close: (inOrder) => lock.close(inOrder),
      };
    } catch (error) {
      lock.close();
      throw error;
    }
  } catch (error) {
    throw explain(path, error);
  }
}

/** What a data directory of Prometheus holds: its logs, its head, and blocks, which are named by ULIDs. */
const FOREIGN = /^(wal|wbl|chunks_head|[0-7][0-9A-HJKMNP-TV-Z]{25})$/;

async function refuseForeign(path: string): Promise<void> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (name === "format.json") return;
    if (isDirectory && FOREIGN.test(name)) names.push(name);
  }
  if (names.length === 0) return;
  throw new DirectoryError(
    path,
    "foreign",
    `it holds ${
      names.sort().at(-1)
    }, which Prometheus stores its data in, and Narthex cannot read that: use another ` +
      `directory, and bring the data over with "promtool tsdb dump-openmetrics ${path} > data.txt" of a promtool ` +
      `that has it (2.42 has not) and "deno task start import data.txt"`,
  );
}

async function readFormat(path: string): Promise<DirectoryFormat | undefined> {
  const file = join(path, "format.json");
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DirectoryError(path, "damaged", `${file} is not JSON: restore it from a backup`, { cause });
  }
  const found = Object(json) as Partial<Record<keyof DirectoryFormat, unknown>>;
  for (const [key, [isValid, expected]] of Object.entries(FORMAT_KEYS)) {
    const value = found[key as keyof DirectoryFormat];
    if (!isValid(value)) {
      const reason = `${expected}, found ${JSON.stringify(value)}`;
      throw new DirectoryError(
        path,
        "damaged",
        `${file} is not valid at ${JSON.stringify(key)}: ${reason}: restore it from a backup`,
      );
    }
    if (key === "version") checkVersion(path, value as number); // a newer one may have other fields
  }
  return found as DirectoryFormat;
}

async function createFormat(path: string, options: OpenDirectoryOptions): Promise<DirectoryFormat> {
  for await (const { name } of Deno.readDir(path)) {
    if (!/^shard-\d+\.kv$/.test(name)) continue;
    throw new DirectoryError(
      path,
      "damaged",
      `it holds ${name} but no format.json: restore format.json from a backup or use an empty directory`,
    );
  }
  const shardCount = options.shardCount ?? options.defaultShardCount;
  if (!(Number.isInteger(shardCount) && shardCount >= 1 && shardCount <= SHARDS_MAX)) {
    throw new RangeError(`Cannot create ${shardCount} shards: use a whole number from 1 to ${SHARDS_MAX}`);
  }
  const format: DirectoryFormat = {
    format: FORMAT_NAME,
    version: FORMAT_VERSION,
    created: new Date(options.nowMs).toISOString(),
    shardCount,
  };
  const partial = join(path, "format.json.partial");
  await Deno.writeTextFile(partial, JSON.stringify(format, null, 2) + "\n");
  await syncPath(partial);
  await Deno.rename(partial, join(path, "format.json"));
  await syncPath(path);
  return format;
}

function checkFormat(path: string, format: DirectoryFormat, shardCount: number | undefined): void {
  checkVersion(path, format.version);
  if (shardCount === undefined || shardCount === format.shardCount) return;
  throw new DirectoryError(
    path,
    "shard-count",
    `it was created with ${format.shardCount} shards, found a request for ${shardCount}: ask for ` +
      `${format.shardCount} or leave the number out; to change it, export the data into a new directory`,
  );
}

function checkVersion(path: string, version: number): void {
  if (version <= FORMAT_VERSION) return;
  throw new DirectoryError(
    path,
    "newer-version",
    `its format is version ${version}, this program knows up to ${FORMAT_VERSION}: run the newer Narthex that ` +
      `wrote it, or use another directory`,
  );
}

/** Names what the operating system said in the user's terms; anything else stays as it is. */
function explain(path: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "EEXIST":
    case "ENOTDIR":
      return new DirectoryError(
        path,
        "not-a-directory",
        "a file is in its place: remove it or use another path",
        {
          cause: error,
        },
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new DirectoryError(
        path,
        "not-writable",
        `this process may not write there (${code}): make it writable for the user that runs Narthex, mount it ` +
          `read-write, or use another path`,
        { cause: error },
      );
    case "ENOSPC":
    case "EDQUOT":
      return new DirectoryError(path, "not-writable", `the disk is full (${code}): free some space`, {
        cause: error,
      });
    case undefined:
      return error;
    default:
      return new DirectoryError(
        path,
        "not-writable",
        `the operating system refuses it (${code}): use another path`,
        { cause: error },
      );
  }
}
