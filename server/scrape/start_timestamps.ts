import type { ScrapeRow } from "../../engine/exposition/scrape_row.ts";
import { isTime } from "../../engine/tsdb/append_rules.ts";
import type { StartTimestampUse } from "./spec.ts";

/** What becomes of start timestamps by the features that are on. */
export function startTimestampUse(features: ReadonlySet<string>): StartTimestampUse {
  return {
    areStored: features.has("st-storage"),
    injectZeros: features.has("created-timestamp-zero-ingestion"),
  };
}

/** Whether start timestamps are read at all; targets are then asked for protobuf first, which carries them best. */
export function readsStartTimestamps({ areStored, injectZeros }: StartTimestampUse): boolean {
  return areStored || injectZeros;
}

/** The start timestamps of a target's last two scrapes, by slot, 0 where unknown. */
export class ScrapedStarts {
  #now = new Float64Array(0);
  #before = new Float64Array(0);

  /**
   * Takes those of `row`, leaving out what is no time.
   * @returns Them, until the call after the next one; undefined where there are none.
   */
  read(row: ScrapeRow): Float64Array | undefined {
    const { startTimes } = row;
    if (startTimes.length === 0 && this.#now.length === 0) return undefined;
    const last = this.#now;
    this.#now = this.#before.length === row.values.length
      ? this.#before.fill(0)
      : new Float64Array(row.values.length);
    this.#before = last;
    for (const { slot, startMs } of startTimes) if (isTime(startMs)) this.#now[slot] = startMs;
    return startTimes.length === 0 ? undefined : this.#now;
  }

  of(slot: number): number {
    return slot < this.#now.length ? this.#now[slot] : 0;
  }

  /** Whether the slot has another start timestamp than in the scrape before. */
  changed(slot: number): boolean {
    return slot >= this.#before.length || this.#before[slot] !== this.#now[slot];
  }

  /** Slots mean other series from now on. */
  forget(): void {
    this.#now = this.#before = new Float64Array(0);
  }
}
