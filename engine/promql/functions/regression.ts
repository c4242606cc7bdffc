import { addCompensated } from "../../histogram/kahan.ts";
import { FLOAT, type FloatSamples, stepTime } from "../value.ts";
import { firstArgumentSpan, floatsAt, histogramsAt, metricName } from "./range_call.ts";
import {
  type FunctionCall,
  type FunctionImplementation,
  type FunctionTable,
  scalarArgument,
} from "./registry.ts";

/** The line through the floats of a window that fits best, by least squares. */
export const REGRESSION_FUNCTIONS: FunctionTable = {
  deriv: ofLine(() => ({
    originMs: ({ times }, from) => times[from]!,
    value: ({ slope }) => slope,
  })),
  predict_linear: ofLine((call) => {
    const seconds = scalarArgument(call, 1);
    return {
      originMs: (_samples, _from, step) => stepTime(call.steps, step),
      value: ({ slope, intercept }, step) => slope * seconds[step]! + intercept,
    };
  }),
};

interface Line {
  readonly slope: number;
  /** The value at the origin. */
  readonly intercept: number;
}

interface LineFunction {
  /** The time in ms that counts as 0. */
  originMs(samples: FloatSamples, from: number, step: number): number;
  value(line: Line, step: number): number;
}

function ofLine(prepare: (call: FunctionCall) => LineFunction): FunctionImplementation {
  return {
    kind: "range",
    evaluate: (series, out, call) => {
      const { floats } = series;
      if (floats === undefined) return;
      const { originMs, value } = prepare(call);
      const { from, to } = floats.windows;
      for (let step = 0; step < from.length; step++) {
        if (floatsAt(series, step) > 0 && histogramsAt(series, step) > 0) {
          call.annotations.histogramIgnoredInMixedRange(metricName(series), firstArgumentSpan(call));
        }
        if (to[step]! - from[step]! < 2) continue;
        const line = fitLine(floats, from[step]!, to[step]!, originMs(floats, from[step]!, step));
        out.values[step] = value(line, step);
        out.present[step] = FLOAT;
      }
    },
  };
}

const X = 0, Y = 1, XY = 2, XX = 3;
const sums = new Float64Array(4), errors = new Float64Array(4);

function fitLine({ times, values }: FloatSamples, from: number, to: number, originMs: number): Line {
  const first = values[from]!;
  let isConstant = true;
  sums.fill(0);
  errors.fill(0);
  for (let i = from; i < to; i++) {
    const x = (times[i]! - originMs) / 1000, y = values[i]!;
    if (i > from && y !== first) isConstant = false;
    addCompensated(sums, errors, X, x);
    addCompensated(sums, errors, Y, y);
    addCompensated(sums, errors, XY, x * y);
    addCompensated(sums, errors, XX, x * x);
  }
  if (isConstant) {
    if (first === Infinity || first === -Infinity) return { slope: NaN, intercept: NaN };
    return { slope: 0, intercept: first };
  }
  const count = to - from;
  const x = sums[X]! + errors[X]!, y = sums[Y]! + errors[Y]!;
  const covariance = sums[XY]! + errors[XY]! - x * y / count;
  const variance = sums[XX]! + errors[XX]! - x * x / count;
  const slope = covariance / variance;
  return { slope, intercept: y / count - slope * x / count };
}
