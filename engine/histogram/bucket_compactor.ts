import { layoutOf, type Span, spansOf } from "./span.ts";

/** Cells of one slab, unless a histogram has more. */
const SLAB_CELLS = 4096;

/** Buckets of one side as a histogram has them. */
export interface CompactBuckets {
  readonly spans: readonly Span[];
  readonly counts: Float64Array;
}

/**
 * Makes many histograms of one layout compact: takes the counts of all buckets, gives those that are populated.
 * Neighbours that populate the same buckets share their spans, and all share memory by the slab.
 */
export class BucketCompactor {
  /** To be filled with a count for every bucket of the layout, then given to `compact`. */
  readonly counts: Float64Array;
  readonly #indexes: Int32Array;
  readonly #allSpans: readonly Span[];
  #slab = new Float64Array(0);
  #used = 0;
  /** Positions of the populated buckets in the last result that was not full, and its spans. */
  #kept: Int32Array;
  #keptCount = -1;
  #keptSpans: readonly Span[] = [];

  constructor(spans: readonly Span[]) {
    const layout = layoutOf(spans);
    this.#indexes = layout.indexes;
    this.#allSpans = layout.spans;
    this.counts = new Float64Array(layout.indexes.length);
    this.#kept = new Int32Array(layout.indexes.length);
  }

  /** The buckets that are populated, each count multiplied by `factor` once it is known not to be 0. */
  compact(factor = 1): CompactBuckets {
    const { counts } = this;
    const length = counts.length;
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Float64Array(Math.max(length, SLAB_CELLS));
      this.#used = 0;
    }
    const slab = this.#slab, from = this.#used;
    let to = from;
    for (let i = 0; i < length; i++) {
      const count = counts[i]!;
      if (count !== 0) slab[to++] = count * factor;
    }
    this.#used = to;
    const compact = slab.subarray(from, to);
    return { counts: compact, spans: to - from === length ? this.#allSpans : this.#spansOfKept(to - from) };
  }

  #spansOfKept(count: number): readonly Span[] {
    const { counts } = this;
    const kept = this.#kept;
    let same = count === this.#keptCount;
    for (let i = 0, at = 0; i < counts.length; i++) {
      if (counts[i] === 0) continue;
      if (kept[at] !== i) {
        kept[at] = i;
        same = false;
      }
      at++;
    }
    if (!same) {
      this.#keptCount = count;
      this.#keptSpans = spansOf(Int32Array.from(kept.subarray(0, count), (i) => this.#indexes[i]!));
    }
    return this.#keptSpans;
  }
}
