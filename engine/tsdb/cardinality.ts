import { compareUtf8, METRIC_NAME } from "../labels/labels.ts";
import type { Database } from "./database.ts";
import { intersect } from "./postings.ts";

export interface Count {
  readonly name: string;
  readonly value: number;
}

/** Which values a label name has: enough to tell how many distinct ones it has in several databases together. */
export interface ValueDigest {
  readonly name: string;
  /** A hash of 53 bits of each value. */
  readonly hashes: Float64Array;
  /** The length of each value. */
  readonly lengths: Uint32Array;
}

/** Where the series of the head come from: the largest counts of each kind, largest first. */
export interface CardinalityStatistics {
  readonly series: number;
  readonly labelPairs: number;
  readonly seriesByMetricName: Count[];
  readonly valuesByLabelName: Count[];
  readonly bytesByLabelName: Count[];
  readonly seriesByLabelPair: Count[];
  readonly values: ValueDigest[];
}

/** @param limit Most entries of each list. */
export function cardinality(database: Database, limit: number): CardinalityStatistics {
  const { index, head } = database;
  const refs = head.refsIn(-Infinity, Infinity);
  const metricNames = new Largest(limit), values = new Largest(limit);
  const bytes = new Largest(limit), pairs = new Largest(limit);
  const digests: ValueDigest[] = [];
  let labelPairs = 0;
  for (const { name } of index.names()) {
    const hashes: number[] = [], lengths: number[] = [];
    for (const { value, refs: postings } of index.values(name)) {
      const count = intersect(postings, refs).length;
      if (count === 0) continue;
      hashes.push(hashOf(value));
      lengths.push(value.length);
      pairs.add(`${name}=${value}`, count);
      if (name === METRIC_NAME) metricNames.add(value, count);
    }
    if (hashes.length === 0) continue;
    labelPairs += hashes.length;
    values.add(name, hashes.length);
    bytes.add(name, lengths.reduce((sum, length) => sum + length, 0));
    digests.push({ name, hashes: Float64Array.from(hashes), lengths: Uint32Array.from(lengths) });
  }
  return {
    series: refs.length,
    labelPairs,
    seriesByMetricName: metricNames.list(),
    valuesByLabelName: values.list(),
    bytesByLabelName: bytes.list(),
    seriesByLabelPair: pairs.list(),
    values: digests,
  };
}

/** What of the statistics of a database is needed of those of several. */
export interface CardinalityPart {
  readonly seriesByMetricName: readonly Count[];
  readonly seriesByLabelPair: readonly Count[];
  readonly values: readonly ValueDigest[];
}

/** The counts of several databases together; a series that more than one of them has counts for each. */
export function mergeCardinality(
  parts: readonly CardinalityPart[],
  limit: number,
): Omit<CardinalityStatistics, "series" | "values"> {
  const byName = new Map<string, ValueDigest[]>();
  for (const digest of parts.flatMap(({ values }) => values)) {
    const known = byName.get(digest.name);
    if (known === undefined) byName.set(digest.name, [digest]);
    else known.push(digest);
  }
  const values = new Largest(limit), bytes = new Largest(limit);
  let labelPairs = 0;
  for (const [name, digests] of byName) {
    const seen = new Set<number>();
    let byteCount = 0;
    for (const { hashes, lengths } of digests) {
      for (let i = 0; i < hashes.length; i++) {
        if (seen.has(hashes[i])) continue;
        seen.add(hashes[i]);
        byteCount += lengths[i];
      }
    }
    labelPairs += seen.size;
    values.add(name, seen.size);
    bytes.add(name, byteCount);
  }
  return {
    labelPairs,
    seriesByMetricName: largestSums(parts.map((part) => part.seriesByMetricName), limit),
    valuesByLabelName: values.list(),
    bytesByLabelName: bytes.list(),
    seriesByLabelPair: largestSums(parts.map((part) => part.seriesByLabelPair), limit),
  };
}

function largestSums(lists: readonly (readonly Count[])[], limit: number): Count[] {
  const sums = new Map<string, number>();
  for (const { name, value } of lists.flat()) sums.set(name, (sums.get(name) ?? 0) + value);
  const largest = new Largest(limit);
  for (const [name, value] of sums) largest.add(name, value);
  return largest.list();
}

/** 53 bits of it, from two hashes of 32 bits. */
function hashOf(text: string): number {
  let low = 0x811c9dc5, high = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
    high ^= high >>> 15;
  }
  return (high >>> 11) * 2 ** 32 + ((low ^ (low >>> 15)) >>> 0);
}

/** Keeps the entries with the largest counts. */
class Largest {
  #entries: Count[] = [];

  constructor(readonly limit: number) {}

  add(name: string, value: number): void {
    this.#entries.push({ name, value });
    if (this.#entries.length >= 2 * this.limit + 64) this.#trim();
  }

  list(): Count[] {
    this.#trim();
    return this.#entries;
  }

  #trim(): void {
    this.#entries.sort((a, b) => b.value - a.value || compareUtf8(a.name, b.name));
    this.#entries.length = Math.min(this.#entries.length, this.limit);
  }
}
