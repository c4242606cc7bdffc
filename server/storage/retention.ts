import type { StorageConfig } from "../config/storage_config.ts";

/** How long samples are kept where nothing is said of time or size. */
export const RETENTION_DEFAULT_MS = 15 * 24 * 3_600_000;

/**
 * How many bytes are kept at most; 0 is without limit.
 * @param diskBytes Size of the file system that the data is on.
 */
export function retentionBytes(
  storage: Pick<StorageConfig, "retentionBytes" | "retentionPercentage">,
  diskBytes: number,
): number {
  if (storage.retentionPercentage === 0) return storage.retentionBytes;
  // At least a byte, as 0 would be no limit at all.
  return Math.max(1, Math.floor(diskBytes * storage.retentionPercentage / 100));
}
