import type { SeriesBudget } from "../scrape/series_budget.ts";

/**
 * How many series may be active in the whole process. The count is shared by all shards, whichever thread they run in,
 * through one word of shared memory.
 */
export class SharedSeriesBudget implements SeriesBudget {
  readonly #active: Int32Array;

  /** @param max Most active series; 0 for no limit. */
  constructor(
    readonly max: number,
    readonly onRefused: SeriesBudget["onRefused"],
    readonly shared: SharedArrayBuffer = new SharedArrayBuffer(4),
  ) {
    this.#active = new Int32Array(shared);
  }

  get active(): number {
    return Atomics.load(this.#active, 0);
  }

  tryTake(count: number): boolean {
    if (Atomics.add(this.#active, 0, count) + count <= this.max || this.max === 0) return true;
    Atomics.sub(this.#active, 0, count);
    return false;
  }

  take(count: number): void {
    Atomics.add(this.#active, 0, count);
  }

  release(count: number): void {
    Atomics.sub(this.#active, 0, count);
  }
}
