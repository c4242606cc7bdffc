import assert from "node:assert/strict";
import { Labels } from "../../../engine/labels/labels.ts";
import { Engine } from "../../../engine/promql/engine.ts";
import type { Fragment, FragmentResult } from "../../../engine/promql/pushdown/fragment.ts";
import { Database } from "../../../engine/tsdb/database.ts";
import type { Store } from "../../../engine/tsdb/store.ts";
import { LocalShard } from "../../../server/shard/local_shard.ts";
import { SharedSeriesBudget } from "../../../server/shard/series_budget.ts";
import { Shards } from "../../../server/shard/shards.ts";
import { WorkerShard } from "../../../server/shard/worker_shard.ts";
import { openKvStore } from "../../../server/storage/kv_store.ts";
import { assertSameOutcome, outcomeOf } from "../../engine/promql/pushdown/_outcome.ts";

const SHARDS = 2, SERIES = 600, SAMPLES = 40, INTERVAL_MS = 15_000;
const END_MS = (SAMPLES - 1) * INTERVAL_MS;
const LIMITS = { retentionMs: 0, retentionBytes: 0, outOfOrderWindowMs: 0, exemplarsMax: 0 };
const engine = new Engine({ now: () => performance.now() });

/** Writes a shard's half of the series to its store. */
async function fill(store: Store, shard: number): Promise<void> {
  const database = await Database.open(store, { pause: () => Promise.resolve() });
  const group = database.group("all");
  for (let i = shard; i < SERIES; i += SHARDS) {
    database.slotFor(group, Labels.from({ __name__: "x_total", job: String(i % 7), instance: String(i) }));
  }
  const row = new Float64Array(group.slotCount);
  for (let sample = 0; sample < SAMPLES; sample++) {
    row.forEach((_, slot) => row[slot] = sample * (slot + shard));
    database.append(group, sample * INTERVAL_MS, new Uint32Array(row.buffer));
  }
  await database.commit();
  await store.close();
}

function localShard(number: number, path: string): LocalShard {
  const counts = SharedSeriesBudget.memory(SHARDS);
  return new LocalShard({
    number,
    openStore: () => openKvStore(path),
    copyStore: () => Promise.reject(new Error("BUG: nothing is to be copied")),
    reclaimSpace: () => Promise.resolve(),
    flushIntervalMs: 100,
    limits: LIMITS,
    budget: new SharedSeriesBudget(0, () => {}, counts, number),
    createFetcher: () => {
      throw new Error("BUG: nothing is to be scraped");
    },
    log: () => {},
  });
}

function workerShard(number: number, path: string): WorkerShard {
  return new WorkerShard({
    number,
    path,
    flushIntervalMs: 100,
    limits: LIMITS,
    seriesMax: 0,
    seriesCounts: SharedSeriesBudget.memory(SHARDS),
    log: { level: "error", format: "logfmt" },
    version: "0",
  }, (_, error) => assert.fail(error));
}

const KINDS = { "this thread": localShard, "workers": workerShard };

async function withShards(
  create: (number: number, path: string) => LocalShard | WorkerShard,
  use: (shards: Shards) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const paths = Array.from({ length: SHARDS }, (_, number) => `${directory}/${number}.db`);
    for (const [number, path] of paths.entries()) await fill(await openKvStore(path), number);
    const all = paths.map((path, number) => create(number, path));
    const shards = new Shards(all);
    try {
      await Promise.all(all.map((shard) => shard.opened()));
      await use(shards);
    } finally {
      await shards.close();
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The shards, remembering what came of fragments. */
function observed(shards: Shards, results: FragmentResult[]) {
  return {
    select: () => Promise.reject(new Error("nothing is to be selected")),
    evaluateFragment: async (fragment: Fragment, signal?: AbortSignal) => {
      const found = await shards.evaluateFragment(fragment, signal);
      results.push(...found);
      return found;
    },
  };
}

for (const [where, create] of Object.entries(KINDS)) {
  Deno.test(`shards in ${where} evaluate fragments, give memory back, report errors and stop when canceled`, async (t) => {
    await withShards(create, async (shards) => {
      for (
        const query of ["x_total", "rate(x_total[5m])", "sum by (job) (rate(x_total[5m]))", "avg(x_total)"]
      ) {
        await t.step(`${query} is as it is of their samples`, async () => {
          const results: FragmentResult[] = [];
          const ask = (queryable: Parameters<Engine["range"]>[0]) =>
            outcomeOf(() => engine.range(queryable, query, 0, END_MS, 60_000));
          const got = await ask(observed(shards, results));
          assert.deepEqual(results.map(({ kind }) => kind), ["rows", "rows"]);
          assertSameOutcome(got, await ask({ select: (request) => shards.select(request) }), 1e-9);
        });
      }

      await t.step("the error of a shard is of the same class", async () => {
        const limited = new Engine({ now: () => performance.now(), maxSeries: SERIES / SHARDS - 1 });
        await assert.rejects(limited.instant(observed(shards, []), "x_total", END_MS), {
          name: "CostLimitError",
          message: /^query selects 300 series, more than the limit of 299: /,
        });
      });

      await t.step("release() gives the memory of their rows back", async () => {
        const result = await engine.range(observed(shards, []), "x_total", 0, END_MS, 60_000);
        assert.ok(result.value.type === "matrix" && result.value.series.length === SERIES);
        const buffers = result.value.series.map(({ values }) => values.buffer as ArrayBuffer);
        assert.ok(buffers.every(({ detached }) => !detached));
        result.release!();
        assert.ok(buffers.every(({ detached }) => detached));
      });

      await t.step("a query that is canceled ends in all shards", async () => {
        const ended: string[] = [];
        const watched = new Shards(shards.shards.map((shard) =>
          new Proxy(shard, {
            get(target, method) {
              if (method === "cancel") return (call: number) => target.cancel(call);
              return (fragment: Fragment, call: number) =>
                target.evaluateFragment(fragment, call).then(
                  ({ kind }) => (ended.push(kind), Promise.reject(new Error("it was not canceled"))),
                  (error) => (ended.push("rejected"), Promise.reject(error)),
                );
            },
          })
        ));
        const controller = new AbortController();
        // Far more steps than a shard evaluates before it looks whether it is still wanted.
        const answer = engine.range(observed(watched, []), "sum(rate(x_total[10m]))", 0, 100_000 * 50, 50, {
          signal: controller.signal,
        });
        setTimeout(() => controller.abort(), 5);
        await assert.rejects(answer, { name: "QueryCanceledError" });
        while (ended.length < SHARDS) await new Promise((resolve) => setTimeout(resolve, 5));
        assert.deepEqual(ended, ["rejected", "rejected"]);
        const { value } = await engine.instant(observed(shards, []), "count(x_total)", END_MS);
        assert.ok(value.type === "vector" && value.series[0]!.values[0] === SERIES);
      });
    });
  });
}
