import type { PlainFamily } from "../../engine/instrument/mod.ts";
import type { Fragment, FragmentResult } from "../../engine/promql/pushdown/fragment.ts";
import { syncPath } from "../storage/_sync_path.ts";
import type { TargetStatus } from "../scrape/spec.ts";
import { loadFragmentEvaluation } from "./fragment_evaluation.ts";
import { packSeries, type SeriesBatch } from "./series_batch.ts";
import type { BlockSummary, SeriesExemplars, Shard, ShardHealth, ShardStatistics } from "./shard.ts";

/** Answers as a shard does that was never given a target and has no data; there are no metrics of it. */
export class EmptyShard implements Shard {
  #paused = "";

  opened(): Promise<void> {
    return Promise.resolve();
  }

  setTargets(): Promise<void> {
    return Promise.resolve();
  }

  targets(): Promise<TargetStatus[]> {
    return Promise.resolve([]);
  }

  setLimits(): Promise<void> {
    return Promise.resolve();
  }

  pauseIngest(reason: string): Promise<void> {
    this.#paused = reason;
    return Promise.resolve();
  }

  select(): Promise<SeriesBatch> {
    return Promise.resolve(packSeries([]));
  }

  async evaluateFragment(fragment: Fragment): Promise<FragmentResult> {
    const { evaluateFragment } = await loadFragmentEvaluation();
    const nothing = { scan: () => Promise.resolve() };
    return await evaluateFragment(nothing, fragment, { now: () => 0, pause: () => Promise.resolve() });
  }

  cancel(): Promise<void> {
    return Promise.resolve();
  }

  series(): Promise<string[][]> {
    return Promise.resolve([]);
  }

  countSeries(): Promise<number> {
    return Promise.resolve(0);
  }

  labelNames(): Promise<string[]> {
    return Promise.resolve([]);
  }

  labelValues(): Promise<string[]> {
    return Promise.resolve([]);
  }

  exemplars(): Promise<SeriesExemplars[]> {
    return Promise.resolve([]);
  }

  statistics(): Promise<ShardStatistics> {
    return Promise.resolve({
      headSeries: 0,
      labelPairs: 0,
      chunks: 0,
      minMs: Infinity,
      maxMs: -Infinity,
      seriesByMetricName: [],
      valuesByLabelName: [],
      bytesByLabelName: [],
      seriesByLabelPair: [],
      values: [],
    });
  }

  blocks(): Promise<BlockSummary[]> {
    return Promise.resolve([]);
  }

  deleteSeries(): Promise<void> {
    return Promise.resolve();
  }

  cleanTombstones(): Promise<void> {
    return Promise.resolve();
  }

  async snapshot(path: string): Promise<void> {
    // SQLite, which the main thread does without.
    const { createKvFile } = await import("../storage/kv_store.ts");
    createKvFile(path);
    await syncPath(path);
  }

  metrics(): Promise<PlainFamily[]> {
    return Promise.resolve([]);
  }

  health(): Promise<ShardHealth> {
    return Promise.resolve({
      ready: true,
      storage: this.#paused === "" ? "ok" : "full",
      minMs: Infinity,
      headMinMs: Infinity,
      maxMs: -Infinity,
      replayMs: 0,
      damagedValues: 0,
      detail: this.#paused,
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
