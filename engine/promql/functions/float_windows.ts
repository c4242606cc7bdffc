import { FLOAT, type FloatSamples, type InstantSeries } from "../value.ts";
import { firstArgumentSpan, floatsAt, histogramsAt, metricName } from "./range_call.ts";
import type { FunctionCall, FunctionImplementation } from "./registry.ts";

/** The value of a window of floats, indexes `[from, to)` of `samples`. */
export type WindowValue = (samples: FloatSamples, from: number, to: number, step: number) => number;

/**
 * A function of the floats of each window. Histograms are ignored, with an annotation.
 * @param atLeast Windows with fewer floats have no value.
 * @param prepare Called once per series; the value of a window is what it returns.
 */
export function ofFloatWindows(
  atLeast: number,
  prepare: (call: FunctionCall, steps: number) => WindowValue,
): FunctionImplementation {
  return {
    kind: "range",
    evaluate: (series, out, call) => {
      const { floats, histograms } = series;
      if (floats === undefined) return;
      if (histograms !== undefined) {
        for (let step = 0; step < out.present.length; step++) {
          if (floatsAt(series, step) === 0 || histogramsAt(series, step) === 0) continue;
          call.annotations.histogramIgnoredInMixedRange(metricName(series), firstArgumentSpan(call));
          break;
        }
      }
      fillWindows(floats, out, atLeast, prepare(call, out.present.length));
    },
  };
}

function fillWindows(
  samples: FloatSamples,
  { values, present }: InstantSeries,
  atLeast: number,
  value: WindowValue,
): void {
  const { from, to } = samples.windows;
  for (let step = 0; step < from.length; step++) {
    if (to[step]! - from[step]! < atLeast) continue;
    values[step] = value(samples, from[step]!, to[step]!, step);
    present[step] = FLOAT;
  }
}
