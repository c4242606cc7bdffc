import assert from "node:assert/strict";
import { join } from "node:path";
import { Engine } from "../../../engine/promql/engine.ts";
import type { Fragment } from "../../../engine/promql/pushdown/fragment.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { EmptyShard } from "../../../server/shard/empty_shard.ts";
import { LocalShard } from "../../../server/shard/local_shard.ts";
import type { SeriesRequest, Shard } from "../../../server/shard/shard.ts";
import { openKvStore } from "../../../server/storage/kv_store.ts";
import { temporaryDirectory } from "../../integration/_server.ts";
import { UNLIMITED } from "../scrape/_fakes.ts";

const REQUEST: SeriesRequest = { matcherSets: [], startMs: 0, endMs: 1e15, limit: 0 };
const LIMITS = { retentionMs: 1, retentionBytes: 0, outOfOrderWindowMs: 0, exemplarsMax: 0 };

/** What shards are asked for an expression over three steps. */
async function fragmentOf(query: string): Promise<Fragment> {
  const asked: Fragment[] = [];
  const source = {
    select: () => Promise.resolve([]),
    evaluateFragment: (fragment: Fragment) => (asked.push(fragment), Promise.resolve([])),
  };
  const engine = new Engine({ now: () => 0 });
  await engine.range(source, query, 0, 2000, 1000);
  assert.equal(asked.length, 1);
  return asked[0];
}

/** A shard of the usual kind whose store is new. */
function newShard(): LocalShard {
  return new LocalShard({
    number: 0,
    openStore: () => Promise.resolve(new MemoryStore()),
    copyStore: () => Promise.reject(new Error("nothing is copied")),
    reclaimSpace: () => Promise.resolve(),
    flushIntervalMs: 1000,
    limits: LIMITS,
    budget: UNLIMITED,
    createFetcher: () => {
      throw new Error("nothing is scraped");
    },
    log: () => {},
  });
}

for (
  const { name, ask } of [
    { name: "opened", ask: (shard: EmptyShard | LocalShard) => shard.opened() },
    { name: "setTargets", ask: (shard: Shard) => shard.setTargets([]) },
    { name: "targets", ask: (shard: Shard) => shard.targets() },
    { name: "setLimits", ask: (shard: Shard) => shard.setLimits(LIMITS) },
    { name: "select", ask: (shard: Shard) => shard.select({ matchers: [], startMs: 0, endMs: 1 }, 0) },
    ...['x{job="a"}', "rate(x[5m])", "sum by (job) (rate(x[5m]))", "avg(x)", "stddev(x)"].map((query) => ({
      name: `evaluateFragment ${query}`,
      ask: async (shard: Shard) => await shard.evaluateFragment(await fragmentOf(query), 0),
    })),
    { name: "cancel", ask: (shard: Shard) => shard.cancel(0) },
    { name: "series", ask: (shard: Shard) => shard.series(REQUEST) },
    { name: "countSeries", ask: (shard: Shard) => shard.countSeries(REQUEST) },
    { name: "labelNames", ask: (shard: Shard) => shard.labelNames(REQUEST) },
    { name: "labelValues", ask: (shard: Shard) => shard.labelValues("job", REQUEST) },
    { name: "exemplars", ask: (shard: Shard) => shard.exemplars(REQUEST) },
    { name: "statistics", ask: (shard: Shard) => shard.statistics(10) },
    { name: "blocks", ask: (shard: Shard) => shard.blocks() },
    { name: "deleteSeries", ask: (shard: Shard) => shard.deleteSeries(REQUEST) },
    { name: "cleanTombstones", ask: (shard: Shard) => shard.cleanTombstones() },
    {
      name: "health",
      ask: async (shard: Shard) => {
        const health = [await shard.health()];
        for (const reason of ["no space", ""]) {
          await shard.pauseIngest(reason);
          health.push(await shard.health());
        }
        return health.map((one) => ({ ...one, replayMs: 0 }));
      },
    },
  ]
) {
  Deno.test(`EmptyShard answers ${name} as a shard does whose store is new`, async () => {
    const usual = newShard(), empty = new EmptyShard();
    try {
      await usual.opened();
      assert.deepEqual(await ask(empty), await ask(usual));
    } finally {
      await usual.close();
      await empty.close();
    }
  });
}

Deno.test("EmptyShard writes an empty store as its snapshot", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "copy.kv");
  await new EmptyShard().snapshot(path);
  assert.ok((await Deno.stat(path)).size > 0, "a store that is missing would be empty, too");
  const store = await openKvStore(path);
  assert.deepEqual(await Array.fromAsync(store.list({ prefix: [] })), []);
  await store.close();
});
