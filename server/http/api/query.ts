import { DurationError } from "../../../engine/promql/resolve_durations.ts";
import { PromQLSyntaxError } from "../../../engine/promql/promql_syntax_error.ts";
import type { ApiResult } from "../answer.ts";
import { ApiError, invalidParameter } from "../api_error.ts";
import { bytesOf } from "../json/chunks.ts";
import { queryValueChunks } from "../json/query_result.ts";
import { parseDuration } from "../params/duration.ts";
import type { Form } from "../params/form.ts";
import {
  QueryError,
  type QueryOptions,
  type QueryResult,
  type QueryService,
  type QueryStats,
  type QueryValue,
  type StepCount,
} from "../query_service.ts";
import type { Router } from "../router.ts";

/** Most steps of a range query, less one. */
const STEPS_MAX = 11_000;

/** `/query` and `/query_range`. */
export function addQueryRoutes(
  router: Router,
  { queries, now }: { readonly queries: QueryService; now(): number },
): void {
  router.read("/query", async ({ form, signal }) => {
    const limit = form.limit();
    const timeMs = form.time("time", Math.trunc(now()));
    const options = queryOptions(form, signal);
    const result = await run(() => queries.instant(form.get("query"), { ...options, timeMs }));
    return resultOf(result, { form, limit });
  });

  router.read("/query_range", async ({ form, signal }) => {
    const limit = form.limit();
    const range = rangeOf(form);
    const options = queryOptions(form, signal);
    const result = await run(() => queries.range(form.get("query"), { ...options, ...range }));
    return resultOf(result, { form, limit });
  });
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

function queryOptions(form: Form, signal: AbortSignal): QueryOptions {
  const timeoutMs = form.duration("timeout");
  return { timeoutMs, lookbackMs: lookbackOf(form), perStepStats: form.get("stats") === "all", signal };
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

async function run(evaluate: () => Promise<QueryResult>): Promise<QueryResult> {
  try {
    return await evaluate();
  } catch (error) {
    if (error instanceof PromQLSyntaxError || error instanceof DurationError) {
      throw invalidParameter("query", error);
    }
    if (error instanceof QueryError) throw new ApiError(error.type, error.message, { cause: error });
    throw error;
  }
}

function resultOf(
  result: QueryResult,
  { form, limit }: { readonly form: Form; readonly limit: number },
): ApiResult {
  const warnings = [...result.warnings];
  const value = truncated(result.value, limit);
  if (value !== result.value) warnings.push("results truncated due to limit");
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
    json: queryDataChunks(value, stats === "" ? undefined : result.stats),
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
  if (value.type === "vector" && value.labels.length > limit) {
    return { ...value, labels: value.labels.slice(0, limit) };
  }
  return value;
}

function* queryDataChunks(
  value: QueryValue,
  stats: QueryStats | undefined,
): Generator<Uint8Array<ArrayBuffer>, void> {
  yield bytesOf(`{"resultType":"${value.type}","result":`);
  yield* queryValueChunks(value);
  yield bytesOf(stats === undefined ? "}" : `,"stats":${JSON.stringify(statsJson(stats))}}`);
}

function statsJson({ timings, samples }: QueryStats): object {
  const perStep = (counts: readonly StepCount[] | undefined) =>
    counts?.length ? counts.map(([timeMs, count]) => [timeMs / 1000, count]) : undefined;
  return {
    timings,
    samples: {
      totalQueryableSamplesPerStep: perStep(samples.totalQueryableSamplesPerStep),
      totalQueryableSamples: samples.totalQueryableSamples,
      samplesReadPerStep: perStep(samples.samplesReadPerStep),
      samplesRead: samples.samplesRead,
      peakSamples: samples.peakSamples,
    },
  };
}
