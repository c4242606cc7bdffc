import type { SeriesBudget } from "../scrape/series_budget.ts";

/** Words of shared memory: active series of all shards, then those of each. */
const TOTAL = 0;
const OWN = 1;

/**
 * How many series may be active in the whole process. The counts are shared by all shards, whichever thread they run
 * in, through shared memory.
 */
export class SharedSeriesBudget implements SeriesBudget {
  readonly #counts: Int32Array;

  /**
   * @param max Most active series; 0 for no limit.
   * @param shard Number of the shard whose series these are, from 0.
   */
  constructor(
    readonly max: number,
    readonly onRefused: SeriesBudget["onRefused"],
    shared: SharedArrayBuffer,
    readonly shard: number,
  ) {
    this.#counts = new Int32Array(shared);
  }

  /** Memory for the counts of so many shards. */
  static memory(shards: number): SharedArrayBuffer {
    return new SharedArrayBuffer((OWN + shards) * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Gives back everything that a shard took which died. */
  static releaseAll(shared: SharedArrayBuffer, shard: number): void {
    const counts = new Int32Array(shared);
    Atomics.sub(counts, TOTAL, Atomics.exchange(counts, OWN + shard, 0));
  }

  tryTake(count: number): boolean {
    if (Atomics.add(this.#counts, TOTAL, count) + count <= this.max || this.max === 0) {
      Atomics.add(this.#counts, OWN + this.shard, count);
      return true;
    }
    Atomics.sub(this.#counts, TOTAL, count);
    return false;
  }

  take(count: number): void {
    Atomics.add(this.#counts, TOTAL, count);
    Atomics.add(this.#counts, OWN + this.shard, count);
  }

  release(count: number): void {
    this.take(-count);
  }
}
