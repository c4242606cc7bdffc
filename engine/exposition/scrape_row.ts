import type { FloatHistogram } from "../histogram/float_histogram.ts";
import type { Labels } from "../labels/labels.ts";
import { ABSENT_HIGH, ABSENT_LOW, NAN_HIGH, NAN_LOW, wordsOf } from "../sample.ts";
import type { MetricMetadata, MetricType } from "./metric_family.ts";

/** The slot of a series that relabelling dropped. */
export const DROPPED = -1;

/** A series text that was not seen before. */
export interface ExposedSeries {
  /** Includes the metric's name; `le` and `quantile` are normalised. */
  readonly labels: Labels;
  /** Labels that were exposed with an empty value; with honor_labels they remove a target label. */
  readonly emptyNames: readonly string[];
  readonly kind: "float" | "histogram";
  /** Type, unit and name of the family that the series was exposed in. */
  readonly type: MetricType;
  readonly unit: string;
  readonly family: string;
}

/** Asked once per series text that was not seen before; not hot. */
export interface SeriesResolver {
  /**
   * @returns A slot >= 0, or DROPPED.
   * @throws Anything, to fail the scrape.
   */
  resolve(series: ExposedSeries): number;
}

/** Samples with timestamps of their own, by column; only the first `count` entries are valid. */
export interface TimedSamples {
  count: number;
  slots: Uint32Array;
  /** Milliseconds since the Unix epoch. */
  times: Float64Array;
  values: Float64Array;
}

export interface HistogramSample {
  readonly slot: number;
  /** Milliseconds since the Unix epoch; undefined: the time of the scrape. */
  readonly timeMs: number | undefined;
  /** When the histogram began to count, in ms since the Unix epoch; 0 where unknown. */
  readonly startMs: number;
  readonly histogram: FloatHistogram;
}

export interface ExemplarSample {
  readonly slot: number;
  readonly labels: Labels;
  readonly value: number;
  /** Milliseconds since the Unix epoch; undefined: the time of the scrape. */
  readonly timeMs: number | undefined;
}

/** Since when a series counts, whether the body has a sample of it or not. */
export interface StartTime {
  readonly slot: number;
  /** Milliseconds since the Unix epoch. */
  readonly startMs: number;
}

const ABSENT_BITS = BigInt(ABSENT_HIGH) << 32n | BigInt(ABSENT_LOW);

/** What one scrape body holds, by slot. Filled by a BodyParser; reused from one scrape of a target to the next. */
export class ScrapeRow {
  /** By slot; ABSENT where the body has no sample without a timestamp of its own. May be longer than needed. */
  values: Float64Array = new Float64Array(0);
  /** The words of `values`, see engine/sample.ts. */
  words: Uint32Array = new Uint32Array(0);
  readonly timed: TimedSamples = {
    count: 0,
    slots: new Uint32Array(0),
    times: new Float64Array(0),
    values: new Float64Array(0),
  };
  readonly histograms: HistogramSample[] = [];
  readonly exemplars: ExemplarSample[] = [];
  readonly startTimes: StartTime[] = [];
  /** Samples in the body. */
  samplesScraped = 0;
  /** Samples in the body whose slot is not DROPPED, duplicates included. */
  samplesKept = 0;
  /** Samples left out because their slot already had a sample without a timestamp. */
  duplicates = 0;
  /** Bytes of the body, after decompression. */
  bytes = 0;
  readonly #histogramSlots = new Set<number>();

  /** Empties the row for another body. */
  reset(): void {
    const { values, timed } = this;
    new BigUint64Array(values.buffer, values.byteOffset, values.length).fill(ABSENT_BITS);
    timed.count = 0;
    this.histograms.length = 0;
    this.#histogramSlots.clear();
    this.exemplars.length = 0;
    this.startTimes.length = 0;
    this.samplesScraped =
      this.samplesKept =
      this.duplicates =
      this.bytes =
        0;
  }

  /** Makes `values` hold at least `slots` slots, the new ones ABSENT. Replaces `values` and `words` when it grows. */
  reserve(slots: number): void {
    if (slots <= this.values.length) return;
    const grown = new Float64Array(Math.max(slots, Math.ceil(this.values.length * 1.5), 64));
    new BigUint64Array(grown.buffer).fill(ABSENT_BITS, this.values.length);
    grown.set(this.values);
    this.values = grown;
    this.words = wordsOf(grown);
  }

  /** Whether `slot` has no sample without a timestamp of its own. */
  isAbsent(slot: number): boolean {
    const { words } = this;
    return words[2 * slot] === ABSENT_LOW && words[2 * slot + 1] === ABSENT_HIGH;
  }

  /** Stores a sample without a timestamp of its own; the slot must be reserved. The first one of a slot counts. */
  put(slot: number, value: number): void {
    if (!this.isAbsent(slot)) {
      this.duplicates++;
      return;
    }
    this.values[slot] = value;
    if (value !== value) {
      this.words[2 * slot] = NAN_LOW;
      this.words[2 * slot + 1] = NAN_HIGH;
    }
  }

  /** Stores a histogram, if its slot is kept; the first one without a timestamp counts. */
  putHistogram(sample: HistogramSample): void {
    this.samplesScraped++;
    if (sample.slot === DROPPED) return;
    this.samplesKept++;
    if (sample.timeMs === undefined) {
      if (this.#histogramSlots.has(sample.slot)) {
        this.duplicates++;
        return;
      }
      this.#histogramSlots.add(sample.slot);
    }
    this.histograms.push(sample);
  }

  /** Appends a sample with a timestamp of its own. */
  putTimed(slot: number, timeMs: number, value: number): void {
    const { timed } = this;
    const at = timed.count++;
    if (at === timed.slots.length) {
      const capacity = Math.max(256, 2 * at);
      const slots = new Uint32Array(capacity), times = new Float64Array(capacity);
      const values = new Float64Array(capacity);
      slots.set(timed.slots);
      times.set(timed.times);
      values.set(timed.values);
      Object.assign(timed, { slots, times, values });
    }
    timed.slots[at] = slot;
    timed.times[at] = timeMs;
    timed.values[at] = value;
    if (value !== value) {
      const words = wordsOf(timed.values);
      words[2 * at] = NAN_LOW;
      words[2 * at + 1] = NAN_HIGH;
    }
  }
}

/** Reads bodies of one target, one after another, and remembers the series texts it has seen. */
export interface BodyParser {
  /** Starts a body; empties `row`. */
  begin(row: ScrapeRow): void;
  /**
   * Takes the next bytes of the body, split anywhere; `chunk` may be reused afterwards.
   * @throws {ExpositionError} If the body is malformed; the row is then to be discarded.
   */
  write(chunk: Uint8Array): void;
  /**
   * Ends the body and completes the row.
   * @throws {ExpositionError} If the body is malformed; the row is then to be discarded.
   */
  end(): void;
  /** Families seen in the last 10 bodies. */
  metadata(): Iterable<MetricMetadata>;
  /** Forgets all slots, so that every series is resolved anew; for use between bodies. */
  resetCache(): void;
}

export type ScrapeFormat = "text" | "openmetrics" | "protobuf";

export interface ParserOptions {
  /** Whether timestamps in the body count; otherwise every sample has the time of the scrape. */
  readonly honorTimestamps: boolean;
  /** Whether native histograms are read; otherwise only their classic part is. */
  readonly scrapeNativeHistograms: boolean;
  /** Whether the classic series are kept beside a native histogram or a converted one. */
  readonly alwaysScrapeClassicHistograms: boolean;
  /** Whether classic histograms become native ones with custom buckets. */
  readonly convertClassicHistogramsToNhcb: boolean;
  /** Whether `_created` samples and created timestamps are reported as start times. */
  readonly startTimestamps?: boolean;
  /** Whether `__type__` and `__unit__` labels are added. */
  readonly typeAndUnitLabels?: boolean;
}
