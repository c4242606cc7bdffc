import type { Binary } from "../ast.ts";
import { nameDropped } from "../functions/registry.ts";
import type { QueryRun } from "../query_run.ts";
import { hasSamples, type ScalarColumn, type Steps, type Vector } from "../value.ts";
import { HISTOGRAM_CELLS } from "./element_operation.ts";
import { changesIdentity, ScalarOperation } from "./scalar_operation.ts";
import { mapInTurns } from "./turns.ts";

interface VectorScalarInput {
  readonly expr: Binary;
  readonly vector: Vector;
  readonly scalar: ScalarColumn;
  readonly isScalarLeft: boolean;
  readonly steps: Steps;
  readonly run: QueryRun;
}

/** An operator between each element of a vector and a scalar. */
export async function vectorScalar(
  { expr, vector, scalar, isScalarLeft, steps, run }: VectorScalarInput,
): Promise<Vector> {
  const operation = new ScalarOperation(expr, scalar, isScalarLeft);
  const dropsName = changesIdentity(expr);
  const cells = vector.some(({ histograms }) => histograms !== undefined) ? HISTOGRAM_CELLS : 1;
  const result = await mapInTurns(vector, cells * steps.count, run, (series) => {
    const { labels, dropName } = dropsName ? nameDropped(series, run.options.delayedNameRemoval) : series;
    const out = run.newSeries(labels, dropName, steps);
    operation.apply(series, out);
    return out;
  });
  operation.report(run.annotations);
  return result.filter(hasSamples);
}
