import type { Labels } from "../../labels/labels.ts";
import { combine, finish, isReduction, type PartialResult } from "../operators/aggregate.ts";
import { mergeSameLabels } from "../operators/same_labels.ts";
import type { PlanNode } from "../plan.ts";
import { queryErrorOf } from "../query_errors.ts";
import type { QueryRun } from "../query_run.ts";
import { hasSamples, METADATA_LABELS, type Steps, type Vector } from "../value.ts";
import type { FragmentResult, FragmentRows } from "./fragment.ts";
import { unpackLabels } from "./packed_labels.ts";
import { buffersOf, readPartial, readRow } from "./slabs.ts";

/**
 * Puts together what came of a fragment in all of its parts.
 * @returns Undefined where that cannot be done: the samples themselves are to be put together then.
 * @throws What made a part fail.
 */
export function gatherFragments(
  results: readonly FragmentResult[],
  node: PlanNode,
  steps: Steps,
  run: QueryRun,
): Vector | undefined {
  for (const result of results) if (result.kind === "failed") throw queryErrorOf(result.error);
  const parts = results.filter((result) => result.kind === "rows");
  if (parts.length < results.length) return undefined;
  const filled = parts.filter(({ identities }) => identities.length > 0);
  const [first] = filled;
  const haveOneName = filled.every(({ name }) => name !== undefined && name === first!.name);
  const dropsName = namesAreDropped(node);
  const isAggregation = node.kind === "aggregate";
  if (isAggregation && dropsName && !haveOneName) return undefined;
  if (!areDistinct(filled.map(({ identities }) => identities))) return undefined;

  const { account, delayedNameRemoval } = run.options;
  for (const { counts, annotations, rows } of parts) {
    account.absorb(counts, buffersOf(rows).reduce((sum, { byteLength }) => sum + byteLength, 0));
    run.annotations.absorb(annotations);
  }
  if (isAggregation) return aggregated(filled, node, steps, run);
  account.reserve(filled.reduce((sum, { rows }) => sum + rows.count, 0) * steps.count);
  for (const { rows } of filled) run.releaseLater(rows);
  const vector: Vector = [];
  const dropped = dropsName && !delayedNameRemoval ? METADATA_LABELS : NO_LABELS;
  for (const { labels, rows } of filled) {
    unpackLabels(labels, dropped).forEach((labels, row) => {
      vector.push({ labels, dropName: dropsName, ...readRow(rows, row, steps.count) });
    });
  }
  const isUnique = !dropsName || (haveOneName && !hasMetadata(filled)) ||
    (delayedNameRemoval && steps.count === 1);
  return isUnique ? vector : mergeSameLabels(vector);
}

const NO_LABELS: ReadonlySet<string> = new Set();

/** Whether the result, or what is aggregated, is without the metric's name. */
function namesAreDropped(node: PlanNode): boolean {
  switch (node.kind) {
    case "aggregate":
      return namesAreDropped(node.input);
    case "call":
      return node.implementation.kind === "range" && node.implementation.keepsName !== true;
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

function aggregated(
  parts: readonly FragmentRows[],
  node: Extract<PlanNode, { kind: "aggregate" }>,
  steps: Steps,
  run: QueryRun,
): Vector {
  const { op } = node.expr;
  if (!isReduction(op)) throw new TypeError(`BUG: ${op} cannot be put together from parts`);
  const groups = new Map<string, PartialResult & { readonly labels: Labels }>();
  for (const { labels, rows } of parts) {
    unpackLabels(labels, NO_LABELS).forEach((labels, row) => {
      const partial = readPartial(rows, row, steps.count);
      const known = groups.get(labels.key());
      if (known === undefined) groups.set(labels.key(), { labels, ...partial });
      else combine(op, partial, known);
    });
  }
  for (const { rows } of parts) run.releaseLater(rows);
  run.options.account.reserve(groups.size * steps.count);
  return [...groups.values()].map(({ labels, columns, scratch }) => {
    finish(op, columns, scratch);
    return { labels, dropName: namesAreDropped(node), ...columns };
  }).filter(hasSamples);
}
