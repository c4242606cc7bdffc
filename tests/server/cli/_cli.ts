import { Labels } from "../../../engine/labels/labels.ts";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { isAbsent, isStale, wordsOf } from "../../../engine/sample.ts";
import { Database } from "../../../engine/tsdb/database.ts";
import { mergeSeries } from "../../../engine/tsdb/merge_series.ts";
import type { SeriesColumns } from "../../../engine/tsdb/select.ts";
import type { CommandIo } from "../../../server/cli/io.ts";
import type { ByteReader } from "../../../server/cli/line_batches.ts";
import { openDirectory } from "../../../server/storage/directory.ts";
import { openKvStore } from "../../../server/storage/kv_store.ts";

/** Keeps what a command writes. */
export class Output implements CommandIo {
  out = "";
  err = "";
  stdout(text: string): void {
    this.out += text;
  }
  stderr(text: string): void {
    this.err += text;
  }
}

export async function withTempDir(body: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    await body(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

/** Reads `text` in pieces of `size` bytes. */
export function readerOf(text: string, size = 1 << 16): ByteReader {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return {
    read(into) {
      if (at === bytes.length) return Promise.resolve(null);
      const piece = bytes.subarray(at, at + Math.min(size, into.length));
      into.set(piece);
      at += piece.length;
      return Promise.resolve(piece.length);
    },
  };
}

/** Opens every shard of a data directory, gives it to `body` and closes it again. */
export async function withDatabases<T>(
  path: string,
  body: (databases: Database[]) => Promise<T>,
): Promise<T> {
  const directory = await openDirectory(path, { defaultShardCount: 2, nowMs: 0 });
  const databases: Database[] = [];
  try {
    for (let shard = 0; shard < directory.format.shardCount; shard++) {
      const store = await openKvStore(directory.shardPath(shard));
      databases.push(await Database.open(store, { pause: () => Promise.resolve() }));
    }
    return await body(databases);
  } finally {
    for (const { store } of databases) await store.close();
    directory.close();
  }
}

export async function selectAll(databases: readonly Database[]): Promise<SeriesColumns[]> {
  const matchers = [new Matcher("=~", "__name__", ".*")];
  const range = { startMs: -Infinity, endMs: Infinity };
  const found: SeriesColumns[][] = [];
  for (const database of databases) found.push(await database.select({ matchers, ...range }));
  return mergeSeries(found);
}

export type Samples = Record<string, [timeMs: number, value: number | "stale"][]>;

/** Samples by the text of the label set. */
export function samplesOf(series: readonly SeriesColumns[]): Samples {
  const samples: Samples = {};
  for (const { labels, times, values } of series) {
    const words = wordsOf(values);
    const list: Samples[string] = [];
    for (let i = 0; i < times.length; i++) {
      if (!isAbsent(words, i)) list.push([times[i], isStale(words, i) ? "stale" : values[i]]);
    }
    samples[labels.toString()] = list;
  }
  return samples;
}

/** All samples of a data directory. */
export function read(path: string): Promise<Samples> {
  return withDatabases(path, async (databases) => samplesOf(await selectAll(databases)));
}

export function named(name: string, rest: Record<string, string> = {}): string {
  return Labels.from({ __name__: name, ...rest }).toString();
}
