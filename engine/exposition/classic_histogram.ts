import { compact } from "../histogram/arithmetic.ts";
import {
  type CounterResetHint,
  CUSTOM_BUCKETS_SCHEMA,
  FloatHistogram,
} from "../histogram/float_histogram.ts";

/** Empty buckets in a row that stay in a histogram of whole counts, so that it needs fewer spans. */
const EMPTY_BUCKETS_KEPT = 2;

/** Collects the series of one classic histogram and turns them into a native one with custom buckets. */
export class ClassicHistogram {
  readonly #bounds: number[] = [];
  readonly #counts: number[] = []; // cumulative
  #count: number | undefined;
  #sum = 0;
  #problem = "";

  clear(): void {
    this.#bounds.length = this.#counts.length = 0;
    this.#count = undefined;
    this.#sum = 0;
    this.#problem = "";
  }

  /** Takes a bucket with its cumulative count; a second one of the same bound is ignored. */
  setBucket(upperBound: number, count: number): void {
    const bounds = this.#bounds, counts = this.#counts;
    if (upperBound !== upperBound) this.#problem ||= "bucket boundary must not be NaN";
    if (count < 0) this.#problem ||= `bucket count must be non-negative: le=${upperBound}, count=${count}`;
    let at = bounds.length;
    while (at > 0 && bounds[at - 1] >= upperBound) at--;
    if (bounds[at] === upperBound) return;
    if (counts[at - 1] > count || counts[at] < count) {
      this.#problem ||= `count is not cumulative: le=${upperBound}, count=${count}`;
    }
    bounds.splice(at, 0, upperBound);
    counts.splice(at, 0, count);
  }

  setCount(count: number): void {
    if (count < 0) this.#problem ||= `count must be non-negative: count=${count}`;
    this.#count = count;
  }

  setSum(sum: number): void {
    this.#sum = sum;
  }

  /**
   * The histogram of what was collected.
   * @returns The reason where the parts do not make a histogram.
   */
  convert(counterResetHint: CounterResetHint = "unknown"): FloatHistogram | string {
    if (this.#problem !== "") return this.#problem;
    const bounds = this.#bounds.slice(), counts = this.#counts.slice();
    const count = this.#count ?? counts.at(-1) ?? 0;
    if (bounds.at(-1) !== Infinity) {
      bounds.push(Infinity);
      counts.push(count);
    }
    if (counts.at(-1) !== count) return `count mismatch: count=${count} != le=+Inf count=${counts.at(-1)}`;
    const buckets = Float64Array.from(counts, (value, i) => i === 0 ? value : value - counts[i - 1]);
    const whole = counts.every(Number.isInteger);
    try {
      const histogram = new FloatHistogram({
        schema: CUSTOM_BUCKETS_SCHEMA,
        count,
        sum: this.#sum,
        positiveSpans: [{ offset: 0, length: buckets.length }],
        positiveBuckets: buckets,
        customValues: Float64Array.from(bounds.slice(0, -1)),
        counterResetHint,
      });
      histogram.validate();
      return compact(histogram, whole ? EMPTY_BUCKETS_KEPT : 0);
    } catch (error) {
      return (error as Error).message;
    }
  }
}
