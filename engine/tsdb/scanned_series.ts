import type { FloatHistogram } from "../histogram/float_histogram.ts";
import type { Labels } from "../labels/labels.ts";
import type { SelectRequest, SeriesColumns } from "./select.ts";
import type { SeriesIndex } from "./series_index.ts";

/** Something whose series can be looked at one after the other, without all of them in memory. */
export interface Scannable {
  /**
   * Gives each series that a select would give to `visit`, which is waited for where it returns a promise. The columns
   * are valid until the next series is read: until it returns, or its promise resolves.
   */
  scan(request: SelectRequest, visit: (series: ScannedSeries) => Promise<void> | void): Promise<void>;
}

/** A series that is being looked at; its labels are made when asked for. */
export class ScannedSeries implements SeriesColumns {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly histograms: readonly (FloatHistogram | undefined)[] | undefined;
  readonly startTimes: Float64Array | undefined;
  readonly #index: SeriesIndex;
  readonly #ref: number;
  #labels: Labels | undefined;

  constructor(index: SeriesIndex, ref: number, { times, values, histograms, startTimes }: SeriesColumns) {
    this.#index = index;
    this.#ref = ref;
    this.times = times;
    this.values = values;
    this.histograms = histograms;
    this.startTimes = startTimes;
  }

  get labels(): Labels {
    return this.#labels ??= this.#index.labels(this.#ref);
  }

  /** The value of one label, "" where it is absent. */
  get(name: string): string {
    const { symbols } = this.#index;
    const value = this.#index.valueOf(this.#ref, symbols.find(name));
    return value < 0 ? "" : symbols.text(value);
  }

  /** Appends the ids of names and values in turn to `out`; `symbolText` tells what they stand for. */
  symbolIds(out: number[]): void {
    this.#index.symbolIds(this.#ref, out);
  }

  symbolText(id: number): string {
    return this.#index.symbols.text(id);
  }

  /** Equal for equal label sets, whichever index they are in; a whole number below 2^53. */
  identity(): number {
    return this.#index.identity(this.#ref);
  }
}
