import type { AnalyzedResult, QueryOptions } from "../../../engine/promql/engine.ts";
import { errorTypeOf } from "../../../engine/promql/query_errors.ts";
import type { QueryValue } from "../../../engine/promql/query_result.ts";
import type { ApiResult } from "../answer.ts";
import { ApiError, invalidParameter } from "../api_error.ts";
import { bytesOf } from "../json/chunks.ts";
import { queryValueChunks } from "../json/query_result.ts";
import { queryStatsJson } from "../json/query_stats.ts";
import { parseDuration } from "../params/duration.ts";
import { parseBoolean, parseInteger } from "../params/go_text.ts";
import type { Form } from "../params/form.ts";
import type { QueryService, RangeOptions } from "../query_service.ts";
import type { Router } from "../router.ts";

/** Most steps of a range query, less one. */
const STEPS_MAX = 11_000;

export interface QueryRouteDeps {
  readonly queries: QueryService;
  readonly features: ReadonlySet<string>;
  /** The server's `--query.timeout`, which a request may only lower, in ms; unknown unless given. */
  readonly queryTimeoutMs?: number;
  now(): number;
}

/** `/query` and `/query_range`; with the feature `query-cost`, `/query_cost` and `/query_range_cost`. */
export function addQueryRoutes(router: Router, deps: QueryRouteDeps): void {
  const { queries, now } = deps;
  const queryOptions = (form: Form, signal: AbortSignal) => optionsOf(form, signal, deps);
  router.read("/query", async ({ form, signal }) => {
    const limit = form.limit();
    const timeMs = form.time("time", Math.trunc(now()));
    const options = queryOptions(form, signal);
    const result = await run(() => queries.instant(form.get("query"), { ...options, timeMs }));
    const cost = await costOf(result, form, { ...options, startMs: timeMs, endMs: timeMs, stepMs: 0 }, deps);
    return resultOf(result, { form, limit, startMs: timeMs, stepMs: 0, cost });
  });

  router.read("/query_range", async ({ form, signal }) => {
    const limit = form.limit();
    const range = rangeOf(form);
    const options = queryOptions(form, signal);
    const result = await run(() => queries.range(form.get("query"), { ...options, ...range }));
    const cost = await costOf(result, form, { ...options, ...range }, deps);
    return resultOf(result, { form, limit, ...range, cost });
  });

  if (!hasCosts(deps)) return;
  const estimate = async (form: Form, options: RangeOptions) => {
    form.limit(); // checked, though of no use here
    return { data: { estimate: await run(() => queries.estimate!(form.get("query"), options)) } };
  };
  router.read("/query_cost", ({ form, signal }) => {
    const timeMs = form.time("time", Math.trunc(now()));
    return estimate(form, { ...queryOptions(form, signal), startMs: timeMs, endMs: timeMs, stepMs: 0 });
  });
  router.read(
    "/query_range_cost",
    ({ form, signal }) => estimate(form, { ...queryOptions(form, signal), ...rangeOf(form) }),
  );
}

function hasCosts({ queries, features }: QueryRouteDeps): boolean {
  return features.has("query-cost") && queries.estimate !== undefined;
}

/** What was read beside what was estimated, if the request asks for it; undefined where that fails. */
async function costOf(
  { stats: { samples } }: AnalyzedResult,
  form: Form,
  options: RangeOptions,
  deps: QueryRouteDeps,
): Promise<CostComparison | undefined> {
  if (!hasCosts(deps) || !form.read("cost", parseBoolean, false)) return undefined;
  try {
    const estimated = await deps.queries.estimate!(form.get("query"), options);
    return {
      cost: {
        estimated,
        actual: {
          seriesTouched: samples.series ?? 0,
          samplesScanned: samples.read,
          peakSamples: samples.peak,
        },
      },
    };
  } catch (error) {
    return { warning: `query cost could not be estimated: ${(error as Error).message}` };
  }
}

interface CostComparison {
  readonly cost?: object;
  readonly warning?: string;
}

function rangeOf(form: Form): { startMs: number; endMs: number; stepMs: number } {
  const startMs = form.requiredTime("start"), endMs = form.requiredTime("end");
  if (endMs < startMs) throw invalidParameter("end", "end timestamp must not be before start time");
  const step = form.requiredDuration("step");
  const stepMs = Math.trunc(step); // the engine counts in ms; a smaller step would be none
  if (stepMs <= 0) {
    throw invalidParameter(
      "step",
      "zero or negative query resolution step widths are not accepted. Try a positive integer",
    );
  }
  if (Math.floor((endMs - startMs) / step) > STEPS_MAX) {
    throw new ApiError(
      "bad_data",
      "exceeded maximum resolution of 11,000 points per timeseries. " +
        "Try decreasing the query resolution (?step=XX)",
    );
  }
  return { startMs, endMs, stepMs };
}

function optionsOf(
  form: Form,
  signal: AbortSignal,
  { features, queryTimeoutMs }: QueryRouteDeps,
): QueryOptions {
  const explain = form.get("explain");
  if (explain !== "" && explain !== "true" && explain !== "false" && explain !== "analyze") {
    throw invalidParameter("explain", `unknown value ${JSON.stringify(explain)}, use true or analyze`);
  }
  const options: QueryOptions = {
    timeoutMs: form.duration("timeout"),
    lookbackDeltaMs: lookbackOf(form),
    perStepStats: form.get("stats") === "all",
    ...(explain === "true" && { explain: true }),
    ...(explain === "analyze" && { analyze: true }),
    signal,
  };
  if (!features.has("query-cost")) return options;
  const durations = ["max_query_duration", "timeout"].map((name) => {
    const durationMs = form.duration(name) || Infinity;
    if (queryTimeoutMs !== undefined && durationMs !== Infinity && durationMs > queryTimeoutMs) {
      throw invalidParameter(name, `exceeds the limit of ${queryTimeoutMs / 1000}s that the server has`);
    }
    return durationMs;
  });
  const timeoutMs = Math.min(...durations);
  return {
    ...options,
    timeoutMs: timeoutMs === Infinity ? undefined : timeoutMs,
    maxSeries: limitOf(form, "max_series"),
    maxSamplesScanned: limitOf(form, "max_samples_scanned"),
  };
}

/** A limit above 0; 0 leaves the server's own. */
function limitOf(form: Form, name: string): number | undefined {
  const limit = form.read(name, parseInteger, 0);
  if (limit < 0) throw invalidParameter(name, "must be non-negative");
  return limit === 0 ? undefined : limit;
}

/** 0 stands for the default, too. */
function lookbackOf(form: Form): number | undefined {
  const text = form.get("lookback_delta");
  if (text === "") return undefined;
  try {
    return Math.trunc(parseDuration(text)) || undefined;
  } catch (cause) {
    const reason = `error parsing lookback delta duration: ${(cause as Error).message}`;
    throw new ApiError("bad_data", reason, { cause });
  }
}

async function run<T>(evaluate: () => Promise<T>): Promise<T> {
  try {
    return await evaluate();
  } catch (error) {
    const type = errorTypeOf(error);
    if (type === "internal" || !(error instanceof Error)) throw error;
    if (type === "bad_data") throw invalidParameter("query", error);
    throw new ApiError(type, error.message, { cause: error });
  }
}

function resultOf(
  result: AnalyzedResult,
  { form, limit, startMs, stepMs, cost }: {
    readonly form: Form;
    readonly limit: number;
    readonly startMs: number;
    readonly stepMs: number;
    readonly cost: CostComparison | undefined;
  },
): ApiResult {
  const warnings = [...result.warnings];
  const value = truncated(result.value, limit);
  if (value !== result.value) warnings.push("results truncated due to limit");
  if (cost?.warning !== undefined) warnings.push(cost.warning);
  const stats = form.get("stats");
  if (stats !== "" && stats !== "true" && stats !== "all") {
    warnings.push(
      `value ${
        JSON.stringify(stats)
      } for parameter "stats" is deprecated and will be rejected in the next major ` +
        `release, use "true" or "all"`,
    );
  }
  return {
    json: queryDataChunks(value, {
      stats: stats === "" ? undefined : queryStatsJson(result.stats, { startMs, stepMs }),
      cost: cost?.cost,
      plan: result.plan,
    }),
    warnings,
    infos: result.infos,
  };
}

/** At most `limit` series of a vector or matrix; 0 is no limit. */
function truncated(value: QueryValue, limit: number): QueryValue {
  if (limit === 0) return value;
  if (value.type === "matrix" && value.series.length > limit) {
    return { ...value, series: value.series.slice(0, limit) };
  }
  if (value.type === "vector" && value.series.length > limit) {
    return { ...value, series: value.series.slice(0, limit) };
  }
  return value;
}

function* queryDataChunks(
  value: QueryValue,
  more: Readonly<Record<string, object | undefined>>,
): Generator<Uint8Array<ArrayBuffer>, void> {
  yield bytesOf(`{"resultType":"${value.type}","result":`);
  yield* queryValueChunks(value);
  for (const [name, part] of Object.entries(more)) {
    if (part !== undefined) yield bytesOf(`,"${name}":${JSON.stringify(part)}`);
  }
  yield bytesOf("}");
}
