import { negate } from "../../histogram/arithmetic.ts";
import { nameDropped } from "../functions/registry.ts";
import type { Vector } from "../value.ts";

/** Unary minus. */
export function negateVector(vector: Vector, delayedNameRemoval: boolean): Vector {
  return vector.map((series) => ({
    ...nameDropped(series, delayedNameRemoval),
    values: series.values.map((value) => -value),
    present: series.present,
    histograms: series.histograms?.map((histogram) => histogram && negate(histogram)),
  }));
}
