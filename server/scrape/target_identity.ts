import { hashLabels, xxhash64 } from "../../engine/labels/hash.ts";
import type { Labels } from "../../engine/labels/labels.ts";

const NANOSECONDS_PER_MS = 1_000_000n;
const encoder = new TextEncoder();

function hashText(text: string): bigint {
  const bytes = encoder.encode(text);
  return xxhash64(bytes, 0, bytes.length);
}

/** 16 hexadecimal digits. */
export function fingerprint(text: string): string {
  return hashText(text).toString(16).padStart(16, "0");
}

/** What makes a target the same across reloads: the labels of its series and its URL. */
export function targetId(labels: Labels, url: string): string {
  return fingerprint(`${hashLabels(labels)} ${url}`);
}

/** Differs between servers, so that they do not scrape the same target at the same moment. */
export function offsetSeed(hostname: string, externalLabels: Labels): bigint {
  return hashText(`${hostname}${externalLabels}`);
}

/** When in its interval a target is scraped, in whole ms from 0 (inclusive) to `intervalMs` (exclusive). */
export function scrapeOffsetMs(id: string, seed: bigint, intervalMs: number): number {
  const interval = BigInt(intervalMs) * NANOSECONDS_PER_MS;
  return Number((BigInt(`0x${id}`) ^ seed) % interval / NANOSECONDS_PER_MS);
}

/** The shard, from 0, that a target belongs to. */
export function shardOf(id: string, shards: number): number {
  return Number(BigInt(`0x${id}`) % BigInt(shards));
}
