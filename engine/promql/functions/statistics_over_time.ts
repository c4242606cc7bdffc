import { quantileOf } from "../operators/quantile.ts";
import type { FloatSamples } from "../value.ts";
import { ofFloatWindows, type WindowValue } from "./float_windows.ts";
import { firstArgumentSpan } from "./range_call.ts";
import { type FunctionTable, scalarArgument } from "./registry.ts";
import { SortedWindow } from "./sorted_window.ts";

/** How the floats of a window are spread. */
export const STATISTICS_OVER_TIME_FUNCTIONS: FunctionTable = {
  quantile_over_time: ofFloatWindows(1, (call) => {
    const phi = scalarArgument(call, 0);
    const window = new SortedWindow();
    return ({ values }, from, to, step) => {
      const q = phi[step]!;
      if (!(q >= 0 && q <= 1)) {
        call.annotations.invalidQuantile(q, firstArgumentSpan(call));
        return Number.isNaN(q) ? NaN : q < 0 ? -Infinity : Infinity;
      }
      return window.quantile(values, from, to, q);
    };
  }),
  stddev_over_time: ofFloatWindows(1, () => (samples, from, to) => Math.sqrt(variance(samples, from, to))),
  stdvar_over_time: ofFloatWindows(1, () => variance),
  mad_over_time: ofFloatWindows(1, medianAbsoluteDeviation),
};

/** Welford's algorithm, compensated for rounding errors. */
function variance({ values }: FloatSamples, from: number, to: number): number {
  let count = 0, mean = 0, meanError = 0, squares = 0, squaresError = 0;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    count++;
    const delta = value - (mean + meanError);
    const meanStep = delta / count;
    const nextMean = mean + meanStep;
    if (nextMean === Infinity || nextMean === -Infinity) meanError = 0;
    else if (Math.abs(mean) >= Math.abs(meanStep)) meanError += (mean - nextMean) + meanStep;
    else meanError += (meanStep - nextMean) + mean;
    mean = nextMean;
    const square = delta * (value - (mean + meanError));
    const nextSquares = squares + square;
    if (nextSquares === Infinity || nextSquares === -Infinity) squaresError = 0;
    else if (Math.abs(squares) >= Math.abs(square)) squaresError += (squares - nextSquares) + square;
    else squaresError += (square - nextSquares) + squares;
    squares = nextSquares;
  }
  return (squares + squaresError) / count;
}

function medianAbsoluteDeviation(): WindowValue {
  return ({ values }, from, to) => {
    const window = values.slice(from, to);
    if (window.some(Number.isNaN)) return NaN;
    const median = quantileOf(window, 0.5);
    for (let i = 0; i < window.length; i++) window[i] = Math.abs(window[i]! - median);
    return quantileOf(window, 0.5);
  };
}
