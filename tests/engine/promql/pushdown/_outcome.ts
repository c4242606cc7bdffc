import assert from "node:assert/strict";
import { toTestExpression } from "../../../test_expression.ts";
import type { AnalyzedResult } from "../../../../engine/promql/engine.ts";
import type { SampleCounts } from "../../../../engine/promql/sample_account.ts";
import { FLOAT, HISTOGRAM, NONE } from "../../../../engine/promql/value.ts";

/** What is to be the same wherever a query is evaluated. */
export interface Outcome {
  /** Of each series the sample at each step; histograms as text. */
  readonly series: ReadonlyMap<string, readonly (number | string | undefined)[]>;
  /** Sorted: which of several comes first depends on the order of series. */
  readonly remarks: readonly string[];
  readonly counts: Pick<SampleCounts, "total" | "read" | "totalPerStep" | "readPerStep"> | undefined;
  readonly error: string | undefined;
}

/** The result of a query, or its error. @throws What is a mistake of ours. */
export async function outcomeOf(query: () => Promise<AnalyzedResult>): Promise<Outcome> {
  let result: AnalyzedResult;
  try {
    result = await query();
  } catch (error) {
    const { name, message } = error as Error;
    if (name === "StorageError" || message.startsWith("BUG")) throw error;
    return { series: new Map(), remarks: [], counts: undefined, error: `${name}: ${message}` };
  }
  const { value, warnings, infos, stats: { samples } } = result;
  const series = new Map<string, (number | string | undefined)[]>();
  if (value.type === "scalar") series.set("", [value.value]);
  if (value.type === "matrix" || value.type === "vector") {
    for (const { labels, values, present, histograms } of value.series) {
      assert.ok(!series.has(labels.toString()), `${labels} comes twice`);
      const samples = Array.from(
        present,
        (kind, i) =>
          kind === NONE ? undefined : kind === FLOAT ? values[i] : toTestExpression(histograms![i]!),
      );
      assert.ok(present.every((kind) => kind === NONE || kind === FLOAT || kind === HISTOGRAM));
      series.set(labels.toString(), samples);
    }
  }
  const { total, read, totalPerStep, readPerStep } = samples;
  return {
    series,
    remarks: [...warnings, ...infos].sort(),
    counts: { total, read, totalPerStep, readPerStep },
    error: undefined,
  };
}

/** @param tolerance How far numbers may be apart, relative to the larger one and to 1. */
export function assertSameOutcome(got: Outcome, want: Outcome, tolerance = 0): void {
  assert.equal(got.error, want.error);
  assert.deepEqual([...got.series.keys()].sort(), [...want.series.keys()].sort(), "label sets");
  for (const [labels, samples] of want.series) {
    const found = got.series.get(labels)!;
    assert.equal(found.length, samples.length, `steps of ${labels}`);
    samples.forEach((expected, step) =>
      assert.ok(
        same(found[step], expected, tolerance),
        `${labels} at step ${step}: got ${show(found[step])}, want ${show(expected)}`,
      )
    );
  }
  assert.deepEqual(got.remarks, want.remarks);
  assert.deepEqual(got.counts, want.counts);
}

function same(a: number | string | undefined, b: number | string | undefined, tolerance: number): boolean {
  if (Object.is(a, b)) return true;
  if (tolerance > 0 && typeof a === "string" && typeof b === "string") return sameTexts(a, b, tolerance);
  if (tolerance === 0 || typeof a !== "number" || typeof b !== "number") return false;
  return a === b || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));
}

/** Texts of histograms that differ in their numbers only, and not by much. */
function sameTexts(a: string, b: string, tolerance: number): boolean {
  const theirs = b.split(/[ :[\]{}]+/);
  const ours = a.split(/[ :[\]{}]+/);
  return ours.length === theirs.length && ours.every((token, i) => {
    const x = Number(token), y = Number(theirs[i]);
    return token === theirs[i] || (!Number.isNaN(x) && !Number.isNaN(y) && same(x, y, tolerance));
  });
}

function show(sample: number | string | undefined): string {
  return Object.is(sample, -0) ? "-0" : String(sample);
}
