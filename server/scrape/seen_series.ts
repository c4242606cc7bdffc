import type { ScrapeRow } from "../../engine/exposition/scrape_row.ts";
import { grown } from "../../engine/grown.ts";

const NOW = 1, BEFORE = 2;

/** Which slots of a target the last scrape that went well had: what tells how many series a scrape adds. */
export class SeenSeries {
  /** By slot: NOW where that scrape had it, BEFORE where the one before it had. */
  #seen: Uint8Array = new Uint8Array(0);

  /**
   * Takes note of the series in `row`, of which `slotCount` slots are in use, as a scrape that went well.
   * @returns How many of them the one before it did not have.
   */
  update(row: ScrapeRow, slotCount: number): number {
    if (slotCount > this.#seen.length) this.#seen = grown(this.#seen, slotCount);
    const seen = this.#seen;
    let added = 0;
    for (let slot = 0; slot < slotCount; slot++) {
      const before = (seen[slot] & NOW) * BEFORE;
      if (row.isAbsent(slot)) seen[slot] = before;
      else {
        seen[slot] = NOW | before;
        if (before === 0) added++;
      }
    }
    for (const { slot } of row.histograms) added += this.#add(slot);
    for (let i = 0; i < row.timed.count; i++) added += this.#add(row.timed.slots[i]);
    return added;
  }

  /** @returns 1 where neither this scrape nor the one before it is known to have the slot. */
  #add(slot: number): number {
    const was = this.#seen[slot];
    this.#seen[slot] |= NOW;
    return was === 0 ? 1 : 0;
  }

  /** Takes over what is known of the slots as they are in another group: slot `to[i] - 1` there was `i` here, 0 is gone. */
  move(to: Uint32Array, slotCount: number): void {
    const old = this.#seen;
    this.#seen = new Uint8Array(slotCount);
    for (let slot = 0; slot < Math.min(old.length, to.length); slot++) {
      if (to[slot] > 0) this.#seen[to[slot] - 1] = old[slot];
    }
  }
}
