import type { Counter, Registry, Summary } from "../engine/instrument/mod.ts";
import { type AnalyzedResult, Engine, type QueryOptions as EngineQuery } from "../engine/promql/engine.ts";
import { errorTypeOf } from "../engine/promql/query_errors.ts";
import type { QueryStats as EngineStats, QueryValue as EngineValue } from "../engine/promql/query_result.ts";
import type { Queryable } from "../engine/tsdb/select.ts";
import type { Flags } from "./config/flags.ts";
import {
  type InstantOptions,
  QueryError,
  type QueryOptions,
  type QueryResult,
  type QueryService,
  type QueryStats,
  type QueryValue,
  type RangeOptions,
  type StepCount,
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
  /** Lets other work of this thread run. */
  readonly pause: () => Promise<void>;
  /** Told of every query that was evaluated. */
  readonly onQuery: (query: FinishedQuery) => void;
}

/** A query that ended, for the query log. */
export interface FinishedQuery {
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
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

  instant(query: string, options: InstantOptions): Promise<QueryResult> {
    const { timeMs } = options;
    return this.#answer(
      { query, startMs: timeMs, endMs: timeMs, stepMs: 0 },
      () => this.#engine.instant(this.queryable, query, timeMs, engineOptions(options)),
    );
  }

  range(query: string, options: RangeOptions): Promise<QueryResult> {
    const { startMs, endMs, stepMs } = options;
    return this.#answer(
      { query, startMs, endMs, stepMs },
      () => this.#engine.range(this.queryable, query, startMs, endMs, stepMs, engineOptions(options)),
    );
  }

  async #answer(
    asked: Pick<FinishedQuery, "query" | "startMs" | "endMs" | "stepMs">,
    evaluate: () => Promise<AnalyzedResult>,
  ): Promise<QueryResult> {
    try {
      const { value, warnings, infos, stats } = await evaluate();
      const answer = { value: valueOf(value), warnings, infos, stats: statsOf(stats, asked) };
      this.#observe(answer.stats);
      this.options.onQuery({ ...asked, stats: answer.stats, error: "" });
      return answer;
    } catch (error) {
      const type = errorTypeOf(error);
      const message = error instanceof Error ? error.message : String(error);
      this.options.onQuery({ ...asked, stats: undefined, error: message });
      if (type === "bad_data") throw error;
      throw new QueryError(type, message, { cause: error });
    }
  }

  #observe({ timings, samples }: QueryStats): void {
    this.#durations.labels("queue_time").observe(timings.execQueueTime);
    this.#durations.labels("prepare_time").observe(timings.queryPreparationTime);
    this.#durations.labels("inner_eval").observe(timings.innerEvalTime);
    this.#durations.labels("result_sort").observe(timings.resultSortTime);
    this.#samples.inc(samples.totalQueryableSamples);
    this.#samplesRead.inc(samples.samplesRead);
  }
}

function engineOptions({ timeoutMs, lookbackMs, perStepStats, signal }: QueryOptions): EngineQuery {
  return { timeoutMs, lookbackDeltaMs: lookbackMs, perStepStats, signal };
}

function valueOf(value: EngineValue): QueryValue {
  switch (value.type) {
    case "string":
      return { type: "string", timeMs: value.timeMs, value: value.text };
    case "vector": {
      const { timeMs, series } = value;
      const hasHistograms = series.some(({ histograms }) => histograms?.[0] !== undefined);
      return {
        type: "vector",
        timeMs,
        labels: series.map(({ labels }) => labels),
        values: Float64Array.from(series, ({ values }) => values[0]),
        ...(hasHistograms && { histograms: series.map(({ histograms }) => histograms?.[0]) }),
      };
    }
    default:
      return value;
  }
}

function statsOf(
  { timings, samples }: EngineStats,
  { startMs, stepMs }: Pick<FinishedQuery, "startMs" | "stepMs">,
): QueryStats {
  const perStep = (counts: Float64Array): StepCount[] =>
    Array.from(counts, (count, step) => [startMs + step * stepMs, count]);
  return {
    timings,
    samples: {
      totalQueryableSamples: samples.total,
      samplesRead: samples.read,
      peakSamples: samples.peak,
      ...(samples.totalPerStep && { totalQueryableSamplesPerStep: perStep(samples.totalPerStep) }),
      ...(samples.readPerStep && { samplesReadPerStep: perStep(samples.readPerStep) }),
    },
  };
}
