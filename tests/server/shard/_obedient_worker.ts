/** A worker with the methods of a shard that does what its file says: open, refuse to, or die when it is asked for blocks. */
import * as Comlink from "comlink";
import type { ScrapePoolSpec } from "../../../server/scrape/spec.ts";
import type { WorkerSettings } from "../../../server/shard/worker_shard.ts";

let settings: WorkerSettings;
let pools: readonly ScrapePoolSpec[] = [];
let paused = "";

async function opened(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5)); // others are refused before the owner hears of it
  await checkOrder();
}

async function checkOrder(): Promise<void> {
  const order = await Deno.readTextFile(settings.path);
  if (order !== "open") throw new Error(order);
}

Comlink.expose({
  start: (given: WorkerSettings) => void (settings = given),
  opened,
  setTargets: (given: readonly ScrapePoolSpec[]) => void (pools = given),
  pauseIngest: (reason: string) => void (paused = reason),
  setLimits: () => {},
  /** What it was told, as names of labels. */
  labelNames: async () => {
    await checkOrder();
    return [...pools.map(({ jobName }) => jobName), paused, String(settings.limits.retentionMs)];
  },
  blocks: () => {
    setTimeout(() => {
      throw Object.assign(new Error("killed by the test"), { stack: "" });
    });
    return new Promise(() => {});
  },
  close: () => {},
});
