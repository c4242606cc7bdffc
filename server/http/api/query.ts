import type { AnalyzedResult, QueryOptions } from "../../../engine/promql/engine.ts";
import { formatDuration } from "../../../engine/duration.ts";
import { errorTypeOf } from "../../../engine/promql/query_errors.ts";
import type { QueryCost } from "../../../engine/promql/query_cost.ts";
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
  now(): number;
}

/** `/query` and `/query_range`; with the feature `query-cost`, `/query_cost` and `/query_range_cost`. */
export function addQueryRoutes(router: Router, deps: QueryRouteDeps): void {
  const { queries, now } = deps;
  const queryOptions = (form: Form, signal: AbortSignal) => optionsOf(form, signal, deps);
  const withSeries = deps.features.has("query-cost");
  router.read("/query", async ({ form, signal, origin }) => {
    const limit = form.limit();
    const timeMs = form.time("time", Math.trunc(now()));
    const options = queryOptions(form, signal);
    const result = await run(() => queries.instant(form.get("query"), { ...options, timeMs, origin }));
    const cost = await costOf(result, form, { ...options, startMs: timeMs, endMs: timeMs, stepMs: 0 }, deps);
    return resultOf(result, { form, limit, startMs: timeMs, stepMs: 0, cost, withSeries });
  });

  router.read("/query_range", async ({ form, signal, origin }) => {
    const limit = form.limit();
    const range = rangeOf(form);
    const options = queryOptions(form, signal);
    const result = await run(() => queries.range(form.get("query"), { ...options, ...range, origin }));
    const cost = await costOf(result, form, { ...options, ...range }, deps);
    return resultOf(result, { form, limit, ...range, cost, withSeries });
  });

  if (!hasCosts(deps)) return;
  const estimate = async (form: Form, options: RangeOptions) => {
    // Checked, though of no use here.
    form.limit();
    wantsCost(form);
    const cost = await run(() => queries.estimate!(form.get("query"), options));
    return {
      data: { estimate: costJson(cost) },
      warnings: [...statsWarnings(form), ...estimateWarnings(cost)],
    };
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

function wantsCost(form: Form): boolean {
  return form.read("cost", parseBoolean, false);
}

/** What was read beside what was estimated, if the request asks for it; only a warning where that fails. */
async function costOf(
  { stats: { samples } }: AnalyzedResult,
  form: Form,
  options: RangeOptions,
  deps: QueryRouteDeps,
): Promise<CostComparison | undefined> {
  if (!hasCosts(deps) || !wantsCost(form)) return undefined;
  try {
    const estimated = await deps.queries.estimate!(form.get("query"), options);
    return {
      cost: {
        estimated: costJson(estimated),
        actual: {
          ...costJson({ seriesTouched: samples.series ?? 0, samplesRead: samples.read }),
          peakSamples: samples.peak,
        },
      },
      warnings: estimateWarnings(estimated),
    };
  } catch (error) {
    return { warnings: [`query cost could not be estimated: ${(error as Error).message}`] };
  }
}

interface CostComparison {
  readonly cost?: object;
  readonly warnings: readonly string[];
}

/** Upstream's proposal says samples scanned, and its implementation samples read; both are the same. */
function costJson({ seriesTouched, samplesRead }: Pick<QueryCost, "seriesTouched" | "samplesRead">): object {
  return { seriesTouched, samplesRead, samplesScanned: samplesRead };
}

function estimateWarnings({ isIncomplete }: QueryCost): string[] {
  return isIncomplete
    ? ["query cost estimate is incomplete: info() selects additional series at runtime"]
    : [];
}

function statsWarnings(form: Form): string[] {
  const stats = form.get("stats");
  if (stats === "" || stats === "true" || stats === "all") return [];
  return [
    `value ${JSON.stringify(stats)} for parameter "stats" is deprecated and will be rejected in the next ` +
    `major release, use "true" or "all"`,
  ];
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
  { features, queries }: QueryRouteDeps,
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
  const { maxSeries, maxSamplesRead, maxDurationMs, timeoutMs } = queries.ceilings ?? { timeoutMs: Infinity };
  if (options.timeoutMs !== undefined && options.timeoutMs <= 0) {
    throw invalidParameter("timeout", "must be positive");
  }
  checkCeiling("timeout", options.timeoutMs, maxDurationMs, formatDuration);
  const durationMs = nonNegative("max_query_duration", form.duration("max_query_duration"));
  checkCeiling("max_query_duration", durationMs, timeoutMs, formatDuration);
  return {
    ...options,
    timeoutMs: lowest(options.timeoutMs, durationMs),
    maxSeries: limitOf(form, "max_series", maxSeries),
    // Both names that upstream's proposal has had.
    maxSamplesRead: lowest(
      limitOf(form, "max_samples_read", maxSamplesRead),
      limitOf(form, "max_samples_scanned", maxSamplesRead),
    ),
  };
}

/** A limit above 0, which may not be above the server's own; 0 leaves that. */
function limitOf(form: Form, name: string, ceiling: number | undefined): number | undefined {
  const limit = nonNegative(name, form.read(name, parseInteger, 0));
  checkCeiling(name, limit, ceiling, String);
  return limit;
}

/** Undefined instead of 0. */
function nonNegative(name: string, limit: number | undefined): number | undefined {
  if (limit !== undefined && limit < 0) throw invalidParameter(name, "must be non-negative");
  return limit || undefined;
}

/** A request may lower a limit; that it cannot raise one is said rather than done silently. */
function checkCeiling(
  name: string,
  value: number | undefined,
  ceiling: number | undefined,
  print: (value: number) => string,
): void {
  if (value === undefined || ceiling === undefined || value <= ceiling) return;
  throw invalidParameter(name, `${print(value)} exceeds the limit of ${print(ceiling)} set by the server`);
}

function lowest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
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
  { form, limit, startMs, stepMs, cost, withSeries }: {
    readonly form: Form;
    readonly limit: number;
    readonly startMs: number;
    readonly stepMs: number;
    readonly cost: CostComparison | undefined;
    readonly withSeries: boolean;
  },
): ApiResult {
  const warnings = [...result.warnings];
  const value = truncated(result.value, limit);
  if (value !== result.value) warnings.push("results truncated due to limit");
  warnings.push(...cost?.warnings ?? [], ...statsWarnings(form));
  return {
    json: releasing(
      result,
      queryDataChunks(value, {
        stats: form.get("stats") === ""
          ? undefined
          : queryStatsJson(result.stats, { startMs, stepMs, withSeries }),
        cost: cost?.cost,
        plan: result.plan,
      }),
    ),
    warnings,
    infos: result.infos,
  };
}

/** Gives the memory of the result back once it was written, or nobody wants it any more. */
function* releasing(
  result: AnalyzedResult,
  chunks: Iterable<Uint8Array<ArrayBuffer>>,
): Generator<Uint8Array<ArrayBuffer>, void> {
  try {
    yield* chunks;
  } finally {
    result.release?.();
  }
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
