import { compareLabels, Labels } from "../labels/labels.ts";
import type { Queryable } from "../tsdb/select.ts";
import { type Expr, typeOf } from "./ast.ts";
import { Evaluator } from "./evaluate.ts";
import { describePlan, PlanRecorder, type PlanReport } from "./explain.ts";
import { FUNCTIONS } from "./functions/table.ts";
import { mergeRawSeries, rawMatrix } from "./operators/raw_matrix.ts";
import { mergeSameLabels, SAME_LABELSET } from "./operators/same_labels.ts";
import { timesOf } from "./operators/range_windows.ts";
import { parseExpr, type ParserOptions } from "./parser.ts";
import type { Plan, PlanNode } from "./plan.ts";
import type { FragmentEvaluator } from "./pushdown/fragment.ts";
import { planQuery } from "./planner.ts";
import { type CostSource, estimateCost, type QueryCost } from "./query_cost.ts";
import { BadQueryError, ExecutionError, QueryLimitError } from "./query_errors.ts";
import { QueryQueue } from "./query_queue.ts";
import type { MatrixSeries, QueryResult, QueryValue } from "./query_result.ts";
import { QueryRun } from "./query_run.ts";
import { SampleAccount, type SampleLimits } from "./sample_account.ts";
import {
  FLOAT,
  HISTOGRAM,
  type InstantSeries,
  type RangeSeries,
  type Steps,
  type Value,
  type Vector,
  withoutMetadata,
} from "./value.ts";
import { documentedType } from "./value_type.ts";

/** Parts of the language and of its evaluation that are off unless asked for. */
export interface EngineFeatures extends ParserOptions {
  readonly delayedNameRemoval?: boolean;
  readonly useStartTimestamps?: boolean;
  readonly typeAndUnitLabels?: boolean;
  /** Counts of samples by step, for queries that ask for them. */
  readonly perStepStats?: boolean;
}

/** Limits and times are looked up anew for every query, so that getters may change them. */
export interface EngineOptions extends EngineFeatures, Partial<SampleLimits> {
  /** How far back an instant selector looks, in ms; 5 minutes unless given. */
  readonly lookbackDeltaMs?: number;
  /** How long a query may take, in ms; 2 minutes unless given. */
  readonly timeoutMs?: number;
  /** How many queries run at a time; 20 unless given. */
  readonly maxConcurrency?: number;
  /** Bytes that a result may take in its JSON form, by estimate. */
  readonly maxResultBytes?: number;
  /** The step in ms of a subquery over `rangeMs` that names none; a minute unless given. */
  readonly subqueryStepMs?: (rangeMs: number) => number;
  /** A clock in ms, of any origin. */
  now(): number;
  /** Lets other work of this thread run; called every few ms of evaluation. */
  readonly pause?: () => Promise<void>;
  /** A signal that is aborted after so many ms; without it, a query only times out between its selects. */
  readonly timeoutSignal?: (ms: number) => AbortSignal;
}

export interface QueryOptions {
  /** Instead of the engine's, where above 0. */
  readonly lookbackDeltaMs?: number;
  /** Instead of the engine's, where shorter. */
  readonly timeoutMs?: number;
  readonly perStepStats?: boolean;
  readonly signal?: AbortSignal;
  /** Instead of the engine's, where lower. */
  readonly maxSeries?: number;
  readonly maxSamplesRead?: number;
  /** Reports the plan. */
  readonly explain?: boolean;
  /** Reports the plan with what each operator did. */
  readonly analyze?: boolean;
}

export interface AnalyzedResult extends QueryResult {
  /** To be called, if at all, once the result is not read any more: gives its memory back at once. */
  release?(): void;
  /** Only where asked for. */
  readonly plan?: PlanReport;
}

const DEFAULTS = {
  lookbackDeltaMs: 5 * 60_000,
  timeoutMs: 2 * 60_000,
  maxConcurrency: 20,
  maxSamples: 50_000_000,
};

/** A store; what it can evaluate by itself is left to it. */
export type EvaluatingQueryable = Queryable & Partial<FragmentEvaluator>;

/** When a query is evaluated; an instant query has a step of 0. */
interface QueryTimes {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** Answers PromQL queries. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #queue: QueryQueue;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#queue = new QueryQueue(options.maxConcurrency ?? DEFAULTS.maxConcurrency);
  }

  /** Queries that run, and that wait to be run. */
  get load(): { readonly running: number; readonly waiting: number } {
    return { running: this.#queue.running, waiting: this.#queue.waiting };
  }

  /**
   * The value of `query` at one time.
   * @param timeMs Milliseconds since the Unix epoch.
   * @throws What `errorTypeOf` in query_errors.ts classifies.
   */
  instant(
    queryable: EvaluatingQueryable,
    query: string,
    timeMs: number,
    options: QueryOptions = {},
  ): Promise<AnalyzedResult> {
    return this.#query(queryable, query, { startMs: timeMs, endMs: timeMs, stepMs: 0 }, options);
  }

  /**
   * The value of `query` from `startMs` to `endMs`, both inclusive, every `stepMs`: a matrix.
   * @throws What `errorTypeOf` in query_errors.ts classifies.
   */
  range(
    queryable: EvaluatingQueryable,
    query: string,
    startMs: number,
    endMs: number,
    stepMs: number,
    options: QueryOptions = {},
  ): Promise<AnalyzedResult> {
    if (!(stepMs > 0)) {
      throw new BadQueryError(
        "zero or negative query resolution step widths are not accepted. Try a positive integer",
      );
    }
    return this.#query(queryable, query, { startMs, endMs, stepMs }, options);
  }

  /** What a query would read, by estimate. Waits for its turn as queries do, and may take as long as they may. */
  async estimate(
    query: string,
    times: QueryTimes,
    source: CostSource,
    options: Pick<QueryOptions, "lookbackDeltaMs" | "timeoutMs" | "signal"> = {},
  ): Promise<QueryCost> {
    const { signal } = this.#deadline(options);
    const leave = await this.#queue.enter(signal);
    try {
      const plan = this.#plan(this.#parse(query, times), times, this.#lookback(options));
      const subqueryStepMs = this.#options.subqueryStepMs ?? (() => 60_000);
      return await estimateCost(plan, stepsOf(times), { subqueryStepMs, source, signal });
    } finally {
      leave();
    }
  }

  async #query(
    queryable: EvaluatingQueryable,
    query: string,
    times: QueryTimes,
    options: QueryOptions,
  ): Promise<AnalyzedResult> {
    const { now } = this.#options;
    const enteredMs = now();
    const { signal, timeoutMs } = this.#deadline(options);
    const leave = await this.#queue.enter(signal);
    try {
      const startedMs = now();
      const lookbackDeltaMs = this.#lookback(options);
      const expr = this.#parse(query, times);
      const plan = this.#plan(expr, times, lookbackDeltaMs);
      const steps = stepsOf(times);
      const { count } = steps;
      const { maxSamples = DEFAULTS.maxSamples, maxMemoryBytes } = this.#options;
      const maxSeries = lower(this.#options.maxSeries, options.maxSeries);
      const maxSamplesRead = lower(this.#options.maxSamplesRead, options.maxSamplesRead);
      const perStep = (options.perStepStats ?? false) && (this.#options.perStepStats ?? false);
      const account = new SampleAccount(
        { maxSamples, maxSeries, maxSamplesRead, maxMemoryBytes },
        steps,
        perStep,
      );
      const run = new QueryRun({
        queryable,
        fragments: queryable.evaluateFragment === undefined ? undefined : queryable as FragmentEvaluator,
        ...times,
        lookbackDeltaMs,
        delayedNameRemoval: this.#options.delayedNameRemoval ?? false,
        useStartTimestamps: this.#options.useStartTimestamps ?? false,
        typeAndUnitLabels: this.#options.typeAndUnitLabels ?? false,
        subqueryStepMs: this.#options.subqueryStepMs ?? (() => 60_000),
        account,
        signal,
        now,
        deadlineMs: enteredMs + timeoutMs,
        pause: this.#options.pause,
      });
      const recorder = options.analyze ? new PlanRecorder() : undefined;
      run.check("query execution");
      if (count > 0) await run.load(run.selectionsOf(plan.root));
      const loadedMs = now();
      const found = count > 0
        ? await new Evaluator(run, recorder?.observe).evaluate(plan.root, steps)
        : nothing(expr);
      run.check();
      const evaluatedMs = now();
      const value = this.#result(plan.root, found, steps, times);
      const sortedMs = now();
      this.#checkSize(value);
      return {
        value,
        warnings: run.annotations.texts("warning", query),
        infos: run.annotations.texts("info", query),
        stats: {
          timings: {
            evalTotalTime: (sortedMs - startedMs) / 1000,
            resultSortTime: (sortedMs - evaluatedMs) / 1000,
            queryPreparationTime: (loadedMs - startedMs) / 1000,
            innerEvalTime: (evaluatedMs - loadedMs) / 1000,
            execQueueTime: (startedMs - enteredMs) / 1000,
            execTotalTime: (sortedMs - enteredMs) / 1000,
          },
          samples: account.counts,
        },
        release: () => run.release(),
        plan: options.explain || options.analyze
          ? describePlan(plan, recorder, (node) => run.canPushDown(node))
          : undefined,
      };
    } finally {
      leave();
    }
  }

  /** How long a query may take, and what tells that its time is up or that nobody waits for it. */
  #deadline(
    options: Pick<QueryOptions, "timeoutMs" | "signal">,
  ): { timeoutMs: number; signal: AbortSignal | undefined } {
    const { timeoutMs: timeoutMaxMs = DEFAULTS.timeoutMs } = this.#options;
    const timeoutMs = Math.min(options.timeoutMs ?? Infinity, timeoutMaxMs);
    const signals = [options.signal, this.#options.timeoutSignal?.(Math.max(0, timeoutMs))]
      .filter((signal) => signal !== undefined);
    return { timeoutMs, signal: signals.length < 2 ? signals[0] : AbortSignal.any(signals) };
  }

  #lookback({ lookbackDeltaMs }: QueryOptions): number {
    if (lookbackDeltaMs !== undefined && lookbackDeltaMs > 0) return lookbackDeltaMs;
    return this.#options.lookbackDeltaMs ?? DEFAULTS.lookbackDeltaMs;
  }

  #parse(query: string, { stepMs }: QueryTimes): Expr {
    const expr = parseExpr(query, this.#options);
    const type = typeOf(expr);
    if (stepMs > 0 && type !== "vector" && type !== "scalar") {
      throw new BadQueryError(
        `invalid expression type "${documentedType(type)}" for range query, must be Scalar or instant Vector`,
      );
    }
    return expr;
  }

  #plan(expr: Expr, times: QueryTimes, lookbackDeltaMs: number): Plan {
    return planQuery(expr, { ...times, lookbackDeltaMs, functions: FUNCTIONS });
  }

  #result(root: PlanNode, value: Value, steps: Steps, { startMs, stepMs }: QueryTimes): QueryValue {
    switch (value.type) {
      case "string":
        return { type: "string", timeMs: startMs, text: value.text };
      case "matrix": {
        const selector = root.kind === "windows" ? root.expr : undefined;
        const { series, endsMs, rangeMs } = value.range;
        const named = this.#options.delayedNameRemoval ? series.map(nameDroppedAtEnd) : series;
        const raw = rawMatrix({ series: named, endsMs, rangeMs }, selector);
        const merged = this.#options.delayedNameRemoval ? mergeRawSeries(raw) : raw;
        return { type: "matrix", series: merged.sort(byLabels) };
      }
      case "scalar": {
        if (stepMs === 0) return { type: "scalar", timeMs: startMs, value: value.values[0]! };
        const present = new Uint8Array(steps.count).fill(FLOAT);
        const series = { labels: Labels.empty, times: timesOf(steps), values: value.values, present };
        return { type: "matrix", series: steps.count === 0 ? [] : [series] };
      }
      case "vector": {
        const series = this.#options.delayedNameRemoval
          ? dropNames(value.series, stepMs === 0)
          : value.series;
        if (stepMs === 0) return { type: "vector", timeMs: startMs, series };
        const times = timesOf(steps);
        return { type: "matrix", series: series.map((one) => ({ ...one, times })).sort(byLabels) };
      }
    }
  }

  /** @throws {QueryLimitError} If the result would be too large. */
  #checkSize(value: QueryValue): void {
    const { maxResultBytes } = this.#options;
    if (maxResultBytes === undefined || (value.type !== "matrix" && value.type !== "vector")) return;
    let bytes = 0;
    for (const series of value.series) bytes += series.labels.key().length + 64 + bytesOfSamples(series);
    if (bytes > maxResultBytes) {
      throw new QueryLimitError(
        `result would take about ${bytes} bytes, more than the limit of ${maxResultBytes}: ` +
          "aggregate it, ask for fewer series or a larger step, or raise the limit of bytes per result (query_max_result_size)",
      );
    }
  }
}

function byLabels(a: MatrixSeries, b: MatrixSeries): number {
  return compareLabels(a.labels, b.labels);
}

function stepsOf({ startMs, endMs, stepMs }: QueryTimes): Steps {
  const count = endMs < startMs ? 0 : stepMs === 0 ? 1 : Math.floor((endMs - startMs) / stepMs) + 1;
  return { startMs, stepMs: stepMs === 0 ? 1 : stepMs, count };
}

function lower(a = Infinity, b = Infinity): number {
  return Math.min(a, b);
}

/** Bytes of a float with its time in JSON, and of a bucket: about, as are those around the buckets of a histogram. */
const SAMPLE_BYTES = 24, BUCKET_BYTES = 48, HISTOGRAM_BYTES = 96;

/** What the samples of a series take in JSON, about. */
function bytesOfSamples({ present, histograms }: MatrixSeries | InstantSeries): number {
  let bytes = 0;
  for (let step = 0; step < present.length; step++) {
    if (present[step] === FLOAT) bytes += SAMPLE_BYTES;
    else if (present[step] === HISTOGRAM) {
      const { positiveBuckets, negativeBuckets } = histograms![step]!;
      bytes += HISTOGRAM_BYTES + BUCKET_BYTES * (positiveBuckets.length + negativeBuckets.length);
    }
  }
  return bytes;
}

/** A series without a name that was kept until the end of evaluation. */
function nameDroppedAtEnd<T extends InstantSeries | RangeSeries>(series: T): T {
  return series.dropName ? { ...series, labels: withoutMetadata(series.labels) } : series;
}

/** What names were kept for. @throws {ExecutionError} If that makes two series of an instant vector the same. */
function dropNames(vector: Vector, isInstant: boolean): Vector {
  const named = vector.map(nameDroppedAtEnd);
  const merged = mergeSameLabels(named);
  if (isInstant && merged.length < named.length) throw new ExecutionError(SAME_LABELSET);
  return merged;
}

function nothing(expr: Expr): Value {
  return typeOf(expr) === "scalar"
    ? { type: "scalar", values: new Float64Array(0) }
    : { type: "vector", series: [] };
}
