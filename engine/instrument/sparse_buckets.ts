import type { Span } from "../histogram/float_histogram.ts";

const GAP_FILLED_MAX = 2; // empty buckets that cost less than a new span

/**
 * Counts of one side's native buckets, by column. Invariants: `keys[0, size)` strictly ascending,
 * `counts[i]` belongs to `keys[i]`; what lies behind `size` is unspecified.
 */
export class SparseBuckets {
  #keys = new Int32Array(16);
  #counts = new Float64Array(16);
  #size = 0;

  /** Number of populated buckets. */
  get size(): number {
    return this.#size;
  }

  /** Key of the bucket nearest to zero, or `undefined` where there is none. */
  get smallestKey(): number | undefined {
    return this.#size === 0 ? undefined : this.#keys[0];
  }

  /** Counts one observation; allocates only where the bucket is new and there is no room. */
  increment(key: number): void {
    const keys = this.#keys;
    let low = 0, high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle] < key) low = middle + 1;
      else high = middle;
    }
    if (low === this.#size || keys[low] !== key) this.#insert(low, key);
    this.#counts[low]++;
  }

  #insert(at: number, key: number): void {
    if (this.#size === this.#keys.length) {
      const keys = new Int32Array(this.#size * 2), counts = new Float64Array(this.#size * 2);
      keys.set(this.#keys);
      counts.set(this.#counts);
      this.#keys = keys;
      this.#counts = counts;
    }
    this.#keys.copyWithin(at + 1, at, this.#size);
    this.#counts.copyWithin(at + 1, at, this.#size);
    this.#keys[at] = key;
    this.#counts[at] = 0;
    this.#size++;
  }

  /** Takes out bucket `key` and returns its count, 0 where it is empty. Only the smallest key may be asked for. */
  takeSmallest(key: number): number {
    if (this.#size === 0 || this.#keys[0] !== key) return 0;
    const count = this.#counts[0];
    this.#keys.copyWithin(0, 1, this.#size);
    this.#counts.copyWithin(0, 1, this.#size);
    this.#size--;
    return count;
  }

  /** Merges each two neighbours into the bucket of the next coarser schema. */
  halve(): void {
    const keys = this.#keys, counts = this.#counts;
    let size = 0;
    for (let i = 0; i < this.#size; i++) {
      const key = (keys[i] + 1) >> 1;
      if (size > 0 && keys[size - 1] === key) {
        counts[size - 1] += counts[i];
      } else {
        const count = counts[i];
        keys[size] = key;
        counts[size++] = count;
      }
    }
    this.#size = size;
  }

  clear(): void {
    this.#size = 0;
  }

  /** Spans with their counts; gaps of up to two buckets are filled with zeros rather than split. */
  encode(): { spans: Span[]; counts: Float64Array } {
    const spans: { offset: number; length: number }[] = [];
    const counts: number[] = [];
    let end = 0; // key after the last bucket written
    for (let i = 0; i < this.#size; i++) {
      const key = this.#keys[i], gap = key - end;
      if (spans.length > 0 && gap <= GAP_FILLED_MAX) {
        for (let empty = 0; empty < gap; empty++) counts.push(0);
        spans[spans.length - 1].length += gap + 1;
      } else {
        spans.push({ offset: gap, length: 1 });
      }
      counts.push(this.#counts[i]);
      end = key + 1;
    }
    return { spans, counts: Float64Array.from(counts) };
  }
}
