import type { CounterResetHint, FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { detectReset } from "../../../engine/histogram/reset.ts";
import type { SequenceValue } from "./series_values.ts";

/**
 * The values of one series with the counter reset hints that upstream's storage gives back: only inside one of its
 * chunks is it known that no reset happened, and everything but a continuing counter starts a new chunk.
 */
export function withStoredHints(values: readonly SequenceValue[]): SequenceValue[] {
  let previous: FloatHistogram | undefined;
  return values.map((value) => {
    if (value.kind === "omitted") return value;
    if (value.kind !== "histogram") {
      previous = undefined;
      return value;
    }
    const counterResetHint = storedHint(value.histogram, previous);
    previous = value.histogram;
    return { ...value, histogram: value.histogram.with({ counterResetHint }) };
  });
}

function storedHint(h: FloatHistogram, previous: FloatHistogram | undefined): CounterResetHint {
  if (h.counterResetHint === "gauge") return "gauge";
  const continues = previous !== undefined && previous.counterResetHint !== "gauge" &&
    h.counterResetHint !== "reset" && previous.schema === h.schema &&
    previous.zeroThreshold === h.zeroThreshold &&
    !detectReset(h.with({ counterResetHint: "unknown" }), previous);
  return continues ? "not_reset" : "unknown";
}
