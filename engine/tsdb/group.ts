import { ABSENT_HIGH, ABSENT_LOW, fillAbsent, setStale, STALE_LOW, wordsOf } from "../sample.ts";
import { grown } from "../grown.ts";
import type { SampleOutcome } from "./append_rules.ts";
import { StartTimes } from "./start_times.ts";

/** Most rows of a segment: the stretch of a group's rows that begins with a whole row in the log. */
const SEGMENT_ROWS = 16;

/** Words of "the sample of this slot and scrape is kept elsewhere": a histogram, or one with its own timestamp. */
export const ELSEWHERE_HIGH = 0x7ff00000;
export const ELSEWHERE_LOW = 0x0000e15e;

/**
 * Rows of a group, row after row:
 *
 *   times  │ t0            │ t1            │ …
 *   values │ s0 s1 s2 … sw │ s0 s1 s2 … sw │ …     w = width, the number of slots when the segment began
 */
export interface Segment {
  readonly width: number;
  rows: number;
  /** Milliseconds since the Unix epoch, ascending; as long as there is room for rows. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly words: Uint32Array;
}

/** Time and words of a sample. */
export interface LastSample {
  timeMs: number;
  low: number;
  high: number;
}

/** What became of one row. Reused by the group that returned it. */
export interface AppendResult {
  /** False where nothing of the row was stored. */
  accepted: boolean;
  /** Samples in the row, staleness markers not counted. */
  samples: number;
  /** Samples of series that had none in the row before. */
  added: number;
  /** Staleness markers written for series that the row before had. */
  stale: number;
  /** What became of the samples of a row that is not newer than the last one, by slot; not set for other rows. */
  late: ReadonlyMap<number, SampleOutcome> | undefined;
}

/**
 * The series of one source that are sampled together, in slot order, and their rows that are not in a block yet.
 * Rows of the current generation are in `open`; those of the generation that is being written to a block in `sealing`.
 */
export class Group {
  /** Series ref by slot. */
  slotRefs = new Uint32Array(8);
  slotCount = 0;
  open: Segment[] = [];
  sealing: Segment[] = [];
  /** Whether this process has asked for it. */
  isClaimed = false;
  /** Slots whose samples may be kept elsewhere (see ELSEWHERE_LOW). */
  hasElsewhere = false;
  /** Start timestamps of its samples, where any has one. */
  startTimes: StartTimes | undefined;
  #lastSegment: Segment | undefined;
  #segmentEnded = false;
  readonly #result: AppendResult = { accepted: false, samples: 0, added: 0, stale: 0, late: undefined };

  constructor(readonly id: number, readonly identity: string) {}

  /** Time of the last row in ms, -Infinity before the first. */
  get lastMs(): number {
    const segment = this.#lastSegment;
    return segment === undefined ? -Infinity : segment.times[segment.rows - 1];
  }

  /** Bytes of rows that are not in a block. */
  get rowBytes(): number {
    let bytes = 0;
    for (const segment of this.open) bytes += segment.values.byteLength;
    return bytes;
  }

  addSlot(ref: number): number {
    if (this.slotCount === this.slotRefs.length) this.slotRefs = grown(this.slotRefs, this.slotCount + 1);
    this.slotRefs[this.slotCount] = ref;
    return this.slotCount++;
  }

  /**
   * Puts the newest sample or staleness marker of `slot` into `last` where it is newer than what is there. Samples
   * that are kept elsewhere do not count, and what is in a block only where it was the last row.
   */
  lastOf(slot: number, last: LastSample): void {
    if (this.#lastSegment !== undefined && !this.#lookAt(this.#lastSegment, slot, last, 1)) return;
    for (const segments of [this.open, this.sealing]) {
      for (let i = segments.length - 1; i >= 0; i--) {
        if (!this.#lookAt(segments[i], slot, last, SEGMENT_ROWS)) return;
      }
    }
  }

  /** @returns Whether nothing was found in the last `rows` rows, so that older ones matter. */
  #lookAt(segment: Segment, slot: number, last: LastSample, rows: number): boolean {
    if (slot >= segment.width) return false; // older ones are no wider
    for (let row = segment.rows - 1, end = Math.max(0, segment.rows - rows); row >= end; row--) {
      if (segment.times[row] <= last.timeMs) return false;
      const at = 2 * (row * segment.width + slot);
      const low = segment.words[at], high = segment.words[at + 1];
      if (high === ABSENT_HIGH && low === ABSENT_LOW) continue;
      if (high === ELSEWHERE_HIGH && low === ELSEWHERE_LOW && this.hasElsewhere) return false;
      last.timeMs = segment.times[row];
      last.low = low;
      last.high = high;
      return false;
    }
    return true;
  }

  /**
   * Appends a row, unless it `isLate`, or the last one is as new. `words` holds two words per slot (see engine/sample.ts)
   * for the first slots of the group; slots beyond it are absent. With `markStale`, a series that the row before had and
   * this one has not gets a staleness marker.
   */
  append(timeMs: number, words: Uint32Array, markStale: boolean, isLate = false): AppendResult {
    const result = this.#result;
    result.samples = result.added = result.stale = 0;
    result.late = undefined;
    result.accepted = !isLate && timeMs > this.lastMs;
    if (!result.accepted) return result;
    const previous = this.#lastSegment;
    const segment = this.#room();
    const width = segment.width;
    const target = segment.words;
    const base = segment.rows * width;
    const given = Math.min(width, words.length >> 1);
    target.set(given * 2 === words.length ? words : words.subarray(0, given * 2), base * 2);
    fillAbsent(target, base + given, base + width);
    segment.times[segment.rows] = timeMs;

    const before = previous?.words;
    const beforeWidth = previous === undefined ? 0 : previous.width;
    const beforeBase = previous === undefined ? 0 : (previous.rows - 1) * beforeWidth;
    let samples = 0, added = 0, stale = 0;
    for (let slot = 0; slot < width; slot++) {
      const had = slot < beforeWidth && !isGap(before!, beforeBase + slot);
      if (isGap(target, base + slot)) {
        if (had && markStale) {
          setStale(target, base + slot);
          stale++;
        }
      } else {
        samples++;
        if (!had) added++;
      }
    }
    segment.rows++;
    this.#lastSegment = segment;
    result.samples = samples;
    result.added = added;
    result.stale = stale;
    return result;
  }

  /**
   * Takes note of the start timestamps of the samples of a row that is, or is about to be, the last one.
   * @param startTimes By slot, in ms, 0 where unknown; slots that it lacks have none.
   */
  noteStartTimes(timeMs: number, words: Uint32Array, startTimes: Float64Array): void {
    const known = this.startTimes ??= new StartTimes();
    const width = Math.min(this.slotCount, words.length >> 1);
    for (let slot = 0; slot < width; slot++) {
      if (!isGap(words, slot)) known.set(slot, timeMs, slot < startTimes.length ? startTimes[slot] : 0);
    }
  }

  /** Appends a row as the log has it, without looking at the row before. */
  restore(timeMs: number, words: Uint32Array, width: number): void {
    const segment = this.#room();
    segment.words.set(words.subarray(0, width * 2), segment.rows * segment.width * 2);
    fillAbsent(segment.words, segment.rows * segment.width + width, (segment.rows + 1) * segment.width);
    segment.times[segment.rows++] = timeMs;
    this.#lastSegment = segment;
    for (let slot = 0; slot < width && !this.hasElsewhere; slot++) {
      this.hasElsewhere = isElsewhere(words, slot);
    }
  }

  /** The slots without a sample in the last row whose series `counts`; none before the first row. */
  countGaps(counts: (ref: number) => boolean): number {
    const last = this.#lastSegment;
    if (last === undefined) return 0;
    const base = (last.rows - 1) * last.width;
    let gaps = 0;
    for (let slot = 0; slot < this.slotCount; slot++) {
      if (slot < last.width && !isGap(last.words, base + slot)) continue;
      if (counts(this.slotRefs[slot])) gaps++;
    }
    return gaps;
  }

  /** The last segment, which the next row continues while it has room. */
  get lastSegment(): Segment | undefined {
    return this.#lastSegment;
  }

  /** Makes the next row begin a segment, as it must when the log may not continue this one. */
  endSegment(): void {
    this.#segmentEnded = true;
  }

  /** Moves the rows of the current generation to `sealing`, which must be empty. */
  seal(): void {
    this.sealing = this.open;
    this.open = [];
  }

  #room(): Segment {
    const last = this.open.at(-1);
    const isUsable = last !== undefined && last.width >= this.slotCount;
    if (isUsable && last.rows < last.times.length && !this.#segmentEnded) return last;
    // A group that gets new slots with every row would waste the room for all the others of its segments.
    const rows = last === undefined || isUsable ? SEGMENT_ROWS : Math.min(SEGMENT_ROWS, 2 * last.rows);
    this.#segmentEnded = false;
    const width = this.slotCount;
    const values = new Float64Array(width * rows);
    const segment = { width, rows: 0, times: new Float64Array(rows), values, words: wordsOf(values) };
    this.open.push(segment);
    return segment;
  }
}

/** Whether value `i` is no sample at all or a staleness marker; both have the same high word. */
function isGap(words: Uint32Array, i: number): boolean {
  if (words[2 * i + 1] !== ABSENT_HIGH) return false;
  const low = words[2 * i];
  return low === ABSENT_LOW || low === STALE_LOW;
}

/** Whether value `i` is kept elsewhere. */
export function isElsewhere(words: Uint32Array, i: number): boolean {
  return words[2 * i] === ELSEWHERE_LOW && words[2 * i + 1] === ELSEWHERE_HIGH;
}
