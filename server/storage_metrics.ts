import type { MetricFamily } from "../engine/exposition/metric_family.ts";
import { constFamily, Desc, type Registry } from "../engine/instrument/mod.ts";
import type { ServerConfig } from "./config/server_config.ts";
import type { StorageConfig } from "./config/storage_config.ts";
import type { ShardHealth } from "./shard/shard.ts";

/** Figures of all shards together that are not sums; infinite ones are left out. */
const FIGURES: readonly { readonly desc: Desc; readonly read: (shards: readonly ShardHealth[]) => number }[] =
  [
    ...times(
      "head_min_time",
      "Oldest sample of the head",
      (shards) => least(shards, ({ headMinMs }) => headMinMs),
    ),
    ...times("head_max_time", "Newest sample of the head", (shards) => -least(shards, ({ maxMs }) => -maxMs)),
    ...times("lowest_timestamp", "Oldest sample", (shards) => least(shards, ({ minMs }) => minMs)),
    {
      desc: new Desc({
        name: "prometheus_tsdb_data_replay_duration_seconds",
        help: "Time that the slowest shard took to read its data at the start.",
      }),
      read: (shards) => -least(shards, ({ replayMs }) => -replayMs) / 1000,
    },
  ];

function times(name: string, help: string, readMs: (shards: readonly ShardHealth[]) => number) {
  return [
    { desc: new Desc({ name: `prometheus_tsdb_${name}`, help: `${help}, in milliseconds.` }), read: readMs },
    {
      desc: new Desc({ name: `prometheus_tsdb_${name}_seconds`, help: `${help}, in seconds.` }),
      read: (shards: readonly ShardHealth[]) => readMs(shards) / 1000,
    },
  ];
}

function least(shards: readonly ShardHealth[], read: (shard: ShardHealth) => number): number {
  return Math.min(...shards.map(read));
}

export function storageFamilies(shards: readonly ShardHealth[]): MetricFamily[] {
  return FIGURES.flatMap(({ desc, read }) => {
    const value = read(shards);
    return Number.isFinite(value) ? [constFamily(desc, "gauge", [{ value }])] : [];
  });
}

/**
 * Shows the limits that a configuration sets; call what it returns for each one that comes into force.
 * @param bytesOf The limit in bytes, as `retentionBytes`.
 */
export function retentionGauges(
  registry: Registry,
  bytesOf: (storage: StorageConfig) => number,
): (config: ServerConfig) => void {
  const gauge = (unit: string, help: string) =>
    registry.gauge({ name: `prometheus_tsdb_retention_limit_${unit}`, help });
  const seconds = gauge("seconds", "How long samples are kept; 0 for ever.");
  const bytes = gauge("bytes", "Bytes that are kept at most; 0 without limit.");
  const percentage = gauge("percentage", "Share of the file system that is kept at most; 0 without limit.");
  return ({ storage }) => {
    seconds.set(storage.retentionMs / 1000);
    bytes.set(bytesOf(storage));
    percentage.set(storage.retentionPercentage);
  };
}
