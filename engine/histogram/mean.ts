import { HistogramAccumulator, type PartialSum } from "./accumulator.ts";
import { divide } from "./arithmetic.ts";
import type { FloatHistogram } from "./float_histogram.ts";

/** Sums of numbers with this sum of magnitudes are far from infinite. */
const SAFE_SIZE = 1e300;

/** The sum of the magnitudes of everything that is added. NaN where one is. */
function sizeOf({ count, sum, zeroCount, positiveBuckets, negativeBuckets }: FloatHistogram): number {
  let size = Math.abs(count) + Math.abs(sum) + Math.abs(zeroCount);
  for (let i = 0; i < positiveBuckets.length; i++) size += Math.abs(positiveBuckets[i]!);
  for (let i = 0; i < negativeBuckets.length; i++) size += Math.abs(negativeBuckets[i]!);
  return size;
}

/** What a mean has added, to go on with elsewhere. */
export interface PartialMean {
  readonly sum: PartialSum;
  readonly count: number;
  /** See `HistogramMean.#largest`. */
  readonly largest: number;
}

/**
 * Compensated mean of histograms, for `avg` and `avg_over_time`: the sum divided by the number as long as the
 * sum is finite, from then on a running mean.
 */
export class HistogramMean {
  /** The sum, or the mean once `#incremental`. */
  #state: HistogramAccumulator;
  #count = 1;
  #incremental = false;
  /** No count and no sum of the state is larger, whatever buckets were merged. */
  #largest: number;

  constructor(first: FloatHistogram) {
    this.#state = new HistogramAccumulator(first, { compensated: true });
    this.#largest = sizeOf(first);
  }

  /** Goes on from what another one has added. Writes to the arrays of `partial`. */
  static from({ sum, count, largest }: PartialMean): HistogramMean {
    const mean = new HistogramMean(sum.sums);
    mean.#state = HistogramAccumulator.from(sum);
    mean.#count = count;
    mean.#largest = largest;
    return mean;
  }

  /** What was added; shares arrays with the mean. Undefined where it has become a running mean. */
  get partial(): PartialMean | undefined {
    if (this.#incremental) return undefined;
    return { sum: this.#state.partial, count: this.#count, largest: this.#largest };
  }

  /** See HistogramAccumulator. */
  get dependsOnOrder(): boolean {
    return this.#state.dependsOnOrder;
  }

  /** See HistogramAccumulator. */
  get hintsConflict(): boolean {
    return this.#state.hintsConflict;
  }

  /** See HistogramAccumulator. */
  get boundsReconciled(): boolean {
    return this.#state.boundsReconciled;
  }

  /** Returns false and changes nothing if `h` has an exponential schema and the others custom buckets, or v. v. */
  add(h: FloatHistogram): boolean {
    const count = this.#count + 1;
    if (!this.#incremental) {
      const largest = this.#largest + sizeOf(h);
      if (largest < SAFE_SIZE) {
        if (!this.#state.add(h)) return false;
        this.#largest = largest;
        this.#count = count;
        return true;
      }
      // The sum may overflow, and then goes on from what it was before.
      this.#largest = Infinity;
      const sum = this.#state.clone();
      if (!sum.add(h)) return false;
      if (!sum.hasOverflow) {
        this.#state = sum;
        this.#count = count;
        return true;
      }
      this.#incremental = true;
      this.#state.divide(this.#count);
    }
    const mean = this.#state.clone();
    mean.multiply((count - 1) / count);
    if (!mean.add(divide(h, count))) return false;
    this.#state = mean;
    this.#count = count;
    return true;
  }

  /**
   * Adds what another mean has added. Returns false if that cannot be done as by HistogramAccumulator, or the sum may
   * have become infinite; this mean is not to be used any more then.
   */
  merge({ sum, count, largest }: PartialMean): boolean {
    if (this.#incremental || !this.#state.merge(sum)) return false;
    this.#count += count;
    this.#largest += largest;
    return this.#largest < SAFE_SIZE || !this.#state.hasOverflow;
  }

  toHistogram(): FloatHistogram {
    if (this.#incremental) return this.#state.toHistogram();
    const mean = this.#state.clone();
    mean.divide(this.#count);
    return mean.toHistogram();
  }
}
