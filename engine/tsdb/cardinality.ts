import { METRIC_NAME } from "../labels/labels.ts";
import type { Database } from "./database.ts";
import { intersect } from "./postings.ts";

export interface Count {
  readonly name: string;
  readonly value: number;
}

/** Where the series of the head come from: the largest counts of each kind, largest first. */
export interface CardinalityStatistics {
  readonly series: number;
  readonly labelPairs: number;
  readonly seriesByMetricName: Count[];
  readonly valuesByLabelName: Count[];
  readonly bytesByLabelName: Count[];
  readonly seriesByLabelPair: Count[];
}

/** @param limit Most entries of each list. */
export function cardinality(database: Database, limit: number): CardinalityStatistics {
  const { index, head } = database;
  const refs = head.refsIn(-Infinity, Infinity);
  const metricNames = new Largest(limit), values = new Largest(limit);
  const bytes = new Largest(limit), pairs = new Largest(limit);
  let labelPairs = 0;
  for (const { name } of index.names()) {
    let valueCount = 0, byteCount = 0;
    for (const { value, refs: postings } of index.values(name)) {
      const count = intersect(postings, refs).length;
      if (count === 0) continue;
      valueCount++;
      byteCount += value.length;
      pairs.add(`${name}=${value}`, count);
      if (name === METRIC_NAME) metricNames.add(value, count);
    }
    if (valueCount === 0) continue;
    labelPairs += valueCount;
    values.add(name, valueCount);
    bytes.add(name, byteCount);
  }
  return {
    series: refs.length,
    labelPairs,
    seriesByMetricName: metricNames.list(),
    valuesByLabelName: values.list(),
    bytesByLabelName: bytes.list(),
    seriesByLabelPair: pairs.list(),
  };
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
    this.#entries.sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1));
    this.#entries.length = Math.min(this.#entries.length, this.limit);
  }
}
