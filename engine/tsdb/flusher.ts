import type { BlockMeta } from "./block/block_meta.ts";
import type { BlockSet } from "./block/block_set.ts";
import type { ExemplarStore } from "./exemplars.ts";
import type { Head } from "./head.ts";
import { writeSealing } from "./head_writer.ts";
import type { Journal } from "./journal.ts";
import { stateEntry } from "./state.ts";

/** Length of the shortest windows that blocks are aligned to. */
export const WINDOW_MS = 2 * 3_600_000;
/** How far behind the newest sample one may be, in ms, where late ones are not taken. */
export const BOUND_MS = WINDOW_MS / 2;
/** Exemplars that are logged again between pauses. */
const EXEMPLARS_PER_PAUSE = 5_000;
/** Series that are looked at between pauses. */
const SERIES_PER_PAUSE = 20_000;

/** Writes the head to blocks. One call at a time. */
export class Flusher {
  /** First generation of the log whose samples are not all in blocks. */
  #floor = 0;

  constructor(
    readonly head: Head,
    readonly exemplars: ExemplarStore,
    readonly journal: Journal,
    readonly blocks: BlockSet,
  ) {}

  /**
   * Whether the head spans one and a half windows, takes more than `bytesMax`, or was sealed by a flush that failed.
   */
  isDue(bytesMax: number): boolean {
    const { head } = this;
    if (head.isSealing) return true;
    if (head.minMs > head.maxMs) return false;
    const windowEndMs = (Math.floor(head.minMs / WINDOW_MS) + 1) * WINDOW_MS;
    return head.maxMs >= windowEndMs + WINDOW_MS / 2 || head.openBytes > bytesMax;
  }

  /**
   * Writes everything appended so far to blocks, one for each window that it has samples of, and lets go of its log.
   * What is appended meanwhile belongs to the next generation.
   * @throws {StoreFullError} If there is no space: the samples stay in memory and in the log for the next call.
   */
  async flush(pause: () => Promise<void>): Promise<void> {
    await this.blocks.settle();
    if (this.head.isSealing) await this.#writeSealed(pause); // what an earlier call could not
    this.journal.rotate();
    this.head.seal();
    await this.#writeSealed(pause);
    await this.settle();
  }

  async #writeSealed(pause: () => Promise<void>): Promise<void> {
    const { head, journal, blocks } = this;
    const { generation } = journal.log;
    const metas: BlockMeta[] = [];
    try {
      await this.#writeBlocks(metas, pause);
      await this.#keepExemplars(pause);
      await this.#keepLastTimes(pause);
      await journal.commit(); // no block may name a series that is not in the catalog
    } catch (error) {
      for (const { id } of metas) blocks.abandon(id);
      throw error;
    }
    await blocks.swap({
      add: metas,
      set: [stateEntry("log", generation)],
      restore: [stateEntry("log", this.#floor)],
      then: () => head.sealed(),
    });
    this.#floor = generation;
  }

  /** Takes over the state in which the database was opened. */
  loaded(floor: number): void {
    this.#floor = floor;
  }

  /** Deletes the log of samples that are in blocks. */
  settle(): Promise<void> {
    return this.journal.log.deleteBefore(this.#floor);
  }

  /** Adds a block for each window to `metas`. */
  async #writeBlocks(metas: BlockMeta[], pause: () => Promise<void>): Promise<void> {
    const { head, blocks } = this;
    for (const startMs of this.#windows()) {
      const writer = await blocks.startBlock(0);
      try {
        await writeSealing(head, blocks.order, writer, startMs, startMs + WINDOW_MS, pause);
        if (!writer.isEmpty) metas.push(await writer.finish());
        else blocks.abandon(writer.options.id);
      } catch (error) {
        blocks.abandon(writer.options.id);
        throw error;
      }
    }
  }

  /** Logs the exemplars again that only the log that goes has. Replay puts them in order by their times. */
  async #keepExemplars(pause: () => Promise<void>): Promise<void> {
    let count = 0;
    for (const { ref, exemplar } of [...this.exemplars.inOrder()]) {
      this.journal.records.exemplar(ref, exemplar);
      if (++count % EXEMPLARS_PER_PAUSE === 0) await pause();
    }
  }

  /**
   * Logs when each series was sampled last, as the log that goes says, where other rules do not refuse what is older:
   * without the sample itself, which `deleteSeries` may mean.
   */
  async #keepLastTimes(pause: () => Promise<void>): Promise<void> {
    const { head, journal } = this;
    const refsByTime = new Map<number, number[]>();
    for (let ref = 0; ref < head.refsEnd; ref++) {
      if (ref % SERIES_PER_PAUSE === SERIES_PER_PAUSE - 1) await pause();
      const { timeMs } = head.last(ref);
      if (timeMs === -Infinity || timeMs < head.maxMs - BOUND_MS) continue;
      const refs = refsByTime.get(timeMs);
      if (refs === undefined) refsByTime.set(timeMs, [ref]);
      else refs.push(ref);
    }
    for (const [timeMs, refs] of refsByTime) journal.records.lastTime(timeMs, refs);
  }

  /** Begins of the windows that the sealing generation has samples in, ascending. */
  #windows(): number[] {
    const windows = new Set<number>();
    for (const group of this.head.groups.values()) {
      for (const { times, rows } of group.sealing) {
        for (let row = 0; row < rows; row++) windows.add(Math.floor(times[row] / WINDOW_MS));
      }
    }
    for (const series of this.head.sealingLoose.values()) {
      const first = Math.floor(series.firstMs / WINDOW_MS);
      if (Math.floor(series.lastMs / WINDOW_MS) === first) windows.add(first);
      else for (const timeMs of series.columns().times) windows.add(Math.floor(timeMs / WINDOW_MS));
    }
    return [...windows].sort((a, b) => a - b).map((window) => window * WINDOW_MS);
  }
}
