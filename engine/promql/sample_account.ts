import type { FloatHistogram } from "../histogram/float_histogram.ts";
import type { SeriesColumns } from "../tsdb/select.ts";
import { CostLimitError, QueryLimitError } from "./query_errors.ts";
import {
  HISTOGRAM,
  type InstantSeries,
  type RangeSeries,
  type Steps,
  type Value,
  type Windows,
} from "./value.ts";

export interface SampleLimits {
  /** Samples in memory at one time. */
  readonly maxSamples: number;
  /** Series that the selects of a query may give, each counted once per select. */
  readonly maxSeries?: number;
  /** Samples that a query may read from the store, each counted once as windows slide over it. */
  readonly maxSamplesRead?: number;
  /** Bytes of the columns that a query may load, or get from those who evaluate parts of it, each of whom may hold as many. */
  readonly maxMemoryBytes?: number;
}

/** Samples looked at, by step where asked for. */
export interface SampleCounts {
  /** Samples that a step looked at, counted anew for every step. */
  readonly total: number;
  /** Samples read from the store, each counted once as windows slide over it. */
  readonly read: number;
  /** Most samples in memory at one time. */
  readonly peak: number;
  /** Series that selects gave, each counted once per select. */
  readonly series?: number;
  readonly totalPerStep?: Float64Array;
  readonly readPerStep?: Float64Array;
}

/** Entries of columns, empty or not, that may be in memory for every sample that may be. */
const CELLS_PER_SAMPLE = 4;

/** What a histogram counts for, in samples: its size is about that of so many floats. */
export function histogramSize({ positiveBuckets, negativeBuckets }: FloatHistogram): number {
  return Math.ceil(((positiveBuckets.length + negativeBuckets.length) * 8 + 192) / 16);
}

/** Bytes that the columns of a series take, about. */
export function bytesOf({ values, histograms }: SeriesColumns): number {
  return values.length * (histograms === undefined ? 8 : 512);
}

/** What a series has at a step, in samples. */
function sampleSize({ present, histograms }: InstantSeries, step: number): number {
  if (present[step] !== HISTOGRAM) return present[step]!;
  return histogramSize(histograms![step]!);
}

function samplesIn(value: Value): number {
  if (value.type === "scalar") return value.values.length;
  if (value.type !== "vector") return 0;
  let samples = 0;
  for (const series of value.series) {
    const { present, histograms } = series;
    if (histograms === undefined) {
      for (let step = 0; step < present.length; step++) samples += present[step]!;
    } else for (let step = 0; step < present.length; step++) samples += sampleSize(series, step);
  }
  return samples;
}

/** Counts what a query touches and holds it to its limits. */
export class SampleAccount {
  #total = 0;
  #read = 0;
  #peak = 0;
  #current = 0;
  #series = 0;
  #bytes = 0;
  readonly #totalPerStep: Float64Array | undefined;
  readonly #readPerStep: Float64Array | undefined;

  constructor(readonly limits: SampleLimits, readonly steps: Steps, perStep: boolean) {
    if (perStep) {
      this.#totalPerStep = new Float64Array(steps.count);
      this.#readPerStep = new Float64Array(steps.count);
    }
  }

  get counts(): SampleCounts {
    return {
      total: this.#total,
      read: this.#read,
      peak: this.#peak,
      series: this.#series,
      totalPerStep: this.#totalPerStep,
      readPerStep: this.#readPerStep,
    };
  }

  /** Series that a select gave. @throws {CostLimitError|QueryLimitError} */
  load(series: readonly SeriesColumns[]): void {
    this.addSeries(series.length);
    this.#hold(series.reduce((sum, columns) => sum + bytesOf(columns), 0));
  }

  #hold(bytes: number): void {
    this.#bytes += bytes;
    this.holds(this.#bytes);
  }

  /**
   * `bytes` of columns are in memory in all.
   * @throws {QueryLimitError}
   */
  holds(bytes: number): void {
    const { maxMemoryBytes = Infinity } = this.limits;
    if (bytes > maxMemoryBytes) {
      throw new QueryLimitError(
        `query loads ${bytes} bytes of samples, more than the limit of ${maxMemoryBytes}: ` +
          "select fewer series or a shorter range, or raise the memory limit per query",
      );
    }
  }

  /** Series that are looked at one after the other. @throws {CostLimitError} */
  addSeries(count: number): void {
    const { maxSeries = Infinity } = this.limits;
    this.#series += count;
    if (this.#series > maxSeries) {
      throw new CostLimitError(
        "series",
        `query selects ${this.#series} series, more than the limit of ${maxSeries}: ` +
          "select fewer with label matchers, or raise the limit of series per query",
      );
    }
  }

  /**
   * What was counted elsewhere, for a part of the query.
   * @param bytes Of the columns that came of it.
   * @throws {CostLimitError|QueryLimitError}
   */
  absorb({ total, read, peak, series = 0, totalPerStep, readPerStep }: SampleCounts, bytes: number): void {
    this.#hold(bytes);
    this.#total += total;
    this.addSeries(series);
    this.#scan(read);
    this.#grow(peak);
    this.#current -= peak;
    if (this.#totalPerStep === undefined) return;
    totalPerStep?.forEach((count, step) => this.#totalPerStep![step]! += count);
    readPerStep?.forEach((count, step) => this.#readPerStep![step]! += count);
  }

  /** Samples in memory now, to be given to `settle`. */
  get current(): number {
    return this.#current;
  }

  /**
   * An operator has its result, and its inputs are no longer needed.
   * @param before `current` before its inputs were evaluated.
   * @throws {QueryLimitError}
   */
  settle(before: number, result: Value): void {
    const samples = samplesIn(result);
    this.#grow(samples);
    this.#current = before + samples;
  }

  /**
   * Room for columns of `cells` entries is about to be taken, most of which may stay empty.
   * @throws {QueryLimitError}
   */
  reserve(cells: number): void {
    if (cells > CELLS_PER_SAMPLE * this.limits.maxSamples) throw tooManySamples();
  }

  /** `samples` of a result are in memory in all. @throws {QueryLimitError} */
  keeps(samples: number): void {
    if (samples > this.limits.maxSamples) throw tooManySamples();
  }

  /**
   * What an instant selector found in one series, at `found` steps: read as often as looked at.
   * @throws {CostLimitError}
   */
  lookAt(series: InstantSeries, found: number, steps: Steps): void {
    const samples = series.histograms === undefined ? found : samplesIn({ type: "vector", series: [series] });
    this.#total += samples;
    this.#scan(samples);
    if (this.#totalPerStep === undefined) return;
    for (let step = 0; step < steps.count; step++) {
      const at = this.#stepOf(steps, step);
      this.#totalPerStep[at]! += sampleSize(series, step);
      this.#readPerStep![at]! += sampleSize(series, step);
    }
  }

  /** The windows of a range vector; samples are read unless they come from a subquery, which counted them. */
  lookThrough(series: readonly RangeSeries[], steps: Steps, isRead: boolean): void {
    let largest = 0;
    for (const { floats, histograms } of series) {
      const ofFloats = floats ? this.#lookThrough(floats.windows, steps, isRead, 1) : 0;
      const ofHistograms = histograms ? this.#lookThrough(histograms.windows, steps, isRead, 20) : 0;
      if (ofFloats + ofHistograms > largest) largest = ofFloats + ofHistograms;
    }
    // Only the window of one series is in upstream's memory at a time.
    this.#grow(largest);
    this.#current -= largest;
  }

  readonly #windowTotals = new WeakMap<Windows, { total: number; read: number; largest: number }>();

  #lookThrough(windows: Windows, steps: Steps, isRead: boolean, size: number): number {
    const { from, to } = windows;
    let totals = this.#windowTotals.get(windows);
    if (totals === undefined) {
      totals = { total: 0, read: 0, largest: 0 };
      let end = 0;
      for (let step = 0; step < from.length; step++) {
        const samples = to[step]! - from[step]!;
        totals.total += samples;
        if (samples > totals.largest) totals.largest = samples;
        if (to[step]! > end) {
          totals.read += to[step]! - Math.max(from[step]!, end);
          end = to[step]!;
        }
      }
      this.#windowTotals.set(windows, totals);
    }
    this.#total += totals.total * size;
    if (isRead) this.#scan(totals.read * size);
    if (this.#totalPerStep !== undefined) this.#spread(windows, steps, isRead, size);
    return totals.largest * size;
  }

  #spread({ from, to }: Windows, steps: Steps, isRead: boolean, size: number): void {
    let end = 0;
    for (let step = 0; step < from.length; step++) {
      const at = this.#stepOf(steps, step);
      this.#totalPerStep![at]! += (to[step]! - from[step]!) * size;
      if (isRead && to[step]! > end) {
        this.#readPerStep![at]! += (to[step]! - Math.max(from[step]!, end)) * size;
        end = to[step]!;
      }
    }
  }

  /** The step of the query that a step of a subquery counts for: the first one that is not before it. */
  #stepOf(steps: Steps, step: number): number {
    if (steps === this.steps) return step;
    const timeMs = steps.startMs + step * steps.stepMs;
    const at = Math.ceil((timeMs - this.steps.startMs) / this.steps.stepMs);
    return Math.min(Math.max(at, 0), this.steps.count - 1);
  }

  #scan(samples: number): void {
    this.#read += samples;
    const { maxSamplesRead = Infinity } = this.limits;
    if (this.#read > maxSamplesRead) {
      throw new CostLimitError(
        "samples",
        `query reads more than the limit of ${maxSamplesRead} samples: ` +
          "select fewer series or a shorter range, or raise the limit of samples read per query",
      );
    }
  }

  #grow(samples: number): void {
    this.#current += samples;
    if (this.#current > this.#peak) this.#peak = this.#current;
    if (this.#current > this.limits.maxSamples) throw tooManySamples();
  }
}

function tooManySamples(): QueryLimitError {
  return new QueryLimitError("query processing would load too many samples into memory in query execution");
}
