import type { FloatHistogram } from "../../histogram/float_histogram.ts";
import type { Labels } from "../../labels/labels.ts";
import type { SeriesSamples } from "../selected_samples.ts";

/** The samples of a series that a subquery made. */
export interface SubquerySamples extends SeriesSamples {
  readonly dropName: boolean;
}

/** Puts together what a subquery made of parts of its steps, one part after the other. */
export class CollectedSamples {
  readonly #series = new Map<string, CollectedSeries>();

  /** Takes a copy of `part`, but for its histograms. */
  add(part: readonly SubquerySamples[]): void {
    for (const samples of part) {
      const key = samples.labels.key();
      let series = this.#series.get(key);
      if (series === undefined) this.#series.set(key, series = new CollectedSeries(samples));
      series.append(samples);
    }
  }

  finish(): SubquerySamples[] {
    const times = new SharedTimes();
    return Array.from(this.#series.values(), (series) => series.finish(times));
  }
}

class CollectedSeries {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly #times = new Column();
  readonly #values = new Column();
  readonly #histogramTimes = new Column();
  readonly #histograms: FloatHistogram[] = [];

  constructor({ labels, dropName }: SubquerySamples) {
    this.labels = labels;
    this.dropName = dropName;
  }

  append({ floats, histograms }: SeriesSamples): void {
    if (floats !== undefined) {
      this.#times.append(floats.times);
      this.#values.append(floats.values);
    }
    if (histograms !== undefined) {
      this.#histogramTimes.append(histograms.times);
      for (const histogram of histograms.values) this.#histograms.push(histogram);
    }
  }

  finish(shared: SharedTimes): SubquerySamples {
    const { labels, dropName } = this;
    const times = this.#times.entries, histogramTimes = this.#histogramTimes.entries;
    return {
      labels,
      dropName,
      floats: times.length > 0 ? { times: shared.of(times), values: this.#values.entries } : undefined,
      histograms: histogramTimes.length > 0
        ? { times: shared.of(histogramTimes), values: this.#histograms }
        : undefined,
    };
  }
}

/** A column that grows. */
class Column {
  #room = new Float64Array(0);
  #length = 0;

  append(column: Float64Array): void {
    const length = this.#length + column.length;
    if (length > this.#room.length) {
      const room = new Float64Array(Math.max(length, 2 * this.#room.length));
      room.set(this.entries);
      this.#room = room;
    }
    this.#room.set(column, this.#length);
    this.#length = length;
  }

  get entries(): Float64Array {
    return this.#room.subarray(0, this.#length);
  }
}

/** One array for equal times that came last, so that windows over them are cut once. */
class SharedTimes {
  #last: Float64Array = new Float64Array(0);

  of(times: Float64Array): Float64Array {
    if (!areEqual(times, this.#last)) this.#last = times;
    return this.#last;
  }
}

function areEqual(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
