import { FLOAT, type InstantSeries, newSeries, type Vector } from "../value.ts";
import { mapInTurns } from "../operators/turns.ts";
import {
  type FunctionCall,
  type FunctionImplementation,
  type FunctionTable,
  nameDropped,
  scalarArgument,
  vectorArgument,
} from "./registry.ts";

/** Functions that change the floats of an instant vector one by one. Histograms are left out of their results. */
export const MATH_FUNCTIONS: FunctionTable = {
  abs: elementwise(Math.abs),
  ceil: elementwise(Math.ceil),
  floor: elementwise(Math.floor),
  exp: elementwise(Math.exp),
  sqrt: elementwise(Math.sqrt),
  ln: elementwise(Math.log),
  log2: elementwise(Math.log2),
  // As Go calculates it.
  log10: elementwise((x) => Math.log(x) * Math.LOG10E),
  sgn: elementwise((x) => x < 0 ? -1 : x > 0 ? 1 : x),
  sin: elementwise(Math.sin),
  cos: elementwise(Math.cos),
  tan: elementwise(Math.tan),
  asin: elementwise(Math.asin),
  acos: elementwise(Math.acos),
  atan: elementwise(Math.atan),
  sinh: elementwise(Math.sinh),
  cosh: elementwise(Math.cosh),
  tanh: elementwise(Math.tanh),
  asinh: elementwise(Math.asinh),
  acosh: elementwise(Math.acosh),
  atanh: elementwise(Math.atanh),
  deg: elementwise((x) => x * 180 / Math.PI),
  rad: elementwise((x) => x * Math.PI / 180),
  round: { kind: "vector", evaluate: round },
  clamp: {
    kind: "vector",
    evaluate: (call) => clamp(call, scalarArgument(call, 1), scalarArgument(call, 2)),
  },
  clamp_min: { kind: "vector", evaluate: (call) => clamp(call, scalarArgument(call, 1), undefined) },
  clamp_max: { kind: "vector", evaluate: (call) => clamp(call, undefined, scalarArgument(call, 1)) },
};

function elementwise(f: (x: number) => number): FunctionImplementation {
  return { kind: "vector", evaluate: (call) => mapFloats(vectorArgument(call, 0), call, f) };
}

/** What it takes to calculate a function, in entries of columns that could be worked through. */
const CALCULATION_CELLS = 4;

/** `f` of every float, with the step it stands at; histograms are dropped, and so is the name. */
export function mapFloats(
  vector: Vector,
  call: FunctionCall,
  f: (x: number, step: number) => number,
): Vector | Promise<Vector> {
  return mapInTurns(vector, call.steps.count * CALCULATION_CELLS, call, (series) => {
    const out = sameSteps(series, call);
    const { values, present } = series;
    for (let step = 0; step < present.length; step++) {
      if (present[step] !== FLOAT) continue;
      out.values[step] = f(values[step], step);
      out.present[step] = FLOAT;
    }
    return out;
  });
}

function sameSteps(series: InstantSeries, { delayedNameRemoval, steps }: FunctionCall): InstantSeries {
  const { labels, dropName } = nameDropped(series, delayedNameRemoval);
  return newSeries(labels, dropName, steps);
}

/** To the nearest multiple, ties up. Multiplying with the inverse is more exact than dividing, and what upstream does. */
function round(call: FunctionCall): Vector | Promise<Vector> {
  const nearest = call.args.length > 1 ? scalarArgument(call, 1) : undefined;
  return mapFloats(vectorArgument(call, 0), call, (x, step) => {
    const inverse = 1 / (nearest === undefined ? 1 : nearest[step]);
    return Math.floor(x * inverse + 0.5) / inverse;
  });
}

/** The larger of two numbers, as Go has it: also beside NaN, +Inf is the larger one. */
export function greater(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}

/** The smaller of two numbers: also beside NaN, -Inf is the smaller one. */
export function lesser(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}

/** Nothing where the lower bound is above the upper one; NaN where either is NaN, but for `greater` and `lesser`. */
function clamp(
  call: FunctionCall,
  min: Float64Array | undefined,
  max: Float64Array | undefined,
): Vector | Promise<Vector> {
  return mapInTurns(vectorArgument(call, 0), call.steps.count, call, (series) => {
    const out = sameSteps(series, call);
    const { values, present } = series;
    for (let step = 0; step < present.length; step++) {
      if (present[step] !== FLOAT) continue;
      const low = min === undefined ? -Infinity : min[step], high = max === undefined ? Infinity : max[step];
      if (high < low) continue;
      out.values[step] = greater(low, lesser(high, values[step]));
      out.present[step] = FLOAT;
    }
    return out;
  });
}
