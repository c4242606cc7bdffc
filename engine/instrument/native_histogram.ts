import { exponentialBound } from "../histogram/bound.ts";
import { FloatHistogram, type Span } from "../histogram/float_histogram.ts";
import { EXPONENTIAL_SCHEMA_MIN } from "../histogram/schema.ts";
import { nativeBucketKey, schemaOf } from "./native_key.ts";
import { SparseBuckets } from "./sparse_buckets.ts";

/** Half width of the zero bucket unless told otherwise. */
export const DEFAULT_ZERO_THRESHOLD = 2 ** -128;

export interface NativeOptions {
  /** Largest growth from one bucket bound to the next, above 1; 1.1 gives eight buckets per doubling. */
  readonly factor: number;
  /** Values up to this distance from zero share one bucket; 0 leaves zero alone in it. 2^-128 unless given. */
  readonly zeroThreshold?: number;
  /** Most populated buckets before resolution is given up; no limit unless given. */
  readonly bucketsMax?: number;
  /** How far the zero bucket may widen once there are too many buckets; not at all unless given. */
  readonly zeroThresholdMax?: number;
  /** Once there are too many buckets, start anew if the last start is at least this long ago. Never unless given. */
  readonly minResetMs?: number;
}

const NO_OP_SPAN: readonly Span[] = [{ offset: 0, length: 0 }];

/** Sparse exponential buckets of one series. */
export class NativeHistogram {
  readonly #options: NativeOptions;
  readonly #initialSchema: number;
  readonly #initialThreshold: number;
  readonly #positive = new SparseBuckets();
  readonly #negative = new SparseBuckets();
  #schema: number;
  #zeroThreshold: number;
  #zeroCount = 0;

  /** @throws {RangeError} If an option is out of range. */
  constructor(options: NativeOptions) {
    this.#options = options;
    this.#schema = this.#initialSchema = schemaOf(options.factor);
    this.#zeroThreshold = this.#initialThreshold = options.zeroThreshold ?? DEFAULT_ZERO_THRESHOLD;
    for (const name of ["zeroThreshold", "bucketsMax", "zeroThresholdMax", "minResetMs"] as const) {
      const value = options[name];
      if (value !== undefined && !(value >= 0)) {
        throw new RangeError(
          `Native histogram option ${name} is ${value}: give a number from 0, or leave it out`,
        );
      }
    }
  }

  /**
   * Counts `value`, which must not be NaN.
   * @returns Whether there are now more buckets than allowed.
   */
  observe(value: number): boolean {
    if (value > this.#zeroThreshold) this.#positive.increment(nativeBucketKey(value, this.#schema));
    else if (value < -this.#zeroThreshold) this.#negative.increment(nativeBucketKey(value, this.#schema));
    else this.#zeroCount++;
    return this.#tooManyBuckets();
  }

  #tooManyBuckets(): boolean {
    const { bucketsMax } = this.#options;
    return bucketsMax !== undefined && bucketsMax > 0 &&
      this.#positive.size + this.#negative.size > bucketsMax;
  }

  /**
   * Gets by with the buckets allowed: widens the zero bucket by those next to it as far as it may, else halves
   * the resolution, down to the coarsest there is.
   */
  coarsen(): void {
    while (this.#tooManyBuckets()) {
      if (this.#widenZeroBucket()) continue;
      if (this.#schema === EXPONENTIAL_SCHEMA_MIN) return;
      this.#schema--;
      this.#positive.halve();
      this.#negative.halve();
    }
  }

  #widenZeroBucket(): boolean {
    const thresholdMax = this.#options.zeroThresholdMax ?? 0;
    const smallest = Math.min(
      this.#positive.smallestKey ?? Infinity,
      this.#negative.smallestKey ?? Infinity,
    );
    if (smallest === Infinity) return false;
    const threshold = exponentialBound(smallest, this.#schema);
    if (threshold > thresholdMax) return false;
    this.#zeroCount += this.#positive.takeSmallest(smallest) + this.#negative.takeSmallest(smallest);
    this.#zeroThreshold = threshold;
    return true;
  }

  /** Back to zero, with the resolution and the zero bucket it began with. */
  reset(): void {
    this.#schema = this.#initialSchema;
    this.#zeroThreshold = this.#initialThreshold;
    this.#zeroCount = 0;
    this.#positive.clear();
    this.#negative.clear();
  }

  snapshot(count: number, sum: number): FloatHistogram {
    const positive = this.#positive.encode(), negative = this.#negative.encode();
    // Without a threshold, a zero count or a span, an empty native histogram would read as a classic one.
    const bare = this.#zeroThreshold === 0 && this.#zeroCount === 0 && negative.spans.length === 0;
    return new FloatHistogram({
      schema: this.#schema,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: this.#zeroCount,
      count,
      sum,
      positiveSpans: bare && positive.spans.length === 0 ? NO_OP_SPAN : positive.spans,
      positiveBuckets: positive.counts,
      negativeSpans: negative.spans,
      negativeBuckets: negative.counts,
    });
  }
}
