import type { Binary } from "../ast.ts";
import { changesMeaning, isComparison } from "../binary_operation.ts";
import { nameDropped } from "../functions/registry.ts";
import type { QueryRun } from "../query_run.ts";
import {
  FLOAT,
  hasSamples,
  HISTOGRAM,
  type InstantSeries,
  NONE,
  type ScalarColumn,
  setHistogram,
  type Steps,
  type Vector,
} from "../value.ts";
import { calculateColumns, compareColumns } from "./column_operation.ts";
import { operateOnElements, StepIssues } from "./element_operation.ts";

export interface VectorScalarInput {
  readonly expr: Binary;
  readonly vector: Vector;
  readonly scalar: ScalarColumn;
  readonly isScalarLeft: boolean;
  readonly steps: Steps;
  readonly run: QueryRun;
}

/** An operator between each element of a vector and a scalar. */
export function vectorScalar(input: VectorScalarInput): Vector {
  const { expr: { op, returnsBool, span }, vector, run } = input;
  const issues = new StepIssues();
  const isTrim = op === "</" || op === ">/";
  const { delayedNameRemoval } = run.options;
  const result = vector.map((series) => {
    const identity = changesMeaning(op) || returnsBool ? nameDropped(series, delayedNameRemoval) : series;
    const out = run.newSeries(identity.labels, identity.dropName, input.steps);
    if (series.histograms !== undefined || isTrim) return elementwise(series, out, input, issues);
    return isComparison(op) ? compareFloats(series, out, input) : calculateFloats(series, out, input);
  });
  issues.report(run.annotations, op, span);
  return result.filter(hasSamples);
}

function calculateFloats(
  { values, present }: InstantSeries,
  out: InstantSeries,
  { expr: { op }, scalar, isScalarLeft }: VectorScalarInput,
): InstantSeries {
  if (isScalarLeft) calculateColumns(op, scalar, values, out.values);
  else calculateColumns(op, values, scalar, out.values);
  return { ...out, present };
}

/** A filter keeps the value of the vector, whichever side it is on. */
function compareFloats(
  { values, present }: InstantSeries,
  out: InstantSeries,
  { expr: { op, returnsBool }, scalar, isScalarLeft }: VectorScalarInput,
): InstantSeries {
  if (isScalarLeft) compareColumns(op, scalar, values, out.present);
  else compareColumns(op, values, scalar, out.present);
  if (returnsBool) {
    out.values.set(out.present);
    return { ...out, present };
  }
  for (let step = 0; step < present.length; step++) if (present[step] === NONE) out.present[step] = NONE;
  return { ...out, values };
}

function elementwise(
  series: InstantSeries,
  out: InstantSeries,
  { expr: { op, returnsBool }, scalar, isScalarLeft }: VectorScalarInput,
  issues: StepIssues,
): InstantSeries {
  const { values, present, histograms } = series;
  for (let step = 0; step < present.length; step++) {
    if (present[step] === NONE) continue;
    const element = present[step] === HISTOGRAM ? histograms![step]! : values[step]!;
    const other = scalar[step]!;
    const { value, holds, issue } = isScalarLeft
      ? operateOnElements(op, other, element)
      : operateOnElements(op, element, other);
    if (value === undefined) {
      issues.note(step, issue);
      continue;
    }
    if (!holds && !returnsBool) continue;
    const kept = returnsBool ? Number(holds) : isScalarLeft && isComparison(op) ? element : value;
    if (typeof kept === "number") {
      out.values[step] = kept;
      out.present[step] = FLOAT;
    } else setHistogram(out, step, kept);
  }
  return out;
}
