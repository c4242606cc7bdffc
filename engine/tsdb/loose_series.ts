import type { FloatHistogram } from "../histogram/float_histogram.ts";
import { NAN_HIGH, NAN_LOW, setStale, wordsOf } from "../sample.ts";
import { withStoredHint } from "./reset_hints.ts";
import { grown } from "../grown.ts";

/** Samples in order of time; where a histogram is set, the value beside it says nothing. */
export interface LooseColumns {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly histograms?: readonly (FloatHistogram | undefined)[];
  /** Start timestamps in ms, 0 where unknown. */
  readonly startTimes?: Float64Array;
}

/** Bytes of a histogram without buckets, and of a span. */
const HISTOGRAM_BYTES = 380;
const SPAN_BYTES = 32;

/**
 * Samples of one series that have no row of a group to be in: those with timestamps of their own, late ones
 * and histograms. Kept as they came and put in order when read.
 */
export class LooseSeries {
  #times = new Float64Array(8);
  #values = new Float64Array(8);
  #histograms: (FloatHistogram | undefined)[] | undefined;
  #startTimes: Float64Array | undefined;
  #count = 0;
  #isOrdered = true;
  #columns: LooseColumns | undefined;

  constructor(readonly ref: number) {}

  get count(): number {
    return this.#count;
  }

  /** Newest and oldest timestamp in ms, infinite where empty. */
  lastMs = -Infinity;
  firstMs = Infinity;

  /** Adds a float, any NaN as the canonical one. */
  addFloat(timeMs: number, value: number, startMs = 0): void {
    const at = this.#add(timeMs, startMs);
    this.#values[at] = value;
    if (value !== value) {
      const words = wordsOf(this.#values);
      words[2 * at] = NAN_LOW;
      words[2 * at + 1] = NAN_HIGH;
    }
  }

  addStale(timeMs: number): void {
    const at = this.#add(timeMs, 0);
    setStale(wordsOf(this.#values), at);
  }

  /**
   * Adds a histogram with the hint that it is to be read with, see `withStoredHint`.
   * @returns About how many bytes it takes, what it shares with the one before it aside.
   */
  addHistogram(timeMs: number, histogram: FloatHistogram, startMs = 0): number {
    const at = this.#add(timeMs, startMs);
    this.#histograms ??= [];
    const previous = this.#histograms[at - 1];
    const stored = this.#histograms[at] = withStoredHint(histogram, previous);
    return bytesOf(stored, previous);
  }

  /** The samples in order of time, the first one kept where several have the same time. Stays as it is. */
  columns(): LooseColumns {
    return this.#columns ??= this.#sorted();
  }

  #sorted(): LooseColumns {
    if (this.#isOrdered) {
      return {
        times: this.#times.slice(0, this.#count),
        values: this.#values.slice(0, this.#count),
        histograms: this.#histograms?.slice(),
        startTimes: this.#startTimes?.slice(0, this.#count),
      };
    }
    const order = Uint32Array.from({ length: this.#count }, (_, i) => i);
    order.sort((a, b) => this.#times[a] - this.#times[b] || a - b);
    const times = new Float64Array(this.#count), values = new Float64Array(this.#count);
    const startTimes = this.#startTimes && new Float64Array(this.#count);
    const from = wordsOf(this.#values), to = wordsOf(values);
    const histograms: (FloatHistogram | undefined)[] = [];
    let count = 0;
    for (const i of order) {
      if (count > 0 && times[count - 1] === this.#times[i]) continue;
      times[count] = this.#times[i];
      to[2 * count] = from[2 * i];
      to[2 * count + 1] = from[2 * i + 1];
      if (startTimes !== undefined) startTimes[count] = this.#startTimes![i];
      const histogram = this.#histograms?.[i];
      histograms[count] = histogram && withStoredHint(histogram, histograms[count - 1]);
      count++;
    }
    return {
      times: times.subarray(0, count),
      values: values.subarray(0, count),
      histograms: this.#histograms === undefined ? undefined : histograms,
      startTimes: startTimes?.subarray(0, count),
    };
  }

  #add(timeMs: number, startMs: number): number {
    const at = this.#count++;
    if (at === this.#times.length) {
      this.#times = grown(this.#times, at + 1);
      this.#values = grown(this.#values, at + 1);
    }
    this.#times[at] = timeMs;
    if (startMs !== 0 || this.#startTimes !== undefined) this.#setStart(at, startMs);
    this.#columns = undefined;
    if (timeMs <= this.lastMs) this.#isOrdered = false;
    this.lastMs = Math.max(this.lastMs, timeMs);
    this.firstMs = Math.min(this.firstMs, timeMs);
    return at;
  }

  #setStart(at: number, startMs: number): void {
    this.#startTimes ??= new Float64Array(this.#times.length);
    if (at >= this.#startTimes.length) this.#startTimes = grown(this.#startTimes, this.#times.length);
    this.#startTimes[at] = startMs;
  }
}

function bytesOf(histogram: FloatHistogram, previous: FloatHistogram | undefined): number {
  const { positiveSpans, negativeSpans, positiveBuckets, negativeBuckets, customValues } = histogram;
  const bytes = HISTOGRAM_BYTES + positiveBuckets.byteLength + negativeBuckets.byteLength;
  if (positiveSpans === previous?.positiveSpans) return bytes; // then the rest of the layout is shared, too
  return bytes + (positiveSpans.length + negativeSpans.length) * SPAN_BYTES + customValues.byteLength;
}
