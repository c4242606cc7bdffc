import { quote } from "../../engine/labels/labels.ts";
import { duration, float, int, oneOf, size } from "./field.ts";
import { nested, optional, section } from "./section.ts";
import { formatSize } from "./size.ts";

const retention = section("config.TSDBRetentionConfig", {
  time: duration(),
  size: size(),
  percentage: float(),
}, (config, report) => {
  if (config.sizeBytes < 0) {
    const reason = "'storage.tsdb.retention.size' must be greater than or equal to 0, got " +
      formatSize(config.sizeBytes);
    report("size", reason, "give a size from 0");
  }
  if (!(config.percentage >= 0 && config.percentage <= 100)) {
    const reason =
      `'storage.tsdb.retention.percentage' must be in the range [0, 100], got ${config.percentage}`;
    report("percentage", reason, "give a number from 0 to 100");
  }
});

const floats = oneOf(
  ["", "xor", "xor2"],
  (found) =>
    "'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted entirely, " +
    `got ${quote(found)}`,
);

const tsdb = section("config.TSDBConfig", {
  out_of_order_time_window: duration(),
  stale_series_compaction_threshold: float(),
  chunk_encoding: nested(section("config.ChunkEncodingConfig", { floats })),
  retention: optional(retention),
});

export const storageSection = section("config.StorageConfig", {
  tsdb: optional(tsdb),
  exemplars: optional(section("config.ExemplarsConfig", { max_exemplars: int() })),
});
export type StorageSection = typeof storageSection.initial;

/** How long and how much is kept, where the file does not say. */
export interface RetentionDefaults {
  /** 0 is without limit. */
  readonly timeMs: number;
  /** 0 is without limit. */
  readonly sizeBytes: number;
}

const EXEMPLARS_DEFAULT = 100_000;

/** What is kept. */
export interface StorageConfig {
  /** How far behind the newest sample of a series a sample may be; 0 refuses all older ones. */
  readonly outOfOrderWindowMs: number;
  /** 0 is without limit. */
  readonly retentionMs: number;
  /** 0 is without limit. */
  readonly retentionBytes: number;
  /** Of the size of the file system; where it is above 0, it takes the place of `retentionBytes`. */
  readonly retentionPercentage: number;
  /** 0 or less keeps none. */
  readonly maxExemplars: number;
}

/** The storage section with the retention filled in. */
export function completeStorage(given: StorageSection, defaults: RetentionDefaults): StorageSection {
  const { timeMs, sizeBytes } = defaults;
  const kept = given.tsdb?.retention ?? { ...retention.initial, timeMs, sizeBytes };
  return { ...given, tsdb: { ...given.tsdb ?? tsdb.initial, retention: kept } };
}

/** The completed storage section as the server uses it. */
export function resolveStorage(storage: StorageSection): StorageConfig {
  const kept = storage.tsdb?.retention ?? retention.initial;
  return {
    outOfOrderWindowMs: storage.tsdb?.outOfOrderTimeWindowMs ?? 0,
    retentionMs: kept.timeMs,
    retentionBytes: kept.sizeBytes,
    retentionPercentage: kept.percentage,
    maxExemplars: storage.exemplars?.maxExemplars ?? EXEMPLARS_DEFAULT,
  };
}
