import type { MetricFamily } from "../../engine/exposition/metric_family.ts";
import { decodeFamilies } from "../../engine/instrument/mod.ts";
import { comparePairs, compareUtf8 } from "../../engine/labels/labels.ts";
import type { Fragment, FragmentEvaluator, FragmentResult } from "../../engine/promql/pushdown/fragment.ts";
import { mergeCardinality } from "../../engine/tsdb/cardinality.ts";
import { mergeSeries } from "../../engine/tsdb/merge_series.ts";
import type { Queryable, SelectRequest, SeriesColumns } from "../../engine/tsdb/select.ts";
import { SORTED_SERIES_MAX } from "../../engine/tsdb/series_queries.ts";
import type { ScrapePoolSpec, TargetStatus } from "../scrape/spec.ts";
import { splitByShard } from "../scrape/target_set.ts";
import { unpackSeries } from "./series_batch.ts";
import type {
  BlockSummary,
  SeriesExemplars,
  SeriesRequest,
  Shard,
  ShardHealth,
  ShardLimits,
  ShardStatistics,
  StorageStatistics,
} from "./shard.ts";

/** Entries that each of several shards lists, at the least, so that sums over them are right. */
const SHARD_LIST_MAX = 10_000;

/** All shards as one: spreads targets over them, asks all of them, and puts their answers together. */
export class Shards implements Queryable, FragmentEvaluator {
  #nextCall = 0;

  constructor(readonly shards: readonly Shard[]) {}

  /** Gives every shard its part of the targets. */
  async setTargets(pools: readonly ScrapePoolSpec[]): Promise<void> {
    const parts = splitByShard(pools, this.shards.length);
    await Promise.all(this.shards.map((shard, number) => shard.setTargets(parts[number])));
  }

  async targets(): Promise<TargetStatus[]> {
    return (await this.#ask((shard) => shard.targets())).flat();
  }

  /** Sizes are for all shards together. */
  async setLimits(limits: ShardLimits): Promise<void> {
    const share = shareOf(limits, this.shards.length);
    await this.#ask((shard) => shard.setLimits(share));
  }

  /** Stops taking samples in for the given reason, or goes on where it is "". */
  async pauseIngest(reason: string): Promise<void> {
    await this.#ask((shard) => shard.pauseIngest(reason));
  }

  /** @see Queryable.select */
  async select({ matchers, startMs, endMs, maxSamples, signal }: SelectRequest): Promise<SeriesColumns[]> {
    const plain = matchers.map(({ type, name, value }) => ({ type, name, value }));
    const batches = await this.#askCancellable(
      signal,
      (shard, call) => shard.select({ matchers: plain, startMs, endMs, maxSamples }, call),
    );
    return mergeSeries(batches.map(unpackSeries));
  }

  /** @see FragmentEvaluator.evaluateFragment */
  evaluateFragment(fragment: Fragment, signal?: AbortSignal): Promise<FragmentResult[]> {
    return this.#askCancellable(signal, (shard, call) => shard.evaluateFragment(fragment, call));
  }

  /** Label pairs (name, value, …) of each series, in no particular order. */
  async series(request: SeriesRequest): Promise<string[][]> {
    const found = new Map<string, string[]>();
    for (const list of await this.#ask((shard) => shard.series(request))) {
      for (const pairs of list) found.set(JSON.stringify(pairs), pairs);
    }
    const all = [...found.values()];
    return limited(all.length <= SORTED_SERIES_MAX ? all.sort(comparePairs) : all, request.limit);
  }

  /** How many series there are; one that several shards have counts for each. */
  async countSeries(request: SeriesRequest): Promise<number> {
    return (await this.#ask((shard) => shard.countSeries(request))).reduce((sum, count) => sum + count, 0);
  }

  async labelNames(request: SeriesRequest): Promise<string[]> {
    return limited(distinct(await this.#ask((shard) => shard.labelNames(request))), request.limit);
  }

  async labelValues(name: string, request: SeriesRequest): Promise<string[]> {
    return limited(distinct(await this.#ask((shard) => shard.labelValues(name, request))), request.limit);
  }

  async exemplars(request: SeriesRequest): Promise<SeriesExemplars[]> {
    const found = new Map<string, SeriesExemplars>();
    for (const one of (await this.#ask((shard) => shard.exemplars(request))).flat()) {
      const key = JSON.stringify(one.labels);
      const known = found.get(key);
      const exemplars = [...known?.exemplars ?? [], ...one.exemplars].sort((a, b) => a.timeMs - b.timeMs);
      found.set(key, { labels: one.labels, exemplars });
    }
    return [...found.values()];
  }

  /**
   * Counts of series are added up, as a series belongs to one target and so to one shard; label values that several
   * shards have count once. Of metric names and label pairs, those that are not among the largest of any shard are left
   * out.
   */
  async statistics(limit: number): Promise<StorageStatistics> {
    const listed = this.shards.length === 1 ? limit : Math.max(limit, SHARD_LIST_MAX);
    const all = await this.#ask((shard) => shard.statistics(listed));
    const sum = (read: (one: ShardStatistics) => number) => all.reduce((total, one) => total + read(one), 0);
    return {
      ...mergeCardinality(all, limit),
      headSeries: sum((one) => one.headSeries),
      chunks: sum((one) => one.chunks),
      minMs: Math.min(...all.map((one) => one.minMs)),
      maxMs: Math.max(...all.map((one) => one.maxMs)),
    };
  }

  async blocks(): Promise<BlockSummary[]> {
    return (await this.#ask((shard) => shard.blocks())).flat().sort((a, b) => a.startMs - b.startMs);
  }

  async deleteSeries(request: SeriesRequest): Promise<void> {
    await this.#ask((shard) => shard.deleteSeries(request));
  }

  async cleanTombstones(): Promise<void> {
    await this.#ask((shard) => shard.cleanTombstones());
  }

  /** A list per shard; of those that can answer. */
  async metrics(): Promise<MetricFamily[][]> {
    const lists = await Promise.all(this.shards.map((shard) => shard.metrics().catch(() => [])));
    return lists.map(decodeFamilies);
  }

  /** Copies the data of all shards, as `Shard.snapshot`, to files that `pathOf` names by number of the shard. */
  async snapshot(pathOf: (shard: number) => string, skipHead: boolean): Promise<void> {
    const copies = this.shards.map((shard, number) => shard.snapshot(pathOf(number), skipHead));
    await Promise.allSettled(copies); // none writes any more once this one has failed
    await Promise.all(copies);
  }

  /** How each shard is; one that does not answer is not ready. */
  async health(): Promise<ShardHealth[]> {
    return await Promise.all(this.shards.map((shard) => shard.health().catch(unavailable)));
  }

  async close(): Promise<void> {
    await this.#ask((shard) => shard.close());
  }

  /** Asks all shards; they stop working on it when the signal is aborted. */
  async #askCancellable<T>(
    signal: AbortSignal | undefined,
    ask: (shard: Shard, call: number) => Promise<T>,
  ): Promise<T[]> {
    signal?.throwIfAborted();
    const call = this.#nextCall++;
    const cancel = () => void this.#ask((shard) => shard.cancel(call)).catch(() => {});
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      return await this.#ask((shard) => ask(shard, call));
    } catch (error) {
      cancel(); // what the others would answer is of no use
      throw error;
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  #ask<T>(ask: (shard: Shard) => Promise<T>): Promise<T[]> {
    return Promise.all(this.shards.map(ask));
  }
}

/** What of the limits for all shards falls to one of them. */
export function shareOf(limits: ShardLimits, shards: number): ShardLimits {
  return {
    ...limits,
    retentionBytes: Math.ceil(limits.retentionBytes / shards),
    exemplarsMax: Math.ceil(limits.exemplarsMax / shards),
  };
}

function unavailable(error: unknown): ShardHealth {
  return {
    ready: false,
    storage: "failing",
    minMs: Infinity,
    headMinMs: Infinity,
    maxMs: -Infinity,
    replayMs: 0,
    damagedValues: 0,
    detail: error instanceof Error ? error.message : String(error),
  };
}

function distinct(lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].sort(compareUtf8);
}

function limited<T>(list: T[], limit: number): T[] {
  return limit > 0 ? list.slice(0, limit) : list;
}
