import assert from "node:assert/strict";
import { decodeFamilies, sampleValue } from "../../../engine/instrument/mod.ts";
import { Database } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { type Batch, StoreFullError } from "../../../engine/tsdb/store.ts";
import { LocalShard } from "../../../server/shard/local_shard.ts";
import { labelsOf, row } from "../../engine/tsdb/_samples.ts";
import { FakeFetcher, poolOf, targetOf, UNLIMITED } from "../scrape/_fakes.ts";

const pause = () => Promise.resolve();
const DAY_MS = 86_400_000;

/** A store that cannot remove a block. */
class Stubborn extends MemoryStore {
  error: Error | undefined;

  override commit(batch: Batch): Promise<void> {
    if (this.error !== undefined && (batch.delete?.length ?? 0) > 0) return Promise.reject(this.error);
    return super.commit(batch);
  }
}

/** Where a block is past the retention of a day. */
async function storeWithOldBlock(): Promise<Stubborn> {
  const store = new Stubborn();
  const database = await Database.open(store, { pause });
  const group = database.group("g");
  database.slotFor(group, labelsOf("old"));
  database.append(group, Date.now() - 10 * DAY_MS, row(1));
  await database.flush();
  database.append(group, Date.now(), row(1));
  await database.commit();
  return store;
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 8000;
  while (!await isSo()) {
    assert.ok(performance.now() < end, "in 8 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

for (
  const { name, error, storage, message, health } of [
    {
      name: "maintenance that keeps failing is logged once and counted, and scrapes go on",
      error: new Error("cannot remove"),
      storage: "ok",
      message: "Maintenance of stored data failed; will try again",
      health: "up",
    },
    {
      name: "maintenance that finds the disk full stops scrapes",
      error: new StoreFullError("no space"),
      storage: "full",
      message: "Storage accepts no samples; will try again",
      health: "down",
    },
  ]
) {
  Deno.test(name, async () => {
    const store = await storeWithOldBlock();
    store.error = error;
    const messages: string[] = [];
    const fetcher = new FakeFetcher();
    fetcher.answer = "a 1\n";
    const shard = new LocalShard({
      number: 0,
      openStore: () => Promise.resolve(store),
      copyStore: pause,
      reclaimSpace: pause,
      flushIntervalMs: 1e9, // no commit meanwhile
      maintainEveryMs: 5,
      limits: { retentionMs: DAY_MS, retentionBytes: 0, outOfOrderWindowMs: 0, exemplarsMax: 0 },
      budget: UNLIMITED,
      createFetcher: () => fetcher,
      log: (_, message, { err }) => messages.push(`${message}: ${err}`),
    });
    const failures = async () => {
      const families = decodeFamilies(await shard.metrics());
      return sampleValue({ gather: () => families }, "narthex_tsdb_maintenance_failures_total") ?? 0;
    };
    try {
      await shard.opened();
      await until(async () => await failures() > 3);
      assert.equal((await shard.health()).storage, storage);
      await shard.setTargets([poolOf({ targets: [targetOf({ intervalMs: 20, offsetMs: 0 })] })]);
      await until(async () => (await shard.targets())[0].health !== "unknown");
      assert.equal((await shard.targets())[0].health, health);
      assert.deepEqual(messages, [`${message}: ${error.message}`]);
    } finally {
      store.error = undefined;
      await shard.close();
    }
  });
}
