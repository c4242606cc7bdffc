import type { FloatHistogram } from "../../histogram/float_histogram.ts";
import type { MatrixSelector } from "../ast.ts";
import type { SeriesSamples } from "../selected_samples.ts";
import type { SubquerySamples } from "./collected_samples.ts";
import {
  FLOAT,
  HISTOGRAM,
  type InstantSeries,
  type RangeSeries,
  type Steps,
  stepTime,
  type Windows,
} from "../value.ts";

/** Lays windows over samples; those over the same array of times are computed once. */
export class WindowCutter {
  readonly #found = new WeakMap<Float64Array, Windows>();

  /**
   * @param endsMs By step, where the window ends, inclusive; ascending.
   * @param beforeMs How far before its end a window begins, exclusive.
   * @param afterMs How far beyond its end a window reaches.
   */
  constructor(readonly endsMs: Float64Array, readonly beforeMs: number, readonly afterMs = 0) {}

  cut({ labels, floats, histograms }: SeriesSamples, dropName: boolean): RangeSeries {
    return {
      labels,
      dropName,
      floats: floats && { ...floats, windows: this.#windows(floats.times) },
      histograms: histograms && { ...histograms, windows: this.#windows(histograms.times) },
    };
  }

  #windows(times: Float64Array): Windows {
    const known = this.#found.get(times);
    if (known !== undefined) return known;
    const { endsMs, beforeMs, afterMs } = this;
    const from = new Uint32Array(endsMs.length), to = new Uint32Array(endsMs.length);
    let first = 0, end = 0;
    for (let step = 0; step < endsMs.length; step++) {
      const startMs = endsMs[step]! - beforeMs, lastMs = endsMs[step]! + afterMs;
      while (first < times.length && times[first]! <= startMs) first++;
      if (end < first) end = first;
      while (end < times.length && times[end]! <= lastMs) end++;
      from[step] = first;
      to[step] = end;
    }
    const windows = { from, to };
    this.#found.set(times, windows);
    return windows;
  }
}

/** Lays the windows of a range selector, wider where it is `anchored` or `smoothed`. */
export function windowCutter(
  { selector: { isAnchored, isSmoothed }, rangeMs }: MatrixSelector,
  endsMs: Float64Array,
  lookbackDeltaMs: number,
): WindowCutter {
  const before = isAnchored || isSmoothed ? lookbackDeltaMs : 0;
  return new WindowCutter(endsMs, rangeMs + before, isSmoothed ? lookbackDeltaMs : 0);
}

/** The steps of a subquery's inner expression as times in ms. */
export function timesOf(steps: Steps): Float64Array {
  const times = new Float64Array(steps.count);
  for (let step = 0; step < steps.count; step++) times[step] = stepTime(steps, step);
  return times;
}

/** `steps` in as few parts as there can be of at most `countMax`, about equally long. */
export function* partsOf(steps: Steps, countMax: number): Generator<Steps, void> {
  const countPerPart = Math.ceil(steps.count / Math.ceil(steps.count / countMax));
  for (let from = 0; from < steps.count; from += countPerPart) {
    const count = Math.min(countPerPart, steps.count - from);
    yield { startMs: stepTime(steps, from), stepMs: steps.stepMs, count };
  }
}

/**
 * The samples of a series that a subquery made, `times` being those of its steps. Histograms forget what they know of
 * counter resets, as the subquery may have left out or repeated samples.
 */
export function samplesOf(
  { labels, dropName, values, present, histograms }: InstantSeries,
  times: Float64Array,
): SubquerySamples {
  let floats = 0, others = 0;
  for (let step = 0; step < present.length; step++) {
    if (present[step] === FLOAT) floats++;
    else if (present[step] === HISTOGRAM) others++;
  }
  if (floats === present.length) return { labels, dropName, floats: { times, values } };
  const floatTimes = new Float64Array(floats), floatValues = new Float64Array(floats);
  const histogramTimes = new Float64Array(others), histogramValues: FloatHistogram[] = [];
  for (let step = 0, at = 0; step < present.length; step++) {
    if (present[step] === FLOAT) {
      floatTimes[at] = times[step]!;
      floatValues[at++] = values[step]!;
    } else if (present[step] === HISTOGRAM) {
      histogramTimes[histogramValues.length] = times[step]!;
      histogramValues.push(withoutResetHint(histograms![step]!));
    }
  }
  return {
    labels,
    dropName,
    floats: floats === 0 ? undefined : { times: floatTimes, values: floatValues },
    histograms: others === 0 ? undefined : { times: histogramTimes, values: histogramValues },
  };
}

function withoutResetHint(histogram: FloatHistogram): FloatHistogram {
  const { counterResetHint } = histogram;
  return counterResetHint === "reset" || counterResetHint === "not_reset"
    ? histogram.with({ counterResetHint: "unknown" })
    : histogram;
}
