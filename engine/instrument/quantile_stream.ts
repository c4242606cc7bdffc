import { grown } from "../grown.ts";

/** A quantile to estimate and the largest allowed error of its rank, as a fraction of all observations. */
export interface Objective {
  readonly quantile: number;
  readonly error: number;
}

/**
 * Quantiles of a stream within stated rank errors, in little memory.
 *
 * Keeps some of the values, ascending. Value `i` stands for `widths[i]` observations; the rank of its last one
 * lies in `[r, r + spreads[i]]`, where `r` is the sum of `widths[0..i]`. Neighbours are merged as long as
 * `width + spread` stays within what the objectives allow over all ranks concerned, which is stricter than the
 * paper (it looks at one rank only and may miss its error). Minimum and maximum are always kept.
 * @see Cormode, Korn, Muthukrishnan, Srivastava: Effective Computation of Biased Quantiles over Data Streams
 */
export class QuantileStream {
  readonly #objectives: readonly Objective[];
  #count = 0;
  #size = 0;
  #values = new Float64Array(64);
  #widths = new Float64Array(64);
  #spreads = new Float64Array(64);
  #spareValues = new Float64Array(64);
  #spareWidths = new Float64Array(64);
  #spareSpreads = new Float64Array(64);

  constructor(objectives: readonly Objective[]) {
    // Minimum and maximum are exact anyway.
    this.#objectives = objectives.filter(({ quantile }) => quantile > 0 && quantile < 1);
  }

  /** Number of observations. */
  get count(): number {
    return this.#count;
  }

  /** Number of values kept. */
  get size(): number {
    return this.#size;
  }

  reset(): void {
    this.#count = 0;
    this.#size = 0;
  }

  /** Adds observations `sorted`, which must be ascending and free of NaN. */
  insertSorted(sorted: Float64Array): void {
    if (sorted.length === 0) return;
    this.#reserve(this.#size + sorted.length);
    this.#merge(sorted);
    this.#compress();
  }

  /** The value at `quantile`, which must be 0, 1 or among the objectives; NaN without observations. */
  query(quantile: number): number {
    if (this.#size === 0) return NaN;
    if (quantile <= 0) return this.#values[0];
    if (quantile >= 1) return this.#values[this.#size - 1];
    const error = this.#objectives.find((objective) => objective.quantile === quantile)?.error ?? 0;
    const limit = (quantile + error) * this.#count;
    let rank = this.#widths[0];
    for (let i = 1; i < this.#size; i++) {
      if (rank + this.#widths[i] + this.#spreads[i] > limit) return this.#values[i - 1];
      rank += this.#widths[i];
    }
    return this.#values[this.#size - 1];
  }

  /**
   * How many ranks a value may span that spans `[low, high]`: twice the allowed error around an objective, more the
   * farther away. Never shrinks for a value while others are added, so what was allowed once stays so.
   */
  #allowed(low: number, high: number): number {
    const count = this.#count;
    let allowed = count;
    for (const { quantile, error } of this.#objectives) {
      const target = quantile * count;
      const here = high < target
        ? 2 * error * (count - high) / (1 - quantile)
        : low > target
        ? 2 * error * low / quantile
        : 2 * error * count;
      if (here < allowed) allowed = here;
    }
    return allowed;
  }

  #merge(sorted: Float64Array): void {
    const values = this.#spareValues, widths = this.#spareWidths, spreads = this.#spareSpreads;
    let from = 0, to = 0;
    for (let i = 0; i < sorted.length; i++) {
      const value = sorted[i];
      for (; from < this.#size && this.#values[from] <= value; from++, to++) {
        values[to] = this.#values[from];
        widths[to] = this.#widths[from];
        spreads[to] = this.#spreads[from];
      }
      values[to] = value;
      widths[to] = 1;
      // Its rank is below that of the next value, which is all that is known; a new maximum's is exact.
      spreads[to++] = from === this.#size ? 0 : this.#widths[from] + this.#spreads[from] - 1;
    }
    this.#count += sorted.length;
    for (; from < this.#size; from++, to++) {
      values[to] = this.#values[from];
      widths[to] = this.#widths[from];
      spreads[to] = this.#spreads[from];
    }
    [this.#values, this.#spareValues] = [values, this.#values];
    [this.#widths, this.#spareWidths] = [widths, this.#widths];
    [this.#spreads, this.#spareSpreads] = [spreads, this.#spreads];
    this.#size = to;
  }

  #compress(): void {
    const values = this.#values, widths = this.#widths, spreads = this.#spreads;
    const last = this.#size - 1;
    if (last < 2) return;
    let keep = last; // what is kept so far lies in [keep, last]
    let rank = this.#count - widths[last];
    for (let i = last - 1; i >= 1; i--) {
      rank -= widths[i]; // observations before value i
      const span = widths[i] + widths[keep] + spreads[keep];
      if (span <= this.#allowed(rank, rank + span)) {
        widths[keep] += widths[i];
        continue;
      }
      keep--;
      values[keep] = values[i];
      widths[keep] = widths[i];
      spreads[keep] = spreads[i];
    }
    values.copyWithin(1, keep, last + 1);
    widths.copyWithin(1, keep, last + 1);
    spreads.copyWithin(1, keep, last + 1);
    this.#size = last - keep + 2;
  }

  #reserve(size: number): void {
    if (size > this.#values.length) {
      this.#values = grown(this.#values, size);
      this.#widths = grown(this.#widths, size);
      this.#spreads = grown(this.#spreads, size);
    }
    if (size > this.#spareValues.length) {
      this.#spareValues = new Float64Array(2 * size);
      this.#spareWidths = new Float64Array(2 * size);
      this.#spareSpreads = new Float64Array(2 * size);
    }
  }
}
