import type { Counter, Histogram, Registry, Summary } from "../engine/instrument/mod.ts";
import type { AnalyzedResult, Engine, EngineOptions } from "../engine/promql/engine.ts";
import type { CostSource, QueryCost } from "../engine/promql/query_cost.ts";
import { CostLimitError, errorTypeOf } from "../engine/promql/query_errors.ts";
import type { QueryStats } from "../engine/promql/query_result.ts";
import type { Queryable } from "../engine/tsdb/select.ts";
import { parserOptions } from "./config/features.ts";
import type { Flags } from "./config/flags.ts";
import type { QueryLimits } from "./config/global_config.ts";
import type {
  InstantOptions,
  QueryCeilings,
  QueryOrigin,
  QueryService,
  RangeOptions,
} from "./http/query_service.ts";

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
  /** As the configuration has them now. */
  readonly limits: () => QueryLimits;
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
  /** Where it is known. */
  readonly origin: QueryOrigin | undefined;
}

/** PromQL over the data of all shards, as the API asks for it. */
export class PromqlQueries implements QueryService {
  /** Undefined before the first query, for which its code is loaded: a server that is not asked does without. */
  #engine: Engine | undefined;
  readonly #durations: Summary<"slice">;
  readonly #durationBuckets: Histogram<"slice">;
  readonly #samples: Counter;
  readonly #samplesRead: Counter;
  /** Only with the feature `query-cost`. */
  readonly #costs: CostMetrics | undefined;

  constructor(readonly queryable: Queryable, readonly options: PromqlQueriesOptions) {
    const { flags, features, registry } = options;
    registry.gauge({
      name: "prometheus_engine_queries",
      help: "The current number of queries being executed or waiting.",
      collect: (gauge) => {
        const { running, waiting } = this.#engine?.load ?? { running: 0, waiting: 0 };
        gauge.set(running + waiting);
      },
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
    this.#durationBuckets = registry.histogram({
      name: "prometheus_engine_query_duration_histogram_seconds",
      help: "Query timings, as histograms.",
      labelNames: ["slice"],
      buckets: [0.01, 0.1, 1, 10],
      native: { factor: 1.1, bucketsMax: 100, minResetMs: 3_600_000 },
    });
    this.#samples = registry.counter({
      name: "prometheus_engine_query_samples_total",
      help: "The total number of samples loaded by all queries.",
    });
    this.#samplesRead = registry.counter({
      name: "prometheus_engine_query_samples_read_total",
      help: "The total number of samples read from the store by all queries.",
    });
    this.#costs = features.has("query-cost") ? costMetrics(registry) : undefined;
  }

  get ceilings(): QueryCeilings {
    const { flags, features, limits } = this.options;
    if (!features.has("query-cost")) return { timeoutMs: flags.queryTimeoutMs };
    const { maxSeries, maxSamplesRead, maxDurationMs } = limits();
    return { maxSeries, maxSamplesRead, maxDurationMs, timeoutMs: maxDurationMs ?? flags.queryTimeoutMs };
  }

  instant(query: string, options: InstantOptions): Promise<AnalyzedResult> {
    const { timeMs, origin } = options;
    return this.#answer(
      { query, startMs: timeMs, endMs: timeMs, stepMs: 0 },
      origin,
      (engine) => engine.instant(this.queryable, query, timeMs, options),
    );
  }

  range(query: string, options: RangeOptions): Promise<AnalyzedResult> {
    const { startMs, endMs, stepMs, origin } = options;
    return this.#answer(
      { query, startMs, endMs, stepMs },
      origin,
      (engine) => engine.range(this.queryable, query, startMs, endMs, stepMs, options),
    );
  }

  async estimate(query: string, options: RangeOptions): Promise<QueryCost> {
    const { costs } = this.options;
    if (costs === undefined) throw new TypeError("BUG: there is nothing to estimate costs from");
    const engine = await this.#loadedEngine();
    return await engine.estimate(query, options, costs, options);
  }

  async #loadedEngine(): Promise<Engine> {
    const { Engine } = await loadEngine();
    return this.#engine ??= new Engine(this.#engineOptions());
  }

  #engineOptions(): EngineOptions {
    const { flags, features, limits } = this.options;
    const ceilings = () => this.ceilings;
    return {
      lookbackDeltaMs: flags.queryLookbackDeltaMs,
      get timeoutMs() {
        return ceilings().timeoutMs;
      },
      get maxSeries() {
        return ceilings().maxSeries;
      },
      get maxSamplesRead() {
        return ceilings().maxSamplesRead;
      },
      get maxMemoryBytes() {
        return limits().maxMemoryBytes;
      },
      get maxResultBytes() {
        return limits().maxResultBytes;
      },
      maxConcurrency: flags.queryMaxConcurrency,
      maxSamples: flags.queryMaxSamples,
      subqueryStepMs: this.options.subqueryStepMs,
      now: () => performance.now(),
      pause: this.options.pause,
      timeoutSignal: (ms) => AbortSignal.timeout(ms),
      ...parserOptions(features),
      delayedNameRemoval: features.has("promql-delayed-name-removal"),
      useStartTimestamps: features.has("use-start-timestamps"),
      typeAndUnitLabels: features.has("type-and-unit-labels"),
      perStepStats: features.has("promql-per-step-stats"),
    };
  }

  async #answer(
    asked: StartedQuery,
    origin: QueryOrigin | undefined,
    evaluate: (engine: Engine) => Promise<AnalyzedResult>,
  ): Promise<AnalyzedResult> {
    const ended = this.options.onStart?.(asked);
    try {
      const result = await evaluate(await this.#loadedEngine());
      this.#observe(result.stats);
      this.options.onQuery({ ...asked, origin, stats: result.stats, error: "" });
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // As upstream's, the query log has what was evaluated, not what could not be read.
      if (errorTypeOf(error) !== "bad_data") {
        this.options.onQuery({ ...asked, origin, stats: undefined, error: message });
      }
      if (error instanceof CostLimitError) this.#costs?.rejected.labels(error.limit).inc();
      throw error;
    } finally {
      ended?.();
    }
  }

  #observe({ timings, samples }: QueryStats): void {
    const slices = {
      queue_time: timings.execQueueTime,
      prepare_time: timings.queryPreparationTime,
      inner_eval: timings.innerEvalTime,
      result_sort: timings.resultSortTime,
    };
    for (const [slice, seconds] of Object.entries(slices)) {
      this.#durations.labels(slice).observe(seconds);
      this.#durationBuckets.labels(slice).observe(seconds);
    }
    this.#samples.inc(samples.total);
    this.#samplesRead.inc(samples.read);
    this.#costs?.seriesTouched.observe(samples.series ?? 0);
    this.#costs?.samplesRead.observe(samples.read);
  }
}

/** Were the specifier a literal, Deno would read the sources at the start. */
async function loadEngine(): Promise<typeof import("../engine/promql/engine.ts")> {
  return await import(new URL("../engine/promql/engine.ts", import.meta.url).href);
}

interface CostMetrics {
  readonly rejected: Counter<"reason">;
  readonly seriesTouched: Histogram;
  readonly samplesRead: Histogram;
}

function costMetrics(registry: Registry): CostMetrics {
  const rejected = registry.counter({
    name: "prometheus_engine_query_rejected_total",
    help: "The total number of queries that a cost limit ended, by the limit.",
    labelNames: ["reason"],
  });
  for (const reason of ["series", "samples"]) rejected.labels(reason);
  return {
    rejected,
    seriesTouched: registry.histogram({
      name: "prometheus_engine_query_series_touched",
      help: "Series that a query read, summed over its selectors.",
      buckets: Array.from({ length: 8 }, (_, i) => 10 ** i),
    }),
    samplesRead: registry.histogram({
      name: "prometheus_engine_query_samples_read",
      help: "Samples that a query read.",
      buckets: Array.from({ length: 9 }, (_, i) => 10 ** (i + 1)),
    }),
  };
}
