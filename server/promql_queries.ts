import type { Counter, Registry, Summary } from "../engine/instrument/mod.ts";
import { type AnalyzedResult, Engine } from "../engine/promql/engine.ts";
import type { CostSource, QueryCost } from "../engine/promql/query_cost.ts";
import type { QueryStats } from "../engine/promql/query_result.ts";
import type { Queryable } from "../engine/tsdb/select.ts";
import type { Flags } from "./config/flags.ts";
import type { InstantOptions, QueryService, RangeOptions } from "./http/query_service.ts";

export interface PromqlQueriesOptions {
  readonly flags: Pick<
    Flags,
    "queryLookbackDeltaMs" | "queryTimeoutMs" | "queryMaxConcurrency" | "queryMaxSamples"
  >;
  /** Enabled by `--enable-feature`. */
  readonly features: ReadonlySet<string>;
  readonly registry: Registry;
  /** Step of a subquery that names none, in ms. */
  readonly subqueryStepMs: () => number;
  /** Lets other work of this thread run. */
  readonly pause: () => Promise<void>;
  /** For estimates of what queries cost; without it, there are none. */
  readonly costs?: CostSource;
  /** Told of every query that begins, waiting included; what it returns is called when the query has ended. */
  readonly onStart?: (query: StartedQuery) => () => void;
  /** Told of every query that was evaluated. */
  readonly onQuery: (query: FinishedQuery) => void;
}

export interface StartedQuery {
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
}

/** A query that ended, for the query log. */
export interface FinishedQuery extends StartedQuery {
  readonly stats: QueryStats | undefined;
  readonly error: string;
}

/** PromQL over the data of all shards, as the API asks for it. */
export class PromqlQueries implements QueryService {
  readonly #engine: Engine;
  readonly #durations: Summary<"slice">;
  readonly #samples: Counter;
  readonly #samplesRead: Counter;

  constructor(readonly queryable: Queryable, readonly options: PromqlQueriesOptions) {
    const { flags, features, registry } = options;
    this.#engine = new Engine({
      lookbackDeltaMs: flags.queryLookbackDeltaMs,
      timeoutMs: flags.queryTimeoutMs,
      maxConcurrency: flags.queryMaxConcurrency,
      maxSamples: flags.queryMaxSamples,
      subqueryStepMs: options.subqueryStepMs,
      now: () => performance.now(),
      pause: options.pause,
      timeoutSignal: (ms) => AbortSignal.timeout(ms),
      enableExperimentalFunctions: features.has("promql-experimental-functions"),
      enableExtendedRangeSelectors: features.has("promql-extended-range-selectors"),
      enableBinopFillModifiers: features.has("promql-binop-fill-modifiers"),
      delayedNameRemoval: features.has("promql-delayed-name-removal"),
      useStartTimestamps: features.has("use-start-timestamps"),
      typeAndUnitLabels: features.has("type-and-unit-labels"),
      perStepStats: features.has("promql-per-step-stats"),
    });
    registry.gauge({
      name: "prometheus_engine_queries",
      help: "The current number of queries being executed or waiting.",
      collect: (gauge) => gauge.set(this.#engine.load.running + this.#engine.load.waiting),
    });
    registry.gauge({
      name: "prometheus_engine_queries_concurrent_max",
      help: "The max number of concurrent queries.",
    }).set(flags.queryMaxConcurrency);
    this.#durations = registry.summary({
      name: "prometheus_engine_query_duration_seconds",
      help: "Query timings.",
      labelNames: ["slice"],
      objectives: { 0.5: 0.05, 0.9: 0.01, 0.99: 0.001 },
    });
    this.#samples = registry.counter({
      name: "prometheus_engine_query_samples_total",
      help: "The total number of samples loaded by all queries.",
    });
    this.#samplesRead = registry.counter({
      name: "prometheus_engine_query_samples_read_total",
      help: "The total number of samples read from the store by all queries.",
    });
  }

  instant(query: string, options: InstantOptions): Promise<AnalyzedResult> {
    const { timeMs } = options;
    return this.#answer(
      { query, startMs: timeMs, endMs: timeMs, stepMs: 0 },
      () => this.#engine.instant(this.queryable, query, timeMs, options),
    );
  }

  range(query: string, options: RangeOptions): Promise<AnalyzedResult> {
    const { startMs, endMs, stepMs } = options;
    return this.#answer(
      { query, startMs, endMs, stepMs },
      () => this.#engine.range(this.queryable, query, startMs, endMs, stepMs, options),
    );
  }

  estimate(query: string, options: RangeOptions): Promise<QueryCost> {
    const { costs } = this.options;
    if (costs === undefined) throw new TypeError("BUG: there is nothing to estimate costs from");
    return this.#engine.estimate(query, options, costs, options);
  }

  async #answer(
    asked: StartedQuery,
    evaluate: () => Promise<AnalyzedResult>,
  ): Promise<AnalyzedResult> {
    const ended = this.options.onStart?.(asked);
    try {
      const result = await evaluate();
      this.#observe(result.stats);
      this.options.onQuery({ ...asked, stats: result.stats, error: "" });
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.options.onQuery({ ...asked, stats: undefined, error: message });
      throw error;
    } finally {
      ended?.();
    }
  }

  #observe({ timings, samples }: QueryStats): void {
    this.#durations.labels("queue_time").observe(timings.execQueueTime);
    this.#durations.labels("prepare_time").observe(timings.queryPreparationTime);
    this.#durations.labels("inner_eval").observe(timings.innerEvalTime);
    this.#durations.labels("result_sort").observe(timings.resultSortTime);
    this.#samples.inc(samples.total);
    this.#samplesRead.inc(samples.read);
  }
}
