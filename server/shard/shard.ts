import type { ValueDigest } from "../../engine/tsdb/cardinality.ts";
import type { ExemplarEntry } from "../../engine/tsdb/exemplars.ts";
import type { MatchType } from "../../engine/labels/matcher.ts";
import type { PlainFamily } from "../../engine/instrument/mod.ts";
import type { ScrapePoolSpec, TargetStatus } from "../scrape/spec.ts";
import type { Fragment, FragmentResult } from "../../engine/promql/pushdown/fragment.ts";
import type { SeriesBatch } from "./series_batch.ts";

/** A matcher as it crosses a thread boundary. */
export interface PlainMatcher {
  readonly type: MatchType;
  readonly name: string;
  readonly value: string;
}

/** Milliseconds since the Unix epoch, both inclusive. */
export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** Series that any of the matcher lists accepts; no lists at all means every series. */
export interface SeriesRequest extends TimeRange {
  readonly matcherSets: readonly (readonly PlainMatcher[])[];
  /** Most results wanted; 0 for no limit. */
  readonly limit: number;
}

/** Series that all matchers accept. */
export interface SelectionRequest extends TimeRange {
  readonly matchers: readonly PlainMatcher[];
  /** A shard that finds more samples gives up. */
  readonly maxSamples?: number;
}

/** Name and count, the largest counts first. */
export interface Cardinality {
  readonly name: string;
  readonly value: number;
}

/** What /api/v1/status/tsdb shows. */
export interface StorageStatistics {
  readonly headSeries: number;
  readonly labelPairs: number;
  readonly chunks: number;
  /** Of the head, in ms; Infinity and -Infinity where it is empty. */
  readonly minMs: number;
  readonly maxMs: number;
  readonly seriesByMetricName: readonly Cardinality[];
  readonly valuesByLabelName: readonly Cardinality[];
  readonly bytesByLabelName: readonly Cardinality[];
  readonly seriesByLabelPair: readonly Cardinality[];
}

/** What one shard has to say about it. */
export interface ShardStatistics extends StorageStatistics {
  /** Which values each label name has, so that those that several shards have count once. */
  readonly values: readonly ValueDigest[];
}

/** A block as /api/v1/status/tsdb/blocks shows it. */
export interface BlockSummary extends TimeRange {
  readonly shard: number;
  readonly id: number;
  readonly level: number;
  readonly samples: number;
  readonly series: number;
  readonly chunks: number;
  readonly bytes: number;
}

/** "full": no space; "failing": writes fail for another reason. In both, nothing is taken in until they succeed. */
export type StorageState = "ok" | "full" | "failing";

export interface ShardHealth {
  /** Whether the log was replayed and queries are answered. */
  readonly ready: boolean;
  readonly storage: StorageState;
  /** Oldest sample, oldest and newest one of the head, in ms; infinite where there is none. */
  readonly minMs: number;
  readonly headMinMs: number;
  readonly maxMs: number;
  /** How long reading the data took at the start, in ms. */
  readonly replayMs: number;
  /** Stored values that could not be read and were set aside since the start. */
  readonly damagedValues: number;
  /** Why the shard is not well, empty where it is. */
  readonly detail: string;
}

export interface SeriesExemplars {
  readonly labels: readonly string[];
  readonly exemplars: readonly ExemplarEntry[];
}

/** Limits that may change while the shard runs. */
export interface ShardLimits {
  readonly retentionMs: number;
  /** Of this shard, in bytes; 0 for no limit. */
  readonly retentionBytes: number;
  readonly outOfOrderWindowMs: number;
  readonly exemplarsMax: number;
}

/**
 * One part of the data with everything that belongs to it: scrapes its targets, keeps their samples, answers for them.
 * It is reached in this process or across a worker boundary alike, so what goes in and out is plain data.
 */
export interface Shard {
  /** Replaces the targets that are scraped; targets that stay are not disturbed. */
  setTargets(pools: readonly ScrapePoolSpec[]): Promise<void>;
  targets(): Promise<TargetStatus[]>;
  setLimits(limits: ShardLimits): Promise<void>;
  /** Stops taking samples in for the given reason, or goes on where it is "". Retention and questions go on. */
  pauseIngest(reason: string): Promise<void>;

  select(request: SelectionRequest, call: number): Promise<SeriesBatch>;
  /** @param call A number that is not in use, by which it can be cancelled. */
  evaluateFragment(fragment: Fragment, call: number): Promise<FragmentResult>;
  /** Ends work on the question with this number soon, if it is still under way: it is rejected. */
  cancel(call: number): Promise<void>;
  /** Label pairs (name, value, …) of each series. */
  series(request: SeriesRequest): Promise<string[][]>;
  /** How many there are; the limit does not count. */
  countSeries(request: SeriesRequest): Promise<number>;
  labelNames(request: SeriesRequest): Promise<string[]>;
  labelValues(name: string, request: SeriesRequest): Promise<string[]>;
  exemplars(request: SeriesRequest): Promise<SeriesExemplars[]>;
  statistics(limit: number): Promise<ShardStatistics>;
  blocks(): Promise<BlockSummary[]>;

  deleteSeries(request: SeriesRequest): Promise<void>;
  cleanTombstones(): Promise<void>;
  /** Copies the shard's data, as it is now, to the file `path`; with `skipHead`, what is in blocks alone. */
  snapshot(path: string, skipHead: boolean): Promise<void>;

  metrics(): Promise<PlainFamily[]>;
  health(): Promise<ShardHealth>;
  /** Commits what was scraped and closes the store. */
  close(): Promise<void>;
}
