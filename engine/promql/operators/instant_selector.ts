import { isAbsent, isStale, wordsOf } from "../../sample.ts";
import type { SeriesColumns } from "../../tsdb/select.ts";
import { FLOAT, type InstantSeries, setHistogram, type Steps, stepTime } from "../value.ts";

/** By step, the time that a selector looks at: the step's own, or a fixed one, less the offset. In ms. */
export function referenceTimes(steps: Steps, offsetMs: number, atMs: number | undefined): Float64Array {
  const times = new Float64Array(steps.count);
  for (let step = 0; step < steps.count; step++) times[step] = (atMs ?? stepTime(steps, step)) - offsetMs;
  return times;
}

/** Finds the newest samples at given times; keeps what it found for the next series with the same array of times. */
export class NewestSamples {
  readonly #at: Float64Array;
  readonly #lookbackMs: number;
  readonly #found = new WeakMap<Float64Array, Int32Array>();

  /** @param at Ascending times in ms; samples in `(at - lookbackMs, at]` count. */
  constructor(at: Float64Array, lookbackMs: number) {
    this.#at = at;
    this.#lookbackMs = lookbackMs;
  }

  /** Fills `out`, whose columns are empty, and returns how many samples were found. */
  fill(series: SeriesColumns, out: InstantSeries): number {
    const { times, values } = series;
    const indexes = this.#indexes(times);
    const { values: outValues, present } = out;
    let found = 0;
    for (let step = 0; step < indexes.length; step++) {
      const i = indexes[step]!;
      if (i < 0) continue;
      const value = values[i]!;
      if (value === value) {
        outValues[step] = value;
        present[step] = FLOAT;
        found++;
      } else if (this.#fillFromNaN(series, i, step, out)) {
        found++;
      }
    }
    return found;
  }

  /** As `fill`, with the time or start time of each sample in seconds as its value. */
  fillTimes(series: SeriesColumns, of: "timestamps" | "start timestamps", out: InstantSeries): number {
    const { times } = series;
    const found = this.fill(series, out);
    if (found === 0) return 0;
    const indexes = this.#indexes(times);
    for (let step = 0; step < indexes.length; step++) {
      if (out.present[step] === 0) continue;
      const i = this.#sampleIndex(series, indexes[step]!);
      out.values[step] = (of === "timestamps" ? times[i]! : series.startTimes?.[i] ?? 0) / 1000;
      out.present[step] = FLOAT;
    }
    out.histograms = undefined;
    return found;
  }

  /** What `values` has at `i` is no number: a NaN, a staleness marker, a histogram, or nothing. */
  #fillFromNaN(series: SeriesColumns, at: number, step: number, out: InstantSeries): boolean {
    const i = this.#sampleIndex(series, at);
    if (i < 0 || series.times[i]! <= this.#at[step]! - this.#lookbackMs) return false;
    const histogram = series.histograms?.[i];
    if (histogram !== undefined) {
      setHistogram(out, step, histogram);
      return true;
    }
    if (isStale(wordsOf(series.values), i)) return false;
    out.values[step] = series.values[i]!;
    out.present[step] = FLOAT;
    return true;
  }

  /** The index of the last sample or staleness marker at or before index `i`, -1 if there is none. */
  #sampleIndex({ values, histograms }: SeriesColumns, i: number): number {
    if (values[i] === values[i]) return i;
    const words = wordsOf(values);
    while (i >= 0 && isAbsent(words, i) && histograms?.[i] === undefined) i--;
    return i;
  }

  #indexes(times: Float64Array): Int32Array {
    const known = this.#found.get(times);
    if (known !== undefined) return known;
    const indexes = new Int32Array(this.#at.length);
    let next = 0;
    for (let step = 0; step < indexes.length; step++) {
      const at = this.#at[step]!;
      while (next < times.length && times[next]! <= at) next++;
      indexes[step] = next > 0 && times[next - 1]! > at - this.#lookbackMs ? next - 1 : -1;
    }
    this.#found.set(times, indexes);
    return indexes;
  }
}
