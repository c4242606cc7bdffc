import type { ClassicBucket, Exemplar, Metric } from "../exposition/metric_family.ts";
import type { Labels } from "../labels/labels.ts";
import { checkedBounds, DEFAULT_BUCKETS } from "./buckets.ts";
import type { Clock } from "./clock.ts";
import { Desc, type DescOptions } from "./desc.ts";
import { exemplarLabels } from "./exemplar_labels.ts";
import { type Child, MetricVec } from "./metric_vec.ts";
import { NativeHistogram, type NativeOptions } from "./native_histogram.ts";
import { around, type EndTimer, startTimer } from "./timer.ts";

export interface HistogramOptions<Label extends string = string> extends DescOptions<Label> {
  /** Upper bounds, ascending; `DEFAULT_BUCKETS` unless given, none unless given where `native` is set. */
  readonly buckets?: readonly number[];
  /** Keep a native histogram too. */
  readonly native?: NativeOptions;
  /** Runs before every collection. */
  readonly collect?: (histogram: Histogram<Label>) => void;
}

/** One series of a histogram. */
export class HistogramChild implements Child {
  readonly #labels: Labels;
  readonly #now: Clock;
  readonly #bounds: Float64Array | undefined;
  /** Counts by classic bucket, not cumulative; the last one is +Inf. */
  readonly #counts: Float64Array;
  readonly #native: NativeHistogram | undefined;
  readonly #minResetMs: number;
  #exemplars: (Exemplar | undefined)[] | undefined;
  #count = 0;
  #sum = 0;
  #createdMs: number;
  /** When a native histogram that gave up resolution starts anew, Infinity where it does not. */
  #resetDueMs = Infinity;

  /**
   * @param bounds Upper bounds as `checkedBounds` returns them, or `undefined` for no classic buckets.
   * @throws {RangeError} If a native option is out of range.
   */
  constructor(labels: Labels, now: Clock, bounds: Float64Array | undefined, native?: NativeOptions) {
    this.#labels = labels;
    this.#now = now;
    this.#bounds = bounds;
    this.#counts = new Float64Array((bounds?.length ?? 0) + 1);
    this.#native = native && new NativeHistogram(native);
    this.#minResetMs = native?.minResetMs ?? 0;
    this.#createdMs = now();
  }

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  /**
   * Counts `value`. NaN counts towards the count and the sum and falls in the +Inf bucket only.
   * @param exemplar Labels of this observation, such as a trace id; the last one of each classic bucket is exposed.
   * @throws {RangeError} If the exemplar's labels are too long.
   */
  observe(value: number, exemplar?: Readonly<Record<string, string>>): void {
    if (exemplar !== undefined) this.#keepExemplar(value, exemplar);
    if (this.#resetDueMs !== Infinity) this.#resetIfDue();
    if (this.#record(value)) this.#limitBuckets(value);
  }

  /** @returns Whether the native histogram now has too many buckets. */
  #record(value: number): boolean {
    this.#counts[this.#bucketOf(value)]++;
    this.#sum += value;
    this.#count++;
    return this.#native !== undefined && !Number.isNaN(value) && this.#native.observe(value);
  }

  #bucketOf(value: number): number {
    const bounds = this.#bounds;
    if (bounds === undefined) return 0;
    let low = 0, high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= bounds[middle]) high = middle; // false for NaN, which so ends up in +Inf
      else low = middle + 1;
    }
    return low;
  }

  #keepExemplar(value: number, labels: Readonly<Record<string, string>>): void {
    this.#exemplars ??= new Array(this.#counts.length).fill(undefined);
    this.#exemplars[this.#bucketOf(value)] = {
      labels: exemplarLabels(labels),
      value,
      timestampMs: this.#now(),
    };
  }

  #limitBuckets(value: number): void {
    const resettable = this.#minResetMs > 0 && this.#resetDueMs === Infinity;
    if (resettable && this.#now() - this.#createdMs >= this.#minResetMs) {
      this.#reset();
      this.#record(value);
      return;
    }
    this.#native!.coarsen();
    if (resettable) this.#resetDueMs = this.#createdMs + this.#minResetMs;
  }

  #resetIfDue(): void {
    if (this.#now() >= this.#resetDueMs) this.#reset();
  }

  #reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sum = 0;
    this.#native?.reset();
    this.#createdMs = this.#now();
    this.#resetDueMs = Infinity;
  }

  /** Starts a timer that observes the seconds it took. */
  startTimer(): EndTimer {
    return startTimer(this.#now, (seconds) => this.observe(seconds));
  }

  /** Runs `work`, sync or async, and observes the seconds it took, failed or not. */
  time<Result>(work: () => Result): Result {
    return around(work, this.startTimer());
  }

  snapshot(): Metric {
    this.#resetIfDue();
    const count = this.#count, sum = this.#sum;
    const native = this.#native && { native: this.#native.snapshot(count, sum) };
    return {
      labels: this.#labels,
      histogram: { count, sum, buckets: this.#classicBuckets(), ...native },
      createdMs: this.#createdMs,
    };
  }

  #classicBuckets(): ClassicBucket[] {
    const bounds = this.#bounds;
    if (bounds === undefined) return [];
    let count = 0;
    return Array.from(this.#counts, (own, i) => {
      count += own;
      const exemplar = this.#exemplars?.[i];
      const upperBound = i < bounds.length ? bounds[i] : Infinity;
      return exemplar === undefined ? { upperBound, count } : { upperBound, count, exemplar };
    });
  }
}

/** Counts observations by size, in classic buckets, a native histogram or both. */
export class Histogram<Label extends string = string> extends MetricVec<HistogramChild, Label> {
  /** @throws {RangeError} If the buckets do not ascend or a native option is out of range. */
  constructor(options: HistogramOptions<Label>, now: Clock) {
    const { native, buckets = native ? undefined : DEFAULT_BUCKETS } = options;
    const bounds = buckets && checkedBounds(buckets);
    if (native) new NativeHistogram(native); // complains now rather than at the first child
    super(
      "histogram",
      new Desc(options, ["le"]),
      (labels) => new HistogramChild(labels, now, bounds, native),
      options.collect && (() => options.collect?.(this)),
    );
  }

  get count(): number {
    return this.single.count;
  }

  get sum(): number {
    return this.single.sum;
  }

  /** See {@link HistogramChild.observe}; this and the following only for a histogram without labels. */
  observe(value: number, exemplar?: Readonly<Record<string, string>>): void {
    this.single.observe(value, exemplar);
  }

  startTimer(): EndTimer {
    return this.single.startTimer();
  }

  time<Result>(work: () => Result): Result {
    return this.single.time(work);
  }
}
