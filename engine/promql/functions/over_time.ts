import { FLOAT, setHistogram } from "../value.ts";
import { floatsAt, histogramsAt } from "./range_call.ts";
import type { FunctionImplementation, FunctionTable } from "./registry.ts";

/** What a window has, of floats and histograms alike. */
export const OVER_TIME_FUNCTIONS: FunctionTable = {
  count_over_time: {
    kind: "range",
    evaluate: (series, out) => {
      for (let step = 0; step < out.present.length; step++) {
        const count = floatsAt(series, step) + histogramsAt(series, step);
        if (count === 0) continue;
        out.values[step] = count;
        out.present[step] = FLOAT;
      }
    },
  },
  present_over_time: {
    kind: "range",
    evaluate: (series, out) => {
      for (let step = 0; step < out.present.length; step++) {
        if (floatsAt(series, step) + histogramsAt(series, step) === 0) continue;
        out.values[step] = 1;
        out.present[step] = FLOAT;
      }
    },
  },
  first_over_time: edgeOf("first", "value"),
  last_over_time: edgeOf("last", "value"),
  ts_of_first_over_time: edgeOf("first", "time"),
  ts_of_last_over_time: edgeOf("last", "time"),
};

/** The oldest or newest sample of each window: its value, or its time in seconds. */
function edgeOf(edge: "first" | "last", quantity: "value" | "time"): FunctionImplementation {
  return {
    kind: "range",
    keepsName: quantity === "value",
    evaluate: (series, out) => {
      const { floats, histograms } = series;
      for (let step = 0; step < out.present.length; step++) {
        let i = -1, time = NaN, isHistogram = false;
        if (floats !== undefined && floatsAt(series, step) > 0) {
          i = edge === "first" ? floats.windows.from[step]! : floats.windows.to[step]! - 1;
          time = floats.times[i]!;
        }
        if (histograms !== undefined && histogramsAt(series, step) > 0) {
          const j = edge === "first" ? histograms.windows.from[step]! : histograms.windows.to[step]! - 1;
          const histogramTime = histograms.times[j]!;
          if (i < 0 || (edge === "first" ? histogramTime < time : histogramTime > time)) {
            i = j;
            time = histogramTime;
            isHistogram = true;
          }
        }
        if (i < 0) continue;
        if (quantity === "value" && isHistogram) {
          setHistogram(out, step, histograms!.values[i]!);
          continue;
        }
        out.values[step] = quantity === "value" ? floats!.values[i]! : time / 1000;
        out.present[step] = FLOAT;
      }
    },
  };
}
