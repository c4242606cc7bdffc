/** Entry of a shard's worker: waits for its settings, then is the shard. */
import * as Comlink from "comlink";
import { configureLog, logger } from "../log.ts";
import { copyKv } from "../storage/backup.ts";
import { openKvStore } from "../storage/kv_store.ts";
import { LocalShard } from "./local_shard.ts";
import type { SeriesBatch } from "./series_batch.ts";
import { SeriesBudget } from "./series_budget.ts";
import { transferablesOf } from "./series_batch.ts";
import type { WorkerApi, WorkerSettings } from "./worker_shard.ts";

let shard: LocalShard | undefined;

const start = (settings: WorkerSettings): void => {
  configureLog(settings.log);
  const log = logger("shard");
  shard = new LocalShard({
    number: settings.number,
    openStore: () => openKvStore(settings.path),
    copyStore: async (path) => void await copyKv(settings.path, path),
    flushIntervalMs: settings.flushIntervalMs,
    limits: settings.limits,
    budget: new SeriesBudget(settings.seriesMax, settings.seriesCount),
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
