/** Counts of one slab, unless a histogram has more. */
const SLAB_COUNTS = 2048;

/**
 * Buckets of many histograms in few arrays: an array of its own for each takes more time and memory than what is in it.
 * A slab lives as long as one of its histograms.
 */
export class BucketSlab {
  #slab = new Float64Array(0);
  #used = 0;

  /** Room for `length` counts, all 0. */
  take(length: number): Float64Array {
    if (length === 0) return NO_BUCKETS;
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Float64Array(Math.max(length, SLAB_COUNTS));
      this.#used = 0;
    }
    return this.#slab.subarray(this.#used, this.#used += length);
  }
}

const NO_BUCKETS = new Float64Array(0);
