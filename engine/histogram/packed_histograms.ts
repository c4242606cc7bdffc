import { type CounterResetHint, FloatHistogram } from "./float_histogram.ts";
import type { Span } from "./span.ts";

/**
 * Many histograms in few arrays, which are cheaper to hand to another thread than as many objects. They are read in
 * the order in which they were written.
 *
 *   histogram i │ layouts[i]: number of its layout
 *               │ cells: count, sum, zero count, each positive bucket, each negative bucket; the next histogram follows,
 *               │        in the next array where it does not fit into this one
 *   layout n    │ integers: schema, hint, number of positive spans, of negative spans and of custom values,
 *               │           then offset and length of each span
 *               │ doubles:  zero threshold, then the custom values
 */
export interface PackedHistograms {
  readonly layouts: Uint32Array;
  readonly cells: readonly Float64Array[];
  readonly integers: Int32Array;
  readonly doubles: Float64Array;
}

const HINTS: readonly CounterResetHint[] = ["unknown", "reset", "not_reset", "gauge"];
const TOTALS = 3;
/** Cells of an array, unless one histogram has more. */
const SLAB_CELLS = 1 << 14;

export class HistogramPacker {
  /** A histogram of each layout, and by hash of a layout the last one with it, then by layout the one before. */
  readonly #known: FloatHistogram[] = [];
  readonly #ofHash = new Map<number, number>();
  readonly #sameHash: number[] = [];
  readonly #slabs: Float64Array[] = [];
  #slab = new Float64Array(0);
  #used = 0;
  #cellCount = 0;
  #layouts = new Uint32Array(256);
  #count = 0;
  #last = -1;

  /** Cells that all histograms take. */
  get cellCount(): number {
    return this.#cellCount;
  }

  add(h: FloatHistogram): void {
    const { positiveBuckets, negativeBuckets } = h;
    if (this.#count === this.#layouts.length) {
      const longer = new Uint32Array(2 * this.#count);
      longer.set(this.#layouts);
      this.#layouts = longer;
    }
    this.#layouts[this.#count++] = this.#layoutOf(h);
    const cells = TOTALS + positiveBuckets.length + negativeBuckets.length;
    this.#cellCount += cells;
    if (this.#used + cells > this.#slab.length) {
      this.#closeSlab();
      this.#slab = new Float64Array(Math.max(cells, SLAB_CELLS));
    }
    const slab = this.#slab;
    let at = this.#used;
    slab[at++] = h.count;
    slab[at++] = h.sum;
    slab[at++] = h.zeroCount;
    for (let i = 0; i < positiveBuckets.length; i++) slab[at++] = positiveBuckets[i]!;
    for (let i = 0; i < negativeBuckets.length; i++) slab[at++] = negativeBuckets[i]!;
    this.#used = at;
  }

  /** What was added; undefined if nothing was. */
  finish(): PackedHistograms | undefined {
    if (this.#count === 0) return undefined;
    this.#closeSlab();
    const integers: number[] = [], doubles: number[] = [];
    for (const h of this.#known) {
      const { positiveSpans, negativeSpans, customValues } = h;
      integers.push(h.schema, HINTS.indexOf(h.counterResetHint));
      integers.push(positiveSpans.length, negativeSpans.length, customValues.length);
      for (const { offset, length } of positiveSpans) integers.push(offset, length);
      for (const { offset, length } of negativeSpans) integers.push(offset, length);
      doubles.push(h.zeroThreshold, ...customValues);
    }
    return {
      layouts: this.#layouts.slice(0, this.#count),
      cells: this.#slabs,
      integers: Int32Array.from(integers),
      doubles: Float64Array.from(doubles),
    };
  }

  #closeSlab(): void {
    if (this.#used === 0) return;
    this.#slabs.push(this.#used === this.#slab.length ? this.#slab : this.#slab.slice(0, this.#used));
    this.#used = 0;
  }

  #layoutOf(h: FloatHistogram): number {
    if (this.#last >= 0 && isLaidOutLike(h, this.#known[this.#last]!)) return this.#last;
    const hash = hashOf(h);
    const newest = this.#ofHash.get(hash) ?? -1;
    for (let layout = newest; layout >= 0; layout = this.#sameHash[layout]!) {
      if (isLaidOutLike(h, this.#known[layout]!)) return this.#last = layout;
    }
    this.#last = this.#known.push(h) - 1;
    this.#sameHash.push(newest);
    this.#ofHash.set(hash, this.#last);
    return this.#last;
  }
}

/** Reads histograms one after the other; their buckets are parts of the packed arrays. */
export class HistogramReader {
  readonly #packed: PackedHistograms;
  readonly #layouts: FloatHistogram[];
  readonly #sizes: readonly (readonly [positive: number, negative: number])[];
  #next = 0;
  #slab = 0;
  #at = 0;

  constructor(packed: PackedHistograms) {
    this.#packed = packed;
    this.#layouts = layoutsOf(packed);
    this.#sizes = this.#layouts.map(({ positiveSpans, negativeSpans }) => [
      positiveSpans.reduce((sum, { length }) => sum + length, 0),
      negativeSpans.reduce((sum, { length }) => sum + length, 0),
    ]);
  }

  /** @throws {RangeError} If all of them were read. */
  next(): FloatHistogram {
    const { layouts, cells } = this.#packed;
    if (this.#next === layouts.length) throw new RangeError("BUG: all packed histograms were read");
    const number = layouts[this.#next++]!;
    const layout = this.#layouts[number]!, [positive, negative] = this.#sizes[number]!;
    if (this.#at + TOTALS + positive + negative > cells[this.#slab]!.length) {
      this.#slab++;
      this.#at = 0;
    }
    const slab = cells[this.#slab]!, at = this.#at + TOTALS, end = at + positive + negative;
    this.#at = end;
    return new FloatHistogram({
      schema: layout.schema,
      zeroThreshold: layout.zeroThreshold,
      counterResetHint: layout.counterResetHint,
      customValues: layout.customValues,
      positiveSpans: layout.positiveSpans,
      negativeSpans: layout.negativeSpans,
      count: slab[at - 3]!,
      sum: slab[at - 2]!,
      zeroCount: slab[at - 1]!,
      positiveBuckets: positive === 0 ? NO_BUCKETS : slab.subarray(at, at + positive),
      negativeBuckets: negative === 0 ? NO_BUCKETS : slab.subarray(at + positive, end),
    });
  }
}

const NO_BUCKETS = new Float64Array(0);

/** The layouts as histograms without buckets. */
function layoutsOf({ integers, doubles }: PackedHistograms): FloatHistogram[] {
  const layouts: FloatHistogram[] = [];
  for (let at = 0, double = 0; at < integers.length;) {
    const [schema, hint, positive, negative, custom] = integers.subarray(at, at += 5);
    const spans = (count: number): Span[] =>
      Array.from({ length: count }, () => ({ offset: integers[at++]!, length: integers[at++]! }));
    layouts.push(
      new FloatHistogram({
        schema,
        counterResetHint: HINTS[hint],
        positiveSpans: spans(positive),
        negativeSpans: spans(negative),
        zeroThreshold: doubles[double++],
        customValues: custom === 0 ? NO_BUCKETS : doubles.slice(double, double += custom),
      }),
    );
  }
  return layouts;
}

/** Of all that a layout is, so that no target can make many layouts share one. */
function hashOf(
  { schema, positiveSpans, negativeSpans, zeroThreshold, customValues }: FloatHistogram,
): number {
  let hash = hashOfSpans(negativeSpans, hashOfSpans(positiveSpans, schema));
  hash = hashOfNumber(zeroThreshold, hash);
  for (let i = 0; i < customValues.length; i++) hash = hashOfNumber(customValues[i], hash);
  return hash;
}

const number = new Float64Array(1);
const halves = new Uint32Array(number.buffer);

function hashOfNumber(value: number, hash: number): number {
  number[0] = value;
  hash = Math.imul(hash ^ halves[0], 0x9e3779b1);
  return Math.imul((hash ^ (hash >>> 15)) + halves[1], 0x85ebca77);
}

function hashOfSpans(spans: readonly Span[], hash: number): number {
  hash = Math.imul(hash + spans.length, 0x9e3779b1);
  for (const { offset, length } of spans) {
    hash = Math.imul(hash ^ offset, 0x9e3779b1);
    hash = Math.imul((hash ^ (hash >>> 15)) + length, 0x85ebca77);
  }
  return hash;
}

/** Whether everything but the numbers of two histograms is the same, written in the same way. */
function isLaidOutLike(a: FloatHistogram, b: FloatHistogram): boolean {
  return a.schema === b.schema && a.counterResetHint === b.counterResetHint &&
    Object.is(a.zeroThreshold, b.zeroThreshold) &&
    haveSameItems(a.positiveSpans, b.positiveSpans, isSameSpan) &&
    haveSameItems(a.negativeSpans, b.negativeSpans, isSameSpan) &&
    haveSameItems(a.customValues, b.customValues, Object.is);
}

function haveSameItems<T>(a: ArrayLike<T>, b: ArrayLike<T>, isSame: (a: T, b: T) => boolean): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!isSame(a[i]!, b[i]!)) return false;
  return true;
}

function isSameSpan(a: Span, b: Span): boolean {
  return a.offset === b.offset && a.length === b.length;
}
