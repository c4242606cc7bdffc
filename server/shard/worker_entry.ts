/** Entry of a shard's worker: waits for its settings, then is the shard. */
import * as Comlink from "comlink";
import { HttpFetcher } from "../scrape/http_fetcher.ts";
import { configureLog, logger } from "../log.ts";
import { copyKv, freePagesBytes, vacuum } from "../storage/backup.ts";
import { openKvStore } from "../storage/kv_store.ts";
import { LocalShard } from "./local_shard.ts";
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
    copyStore: async (path) => void await copyKv(settings.path, path),
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

/** The shard's own methods, once it was started; answers of select are handed over, not copied. */
const api = new Proxy({}, {
  get(_, method: keyof WorkerApi) {
    if (method === "start") return start;
    const target = shard!;
    if (method === "select") {
      return async (request: Parameters<LocalShard["select"]>[0]): Promise<SeriesBatch> => {
        const batch = await target.select(request);
        return Comlink.transfer(batch, transferablesOf(batch));
      };
    }
    const found = target[method];
    return typeof found === "function" ? (found as (...args: unknown[]) => unknown).bind(target) : found;
  },
});

Comlink.expose(api);
