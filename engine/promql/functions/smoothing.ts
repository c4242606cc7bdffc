import { ExecutionError } from "../query_errors.ts";
import { FLOAT } from "../value.ts";
import { firstArgumentSpan, floatsAt, histogramsAt, metricName } from "./range_call.ts";
import { type FunctionTable, scalarArgument } from "./registry.ts";

/** Holt's linear smoothing. */
export const SMOOTHING_FUNCTIONS: FunctionTable = {
  double_exponential_smoothing: {
    kind: "range",
    evaluate: (series, out, call) => {
      const { floats } = series;
      const smoothing = scalarArgument(call, 1), trend = scalarArgument(call, 2);
      for (let step = 0; step < out.present.length; step++) {
        if (floatsAt(series, step) + histogramsAt(series, step) === 0) continue;
        checkFactor("smoothing", "sf", smoothing[step]!);
        checkFactor("trend", "tf", trend[step]!);
        if (floats === undefined || floatsAt(series, step) === 0) continue;
        if (histogramsAt(series, step) > 0) {
          call.annotations.histogramIgnoredInMixedRange(metricName(series), firstArgumentSpan(call));
        }
        const from = floats.windows.from[step]!, to = floats.windows.to[step]!;
        if (to - from < 2) continue;
        out.values[step] = smooth(floats.values, from, to, smoothing[step]!, trend[step]!);
        out.present[step] = FLOAT;
      }
    },
  },
};

function checkFactor(name: string, symbol: string, factor: number): void {
  if (factor > 0 && factor < 1) return;
  // NaN is let through, as upstream does.
  if (Number.isNaN(factor)) return;
  throw new ExecutionError(
    `invalid ${name} factor. Expected: 0 < ${symbol} < 1, got: ${factor.toFixed(6)}`,
  );
}

function smooth(values: Float64Array, from: number, to: number, smoothing: number, trend: number): number {
  let before = 0, level = values[from]!, slope = values[from + 1]! - values[from]!;
  for (let i = from + 1; i < to; i++) {
    const scaled = smoothing * values[i]!;
    if (i > from + 1) slope = trend * (level - before) + (1 - trend) * slope;
    before = level;
    level = scaled + (1 - smoothing) * (level + slope);
  }
  return level;
}
