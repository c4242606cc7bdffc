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
  /** `read` and what was read for nothing, in gaps between the windows of a subquery. The same unless given. */
  readonly scanned?: number;
  /** Most samples in memory at one time. */
  readonly peak: number;
  /** Series that selects gave, each counted once per select. */
  readonly series?: number;
  readonly totalPerStep?: Float64Array;
  readonly readPerStep?: Float64Array;
}

/** What a part of a query looked at, by its own steps where asked for. */
interface PartCounts {
  readonly steps: Steps;
  /** How many steps there are still to come, `steps` included: more where these are a part. */
  readonly stepsLeft: number;
  total: number;
  read: number;
  readonly totalPerStep?: Float64Array;
  readonly readPerStep?: Float64Array;
  /** By step, 1 where what is read counts, 0 where it does not; undefined: it counts at every step. */
  readonly counted?: Uint8Array;
}

/** Where a subquery's samples count among the steps around it. */
export interface SubqueryPlace {
  readonly rangeMs: number;
  readonly offsetMs: number;
  /** Whether it is the query's result, rather than looked through by a function, which counts its windows. */
  readonly isResult: boolean;
  /** Whether all steps look at the same window. */
  readonly isFixed: boolean;
}

/** Entries of columns, empty or not, that may be in memory for every sample that may be. */
const CELLS_PER_SAMPLE = 4;

/** What a histogram counts for, in samples: its size is about that of so many floats. */
export function histogramSize(histogram: FloatHistogram): number {
  const { positiveSpans, negativeSpans, positiveBuckets, negativeBuckets, customValues } = histogram;
  const entries = positiveSpans.length + negativeSpans.length + positiveBuckets.length +
    negativeBuckets.length + customValues.length;
  return Math.floor((entries * 8 + 176) / 16);
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
  /** Samples read by all parts, each time they were. */
  #scanned = 0;
  #peak = 0;
  #current = 0;
  #series = 0;
  #bytes = 0;
  /** Counts of the part that is being evaluated. */
  #part: PartCounts;

  /** @param counted By step, 0 where what is read counts for nothing. */
  constructor(readonly limits: SampleLimits, steps: Steps, perStep: boolean, counted?: Uint8Array) {
    const column = () => perStep ? new Float64Array(steps.count) : undefined;
    this.#part = {
      steps,
      stepsLeft: steps.count,
      total: 0,
      read: 0,
      totalPerStep: column(),
      readPerStep: column(),
      counted,
    };
  }

  /** The steps of the part that is being evaluated. */
  get steps(): Steps {
    return this.#part.steps;
  }

  get isPerStep(): boolean {
    return this.#part.readPerStep !== undefined;
  }

  /** By step, 0 where what is read counts for nothing; undefined: it counts at every step. */
  get countedSteps(): Uint8Array | undefined {
    return this.#part.counted;
  }

  get counts(): SampleCounts {
    const { total, read, totalPerStep, readPerStep } = this.#part;
    return {
      total,
      read,
      scanned: this.#scanned,
      peak: this.#peak,
      series: this.#series,
      totalPerStep,
      readPerStep,
    };
  }

  /**
   * Counts what follows apart from what was before.
   * @param first The step that is evaluated from here on, for all.
   * @returns What to give to `leaveOnce`.
   */
  enterOnce(first: Steps): PartCounts {
    const outer = this.#part;
    this.#part = { steps: first, stepsLeft: first.count, total: 0, read: 0 };
    return outer;
  }

  /**
   * What was counted stands for every step of `outer`, and was read for the first one.
   * @returns The samples that every step looks at.
   */
  leaveOnce(outer: PartCounts): number {
    const { total, read } = this.#part;
    this.#part = outer;
    this.#readFor(0, read);
    this.lookAgain(total);
    return total;
  }

  /** Every step looks at `samples` that are known. */
  lookAgain(samples: number): void {
    const { steps, totalPerStep } = this.#part;
    this.#part.total += samples * steps.count;
    for (let step = 0; step < (totalPerStep?.length ?? 0); step++) totalPerStep![step]! += samples;
  }

  /** So many samples were read for a step of the part that is being evaluated. */
  #readFor(step: number, samples: number): void {
    const { counted, readPerStep } = this.#part;
    if (counted?.[step] === 0) return;
    this.#part.read += samples;
    if (readPerStep !== undefined) readPerStep[step]! += samples;
  }

  /**
   * As `enterOnce`, for the steps of a subquery. What they read counts for the first step around them that is not
   * before it, unless it lies in a gap between the windows of two.
   * @param stepsLeft How many steps of the subquery are still to come, `steps` included, which may be a part of them.
   * @returns What to give to `leaveSubquery`.
   * @throws {QueryLimitError}
   */
  enterSubquery(steps: Steps, place: SubqueryPlace, stepsLeft: number): PartCounts {
    const outer = this.#part;
    const { steps: { count, stepMs }, readPerStep, counted } = outer;
    let own: Pick<PartCounts, "readPerStep" | "counted"> | undefined;
    if (!place.isResult && !place.isFixed && count > 1) {
      if (readPerStep !== undefined) {
        this.expect(stepsLeft);
        own = { readPerStep: new Float64Array(steps.count) };
      } else if (counted !== undefined || stepMs > place.rangeMs) {
        own = { counted: countedSteps(steps, outer, place) };
      }
    }
    this.#part = { steps, stepsLeft, total: 0, read: 0, ...own };
    return outer;
  }

  leaveSubquery(outer: PartCounts, place: SubqueryPlace): void {
    const { steps, total, read, readPerStep, counted } = this.#part;
    this.#part = outer;
    if (place.isResult) {
      outer.total += total;
      if (outer.totalPerStep !== undefined) outer.totalPerStep[outer.steps.count - 1]! += total;
    }
    if (counted !== undefined) outer.read += read;
    else if (readPerStep === undefined) this.#readFor(0, read);
    else {
      for (let step = 0; step < outer.steps.count; step++) {
        const [from, to] = newSteps(steps, outer.steps, step, place);
        for (let inner = from; inner < to; inner++) this.#readFor(step, readPerStep[inner]!);
      }
    }
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
          "select fewer series or a shorter range, or raise the memory limit per query (query_max_memory)",
      );
    }
  }

  /** Series that selects gave, each counted once per select. */
  get series(): number {
    return this.#series;
  }

  /** Sets `series`, where selects have given the same ones again. */
  set series(count: number) {
    this.#series = count;
  }

  /** Series that are looked at one after the other. @throws {CostLimitError} */
  addSeries(count: number): void {
    const { maxSeries = Infinity } = this.limits;
    this.#series += count;
    if (this.#series > maxSeries) {
      throw new CostLimitError(
        "series",
        `query selects ${this.#series} series, more than the limit of ${maxSeries}: ` +
          "select fewer with label matchers, or raise the limit of series per query (query_max_series)",
      );
    }
  }

  /**
   * What was counted elsewhere, for a part of the query.
   * @param bytes Of the columns that came of it.
   * @throws {CostLimitError|QueryLimitError}
   */
  absorb(
    { total, read, scanned = read, peak, series = 0, totalPerStep, readPerStep }: SampleCounts,
    bytes: number,
  ): void {
    this.#hold(bytes);
    const part = this.#part;
    part.total += total;
    this.addSeries(series);
    this.#scan(scanned, read);
    this.hold(peak);
    this.#current -= peak;
    if (part.totalPerStep !== undefined) addTo(part.totalPerStep, totalPerStep);
    if (part.readPerStep !== undefined) addTo(part.readPerStep, readPerStep);
  }

  /** Entries of columns that may be in memory. */
  get cellsMax(): number {
    return CELLS_PER_SAMPLE * this.limits.maxSamples;
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
    this.hold(samples);
    this.#current = before + samples;
  }

  /** So many more samples are in memory until the operator that needs them settles. @throws {QueryLimitError} */
  hold(samples: number): void {
    this.#current += samples;
    if (this.#current > this.#peak) this.#peak = this.#current;
    if (this.#current > this.limits.maxSamples) throw tooManySamples();
  }

  /**
   * So many more samples are about to be made, and as many for as many steps that are still to come.
   * @throws {QueryLimitError}
   */
  expect(samples: number): void {
    const { steps: { count }, stepsLeft } = this.#part;
    this.keeps(this.#current + samples * (stepsLeft / count));
  }

  /**
   * Room for columns of `cells` entries is about to be taken, most of which may stay empty.
   * @throws {QueryLimitError}
   */
  reserve(cells: number): void {
    if (cells > this.cellsMax) throw tooManySamples();
  }

  /** `samples` of a result are in memory in all. @throws {QueryLimitError} */
  keeps(samples: number): void {
    if (samples > this.limits.maxSamples) throw tooManySamples();
  }

  /**
   * What an instant selector found in one series, at `found` steps: read as often as looked at.
   * @throws {CostLimitError}
   */
  lookAt(series: InstantSeries, found: number): void {
    const samples = series.histograms === undefined ? found : samplesIn({ type: "vector", series: [series] });
    const { totalPerStep, readPerStep, counted } = this.#part;
    this.#part.total += samples;
    this.#scan(samples, counted === undefined ? samples : samplesAt(series, counted));
    if (readPerStep === undefined) return;
    for (let step = 0; step < readPerStep.length; step++) {
      const size = sampleSize(series, step);
      if (totalPerStep !== undefined) totalPerStep[step]! += size;
      readPerStep[step]! += size;
    }
  }

  /**
   * The windows of one series; its samples are read unless they come from a subquery, which counted them.
   * @returns Samples in the largest window. Only the windows of one series are in upstream's memory at a time.
   * @throws {CostLimitError|QueryLimitError}
   */
  lookThrough({ floats, histograms }: RangeSeries, isRead: boolean): number {
    const ofFloats = floats ? this.#lookThrough(floats.windows, isRead) : 0;
    const ofHistograms = histograms
      ? this.#lookThrough(histograms.windows, isRead, sizesBefore(histograms.values))
      : 0;
    const largest = ofFloats + ofHistograms;
    this.hold(largest);
    this.#current -= largest;
    return largest;
  }

  readonly #windowTotals = new WeakMap<Windows, WindowTotals>();

  /** @param before Samples before each index, where they are other than the index. */
  #lookThrough(windows: Windows, isRead: boolean, before?: Float64Array): number {
    const { total, read, counted, largest } = before === undefined
      ? this.#totalsOf(windows)
      : totalsOf(windows, this.#part.counted, before);
    this.#part.total += total;
    if (isRead) this.#scan(read, counted);
    if (this.isPerStep) this.#spread(windows, isRead, before);
    return largest;
  }

  /** Kept, as windows are looked through in one part only. */
  #totalsOf(windows: Windows): WindowTotals {
    let totals = this.#windowTotals.get(windows);
    if (totals === undefined) {
      this.#windowTotals.set(windows, totals = totalsOf(windows, this.#part.counted));
    }
    return totals;
  }

  #spread({ from, to }: Windows, isRead: boolean, before?: Float64Array): void {
    const { totalPerStep, readPerStep } = this.#part;
    let end = 0;
    for (let step = 0; step < from.length; step++) {
      if (totalPerStep !== undefined) totalPerStep[step]! += between(from[step]!, to[step]!, before);
      if (!isRead || to[step]! <= end) continue;
      readPerStep![step]! += between(Math.max(from[step]!, end), to[step]!, before);
      end = to[step]!;
    }
  }

  #scan(samples: number, counted: number): void {
    this.#part.read += counted;
    this.#scanned += samples;
    const { maxSamplesRead = Infinity } = this.limits;
    if (this.#scanned > maxSamplesRead) {
      throw new CostLimitError(
        "samples",
        `query reads more than the limit of ${maxSamplesRead} samples: ` +
          "select fewer series or a shorter range, or raise the limit of samples read per query (query_max_samples_read)",
      );
    }
  }
}

/** The steps `[from, to)` of a subquery that lie in the window of a step around it, and in none before. */
function newSteps(
  inner: Steps,
  outer: Steps,
  step: number,
  { rangeMs, offsetMs }: Pick<SubqueryPlace, "rangeMs" | "offsetMs">,
): [from: number, to: number] {
  const endMs = outer.startMs + step * outer.stepMs - offsetMs;
  const afterMs = endMs - (step === 0 ? rangeMs : Math.min(rangeMs, outer.stepMs));
  const stepsUpTo = (timeMs: number) =>
    Math.min(Math.max(Math.floor((timeMs - inner.startMs) / inner.stepMs) + 1, 0), inner.count);
  return [stepsUpTo(afterMs), stepsUpTo(endMs)];
}

/** By step of a subquery, 1 where it lies in the window of a step around it whose reads count. */
function countedSteps(inner: Steps, { steps, counted }: PartCounts, place: SubqueryPlace): Uint8Array {
  const found = new Uint8Array(inner.count);
  for (let step = 0; step < steps.count; step++) {
    if (counted?.[step] !== 0) found.fill(1, ...newSteps(inner, steps, step, place));
  }
  return found;
}

/** What a series has at the steps that count, in samples. */
function samplesAt(series: InstantSeries, counted: Uint8Array): number {
  const { present, histograms } = series;
  let samples = 0;
  if (histograms === undefined) {
    for (let step = 0; step < present.length; step++) samples += present[step]! & counted[step]!;
  } else {
    for (let step = 0; step < present.length; step++) samples += counted[step]! * sampleSize(series, step);
  }
  return samples;
}

function addTo(sums: Float64Array, counts: Float64Array | undefined): void {
  counts?.forEach((count, step) => sums[step]! += count);
}

/** Samples in all windows, those that are new in each, those of them at steps that count, and those in the largest. */
interface WindowTotals {
  readonly total: number;
  readonly read: number;
  readonly counted: number;
  readonly largest: number;
}

function totalsOf(
  { from, to }: Windows,
  countedSteps: Uint8Array | undefined,
  before?: Float64Array,
): WindowTotals {
  let total = 0, read = 0, counted = 0, largest = 0, end = 0;
  for (let step = 0; step < from.length; step++) {
    const samples = between(from[step]!, to[step]!, before);
    total += samples;
    if (samples > largest) largest = samples;
    if (to[step]! <= end) continue;
    const added = between(Math.max(from[step]!, end), to[step]!, before);
    read += added;
    if (countedSteps?.[step] !== 0) counted += added;
    end = to[step]!;
  }
  return { total, read, counted, largest };
}

/** What entries `[from, to)` count for, in samples. */
function between(from: number, to: number, before: Float64Array | undefined): number {
  return before === undefined ? to - from : before[to]! - before[from]!;
}

/** By index, up to the length of `histograms`: what those before it count for, in samples. */
function sizesBefore(histograms: readonly FloatHistogram[]): Float64Array {
  const sizes = new Float64Array(histograms.length + 1);
  for (let i = 0; i < histograms.length; i++) sizes[i + 1] = sizes[i]! + histogramSize(histograms[i]!);
  return sizes;
}

export function tooManySamples(): QueryLimitError {
  return new QueryLimitError("query processing would load too many samples into memory in query execution");
}
