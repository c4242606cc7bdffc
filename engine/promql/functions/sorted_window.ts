import { quantileOfSorted } from "../operators/quantile.ts";

/** The values of a window in order, kept in order while the window slides forwards over one column. */
export class SortedWindow {
  #sorted = new Float64Array(64);
  #count = 0;
  #from = 0;
  #to = 0;

  /** The φ-quantile of `values[from, to)`, at least one; φ in [0, 1]. */
  quantile(values: Float64Array, from: number, to: number, phi: number): number {
    this.#moveTo(values, from, to);
    return quantileOfSorted(this.#sorted.subarray(0, this.#count), phi);
  }

  #moveTo(values: Float64Array, from: number, to: number): void {
    const changes = (from - this.#from) + (to - this.#to);
    // An insertion moves half the window on average, sorting compares each value a few times.
    if (from >= this.#to || from < this.#from || changes > 8) this.#fill(values, from, to);
    else {
      let out = this.#from, into = this.#to;
      while (out < from && into < to) this.#replace(values[out++]!, values[into++]!);
      while (out < from) this.#remove(values[out++]!);
      while (into < to) this.#insert(values[into++]!);
    }
    this.#from = from;
    this.#to = to;
  }

  #fill(values: Float64Array, from: number, to: number): void {
    this.#reserve(to - from);
    this.#sorted.set(values.subarray(from, to));
    this.#count = to - from;
    this.#sorted.subarray(0, this.#count).sort();
  }

  /** Takes one value out and puts another in, moving only those between them. */
  #replace(old: number, value: number): void {
    const sorted = this.#sorted, last = this.#count - 1;
    let at = this.#place(old);
    while (at < last && isBefore(sorted[at + 1]!, value)) {
      sorted[at] = sorted[at + 1]!;
      at++;
    }
    while (at > 0 && isBefore(value, sorted[at - 1]!)) {
      sorted[at] = sorted[at - 1]!;
      at--;
    }
    sorted[at] = value;
  }

  #insert(value: number): void {
    this.#reserve(this.#count + 1);
    const at = this.#place(value);
    this.#sorted.copyWithin(at + 1, at, this.#count);
    this.#sorted[at] = value;
    this.#count++;
  }

  #remove(value: number): void {
    const at = this.#place(value);
    this.#sorted.copyWithin(at, at + 1, this.#count);
    this.#count--;
  }

  /** The first index whose value is not less than `value`; NaN comes last, and -0 before 0, as typed arrays sort. */
  #place(value: number): number {
    let low = 0, high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#sorted[middle]!, value)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #reserve(count: number): void {
    if (count <= this.#sorted.length) return;
    const larger = new Float64Array(2 * count);
    larger.set(this.#sorted.subarray(0, this.#count));
    this.#sorted = larger;
  }
}

function isBefore(a: number, b: number): boolean {
  if (a < b) return true;
  if (a > b) return false;
  return a === b ? a === 0 && Object.is(a, -0) && Object.is(b, 0) : a === a;
}
