/**
 * How many series may be active in the whole process. The count is shared by all shards, whichever thread they run in,
 * through one word of shared memory.
 */
export class SeriesBudget {
  readonly #active: Int32Array;

  /** @param max Most active series; 0 for no limit. */
  constructor(readonly max: number, readonly shared: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.#active = new Int32Array(shared);
  }

  get active(): number {
    return Atomics.load(this.#active, 0);
  }

  /** Counts `count` more series, or returns false and counts none where that would go over the budget. */
  tryTake(count: number): boolean {
    if (Atomics.add(this.#active, 0, count) + count <= this.max || this.max === 0) return true;
    Atomics.sub(this.#active, 0, count);
    return false;
  }

  release(count: number): void {
    Atomics.sub(this.#active, 0, count);
  }
}
