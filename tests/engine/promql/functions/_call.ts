import type { FloatHistogram } from "../../../../engine/histogram/float_histogram.ts";
import { Labels } from "../../../../engine/labels/labels.ts";
import { Annotations } from "../../../../engine/promql/annotations.ts";
import type { Call } from "../../../../engine/promql/ast.ts";
import type { FunctionCall, FunctionTable } from "../../../../engine/promql/functions/registry.ts";
import { NewestSamples, referenceTimes } from "../../../../engine/promql/operators/instant_selector.ts";
import { parseExpr } from "../../../../engine/promql/parser.ts";
import {
  FLOAT,
  HISTOGRAM,
  type InstantSeries,
  newSeries,
  NONE,
  setHistogram,
  type Steps,
  type Value,
  type Vector,
} from "../../../../engine/promql/value.ts";
import type { SeriesColumns } from "../../../../engine/tsdb/select.ts";

export type Sample = number | FloatHistogram | undefined;

const STEPS_APART_MS = 60_000;
const LOOKBACK_MS = 300_000;

/** A series with one sample per step. */
export function series(labels: Record<string, string>, ...samples: Sample[]): InstantSeries {
  const out = newSeries(Labels.from(labels), false, stepsOf(samples.length));
  samples.forEach((sample, step) => {
    if (typeof sample === "number") {
      out.values[step] = sample;
      out.present[step] = FLOAT;
    } else if (sample !== undefined) setHistogram(out, step, sample);
  });
  return out;
}

export function stepsOf(count: number): Steps {
  return { startMs: 0, stepMs: STEPS_APART_MS, count };
}

export interface CallOptions {
  readonly steps?: number;
  readonly delayedNameRemoval?: boolean;
  readonly stored?: readonly SeriesColumns[];
}

/** A call of the query with these arguments: vectors, numbers (the same at each step), one number per step, or texts. */
export function callOf(
  query: string,
  args: readonly (Vector | number | readonly number[] | string)[],
  { steps: count = 1, delayedNameRemoval = false, stored = [] }: CallOptions = {},
): FunctionCall {
  const node = parseExpr(query, { enableExperimentalFunctions: true }) as Call;
  const steps = stepsOf(count);
  const valueOf = (arg: (typeof args)[number]): Value => {
    if (typeof arg === "string") return { type: "string", text: arg };
    if (typeof arg === "number") return { type: "scalar", values: new Float64Array(count).fill(arg) };
    if (arg.every((x) => typeof x === "number")) {
      return arg.length === 0
        ? { type: "vector", series: [] }
        : { type: "scalar", values: Float64Array.from(arg as number[]) };
    }
    return { type: "vector", series: arg as Vector };
  };
  return {
    node,
    args: args.map(valueOf),
    steps,
    annotations: new Annotations(),
    delayedNameRemoval,
    query: { startMs: 0, endMs: (count - 1) * STEPS_APART_MS, stepMs: STEPS_APART_MS },
    lookbackDeltaMs: LOOKBACK_MS,
    select: ({ matchers }) =>
      Promise.resolve(
        stored.filter(({ labels }) => matchers.every((matcher) => matcher.matches(labels.get(matcher.name)))),
      ),
    typeAndUnitLabels: false,
    sampleAt: (columns, { offsetMs, atMs }) => {
      const newest = new NewestSamples(referenceTimes(steps, offsetMs, atMs), LOOKBACK_MS);
      const found = newSeries(columns.labels, false, steps), times = newSeries(columns.labels, false, steps);
      if (!newest.fill(columns, found)) return undefined;
      newest.fillTimes(columns, "timestamps", times);
      return { series: found, sampleTimes: times.values.map((seconds) => seconds * 1000) };
    },
  };
}

/** Evaluates a function that gives a vector: samples by label set. */
export async function evaluate(table: FunctionTable, call: FunctionCall): Promise<Record<string, Sample[]>> {
  const implementation = table[call.node.func.name];
  if (implementation.kind !== "vector") throw new Error(`BUG: ${call.node.func.name} gives no vector`);
  return samplesOf(await implementation.evaluate(call));
}

/** Samples by label set; series without any are left out, as the engine does. */
export function samplesOf(vector: Vector): Record<string, Sample[]> {
  const out: Record<string, Sample[]> = {};
  for (const { labels, values, present, histograms } of vector) {
    if (present.every((kind) => kind === NONE)) continue;
    out[labels.toString()] = Array.from(
      present,
      (kind, step) => kind === FLOAT ? values[step] : kind === HISTOGRAM ? histograms![step] : undefined,
    );
  }
  return out;
}
