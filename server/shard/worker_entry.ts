/** Entry of a shard's worker: waits for its settings, then is the shard. */
import * as Comlink from "comlink";
import { LOG_KEY } from "../../engine/tsdb/write_ahead_log.ts";
import { HttpFetcher } from "../scrape/http_fetcher.ts";
import { configureLog, logger } from "../log.ts";
import { copyKv, freePagesBytes, vacuum } from "../storage/backup.ts";
import { openKvStore } from "../storage/kv_store.ts";
import { LocalShard } from "./local_shard.ts";
import type { FragmentResult } from "../../engine/promql/pushdown/fragment.ts";
import { buffersOf } from "../../engine/promql/pushdown/slabs.ts";
import { type SeriesBatch, transferablesOf } from "./series_batch.ts";
import { SharedSeriesBudget } from "./series_budget.ts";
import type { WorkerApi, WorkerSettings } from "./worker_shard.ts";

/** Free bytes in a store, at the least, before it is made smaller: it would only grow again. */
const RECLAIMED_BYTES_MIN = 64 << 20;

let shard: LocalShard | undefined;

const start = (settings: WorkerSettings): void => {
  configureLog(settings.log);
  const log = logger("shard");
  shard = new LocalShard({
    number: settings.number,
    openStore: () => openKvStore(settings.path),
    reclaimSpace: async () => {
      const free = freePagesBytes(settings.path);
      if (free > RECLAIMED_BYTES_MIN && free > (await Deno.stat(settings.path)).size / 4) {
        await vacuum(settings.path);
      }
    },
    copyStore: async (path, skipsLog) =>
      void await copyKv(settings.path, path, skipsLog ? { without: LOG_KEY } : {}),
    createFetcher: (pool) => new HttpFetcher(pool.http, `Narthex/${settings.version}`),
    flushIntervalMs: settings.flushIntervalMs,
    limits: settings.limits,
    budget: new SharedSeriesBudget(
      settings.seriesMax,
      ({ jobName, series, label, values }) => {
        log.error(
          "New series refused: there are as many active series as --storage.max-active-series allows",
          {
            scrape_pool: jobName,
            refused: series,
            grown_label: label,
            values,
          },
        );
      },
      settings.seriesCounts,
      settings.number,
    ),
    log: (level, message, fields) => log[level](message, fields),
  });
};

/** The shard's own methods, once it was started; columns are handed over, not copied. */
const api = new Proxy({}, {
  get(_, method: keyof WorkerApi) {
    if (method === "start") return start;
    const target = shard!;
    if (method === "select") {
      return async (...request: Parameters<LocalShard["select"]>): Promise<SeriesBatch> => {
        const batch = await target.select(...request);
        return Comlink.transfer(batch, transferablesOf(batch));
      };
    }
    if (method === "evaluateFragment") {
      return async (...request: Parameters<LocalShard["evaluateFragment"]>): Promise<FragmentResult> => {
        const result = await target.evaluateFragment(...request);
        return Comlink.transfer(result, result.kind === "rows" ? buffersOf(result.rows) : []);
      };
    }
    const found = target[method];
    return typeof found === "function" ? (found as (...args: unknown[]) => unknown).bind(target) : found;
  },
});

Comlink.expose(api);
