import type { FloatSamples, RangeVector, Windows } from "../value.ts";

/** What of extrapolation depends on the times of samples only, by step; in seconds. Junk below two samples. */
export interface Extrapolation {
  /** From the first to the last sample. */
  readonly sampled: Float64Array;
  /** Beyond the first and the last sample. */
  readonly toStart: Float64Array;
  readonly toEnd: Float64Array;
  /** What the increase is multiplied with if it is extrapolated that far. */
  readonly factor: Float64Array;
}

const extrapolations = {
  rate: new WeakMap<Windows, Extrapolation>(),
  increase: new WeakMap<Windows, Extrapolation>(),
};

/** The extrapolation of windows over samples, computed once for all series that share them. */
export function extrapolationOf(
  { times, windows }: Pick<FloatSamples, "times" | "windows">,
  range: RangeVector,
  isRate: boolean,
): Extrapolation {
  const known = extrapolations[isRate ? "rate" : "increase"];
  let extrapolation = known.get(windows);
  if (extrapolation === undefined) {
    extrapolation = computeExtrapolation(times, windows, range, isRate);
    known.set(windows, extrapolation);
  }
  return extrapolation;
}

function computeExtrapolation(
  times: Float64Array,
  { from, to }: Windows,
  { endsMs, rangeMs }: RangeVector,
  isRate: boolean,
): Extrapolation {
  const steps = from.length;
  const sampled = new Float64Array(steps), toStart = new Float64Array(steps), toEnd = new Float64Array(steps);
  const factor = new Float64Array(steps);
  for (let step = 0; step < steps; step++) {
    const first = from[step]!, last = to[step]! - 1;
    if (last <= first) continue;
    sampled[step] = (times[last]! - times[first]!) / 1000;
    const gap = sampled[step]! / (last - first);
    toStart[step] = (times[first]! - (endsMs[step]! - rangeMs)) / 1000;
    toEnd[step] = (endsMs[step]! - times[last]!) / 1000;
    // A series that should have had a sample between here and the edge probably begins or ends in between.
    if (toStart[step]! >= gap * 1.1) toStart[step] = gap / 2;
    if (toEnd[step]! >= gap * 1.1) toEnd[step] = gap / 2;
    factor[step] = (sampled[step]! + toStart[step]! + toEnd[step]!) / sampled[step]!;
    if (isRate) factor[step] = factor[step]! / (rangeMs / 1000);
  }
  return { sampled, toStart, toEnd, factor };
}
