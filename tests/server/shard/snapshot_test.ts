import assert from "node:assert/strict";
import { join } from "node:path";
import { Labels } from "../../../engine/labels/labels.ts";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { Database } from "../../../engine/tsdb/database.ts";
import { LOG_KEY } from "../../../engine/tsdb/write_ahead_log.ts";
import { LocalShard } from "../../../server/shard/local_shard.ts";
import { copyKv } from "../../../server/storage/backup.ts";
import { openKvStore } from "../../../server/storage/kv_store.ts";
import { UNLIMITED } from "../scrape/_fakes.ts";

const pause = () => Promise.resolve();

/** Opens the database at `path` and closes it after `work`. */
async function withDatabase<T>(path: string, work: (database: Database) => T | Promise<T>): Promise<T> {
  const database = await Database.open(await openKvStore(path), { pause });
  try {
    return await work(database);
  } finally {
    await database.store.close();
  }
}

function append(database: Database, timeMs: number): void {
  const group = database.group("target");
  const slot = database.slotFor(group, Labels.from({ __name__: "a" }));
  assert.equal(slot, 0);
  database.append(group, timeMs, new Uint32Array(new Float64Array([timeMs]).buffer));
}

async function timesOf(database: Database): Promise<number[]> {
  const all = { matchers: [new Matcher("=", "__name__", "a")], startMs: -Infinity, endMs: Infinity };
  return (await database.select(all)).flatMap(({ times }) => [...times]);
}

Deno.test("a snapshot has what was committed and what was not, one with skipHead what is in blocks", async () => {
  const directory = await Deno.makeTempDir();
  const path = join(directory, "shard-0.kv"), copy = (name: string) => join(directory, `${name}.kv`);
  await withDatabase(path, async (database) => {
    append(database, 1000);
    await database.flush();
    append(database, 2000);
    await database.commit();
  });
  const shard = new LocalShard({
    number: 0,
    openStore: () => openKvStore(path),
    copyStore: async (to, skipsLog) => void await copyKv(path, to, skipsLog ? { without: LOG_KEY } : {}),
    reclaimSpace: pause,
    flushIntervalMs: 1000,
    limits: { retentionMs: 0, retentionBytes: 0, outOfOrderWindowMs: 0, exemplarsMax: 0 },
    budget: UNLIMITED,
    createFetcher: () => {
      throw new Error("nothing is scraped");
    },
    log: () => {},
  });
  try {
    await shard.opened();
    await shard.snapshot(copy("all"), false);
    await shard.snapshot(copy("blocks"), true);
  } finally {
    await shard.close();
  }
  assert.deepEqual(await withDatabase(copy("all"), timesOf), [1000, 2000]);
  await withDatabase(copy("blocks"), async (database) => {
    assert.deepEqual(await timesOf(database), [1000]);
    assert.equal(database.counters.damagedValues, 0);
    append(database, 3000); // it is a data directory like any other
    await database.commit();
  });
  assert.deepEqual(await withDatabase(copy("blocks"), timesOf), [1000, 3000]);
  await Deno.remove(directory, { recursive: true });
});
