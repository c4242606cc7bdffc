import assert from "node:assert/strict";
import fc from "fast-check";
import { Labels } from "../../../engine/labels/labels.ts";
import { Database } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { LocalShard } from "../../../server/shard/local_shard.ts";
import type { StorageStatistics } from "../../../server/shard/shard.ts";
import { Shards } from "../../../server/shard/shards.ts";
import { UNLIMITED } from "../scrape/_fakes.ts";

const pause = () => Promise.resolve();

async function shardOf(number: number, series: readonly Labels[]): Promise<LocalShard> {
  const store = new MemoryStore();
  const database = await Database.open(store, { pause });
  const group = database.group("g");
  for (const labels of series) database.slotFor(group, labels);
  const values = new Float64Array(group.slotCount).fill(1);
  database.append(group, 1000, new Uint32Array(values.buffer));
  await database.commit();
  return new LocalShard({
    number,
    openStore: () => Promise.resolve(store),
    copyStore: pause,
    reclaimSpace: pause,
    flushIntervalMs: 1000,
    limits: { retentionMs: 0, retentionBytes: 0, outOfOrderWindowMs: 0, exemplarsMax: 0 },
    budget: UNLIMITED,
    createFetcher: () => {
      throw new Error("nothing is scraped");
    },
    log: () => {},
  });
}

/** The answer of shards that have these series. */
async function statistics(parts: readonly (readonly Labels[])[], limit: number): Promise<StorageStatistics> {
  const shards = new Shards(await Promise.all(parts.map((series, number) => shardOf(number, series))));
  try {
    return await shards.statistics(limit);
  } finally {
    await shards.close();
  }
}

/** Series of which each target has its own, with values in common. */
const fleet = Array.from({ length: 200 }, (_, i) =>
  Labels.from({
    __name__: `m${i % 7}`,
    instance: `host-${i % 20}`,
    path: `/${i % 31}`,
    ...(i % 3 === 0 && { extra: `${i}` }),
  }));

Deno.test("two shards count what one with the same series counts", async () => {
  const odd = fleet.filter((_, i) => i % 20 % 2 === 1), even = fleet.filter((_, i) => i % 20 % 2 === 0);
  for (const limit of [1, 3, 10, 10_000]) {
    assert.deepEqual(
      await statistics([odd, even], limit),
      await statistics([fleet], limit),
      `limit ${limit}`,
    );
  }
  const { labelPairs, headSeries, valuesByLabelName } = await statistics([odd, even], 2);
  const distinct = (name: string) => new Set(fleet.map((labels) => labels.get(name)).filter(Boolean)).size;
  assert.equal(headSeries, 200);
  assert.deepEqual(valuesByLabelName, [{ name: "extra", value: 67 }, { name: "path", value: 31 }]);
  assert.equal(
    labelPairs,
    ["__name__", "instance", "path", "extra"].reduce((sum, name) => sum + distinct(name), 0),
  );
});

Deno.test("any spread of series over shards gives the same statistics", async () => {
  const value = fc.constantFrom("a", "b", "c", "\u00e9", "\u{1f600}");
  const series = fc.record({ __name__: value, x: value, y: value }, { requiredKeys: ["__name__"] });
  const spread = fc.uniqueArray(fc.tuple(series, fc.nat(2)), {
    selector: ([labels]) => Labels.from(labels).key(),
    minLength: 1,
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(spread, fc.integer({ min: 1, max: 6 }), async (placed, limit) => {
      const labels = placed.map(([one]) => Labels.from(one));
      const parts = [0, 1, 2].map((shard) => labels.filter((_, i) => placed[i][1] === shard));
      const filled = parts.filter((part) => part.length > 0);
      assert.deepEqual(await statistics(filled, limit), await statistics([labels], limit));
    }),
    { numRuns: 60 },
  );
});
