import { grown } from "../grown.ts";
import { lowerBound } from "./lower_bound.ts";

const none = new Uint32Array(0);

/**
 * Since when the series of a group count. A start timestamp changes when its process restarts and hardly ever between, so
 * what is kept is its changes:
 *
 *   newest │ by slot: number of its newest change + 1, 0 where it never had a start timestamp
 *   change │ slot · time of the first row that it holds for · start timestamp · change of the slot before it + 1
 *
 * All times are in ms since the Unix epoch; a start timestamp of 0 means that none is known.
 */
export class StartTimes {
  #newest = none;
  #count = 0;
  #slots = none;
  #rowTimes = new Float64Array(0);
  #starts = new Float64Array(0);
  #before = none;

  /** Changes so far. */
  get count(): number {
    return this.#count;
  }

  /** Slots of which any may have a start timestamp: `[0, slotsEnd)`. */
  get slotsEnd(): number {
    return this.#newest.length;
  }

  /** The slot that change `i` is of. */
  slotOf(i: number): number {
    return this.#slots[i];
  }

  /** The start timestamp since change `i` of its slot. */
  startOf(i: number): number {
    return this.#starts[i];
  }

  /** The start timestamp of the slot's newest sample. */
  newestOf(slot: number): number {
    const newest = slot < this.#newest.length ? this.#newest[slot] : 0;
    return newest === 0 ? 0 : this.#starts[newest - 1];
  }

  /** Takes note that the samples of `slot` since the row of `rowMs`, which is not before any known one, have this start. */
  set(slot: number, rowMs: number, startMs: number): void {
    if (this.newestOf(slot) === startMs) return;
    if (slot >= this.#newest.length) this.#newest = grown(this.#newest, slot + 1);
    const at = this.#count++;
    if (at === this.#slots.length) {
      this.#slots = grown(this.#slots, at + 1);
      this.#rowTimes = grown(this.#rowTimes, at + 1);
      this.#starts = grown(this.#starts, at + 1);
      this.#before = grown(this.#before, at + 1);
    }
    this.#slots[at] = slot;
    this.#rowTimes[at] = rowMs;
    this.#starts[at] = startMs;
    this.#before[at] = this.#newest[slot];
    this.#newest[slot] = at + 1;
  }

  /**
   * Writes the known start timestamps of `slot` in the rows of `times[from, to)` to `out` from `outStart`, which holds
   * zeros there. `out` is asked for once there is any.
   * @returns Whether there was.
   */
  read(
    slot: number,
    times: Float64Array,
    from: number,
    to: number,
    out: () => Float64Array,
    outStart: number,
  ): boolean {
    let any = false, end = to;
    let change = slot < this.#newest.length ? this.#newest[slot] : 0;
    for (; change > 0 && end > from; change = this.#before[change - 1]) {
      const first = Math.max(from, lowerBound(times, this.#rowTimes[change - 1]));
      if (first >= end) continue;
      const startMs = this.#starts[change - 1];
      if (startMs !== 0) {
        out().fill(startMs, outStart + first - from, outStart + end - from);
        any = true;
      }
      end = first;
    }
    return any;
  }

  /** What rows from `timeMs` on need of this; `undefined` where that is nothing. This stays as it is. */
  since(timeMs: number): StartTimes | undefined {
    const kept = new Uint8Array(this.#count);
    const next = new Float64Array(this.#newest.length).fill(Infinity);
    for (let i = this.#count - 1; i >= 0; i--) {
      const slot = this.#slots[i];
      kept[i] = next[slot] > timeMs ? 1 : 0;
      next[slot] = this.#rowTimes[i];
    }
    const result = new StartTimes();
    for (let i = 0; i < this.#count; i++) {
      if (kept[i] === 1) result.set(this.#slots[i], this.#rowTimes[i], this.#starts[i]);
    }
    return result.count === 0 ? undefined : result;
  }
}
