import type { MetricFamily } from "../../engine/exposition/metric_family.ts";
import { mergeFamilies } from "../../engine/instrument/mod.ts";
import type { AppDeps } from "./deps.ts";

/** The metrics of this moment, of this thread and of all shards. Those that cannot be gathered are logged and left out. */
export async function gatherAll(
  { registry, shards, log }: Pick<AppDeps, "registry" | "shards" | "log">,
): Promise<MetricFamily[]> {
  const ofShards = await shards.metrics();
  const { families, errors } = registry.gatherAll();
  for (const error of errors) log.error("Cannot gather a metric", { err: error });
  return mergeFamilies([families, ...ofShards]);
}
