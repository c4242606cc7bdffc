import { HistogramReader } from "../../histogram/packed_histograms.ts";
import type { Labels } from "../../labels/labels.ts";
import {
  type Columns,
  combine,
  finish,
  isReduction,
  type PartialResult,
  type Reduction,
} from "../operators/aggregate.ts";
import { changesIdentity } from "../operators/scalar_operation.ts";
import { finishHistograms, type HistogramSum } from "../operators/aggregate_histograms.ts";
import { type Ranking, selectK } from "../operators/select_elements.ts";
import { mergeSameLabels } from "../operators/same_labels.ts";
import type { PlanNode } from "../plan.ts";
import { queryErrorOf } from "../query_errors.ts";
import type { QueryRun } from "../query_run.ts";
import {
  FLOAT,
  hasSamples,
  HISTOGRAM,
  type InstantSeries,
  METADATA_LABELS,
  type ScalarColumn,
  type Steps,
  type Vector,
} from "../value.ts";
import { type FragmentResult, type FragmentRows, operatorsIn, seriesArgument } from "./fragment.ts";
import { unpackLabels } from "./packed_labels.ts";
import { PartialReader } from "./packed_partials.ts";
import { buffersOf, readPartial, readRow } from "./slabs.ts";

/**
 * Puts together what came of a fragment in all of its parts.
 * @param k As in `Fragment`.
 * @returns Undefined where that cannot be done: the samples themselves are to be put together then.
 * @throws What made a part fail.
 */
export async function gatherFragments(
  results: readonly FragmentResult[],
  node: PlanNode,
  steps: Steps,
  run: QueryRun,
  k?: ScalarColumn,
): Promise<Vector | undefined> {
  for (const result of results) if (result.kind === "failed") throw queryErrorOf(result.error);
  const parts = results.filter((result) => result.kind === "rows");
  if (parts.length < results.length) return undefined;
  const filled = parts.filter(({ identities }) => identities.length > 0);
  const [first] = filled;
  const haveOneName = filled.every(({ name }) => name !== undefined && name === first!.name);
  const dropsName = namesAreDropped(node);
  const isAggregation = node.kind === "aggregate";
  const needsOneName = isAggregation
    ? dropsName
    : operatorsIn(node).map(seriesArgument).some((input) => input !== undefined && namesAreDropped(input));
  if (needsOneName && !haveOneName) return undefined;
  if (!areDistinct(filled.map(({ identities }) => identities))) return undefined;
  if (isAggregation && isReduction(node.expr.op)) {
    const groups = await groupsOf(filled, node.expr.op, steps, run);
    if (groups === undefined) return undefined;
    absorb(parts, run);
    return aggregated(groups, filled.some(({ ignoredHistograms }) => ignoredHistograms), node, steps, run);
  }
  absorb(parts, run);
  run.options.account.reserve(filled.reduce((sum, { rows }) => sum + rows.count, 0) * steps.count);
  const vector = seriesOf(filled, dropsName, steps, run);
  if (!isAggregation) {
    const isUnique = !dropsName || (haveOneName && !hasMetadata(filled)) ||
      (run.options.delayedNameRemoval && steps.count === 1);
    return isUnique ? vector : mergeSameLabels(vector);
  }
  const { expr } = node, op = expr.op as Ranking;
  if (filled.some(({ ignoredHistograms }) => ignoredHistograms)) {
    run.annotations.histogramIgnoredInAggregation(op, expr.span);
  }
  return await selectK(op, k!, { expr, vector, steps, run });
}

/** Takes over what the parts counted and remarked, and their memory. */
function absorb(parts: readonly FragmentRows[], run: QueryRun): void {
  for (const { counts, annotations, rows } of parts) {
    const bytes = buffersOf(rows).reduce((sum, { byteLength }) => sum + byteLength, 0);
    run.options.account.absorb(counts, bytes);
    run.annotations.absorb(annotations);
    run.releaseLater(rows);
  }
}

/** The series of all parts one after the other. */
function seriesOf(parts: readonly FragmentRows[], dropName: boolean, steps: Steps, run: QueryRun): Vector {
  const vector: Vector = [];
  const dropped = dropName && !run.options.delayedNameRemoval ? METADATA_LABELS : NO_LABELS;
  for (const { labels, rows } of parts) {
    const reader = rows.histograms && new HistogramReader(rows.histograms);
    unpackLabels(labels, dropped).forEach((labels, row) => {
      const columns = readRow(rows, row, steps.count);
      const histograms = reader && readHistograms(reader, columns);
      vector.push({ labels, dropName, ...columns, histograms });
    });
  }
  return vector;
}

const NO_LABELS: ReadonlySet<string> = new Set();

/** Whether the result, or what is aggregated, is without the metric's name. */
function namesAreDropped(node: PlanNode): boolean {
  switch (node.kind) {
    case "aggregate":
      return namesAreDropped(node.input);
    case "call":
      return node.implementation.kind === "vector" ||
        (node.implementation.kind === "range" && node.implementation.keepsName !== true);
    case "binary":
      return changesIdentity(node.expr) || namesAreDropped(seriesArgument(node)!);
    default:
      return node.kind === "select" && node.quantity !== "values";
  }
}

function hasMetadata(parts: readonly FragmentRows[]): boolean {
  return parts.some(({ labels: { symbols } }) =>
    symbols.includes("__type__") || symbols.includes("__unit__")
  );
}

/** Whether no number is in two of the ascending lists. */
function areDistinct(lists: readonly Float64Array[]): boolean {
  for (let i = 1; i < lists.length; i++) {
    for (let j = 0; j < i; j++) if (overlap(lists[i]!, lists[j]!)) return false;
  }
  return true;
}

function overlap(a: Float64Array, b: Float64Array): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) return true;
    if (a[i]! < b[j]!) i++;
    else j++;
  }
  return false;
}

/** The next histograms of a row, by step; undefined where the row has none. */
function readHistograms(reader: HistogramReader, { present }: Columns): InstantSeries["histograms"] {
  if (!present.includes(HISTOGRAM)) return undefined;
  return Array.from(present, (kind) => kind === HISTOGRAM ? reader.next() : undefined);
}

interface Group extends PartialResult {
  readonly labels: Labels;
  /** Sums of histograms, by step. */
  sums: (HistogramSum | undefined)[] | undefined;
}

/** What the parts have of each group in one; undefined where histograms do not add up. */
async function groupsOf(
  parts: readonly FragmentRows[],
  op: Reduction,
  steps: Steps,
  run: QueryRun,
): Promise<readonly Group[] | undefined> {
  const groups = new Map<string, Group>();
  for (const { labels: packed, rows } of parts) {
    const reader = new PartialReader(rows);
    const unpacked = unpackLabels(packed, NO_LABELS);
    for (let row = 0; row < unpacked.length; row++) {
      const labels = unpacked[row]!;
      const pause = (row & 15) === 15 ? run.checkpoint() : undefined;
      if (pause !== undefined) await pause;
      const partial = readPartial(rows, row, steps.count);
      const known = groups.get(labels.key());
      const sums = readSums(reader, op, partial.columns, known?.sums);
      if (sums === "apart") return undefined;
      if (known === undefined) groups.set(labels.key(), { labels, sums, ...partial });
      else {
        known.sums = sums;
        combine(op, partial, known);
      }
    }
  }
  return [...groups.values()];
}

/** Adds the next sums of histograms to those that are known, and leaves the floats in `present`. */
function readSums(
  reader: PartialReader,
  op: Reduction,
  { present }: Columns,
  known: Group["sums"],
): Group["sums"] | "apart" {
  if (op !== "sum" && op !== "avg") return known;
  for (let step = 0; step < present.length; step++) {
    if ((present[step]! & HISTOGRAM) === 0) continue;
    present[step]! &= FLOAT;
    known ??= new Array<HistogramSum | undefined>(present.length).fill(undefined);
    const sum = known[step];
    if (sum === undefined) known[step] = reader.start(op);
    else if (!reader.addTo(sum)) return "apart";
  }
  return known;
}

async function aggregated(
  groups: readonly Group[],
  ignoredHistograms: boolean,
  node: Extract<PlanNode, { kind: "aggregate" }>,
  steps: Steps,
  run: QueryRun,
): Promise<Vector> {
  const { op, expr: { span } } = node.expr;
  const { annotations, options: { account } } = run;
  account.reserve(groups.length * steps.count);
  if (ignoredHistograms) annotations.histogramIgnoredInAggregation(op, span);
  const dropName = namesAreDropped(node);
  const vector: Vector = [];
  for (let i = 0; i < groups.length; i++) {
    const { labels, columns, scratch, sums } = groups[i]!;
    const pause = (i & 15) === 15 ? run.checkpoint() : undefined;
    if (pause !== undefined) await pause;
    finish(op as Reduction, columns, scratch);
    const { values, present } = columns;
    const result: InstantSeries = { labels, dropName, values, present };
    sums?.forEach((sum, step) => {
      if (sum !== undefined) finishHistograms(sum, result, step, annotations, span);
    });
    if (hasSamples(result)) vector.push(result);
  }
  return vector;
}
