import assert from "node:assert/strict";
import fc from "fast-check";
import { allBuckets } from "../../engine/histogram/bucket.ts";
import type { FloatHistogram } from "../../engine/histogram/float_histogram.ts";
import { toTestExpression } from "../test_expression.ts";
import { Engine } from "../../engine/promql/engine.ts";
import { parseExpr } from "../../engine/promql/parser.ts";
import type { QueryValue } from "../../engine/promql/query_result.ts";
import { FLOAT, HISTOGRAM } from "../../engine/promql/value.ts";
import type { Queryable, SeriesColumns } from "../../engine/tsdb/select.ts";
import { arbitraryData, DATA_SPAN_MS } from "./arbitrary_data.ts";
import { arbitraryQuery } from "./arbitrary_query.ts";
import { evaluateNaively, type NaiveOptions, type NaiveResult } from "./naive_evaluator.ts";

const FEATURES = {
  enableExperimentalFunctions: true,
  enableExtendedRangeSelectors: true,
  enableBinopFillModifiers: true,
};
const LOOKBACK_MS = 5 * 60_000;
const [engine, engineOfStarts] = [false, true].map((useStartTimestamps) =>
  new Engine({ ...FEATURES, useStartTimestamps, lookbackDeltaMs: LOOKBACK_MS, now: () => performance.now() })
);

/** Query times around the generated samples. */
const times = fc.record({
  startMs: fc.integer({ min: -20, max: 20 }).map((i) => (20 + i) * 15_000),
  count: fc.integer({ min: 1, max: 10 }),
  stepMs: fc.constantFrom(1_000, 15_000, 60_000, 100_000, 400_000),
  useStartTimestamps: fc.boolean(),
}).map(({ startMs, count, stepMs, useStartTimestamps }): NaiveOptions => ({
  startMs,
  endMs: Math.min(startMs + (count - 1) * stepMs, DATA_SPAN_MS + 10 * 60_000),
  stepMs,
  lookbackDeltaMs: LOOKBACK_MS,
  subqueryStepMs: 60_000,
  useStartTimestamps,
}));

/** Answers selects with what matches, samples beyond the time range included. */
function queryableOf(data: readonly SeriesColumns[]): Queryable {
  return {
    select: ({ matchers }) =>
      Promise.resolve(
        data.filter(({ labels }) => matchers.every((matcher) => matcher.matches(labels.get(matcher.name)))),
      ),
  };
}

function resultOf(value: QueryValue): NaiveResult {
  if (value.type !== "matrix") throw new Error(`BUG: a range query gave a ${value.type}`);
  const result: NaiveResult = new Map();
  for (const { labels, times, values, present, histograms } of value.series) {
    const samples = new Map<number, number | FloatHistogram>();
    for (let i = 0; i < times.length; i++) {
      if (present[i] === FLOAT) samples.set(times[i], values[i]);
      if (present[i] === HISTOGRAM) samples.set(times[i], histograms![i]!);
    }
    assert.ok(!result.has(labels.toString()), `${labels} comes twice`);
    result.set(labels.toString(), samples);
  }
  return result;
}

function assertSame(got: NaiveResult, want: NaiveResult): void {
  assert.deepEqual([...got.keys()].sort(), [...want.keys()].sort(), "label sets");
  for (const [labels, samples] of want) {
    const found = got.get(labels)!;
    assert.deepEqual([...found.keys()], [...samples.keys()], `times of ${labels}`);
    for (const [ms, expected] of samples) {
      const actual = found.get(ms)!;
      assert.ok(same(actual, expected), `${labels} at ${ms} ms: got ${show(actual)}, want ${show(expected)}`);
    }
  }
}

function same(a: number | FloatHistogram, b: number | FloatHistogram): boolean {
  if (typeof a === "number" && typeof b === "number") return close(a, b);
  return typeof a !== "number" && typeof b !== "number" && sameHistograms(a, b);
}

/** Up to rounding errors, which may be of any size beside 0. */
function close(a: number, b: number): boolean {
  return Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b));
}

/** As for numbers; a bucket that one does not have counts as empty. */
function sameHistograms(a: FloatHistogram, b: FloatHistogram): boolean {
  const countsOf = (h: FloatHistogram) =>
    new Map([...allBuckets(h)].map(({ upper, count }) => [upper, count]));
  const x = countsOf(a), y = countsOf(b);
  return a.schema === b.schema && a.zeroThreshold === b.zeroThreshold && close(a.count, b.count) &&
    close(a.sum, b.sum) &&
    [...x.keys(), ...y.keys()].every((upper) => close(x.get(upper) ?? 0, y.get(upper) ?? 0));
}

function show(sample: number | FloatHistogram): string {
  return typeof sample === "number" ? String(sample) : toTestExpression(sample);
}

/** The result, or the error that it ended with. */
async function outcome(evaluate: () => NaiveResult | Promise<NaiveResult>): Promise<NaiveResult | Error> {
  try {
    return await evaluate();
  } catch (error) {
    if ((error as Error).message.startsWith("BUG")) throw error;
    return error as Error;
  }
}

/** Upstream looks for equal label sets in all of a range function's result, the definition at one step. */
const SAME_LABELSET = "vector cannot contain metrics with the same labelset";

async function check(data: readonly SeriesColumns[], query: string, options: NaiveOptions): Promise<void> {
  const { startMs, endMs, stepMs, useStartTimestamps } = options;
  const expr = parseExpr(query, FEATURES);
  const want = await outcome(() => evaluateNaively(expr, data, options));
  const got = await outcome(async () =>
    resultOf(
      (await (useStartTimestamps ? engineOfStarts : engine).range(
        queryableOf(data),
        query,
        startMs,
        endMs,
        stepMs,
      )).value,
    )
  );
  if (got instanceof Error && got.message === SAME_LABELSET) return;
  try {
    if (want instanceof Error) assert.ok(got instanceof Error, `expected to fail: ${want.message}`);
    else if (got instanceof Error) throw got;
    else assertSame(got, want);
  } catch (cause) {
    throw new Error(`${query} with ${JSON.stringify(options)}: ${(cause as Error).message}`, { cause });
  }
}

Deno.test("the engine agrees with the naive evaluator on generated data and queries", async () => {
  const runs = Number(Deno.env.get("NAIVE_RUNS") ?? 1500);
  await fc.assert(fc.asyncProperty(arbitraryData, arbitraryQuery, times, check), { numRuns: runs });
});
