import { formatG } from "../go_float.ts";
import { compact } from "./arithmetic.ts";
import type { ClassicBucket } from "./classic.ts";
import { columnOf } from "./column.ts";
import { FloatHistogram } from "./float_histogram.ts";
import { hasIntegerCounts } from "./integer.ts";
import { CUSTOM_BUCKETS_SCHEMA } from "./schema.ts";

/** The series of a classic histogram do not make up a histogram. */
export class ClassicHistogramError extends RangeError {
  override readonly name = "ClassicHistogramError";
}

/**
 * Collects the series of a classic histogram, in any order, for conversion to a native histogram with custom
 * buckets. May be used again after `clear`.
 */
export class ClassicHistogramBuilder {
  /** Ascending by bound, counts never falling. */
  #buckets: ClassicBucket[] = [];
  #count: number | undefined;
  #sum = 0;

  /**
   * Adds a `_bucket` sample; one with a bound that is already there is ignored.
   * @throws {ClassicHistogramError} If the bound is NaN, the count negative or not cumulative.
   */
  addBucket(upperBound: number, count: number): void {
    if (Number.isNaN(upperBound)) throw new ClassicHistogramError("bucket boundary must not be NaN");
    if (count < 0) {
      throw new ClassicHistogramError(
        `bucket count must be non-negative: le=${formatG(upperBound)}, count=${formatG(count)}`,
      );
    }
    let at = this.#buckets.length;
    while (at > 0 && this.#buckets[at - 1]!.upperBound >= upperBound) at--;
    const next = this.#buckets[at];
    if (next?.upperBound === upperBound) return;
    const before = this.#buckets[at - 1];
    if (before !== undefined && count < before.count) throw notCumulative(count, "<", before.count);
    if (next !== undefined && count > next.count) throw notCumulative(count, ">", next.count);
    this.#buckets.splice(at, 0, { upperBound, count });
  }

  /**
   * Sets the `_count` sample; without one the highest bucket tells the count.
   * @throws {ClassicHistogramError} If it is negative.
   */
  setCount(count: number): void {
    if (count < 0) throw new ClassicHistogramError(`count must be non-negative: count=${formatG(count)}`);
    this.#count = count;
  }

  setSum(sum: number): void {
    this.#sum = sum;
  }

  clear(): void {
    this.#buckets = [];
    this.#count = undefined;
    this.#sum = 0;
  }

  /**
   * The native histogram, compact up to gaps of two buckets if all counts are whole.
   * @throws {ClassicHistogramError} If the count is not that of the +Inf bucket.
   */
  build(): FloatHistogram {
    const count = this.#count ?? this.#buckets.at(-1)?.count ?? 0;
    const buckets = this.#buckets.slice();
    if (buckets.at(-1)?.upperBound !== Infinity) buckets.push({ upperBound: Infinity, count });
    const last = buckets.at(-1)!;
    if (count !== last.count) {
      throw new ClassicHistogramError(
        `count mismatch: count=${formatG(count)} != le=${formatG(last.upperBound)} count=${
          formatG(last.count)
        }`,
      );
    }
    const h = new FloatHistogram({
      schema: CUSTOM_BUCKETS_SCHEMA,
      count,
      sum: this.#sum,
      positiveSpans: [{ offset: 0, length: buckets.length }],
      positiveBuckets: Float64Array.from(buckets, (bucket, i) => bucket.count - (buckets[i - 1]?.count ?? 0)),
      customValues: Float64Array.from(buckets.slice(0, -1), (bucket) => bucket.upperBound),
    });
    return compact(h, hasIntegerCounts(h) ? 2 : 0);
  }
}

function notCumulative(count: number, sign: "<" | ">", neighbour: number): ClassicHistogramError {
  return new ClassicHistogramError(
    `count is not cumulative: ${formatG(count)} ${sign} ${formatG(neighbour)}`,
  );
}

/**
 * The cumulative `_bucket` samples of a histogram with custom buckets, the last one for +Inf.
 * @throws {RangeError} If its buckets are exponential.
 */
export function toClassicBuckets(h: FloatHistogram): ClassicBucket[] {
  if (!h.usesCustomBuckets) {
    throw new RangeError(
      `Cannot convert histogram of schema ${h.schema} to classic buckets: only custom buckets (schema ${CUSTOM_BUCKETS_SCHEMA}) can be`,
    );
  }
  const { indexes, counts } = columnOf(h.positiveSpans, h.positiveBuckets);
  const classic: ClassicBucket[] = [];
  let at = 0;
  let count = 0;
  for (let i = 0; i <= h.customValues.length; i++) {
    if (indexes[at] === i) count += counts[at++]!;
    classic.push({ upperBound: h.customValues[i] ?? Infinity, count });
  }
  return classic;
}
