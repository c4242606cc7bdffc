import type { Aggregation } from "../ast.ts";
import type { Aggregator } from "../token.ts";
import type { QueryRun } from "../query_run.ts";
import { FLOAT, hasSamples, HISTOGRAM, type InstantSeries, type Steps, type Vector } from "../value.ts";
import { aggregateHistograms } from "./aggregate_histograms.ts";
import { type Groups, groupSeries } from "./grouping.ts";
import {
  readSource,
  readVector,
  type SeriesIdentity,
  type SeriesReader,
  type SeriesSource,
} from "./series_source.ts";
import { quantileOf } from "./quantile.ts";
import { Turns } from "./turns.ts";

export interface AggregationInput {
  readonly expr: Aggregation;
  readonly vector: Vector;
  readonly steps: Steps;
  readonly run: QueryRun;
}

export type Reduction = "sum" | "avg" | "min" | "max" | "count" | "group" | "stddev" | "stdvar";

export function isReduction(op: Aggregator): op is Reduction {
  return Object.hasOwn(REDUCERS, op);
}

/** The aggregators that give one number or histogram per group. */
export async function aggregate(op: Reduction, input: AggregationInput): Promise<Vector> {
  const { expr, vector, run } = input;
  const { groups, out } = await reduce(op, readVector(vector), input);
  if (op !== "count" && op !== "group" && vector.some(({ histograms }) => histograms !== undefined)) {
    if (op === "sum" || op === "avg") await aggregateHistograms(op, groups, out, input);
    else if (anyHistogram(vector)) run.annotations.histogramIgnoredInAggregation(op, expr.expr.span);
  }
  return out.filter(hasSamples);
}

/** As `aggregate`, of series that are floats only and have different labels, with one of them in memory at a time. */
export async function aggregateSource(
  op: Reduction,
  source: SeriesSource,
  input: Omit<AggregationInput, "vector">,
): Promise<Vector> {
  const { out } = await reduce(op, readSource(source, input.steps), input);
  return out.filter(hasSamples);
}

/** Reduces the floats of each group; `count` and `group` count histograms, too. */
async function reduce(
  op: Reduction,
  { identities, read }: SeriesReader,
  { expr, steps, run }: Omit<AggregationInput, "vector">,
): Promise<{ groups: Groups; out: Vector }> {
  const groups = groupSeries(identities, expr.grouping, expr.isWithout);
  const out = newResults(groups, identities, steps, run);
  const scratch = Array.from({ length: groups.count }, () => new Scratch(steps.count));
  for (let i = 0; i < identities.length; i++) {
    const reading = read(i), group = groups.groupOf[i]!;
    const series = reading instanceof Promise ? await reading : reading;
    if (series !== undefined) REDUCERS[op](series, out[group]!, scratch[group]!);
    const pause = (i & 31) === 31 ? run.checkpoint() : undefined;
    if (pause !== undefined) await pause;
  }
  for (let group = 0; group < groups.count; group++) finish(op, out[group]!, scratch[group]!);
  return { groups, out };
}

/** The φ-quantile of the floats of each group, φ by step. */
export async function aggregateQuantile(phi: Float64Array, input: AggregationInput): Promise<Vector> {
  const { expr, vector, steps, run } = input;
  const groups = groupSeries(vector, expr.grouping, expr.isWithout);
  const out = newResults(groups, vector, steps, run);
  if (anyHistogram(vector)) run.annotations.histogramIgnoredInAggregation("quantile", expr.expr.span);
  const members = membersOf(groups), turns = new Turns(run);
  for (let group = 0; group < groups.count; group++) {
    const series = members[group]!.map((i) => vector[i]!);
    const floats = new Float64Array(series.length);
    for (let step = 0; step < steps.count; step++) {
      let count = 0;
      for (const { present, values } of series) if (present[step] === FLOAT) floats[count++] = values[step]!;
      // Sorting takes longer than gathering.
      const pause = turns.after(series.length + 8 * count);
      if (pause !== undefined) await pause;
      if (count === 0) continue;
      out[group]!.values[step] = quantileOf(floats.subarray(0, count), phi[step]!);
      out[group]!.present[step] = FLOAT;
    }
  }
  return out.filter(hasSamples);
}

export function membersOf({ groupOf, count }: Groups): number[][] {
  const members: number[][] = Array.from({ length: count }, () => []);
  groupOf.forEach((group, i) => members[group]!.push(i));
  return members;
}

function anyHistogram(vector: Vector): boolean {
  return vector.some(({ histograms, present }) => histograms !== undefined && present.includes(HISTOGRAM));
}

function newResults(
  groups: Groups,
  identities: readonly SeriesIdentity[],
  steps: Steps,
  run: QueryRun,
): Vector {
  run.options.account.reserve(groups.count * steps.count);
  const dropName = new Uint8Array(groups.count);
  identities.forEach((series, i) => {
    if (series.dropName) dropName[groups.groupOf[i]!] = 1;
  });
  return Array.from(
    { length: groups.count },
    (_, group) => run.newSeries(groups.labelsOf(group), dropName[group] === 1, steps),
  );
}

/** Columns beside the result of a group, made when its aggregator asks for them. */
export interface ScratchColumns {
  readonly errors: Float64Array;
  /** Whether any error may be other than 0. */
  readonly hasErrors: boolean;
  readonly counts: Float64Array;
  readonly means: Float64Array;
  /** Steps where the sum would overflow, so that a running mean is kept in its place. */
  readonly incremental: Uint8Array;
  readonly hasIncremental: boolean;
}

class Scratch implements ScratchColumns {
  readonly #length: number;
  #errors: Float64Array | undefined;
  #counts: Float64Array | undefined;
  #means: Float64Array | undefined;
  #incremental: Uint8Array | undefined;

  constructor(length: number) {
    this.#length = length;
  }

  get errors(): Float64Array {
    return this.#errors ??= new Float64Array(this.#length);
  }

  get hasErrors(): boolean {
    return this.#errors !== undefined;
  }

  get counts(): Float64Array {
    return this.#counts ??= new Float64Array(this.#length);
  }

  get means(): Float64Array {
    return this.#means ??= new Float64Array(this.#length);
  }

  get incremental(): Uint8Array {
    return this.#incremental ??= new Uint8Array(this.#length);
  }

  get hasIncremental(): boolean {
    return this.#incremental !== undefined;
  }
}

/** The columns of a series, or of a group, by step. */
export type Columns = Pick<InstantSeries, "values" | "present">;

type Reducer = (series: Columns, out: Columns, scratch: ScratchColumns) => void;

/** Add one series to the result of its group, floats only but for `count` and `group`. */
export const REDUCERS: Readonly<Record<Reduction, Reducer>> = {
  sum: addToSum,
  avg: addToMean,
  min: (series, out) => keepExtreme(series, out, false),
  max: (series, out) => keepExtreme(series, out, true),
  count: countSamples,
  group: markGroup,
  stddev: addToVariance,
  stdvar: addToVariance,
};

function addToSum({ values, present }: Columns, out: Columns, scratch: ScratchColumns): void {
  const { values: sums, present: outPresent } = out;
  // Sums of whole numbers mostly have none.
  let errors = scratch.hasErrors ? scratch.errors : undefined;
  for (let step = 0; step < present.length; step++) {
    if (present[step] !== FLOAT) continue;
    const value = values[step]!;
    if (outPresent[step] !== FLOAT) {
      sums[step] = value;
      outPresent[step] = FLOAT;
      continue;
    }
    // Kahan summation as improved by Neumaier.
    const sum = sums[step]!;
    const next = sum + value;
    sums[step] = next;
    if (next === Infinity || next === -Infinity) {
      if (errors !== undefined) errors[step] = 0;
      continue;
    }
    const error = Math.abs(sum) >= Math.abs(value) ? (sum - next) + value : (value - next) + sum;
    if (error === 0) continue;
    errors ??= scratch.errors;
    errors[step] = errors[step]! + error;
  }
}

function addToMean({ values, present }: Columns, out: Columns, scratch: ScratchColumns): void {
  const { values: sums, present: outPresent } = out;
  const { errors, counts } = scratch;
  for (let step = 0; step < present.length; step++) {
    if (present[step] !== FLOAT) continue;
    const value = values[step]!;
    counts[step] = counts[step]! + 1;
    if (outPresent[step] !== FLOAT) {
      sums[step] = value;
      outPresent[step] = FLOAT;
      continue;
    }
    const sum = sums[step]!;
    const next = sum + value;
    if (
      next === Infinity || next === -Infinity || (scratch.hasIncremental && scratch.incremental[step] === 1)
    ) {
      addToRunningMean(value, step, out, scratch);
      continue;
    }
    if (Math.abs(sum) >= Math.abs(value)) errors[step] = errors[step]! + ((sum - next) + value);
    else errors[step] = errors[step]! + ((value - next) + sum);
    sums[step] = next;
  }
}

/** The sum at `step` has become or would become infinite: keeps the mean itself from here on. */
function addToRunningMean(
  value: number,
  step: number,
  { values: sums }: Columns,
  { errors, counts, means, incremental }: ScratchColumns,
): void {
  const count = counts[step]!;
  if (incremental[step] === 0) {
    incremental[step] = 1;
    means[step] = sums[step]! / (count - 1);
    errors[step] = errors[step]! / (count - 1);
  }
  const share = (count - 1) / count;
  const mean = share * means[step]!, error = share * errors[step]!, increment = value / count;
  const next = mean + increment;
  if (next === Infinity || next === -Infinity) errors[step] = 0;
  else if (Math.abs(mean) >= Math.abs(increment)) errors[step] = error + ((mean - next) + increment);
  else errors[step] = error + ((increment - next) + mean);
  means[step] = next;
}

function keepExtreme({ values, present }: Columns, out: Columns, isMax: boolean): void {
  const { values: extremes, present: outPresent } = out;
  for (let step = 0; step < present.length; step++) {
    if (present[step] !== FLOAT) continue;
    const value = values[step]!, extreme = extremes[step]!;
    if (
      outPresent[step] !== FLOAT || extreme !== extreme || (isMax ? extreme < value : extreme > value)
    ) {
      extremes[step] = value;
      outPresent[step] = FLOAT;
    }
  }
}

function countSamples({ present }: Columns, { values, present: outPresent }: Columns): void {
  for (let step = 0; step < present.length; step++) {
    if (present[step] === 0) continue;
    values[step] = values[step]! + 1;
    outPresent[step] = FLOAT;
  }
}

function markGroup({ present }: Columns, { values, present: outPresent }: Columns): void {
  for (let step = 0; step < present.length; step++) {
    if (present[step] === 0) continue;
    values[step] = 1;
    outPresent[step] = FLOAT;
  }
}

/** Welford's algorithm; `out` gathers the sum of squared differences from the mean. */
function addToVariance({ values, present }: Columns, out: Columns, scratch: ScratchColumns): void {
  const { counts, means } = scratch;
  const { values: squares, present: outPresent } = out;
  for (let step = 0; step < present.length; step++) {
    if (present[step] !== FLOAT) continue;
    const value = values[step]!;
    const count = counts[step]! + 1;
    counts[step] = count;
    if (outPresent[step] !== FLOAT) {
      squares[step] = Number.isFinite(value) ? 0 : NaN;
      means[step] = value;
      outPresent[step] = FLOAT;
      continue;
    }
    const delta = value - means[step]!;
    const mean = means[step]! + delta / count;
    means[step] = mean;
    squares[step] = squares[step]! + delta * (value - mean);
  }
}

/** Turns what the reducers kept of a group into its result. */
export function finish(op: Reduction, { values, present }: Columns, scratch: ScratchColumns): void {
  if (op === "sum") return addErrors({ values, present }, scratch);
  if (op !== "avg" && op !== "stddev" && op !== "stdvar") return;
  for (let step = 0; step < present.length; step++) {
    if (present[step] !== FLOAT) continue;
    if (op === "avg") values[step] = meanAt(step, { values, present }, scratch);
    else {
      const variance = values[step]! / scratch.counts[step]!;
      values[step] = op === "stddev" ? Math.sqrt(variance) : variance;
    }
  }
}

function addErrors({ values, present }: Columns, scratch: ScratchColumns): void {
  const errors = scratch.hasErrors ? scratch.errors : undefined;
  for (let step = 0; step < present.length; step++) {
    // Also an error of 0 turns -0 to 0.
    if (present[step] === FLOAT) values[step] = values[step]! + (errors === undefined ? 0 : errors[step]!);
  }
}

function meanAt(step: number, { values }: Columns, scratch: ScratchColumns): number {
  const count = scratch.counts[step]!, error = scratch.errors[step]!;
  return scratch.hasIncremental && scratch.incremental[step] === 1
    ? scratch.means[step]! + error
    : values[step]! / count + error / count;
}

/** What was reduced of some series of a group, before `finish`. */
export interface PartialResult {
  readonly columns: Columns;
  readonly scratch: ScratchColumns;
}

/** Adds what was reduced of other series to what was reduced of some. */
export function combine(op: Reduction, { columns, scratch }: PartialResult, into: PartialResult): void {
  switch (op) {
    case "min":
    case "max":
    case "group":
      return REDUCERS[op](columns, into.columns, into.scratch);
    case "count":
      return addCounts(columns, into.columns);
    case "sum":
      return addSums({ columns, scratch }, into);
    case "avg":
      return addMeans({ columns, scratch }, into);
    case "stddev":
    case "stdvar":
      return addVariances({ columns, scratch }, into);
  }
}

function addCounts({ values, present }: Columns, out: Columns): void {
  for (let step = 0; step < present.length; step++) {
    if (present[step] !== FLOAT) continue;
    out.values[step] = out.values[step]! + values[step]!;
    out.present[step] = FLOAT;
  }
}

function addSums({ columns, scratch }: PartialResult, into: PartialResult): void {
  addToSum(columns, into.columns, into.scratch);
  if (!scratch.hasErrors) return;
  const { errors } = into.scratch;
  for (let step = 0; step < errors.length; step++) errors[step] = errors[step]! + scratch.errors[step]!;
}

function addMeans({ columns, scratch }: PartialResult, into: PartialResult): void {
  const { present } = columns, { values, present: outPresent } = into.columns;
  const { errors, counts, means } = into.scratch;
  for (let step = 0; step < present.length; step++) {
    if (present[step] !== FLOAT) continue;
    const count = scratch.counts[step]!, isFirst = outPresent[step] !== FLOAT;
    const sum = isFirst ? columns.values[step]! : values[step]! + columns.values[step]!;
    const isIncremental = (scratch.hasIncremental && scratch.incremental[step] === 1) ||
      (into.scratch.hasIncremental && into.scratch.incremental[step] === 1);
    if (isIncremental || (!isFirst && (sum === Infinity || sum === -Infinity))) {
      const all = counts[step]! + count, mean = meanAt(step, columns, scratch);
      means[step] = isFirst
        ? mean
        : meanAt(step, into.columns, into.scratch) * (counts[step]! / all) + mean * (count / all);
      into.scratch.incremental[step] = 1;
      errors[step] = 0;
    } else {
      const before = values[step]!, added = columns.values[step]!;
      let error = errors[step]! + scratch.errors[step]!;
      if (!isFirst) {
        error += Math.abs(before) >= Math.abs(added) ? (before - sum) + added : (added - sum) + before;
      }
      errors[step] = error;
      values[step] = sum;
    }
    counts[step] = counts[step]! + count;
    outPresent[step] = FLOAT;
  }
}

/** After Chan, Golub and LeVeque. */
function addVariances({ columns, scratch }: PartialResult, into: PartialResult): void {
  const { values, present: outPresent } = into.columns, { counts, means } = into.scratch;
  for (let step = 0; step < outPresent.length; step++) {
    if (columns.present[step] !== FLOAT) continue;
    const count = scratch.counts[step]!, before = counts[step]!, all = before + count;
    const delta = scratch.means[step]! - means[step]!;
    values[step] = outPresent[step] === FLOAT
      ? values[step]! + columns.values[step]! + delta * delta * (before * count / all)
      : columns.values[step]!;
    means[step] = outPresent[step] === FLOAT ? means[step]! + delta * (count / all) : scratch.means[step]!;
    counts[step] = all;
    outPresent[step] = FLOAT;
  }
}
