import type { FloatSamples } from "../value.ts";
import { ofFloatWindows } from "./float_windows.ts";
import type { FunctionTable } from "./registry.ts";

/** The smallest and the largest float of a window, or when they were taken. NaN counts only where all are NaN. */
export const EXTREMES_OVER_TIME_FUNCTIONS: FunctionTable = {
  min_over_time: ofFloatWindows(1, () => slidingExtreme(false)),
  max_over_time: ofFloatWindows(1, () => slidingExtreme(true)),
  ts_of_min_over_time: ofFloatWindows(
    1,
    () => (samples, from, to) => timeOfLastExtreme(samples, from, to, false),
  ),
  ts_of_max_over_time: ofFloatWindows(
    1,
    () => (samples, from, to) => timeOfLastExtreme(samples, from, to, true),
  ),
};

/** Windows up to this many samples are searched as a whole, which costs less than keeping candidates. */
const SHORT_WINDOW = 8;

/**
 * The extreme of windows that slide forwards: keeps the indexes of values that are still to become the extreme, each
 * better than those after it. Of equal values the first one stays, so that the sign of a zero is upstream's.
 */
function slidingExtreme(isMax: boolean): (samples: FloatSamples, from: number, to: number) => number {
  let candidates: Uint32Array | undefined;
  let head = 0, tail = 0, done = 0;
  return ({ values }, from, to) => {
    if (to - from <= SHORT_WINDOW) return extreme(values, from, to, isMax);
    candidates ??= new Uint32Array(values.length);
    if (from >= done) {
      head = tail = 0;
      done = from;
    }
    while (head < tail && candidates[head]! < from) head++;
    for (; done < to; done++) {
      const value = values[done]!;
      if (value !== value) continue;
      while (head < tail) {
        const last = values[candidates[tail - 1]!]!;
        if (isMax ? last >= value : last <= value) break;
        tail--;
      }
      // Equal values stay behind each other: the first one goes out of the window first.
      candidates[tail++] = done;
    }
    return head < tail ? values[candidates[head]!]! : NaN;
  };
}

function extreme(values: Float64Array, from: number, to: number, isMax: boolean): number {
  let found = values[from]!;
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    if (found !== found || (isMax ? value > found : value < found)) found = value;
  }
  return found;
}

function timeOfLastExtreme(
  { values, times }: FloatSamples,
  from: number,
  to: number,
  isMax: boolean,
): number {
  let found = from;
  for (let i = from; i < to; i++) {
    const value = values[i]!, best = values[found]!;
    if (best !== best || (isMax ? value >= best : value <= best)) found = i;
  }
  return times[found]! / 1000;
}
