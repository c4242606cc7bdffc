import type { FloatHistogram } from "../histogram/float_histogram.ts";
import { ABSENT_HIGH, ABSENT_LOW } from "../sample.ts";
import { ELSEWHERE_LOW, Group, type Segment } from "./group.ts";
import { union } from "./postings.ts";
import { type LooseColumns, LooseSeries } from "./loose_series.ts";
import { grown } from "./symbols.ts";

/** Where a series has its rows: a slot of a group. */
export interface Home {
  readonly group: Group;
  readonly slot: number;
}

/** Rows `[from, to)` of a group, over its segments, as they were when the view was taken. */
export interface GroupRows {
  readonly group: Group;
  readonly segments: readonly Segment[];
  /** First row of each segment, and behind the last one the number of rows. */
  readonly firstRows: readonly number[];
  /** Timestamps of all rows in ms, ascending. */
  readonly times: Float64Array;
}

/**
 * The samples that are not in a block yet: rows of groups, and loose samples.
 * They belong to one of two generations: the current one takes new samples, the sealing one is being written to blocks.
 */
export class Head {
  readonly groups = new Map<number, Group>();
  readonly #byIdentity = new Map<string, Group>();
  #nextGroupId = 1;
  // First home of each series, by ref: group id (0 = none) and slot. Further homes are rare and kept in a map.
  #homeGroups = new Uint32Array(1 << 8);
  #homeSlots = new Uint32Array(1 << 8);
  readonly #furtherHomes = new Map<number, Home[]>();
  loose = new Map<number, LooseSeries>();
  sealingLoose = new Map<number, LooseSeries>();
  #looseSamples = 0;
  /** Newest and oldest sample in ms. */
  maxMs = -Infinity;
  minMs = Infinity;

  /** The group of this identity, made when there is none. */
  group(identity: string): Group {
    return this.#byIdentity.get(identity) ?? this.addGroup(identity, this.#nextGroupId);
  }

  find(identity: string): Group | undefined {
    return this.#byIdentity.get(identity);
  }

  /** Makes a group, which from now on is the one of its identity. */
  addGroup(identity: string, id: number): Group {
    while (this.groups.has(id)) id = this.#nextGroupId++;
    const group = new Group(id, identity);
    this.#nextGroupId = Math.max(this.#nextGroupId, id + 1);
    this.groups.set(id, group);
    this.#byIdentity.set(identity, group);
    return group;
  }

  /** The group will take no more rows. Its rows stay until they are in a block. */
  retire(group: Group): void {
    if (this.#byIdentity.get(group.identity) === group) this.#byIdentity.delete(group.identity);
    if (group.open.length === 0 && group.sealing.length === 0) this.#forget(group);
  }

  /** The slot of `ref` in `group`, a new one where the group has none for it. */
  slotOf(group: Group, ref: number): number {
    const known = this.findSlot(group, ref);
    if (known >= 0) return known;
    const slot = group.addSlot(ref);
    if (ref >= this.#homeGroups.length) {
      this.#homeGroups = grown(this.#homeGroups, ref + 1);
      this.#homeSlots = grown(this.#homeSlots, ref + 1);
    }
    if (this.#homeGroups[ref] === 0) {
      this.#homeGroups[ref] = group.id;
      this.#homeSlots[ref] = slot;
    } else {
      const further = this.#furtherHomes.get(ref) ?? [];
      further.push({ group, slot });
      this.#furtherHomes.set(ref, further);
    }
    return slot;
  }

  /** The slot of `ref` in `group`, or -1. */
  findSlot(group: Group, ref: number): number {
    if (this.#homeGroups[ref] === group.id) return this.#homeSlots[ref];
    return this.#furtherHomes.get(ref)?.find((home) => home.group === group)?.slot ?? -1;
  }

  firstHome(ref: number): Group | undefined {
    return ref < this.#homeGroups.length ? this.groups.get(this.#homeGroups[ref]) : undefined;
  }

  firstSlot(ref: number): number {
    return this.#homeSlots[ref];
  }

  furtherHomes(ref: number): readonly Home[] {
    return this.#furtherHomes.get(ref) ?? noHomes;
  }

  /** Newest time in ms at which the series got a sample here, -Infinity where it has none. */
  lastMs(ref: number): number {
    let last = Math.max(
      this.loose.get(ref)?.lastMs ?? -Infinity,
      this.sealingLoose.get(ref)?.lastMs ?? -Infinity,
    );
    const home = this.firstHome(ref);
    if (home?.holdsSample(this.#homeSlots[ref])) last = Math.max(last, home.lastMs);
    for (const { group, slot } of this.furtherHomes(ref)) {
      if (group.holdsSample(slot)) last = Math.max(last, group.lastMs);
    }
    return last;
  }

  addFloat(ref: number, timeMs: number, value: number): void {
    this.#looseOf(ref, timeMs).addFloat(timeMs, value);
  }

  addStale(ref: number, timeMs: number): void {
    this.#looseOf(ref, timeMs).addStale(timeMs);
  }

  addHistogram(ref: number, timeMs: number, histogram: FloatHistogram): void {
    this.#looseOf(ref, timeMs).addHistogram(timeMs, histogram);
  }

  /** Takes note of the time of a row. */
  noteTime(timeMs: number): void {
    if (timeMs > this.maxMs) this.maxMs = timeMs;
    if (timeMs < this.minMs) this.minMs = timeMs;
  }

  /** Bytes of the samples of the current generation. */
  get openBytes(): number {
    let bytes = this.#looseSamples * 24;
    for (const group of this.groups.values()) bytes += group.rowBytes;
    return bytes;
  }

  get isSealing(): boolean {
    return this.#sealing;
  }
  #sealing = false;

  /** Begins a new generation; the samples so far are to be written to blocks. */
  seal(): void {
    if (this.#sealing) throw new Error("BUG: the generation before is still being written");
    this.#sealing = true;
    for (const group of this.groups.values()) group.seal();
    this.sealingLoose = this.loose;
    this.loose = new Map();
    this.#looseSamples = 0;
  }

  /** Forgets the sealing generation, which is in blocks now. */
  sealed(): void {
    this.#sealing = false;
    this.sealingLoose = new Map();
    this.minMs = Infinity;
    for (const group of this.groups.values()) {
      group.sealing = [];
      if (group.open.length > 0) this.minMs = Math.min(this.minMs, group.open[0].times[0]);
      else if (this.#byIdentity.get(group.identity) !== group) this.#forget(group);
    }
    for (const series of this.loose.values()) this.minMs = Math.min(this.minMs, series.firstMs);
  }

  /** The rows of `group`, of both generations. Stays as it is while rows are added. */
  rows(group: Group, generation: "sealing" | "both"): GroupRows {
    const segments = generation === "sealing" ? group.sealing : [...group.sealing, ...group.open];
    const firstRows = [0];
    for (const segment of segments) firstRows.push(firstRows.at(-1)! + segment.rows);
    const times = new Float64Array(firstRows.at(-1)!);
    segments.forEach((segment, i) => times.set(segment.times.subarray(0, segment.rows), firstRows[i]));
    return { group, segments, firstRows, times };
  }

  /** Refs of the series of all groups with rows, and of loose samples, from `startMs` to `endMs`, ascending. */
  refsIn(startMs: number, endMs: number): Uint32Array {
    const refs: Uint32Array[] = [];
    for (const group of this.groups.values()) {
      const segments = [...group.sealing, ...group.open];
      const overlaps = segments.some(({ times, rows }) => times[0] <= endMs && times[rows - 1] >= startMs);
      if (overlaps) refs.push(group.slotRefs.slice(0, group.slotCount).sort());
    }
    for (const loose of [this.loose, this.sealingLoose]) {
      const found = [...loose.values()].filter(({ firstMs, lastMs }) =>
        firstMs <= endMs && lastMs >= startMs
      );
      if (found.length > 0) refs.push(Uint32Array.from(found, ({ ref }) => ref).sort());
    }
    return refs.length === 0 ? new Uint32Array() : union(refs);
  }

  /** The loose samples of the series, of both generations. */
  looseColumns(ref: number): LooseColumns[] {
    const found: LooseColumns[] = [];
    for (const series of [this.sealingLoose.get(ref), this.loose.get(ref)]) {
      if (series !== undefined) found.push(series.columns());
    }
    return found;
  }

  #looseOf(ref: number, timeMs: number): LooseSeries {
    this.noteTime(timeMs);
    this.#looseSamples++;
    let series = this.loose.get(ref);
    if (series === undefined) this.loose.set(ref, series = new LooseSeries(ref));
    return series;
  }

  #forget(group: Group): void {
    this.groups.delete(group.id);
    for (let slot = 0; slot < group.slotCount; slot++) {
      const ref = group.slotRefs[slot];
      const further = this.#furtherHomes.get(ref)?.filter((home) => home.group !== group);
      if (this.#homeGroups[ref] === group.id) {
        const next = further?.shift();
        this.#homeGroups[ref] = next?.group.id ?? 0;
        this.#homeSlots[ref] = next?.slot ?? 0;
      }
      if (further === undefined || further.length === 0) this.#furtherHomes.delete(ref);
      else this.#furtherHomes.set(ref, further);
    }
  }
}

const noHomes: readonly Home[] = [];

/**
 * Copies the samples of `slot` in rows `[from, to)` to `out` from `outStart`, ABSENT where the slot has none.
 * @param outWords The words of the whole `out`.
 * @returns Whether there was any sample or staleness marker.
 */
export function gatherColumn(
  rows: GroupRows,
  slot: number,
  from: number,
  to: number,
  outWords: Uint32Array,
  outStart: number,
): boolean {
  const { segments, firstRows, group } = rows;
  let at = 2 * outStart;
  let any = false;
  for (let s = 0; s < segments.length; s++) {
    if (firstRows[s + 1] <= from) continue;
    if (firstRows[s] >= to) break;
    const { width, words } = segments[s];
    const first = Math.max(from, firstRows[s]) - firstRows[s],
      end = Math.min(to, firstRows[s + 1]) - firstRows[s];
    for (let row = first; row < end; row++) {
      let low = ABSENT_LOW, high = ABSENT_HIGH;
      if (slot < width) {
        low = words[2 * (row * width + slot)];
        high = words[2 * (row * width + slot) + 1];
        if (low === ELSEWHERE_LOW && high === ABSENT_HIGH && group.hasElsewhere) low = ABSENT_LOW;
      }
      if (low !== ABSENT_LOW || high !== ABSENT_HIGH) any = true;
      outWords[at++] = low;
      outWords[at++] = high;
    }
  }
  return any;
}
