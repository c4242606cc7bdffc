import { negate } from "../../histogram/arithmetic.ts";
import { nameDropped } from "../functions/registry.ts";
import type { QueryRun } from "../query_run.ts";
import type { Vector } from "../value.ts";
import { HISTOGRAM_CELLS } from "./element_operation.ts";
import { mapInTurns } from "./turns.ts";

/** Unary minus. */
export async function negateVector(vector: Vector, run: QueryRun): Promise<Vector> {
  const cells = vector.some(({ histograms }) => histograms !== undefined) ? HISTOGRAM_CELLS : 1;
  const steps = vector[0]?.present.length ?? 0;
  return await mapInTurns(vector, cells * steps, run, (series) => ({
    ...nameDropped(series, run.options.delayedNameRemoval),
    values: series.values.map((value) => -value),
    present: series.present,
    histograms: series.histograms?.map((histogram) => histogram && negate(histogram)),
  }));
}
