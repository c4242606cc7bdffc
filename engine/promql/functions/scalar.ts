import { Labels } from "../../labels/labels.ts";
import { FLOAT, newSeries, type ScalarColumn, type Vector } from "../value.ts";
import { greater, lesser } from "./math.ts";
import { type FunctionCall, type FunctionTable, scalarArgument, vectorArgument } from "./registry.ts";

/** Functions from and to scalars. */
export const SCALAR_FUNCTIONS: FunctionTable = {
  pi: { kind: "scalar", evaluate: ({ steps }) => new Float64Array(steps.count).fill(Math.PI) },
  scalar: { kind: "scalar", evaluate: (call) => onlyFloat(vectorArgument(call, 0), call) },
  vector: { kind: "vector", evaluate: toVector },
  min_of: { kind: "scalar", evaluate: (call) => combine(call, lesser) },
  max_of: { kind: "scalar", evaluate: (call) => combine(call, greater) },
};

/** The float of a vector that has just one; NaN where it has none or several. Histograms do not count. */
function onlyFloat(vector: Vector, { steps }: FunctionCall): ScalarColumn {
  const out = new Float64Array(steps.count).fill(NaN);
  const found = new Uint8Array(steps.count);
  for (const { values, present } of vector) {
    for (let step = 0; step < present.length; step++) {
      if (present[step] !== FLOAT) continue;
      out[step] = found[step] === 0 ? values[step] : NaN;
      found[step] = 1;
    }
  }
  return out;
}

function toVector(call: FunctionCall): Vector {
  const out = newSeries(Labels.empty, false, call.steps);
  out.values.set(scalarArgument(call, 0));
  out.present.fill(FLOAT);
  return [out];
}

function combine(call: FunctionCall, pick: (a: number, b: number) => number): ScalarColumn {
  const b = scalarArgument(call, 1);
  return scalarArgument(call, 0).map((a, step) => pick(a, b[step]));
}
