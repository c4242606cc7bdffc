import type { FloatHistogram } from "../histogram/float_histogram.ts";
import {
  ABSENT_HIGH,
  ABSENT_LOW,
  isAbsent,
  isStale,
  NAN_HIGH,
  NAN_LOW,
  STALE_HIGH,
  STALE_LOW,
  wordsOf,
} from "../sample.ts";
import { ELSEWHERE_HIGH, ELSEWHERE_LOW, Group, isElsewhere, type LastSample, type Segment } from "./group.ts";
import { markedRefs } from "./postings.ts";
import type { SeriesIndex } from "./series_index.ts";
import type { StartTimes } from "./start_times.ts";
import { type LooseColumns, LooseSeries } from "./loose_series.ts";
import { grown } from "../grown.ts";

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
  readonly startTimes: StartTimes | undefined;
}

/** Bytes of a loose sample, what a histogram takes aside. */
const LOOSE_SAMPLE_BYTES = 24;

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
  /** Of the current generation. */
  #looseBytes = 0;
  // Newest loose sample of each series, by ref: its time and words. Stays when the sample is in a block. Of a sample
  // that was in a block when the database was opened, the words are those of one that is kept elsewhere.
  #looseTimes = new Float64Array(0);
  #looseWords = new Uint32Array(0);
  readonly #last: LastSample = { timeMs: -Infinity, low: 0, high: 0 };
  /** Newest and oldest sample in ms. */
  maxMs = -Infinity;
  minMs = Infinity;

  constructor(readonly index: SeriesIndex) {}

  /**
   * The group of this identity, made when there is none. It stays until it is retired; a group of the log that nobody
   * asks for goes when its rows are in a block.
   */
  group(identity: string): Group {
    const group = this.#byIdentity.get(identity) ?? this.addGroup(identity, this.#nextGroupId);
    group.isClaimed = true;
    return group;
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

  /** Takes `group` back where it was forgotten, since it is used again. */
  adopt(group: Group): void {
    if (this.groups.has(group.id)) return;
    for (let slot = 0; slot < group.slotCount; slot++) {
      if (!this.index.isLost(group.slotRefs[slot])) continue;
      throw new Error(
        `BUG: group ${
          JSON.stringify(group.identity)
        } is used again after its series were forgotten: make a new one`,
      );
    }
    this.groups.set(group.id, group);
    if (!this.#byIdentity.has(group.identity)) this.#byIdentity.set(group.identity, group);
    for (let slot = 0; slot < group.slotCount; slot++) this.#settle(group, group.slotRefs[slot], slot);
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
    this.#settle(group, ref, slot);
    return slot;
  }

  /** Notes a home of `ref`. */
  #settle(group: Group, ref: number, slot: number): void {
    if (ref >= this.#homeGroups.length) {
      this.#homeGroups = grown(this.#homeGroups, ref + 1);
      this.#homeSlots = grown(this.#homeSlots, ref + 1);
    }
    this.#refsEnd = Math.max(this.#refsEnd, ref + 1);
    if (this.#homeGroups[ref] === 0 || this.#homeGroups[ref] === group.id) {
      this.#homeGroups[ref] = group.id;
      this.#homeSlots[ref] = slot;
      return;
    }
    const further = this.#furtherHomes.get(ref) ?? [];
    if (further.some((home) => home.group === group)) return;
    further.push({ group, slot });
    this.#furtherHomes.set(ref, further);
  }

  /** The slot of `ref` in `group`, or -1. */
  findSlot(group: Group, ref: number): number {
    this.adopt(group);
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

  /**
   * The newest sample of the series, of either generation: -Infinity where none is known. A loose one counts even
   * when it is in a block, as long as the process runs, as does one that `noteLastTime` was told of. Reused by the
   * next call.
   */
  last(ref: number): Readonly<LastSample> {
    const last = this.#last;
    last.timeMs = -Infinity;
    if (ref < this.#looseTimes.length) {
      last.timeMs = this.#looseTimes[ref];
      last.low = this.#looseWords[2 * ref];
      last.high = this.#looseWords[2 * ref + 1];
    }
    this.firstHome(ref)?.lastOf(this.#homeSlots[ref], last);
    for (const { group, slot } of this.furtherHomes(ref)) group.lastOf(slot, last);
    return last;
  }

  /** Takes note of the time of the newest sample of a series that is in a block. */
  noteLastTime(ref: number, timeMs: number): void {
    this.#refsEnd = Math.max(this.#refsEnd, ref + 1);
    this.maxMs = Math.max(this.maxMs, timeMs);
    this.#noteLast(ref, timeMs, ELSEWHERE_LOW, ELSEWHERE_HIGH);
  }

  /** Above every ref that has or had samples here. */
  get refsEnd(): number {
    return this.#refsEnd;
  }
  #refsEnd = 0;

  /** The histogram that the series has here at `timeMs`, if any. */
  histogramAt(ref: number, timeMs: number): FloatHistogram | undefined {
    for (const { times, histograms } of this.looseColumns(ref)) {
      const at = times.indexOf(timeMs);
      if (at >= 0) return histograms?.[at];
    }
    return undefined;
  }

  /** @param startMs Since when the series counts, in ms; 0 where unknown. */
  addFloat(ref: number, timeMs: number, value: number, startMs = 0): void {
    this.#looseOf(ref, timeMs).addFloat(timeMs, value, startMs);
    float[0] = value;
    const isNaN = value !== value;
    this.#noteLast(ref, timeMs, isNaN ? NAN_LOW : floatWords[0], isNaN ? NAN_HIGH : floatWords[1]);
  }

  addStale(ref: number, timeMs: number): void {
    this.#looseOf(ref, timeMs).addStale(timeMs);
    this.#noteLast(ref, timeMs, STALE_LOW, STALE_HIGH);
  }

  addHistogram(ref: number, timeMs: number, histogram: FloatHistogram, startMs = 0): void {
    this.#looseBytes += this.#looseOf(ref, timeMs).addHistogram(timeMs, histogram, startMs);
    this.#noteLast(ref, timeMs, ABSENT_LOW, ABSENT_HIGH);
  }

  /** Adds the samples of a row of `group` that is not newer than its last one. */
  addRow(group: Group, timeMs: number, words: Uint32Array, width: number, startTimes?: Float64Array): void {
    const values = new Float64Array(words.buffer, words.byteOffset, width);
    for (let slot = 0; slot < width; slot++) {
      if (isAbsent(words, slot) || isElsewhere(words, slot)) continue;
      if (isStale(words, slot)) this.addStale(group.slotRefs[slot], timeMs);
      else this.addFloat(group.slotRefs[slot], timeMs, values[slot], startTimes?.[slot] ?? 0);
    }
  }

  #noteLast(ref: number, timeMs: number, low: number, high: number): void {
    if (ref >= this.#looseTimes.length) {
      const before = this.#looseTimes.length;
      this.#looseTimes = grown(this.#looseTimes, ref + 1).fill(-Infinity, before);
      this.#looseWords = grown(this.#looseWords, 2 * this.#looseTimes.length);
    }
    if (timeMs <= this.#looseTimes[ref]) return;
    this.#looseTimes[ref] = timeMs;
    this.#looseWords[2 * ref] = low;
    this.#looseWords[2 * ref + 1] = high;
  }

  /** Takes note of the time of a row. */
  noteTime(timeMs: number): void {
    if (timeMs > this.maxMs) this.maxMs = timeMs;
    if (timeMs < this.minMs) this.minMs = timeMs;
  }

  /** Series that have a slot in a group, or a loose sample of the current generation. */
  get seriesCount(): number {
    let count = 0;
    for (const group of this.groups.values()) count += group.slotCount;
    for (const further of this.#furtherHomes.values()) count -= further.length;
    for (const ref of this.loose.keys()) if (this.firstHome(ref) === undefined) count++;
    return count;
  }

  /** Series with a slot in a group that had no sample when that was sampled last, and have none that is newer. */
  get staleCount(): number {
    let count = 0;
    for (const group of this.groups.values()) {
      count += group.countGaps((ref) => this.firstHome(ref) === group && !this.#isAlive(ref));
    }
    return count;
  }

  /** Whether a series that has no sample in the last row of a group goes on elsewhere. */
  #isAlive(ref: number): boolean {
    const hasLoose = ref < this.#looseTimes.length && this.#looseTimes[ref] !== -Infinity;
    if (!hasLoose && !this.#furtherHomes.has(ref)) return false;
    const { timeMs, low, high } = this.last(ref);
    return timeMs !== -Infinity && !(low === STALE_LOW && high === STALE_HIGH);
  }

  /** Bytes of the samples of the current generation. */
  get openBytes(): number {
    let bytes = this.#looseBytes;
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
    this.#looseBytes = 0;
  }

  /** Forgets the sealing generation, which is in blocks now. */
  sealed(): void {
    this.#sealing = false;
    this.sealingLoose = new Map();
    this.minMs = Infinity;
    for (const group of this.groups.values()) {
      group.sealing = [];
      group.startTimes = group.startTimes?.since(group.open[0]?.times[0] ?? Number.MAX_VALUE);
      if (group.open.length > 0) this.minMs = Math.min(this.minMs, group.open[0].times[0]);
      else if (!group.isClaimed || this.#byIdentity.get(group.identity) !== group) this.#forget(group);
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
    return { group, segments, firstRows, times, startTimes: group.startTimes };
  }

  /** Refs of the series of all groups with rows, and of loose samples, from `startMs` to `endMs`, ascending. */
  refsIn(startMs: number, endMs: number): Uint32Array {
    const marks = new Uint8Array(this.#refsEnd);
    for (const group of this.groups.values()) {
      if (overlaps(group.sealing, startMs, endMs) || overlaps(group.open, startMs, endMs)) {
        markSlots(group, marks);
      }
    }
    for (const loose of [this.loose, this.sealingLoose]) {
      for (const { ref, firstMs, lastMs } of loose.values()) {
        if (firstMs <= endMs && lastMs >= startMs) marks[ref] = 1;
      }
    }
    return markedRefs(marks);
  }

  /** Clears the mark of every series that has a slot in a group, or a loose sample. */
  clearUsed(marks: Uint8Array): void {
    for (const group of this.groups.values()) {
      for (let slot = 0; slot < group.slotCount; slot++) marks[group.slotRefs[slot]] = 0;
    }
    for (const loose of [this.loose, this.sealingLoose]) for (const ref of loose.keys()) marks[ref] = 0;
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
    this.#looseBytes += LOOSE_SAMPLE_BYTES;
    let series = this.loose.get(ref);
    if (series === undefined) {
      this.loose.set(ref, series = new LooseSeries(ref));
      this.#refsEnd = Math.max(this.#refsEnd, ref + 1);
    }
    return series;
  }

  #forget(group: Group): void {
    this.groups.delete(group.id);
    if (this.#byIdentity.get(group.identity) === group) this.#byIdentity.delete(group.identity);
    for (let slot = 0; slot < group.slotCount; slot++) {
      const ref = group.slotRefs[slot];
      const further = this.#furtherHomes.get(ref)?.filter((home) => home.group !== group);
      if (this.#homeGroups[ref] === group.id && this.#homeSlots[ref] === slot) {
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
const float = new Float64Array(1), floatWords = wordsOf(float);

function overlaps(segments: readonly Segment[], startMs: number, endMs: number): boolean {
  return segments.some(({ times, rows }) => times[0] <= endMs && times[rows - 1] >= startMs);
}

/** Marks the series of all slots of the group with 1. */
export function markSlots(group: Group, marks: Uint8Array): void {
  for (let slot = 0; slot < group.slotCount; slot++) marks[group.slotRefs[slot]] = 1;
}

/**
 * Whether `slot` has the same bits in all rows `[from, to)`, of which there is one at least. Most columns are like
 * that, and need not be gathered.
 * @param outWords Receives the words of the first row.
 */
export function isConstant(
  { segments, firstRows }: GroupRows,
  slot: number,
  from: number,
  to: number,
  outWords: Uint32Array,
): boolean {
  let isFirst = true, low = 0, high = 0;
  for (let s = 0; s < segments.length; s++) {
    if (firstRows[s + 1] <= from) continue;
    if (firstRows[s] >= to) break;
    const { width, words } = segments[s];
    if (slot >= width) return false;
    const first = Math.max(from, firstRows[s]) - firstRows[s],
      end = Math.min(to, firstRows[s + 1]) - firstRows[s];
    let at = 2 * (first * width + slot);
    if (isFirst) {
      isFirst = false;
      outWords[0] = low = words[at];
      outWords[1] = high = words[at + 1];
    }
    for (let row = first; row < end; row++, at += 2 * width) {
      if ((words[at] ^ low | words[at + 1] ^ high) !== 0) return false;
    }
  }
  return true;
}

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
