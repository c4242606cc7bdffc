import * as Comlink from "comlink";
import { hashLabels } from "../../../engine/labels/hash.ts";
import type {
  Fragment,
  FragmentEvaluator,
  FragmentResult,
} from "../../../engine/promql/pushdown/fragment.ts";
import { mergeSeries } from "../../../engine/tsdb/merge_series.ts";
import type { Queryable, SelectRequest, SeriesColumns } from "../../../engine/tsdb/select.ts";
import { unpackSeries } from "../../../server/shard/series_batch.ts";
import { convertClassicHistograms } from "./nhcb.ts";
import type { LoadCommand } from "./script.ts";
import { type PlainSeries, plainSeries, ScriptShard } from "./script_shard.ts";
import type { ScriptShardApi } from "./script_shard_worker.ts";

/**
 * - `memory`: one database.
 * - `reopened`: one database that wrote everything to blocks and was opened again before samples are read.
 * - `sharded`: three databases, with the loads of one series spread over them.
 * - `workers`: the same, each in a Web Worker of its own.
 */
export const STORE_KINDS = ["memory", "reopened", "sharded", "workers"] as const;
export type StoreKind = typeof STORE_KINDS[number];

const SHARDS = 3;

/** One of the databases that a script's data is spread over. */
interface Shard {
  load(identity: string, series: readonly PlainSeries[], intervalMs: number): void | Promise<void>;
  select(request: SelectRequest): Promise<SeriesColumns[]>;
  evaluateFragment(fragment: Fragment): Promise<FragmentResult>;
}

/** What the `load` commands of a script have stored. */
export class ScriptStore implements Queryable, Disposable, Partial<FragmentEvaluator> {
  readonly #workers: readonly Worker[];
  readonly #remotes: readonly Comlink.Remote<ScriptShardApi>[];
  #shards: readonly Shard[] = [];
  #loads = 0;

  /** Aggregations that the databases evaluated by themselves. */
  aggregationsPushedDown = 0;

  /** Where there are several databases, they evaluate what they can, as shards do. */
  readonly evaluateFragment: FragmentEvaluator["evaluateFragment"] | undefined;

  private constructor(readonly kind: StoreKind) {
    if (kind === "sharded" || kind === "workers") {
      this.evaluateFragment = async (fragment) => {
        const results = await Promise.all(this.#shards.map((shard) => shard.evaluateFragment(fragment)));
        const isDone = results.every(({ kind }) => kind === "rows");
        if (isDone && fragment.expr.kind === "aggregation") this.aggregationsPushedDown++;
        return results;
      };
    }
    const url = new URL("./script_shard_worker.ts", import.meta.url);
    this.#workers = Array.from(
      { length: kind === "workers" ? SHARDS : 0 },
      () => new Worker(url, { type: "module" }),
    );
    this.#remotes = this.#workers.map((worker) => Comlink.wrap<ScriptShardApi>(worker));
  }

  /** An empty store, to be disposed of: it may have workers. */
  static async open(kind: StoreKind): Promise<ScriptStore> {
    const store = new ScriptStore(kind);
    await store.clear();
    return store;
  }

  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.terminate();
  }

  async clear(): Promise<void> {
    this.#loads = 0;
    const { kind } = this;
    if (kind === "workers") {
      await Promise.all(this.#remotes.map((remote) => remote.clear()));
      this.#shards = this.#remotes.map(workerShard);
    } else {
      const count = kind === "sharded" ? SHARDS : 1, reopens = kind === "reopened";
      this.#shards = await Promise.all(Array.from({ length: count }, () => ScriptShard.open({ reopens })));
    }
  }

  /** Appends the series of one `load` as rows of one group per shard. */
  async load(command: LoadCommand): Promise<void> {
    // Of a series that is there twice the last one counts, as upstream has it.
    const given = [...new Map(command.series.map((series) => [series.labels.key(), series])).values()];
    const all = [...given, ...(command.withNhcb ? convertClassicHistograms(given) : [])];
    const count = BigInt(this.#shards.length);
    for (const [i, shard] of this.#shards.entries()) {
      const series = all.filter(({ labels }) =>
        Number((hashLabels(labels) + BigInt(this.#loads)) % count) === i
      );
      await shard.load(`load ${this.#loads}`, series.map(plainSeries), command.intervalMs);
    }
    this.#loads++;
  }

  async select(request: SelectRequest): Promise<SeriesColumns[]> {
    return mergeSeries(await Promise.all(this.#shards.map((shard) => shard.select(request))));
  }
}

/** Asks a worker as server/shard/shards.ts does. */
function workerShard(remote: Comlink.Remote<ScriptShardApi>): Shard {
  return {
    load: (identity, series, intervalMs) => remote.load(identity, series, intervalMs),
    select: async ({ matchers, startMs, endMs }) => {
      const plain = matchers.map(({ type, name, value }) => ({ type, name, value }));
      return unpackSeries(await remote.select({ matchers: plain, startMs, endMs }));
    },
    evaluateFragment: (fragment) => remote.evaluateFragment(fragment) as Promise<FragmentResult>,
  };
}
