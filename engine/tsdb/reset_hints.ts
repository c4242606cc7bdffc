import { type FloatHistogram, sameLayout } from "../histogram/float_histogram.ts";
import { detectReset } from "../histogram/reset.ts";

/**
 * The histogram with the counter reset hint that it is read with, as upstream has it: "not_reset" where it continues the
 * sample right before it, and "unknown" where it may or may not, since what lies between two stretches of samples may
 * come later, or may be deleted. Gauges stay gauges. Histograms that go on in the same buckets share what says so.
 * @param previous The sample before it, where that is a histogram.
 */
export function withStoredHint(
  histogram: FloatHistogram,
  previous: FloatHistogram | undefined,
): FloatHistogram {
  const written = histogram.counterResetHint;
  if (written === "gauge") return histogram;
  const unhinted = written === "unknown" ? histogram : histogram.with({ counterResetHint: "unknown" });
  if (written === "reset" || previous === undefined || !continues(unhinted, previous)) return unhinted;
  if (!sameLayout(histogram, previous)) return histogram.with({ counterResetHint: "not_reset" });
  // One description of the buckets for all: it takes a third of a histogram's memory.
  const { positiveSpans, negativeSpans, customValues } = previous;
  return histogram.with({ counterResetHint: "not_reset", positiveSpans, negativeSpans, customValues });
}

function continues(current: FloatHistogram, previous: FloatHistogram): boolean {
  return previous.counterResetHint !== "gauge" && previous.schema === current.schema &&
    previous.zeroThreshold === current.zeroThreshold && !detectReset(current, previous);
}
