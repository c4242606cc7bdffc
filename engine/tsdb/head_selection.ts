import type { Group } from "./group.ts";
import type { GroupRows, Head } from "./head.ts";
import type { LooseColumns } from "./loose_series.ts";
import { lowerBound } from "./lower_bound.ts";
import type { SeriesCollector } from "./series_collector.ts";

interface SelectedRows {
  readonly rows: GroupRows;
  readonly columnId: number;
}

const NONE = 0xffffffff;

/** What the head has of some series, as it was when the selection was made, whatever happens to the head meanwhile. */
export class HeadSelection {
  readonly #selected: SelectedRows[] = [];
  /** By position of the series: index into `selected` of its first home, and its slot there. */
  readonly #firstRows: Uint32Array;
  readonly #firstSlots: Uint32Array;
  readonly #further = new Map<number, { rows: number; slot: number }[]>();
  readonly #loose = new Map<number, LooseColumns[]>();

  constructor(head: Head, refs: Uint32Array, readonly collector: SeriesCollector) {
    this.#firstRows = new Uint32Array(refs.length).fill(NONE);
    this.#firstSlots = new Uint32Array(refs.length);
    const found = new Map<number, number>();
    const hasLoose = head.loose.size + head.sealingLoose.size > 0;
    for (let i = 0; i < refs.length; i++) {
      const ref = refs[i];
      const home = head.firstHome(ref);
      if (home !== undefined) {
        this.#firstRows[i] = this.#select(head, home, found);
        this.#firstSlots[i] = head.firstSlot(ref);
      }
      for (const { group, slot } of head.furtherHomes(ref)) {
        const list = this.#further.get(i) ?? [];
        list.push({ rows: this.#select(head, group, found), slot });
        this.#further.set(i, list);
      }
      if (hasLoose) {
        const columns = head.looseColumns(ref);
        if (columns.length > 0) this.#loose.set(i, columns);
      }
    }
  }

  /** Gives the samples of series number `i` of those selected to the collector. */
  collect(i: number): void {
    this.#collectRows(this.#firstRows[i], this.#firstSlots[i]);
    for (const { rows, slot } of this.#further.get(i) ?? []) this.#collectRows(rows, slot);
    for (const columns of this.#loose.get(i) ?? []) this.collector.addLoose(columns);
  }

  #collectRows(index: number, slot: number): void {
    if (index === NONE) return;
    const { rows, columnId } = this.#selected[index];
    this.collector.addRows(rows, slot, columnId);
  }

  /** The index of the group's rows in `selected`, NONE where they are all outside the collector's range. */
  #select(head: Head, group: Group, found: Map<number, number>): number {
    const known = found.get(group.id);
    if (known !== undefined) return known;
    const rows = head.rows(group, "both");
    const { startMs, endMs } = this.collector;
    let index = NONE;
    if (lowerBound(rows.times, startMs) < lowerBound(rows.times, endMs + 1)) {
      index = this.#selected.push({ rows, columnId: this.collector.newColumnId() }) - 1;
    }
    found.set(group.id, index);
    return index;
  }
}
