import { ABSENT_HIGH, ABSENT_LOW, NAN_HIGH, NAN_LOW, STALE_HIGH, STALE_LOW, wordsOf } from "../../sample.ts";
import type { ByteSink } from "./byte_sink.ts";
import { ByteSource, corrupt } from "./byte_source.ts";
import { DIVIDED, DIVIDED_TWICE, scaleToIntegers, type Scaling, unscale } from "./decimal.ts";
import { decodeIntegers, encodeIntegers } from "./integers.ts";
import { decodeXor, encodeXor } from "./xor.ts";

/**
 * A column of doubles, every bit kept.
 *
 * ```text
 *  ┌─────────────────────────────────────┬──────────────────┬───────────────
 *  │ encoding 3 bits │ gaps 1 │ places 4 │ gaps if flagged  │ numbers …
 *  └─────────────────────────────────────┴──────────────────┴───────────────
 *  encoding 0 none       no numbers, only gaps           gaps: n, then n times
 *           1 constant   m: signed varint                  numbers before it: varint
 *           2 raw        constant as 8 bytes               (length - 1) * 8 + kind: varint
 *           3 xor        see xor.ts                        kind 6 "other": 8 bytes
 *           4 … 6        m: see integers.ts; scaling, places: see decimal.ts
 *             integers   4 divided, 5 multiplied, 6 divided twice
 * ```
 * A gap is a run of one bit pattern that no number encoding wants: ABSENT, STALE, NaN, infinities, -0.
 */
const NONE = 0, CONSTANT = 1, RAW = 2, XOR = 3, INTEGERS = 4; // INTEGERS + scaling
const HAS_GAPS = 8;
const PLACES_SHIFT = 4;

/** Bit patterns of gaps by kind. */
const GAP_LOW = Uint32Array.of(ABSENT_LOW, STALE_LOW, NAN_LOW, 0, 0, 0);
const GAP_HIGH = Uint32Array.of(ABSENT_HIGH, STALE_HIGH, NAN_HIGH, 0x7ff00000, 0xfff00000, 0x80000000);
const OTHER_GAP = GAP_LOW.length;

// Reused between calls: coding is synchronous and never re-entered.
const source = new ByteSource(new Uint8Array(0));
let numbers = new Float64Array(512);
let numberWords = wordsOf(numbers);
let integers = new Float64Array(512);
let viewed: Float64Array = numbers; // the column that `viewedWords` shows
let viewedWords: Uint32Array = numberWords;

function reserveScratch(count: number): void {
  if (numbers.length >= count) return;
  numbers = new Float64Array(2 * count);
  numberWords = wordsOf(numbers);
  integers = new Float64Array(2 * count);
}

/** The words of `column`, whose view is kept for the next call: columns are read in rows of many. */
function wordsOfColumn(column: Float64Array): Uint32Array {
  if (column !== viewed) {
    viewed = column;
    viewedWords = wordsOf(column);
  }
  return viewedWords;
}

/** Appends `values[start + i * stride]` for `i` in `[0, count)`. An empty column takes no bytes. */
export function encodeValues(
  values: Float64Array,
  start: number,
  count: number,
  stride: number,
  out: ByteSink,
): void {
  if (count === 0) return;
  reserveScratch(count);
  const words = wordsOfColumn(values);
  const to = numberWords;
  const firstLow = words[2 * start], firstHigh = words[2 * start + 1];
  let changed = 0, gaps = 0;
  for (let i = 0, from = 2 * start; i < 2 * count; i += 2, from += 2 * stride) {
    const low = words[from], high = words[from + 1];
    to[i] = low;
    to[i + 1] = high;
    changed |= low ^ firstLow | high ^ firstHigh;
    if (isGap(low, high)) gaps++;
  }
  if (gaps === 0) {
    encodeNumbers(count, changed === 0, 0, out);
    return;
  }
  // The tag comes first but depends on the numbers that remain: note where it goes.
  const tagAt = out.length;
  out.byte(NONE | HAS_GAPS);
  const left = encodeGaps(count, out);
  if (left === 0) return;
  let same = true;
  for (let i = 2; same && i < 2 * left; i += 2) same = to[i] === to[0] && to[i + 1] === to[1];
  const numbersAt = out.length;
  encodeNumbers(left, same, HAS_GAPS, out);
  out.bytes[tagAt] = out.bytes[numbersAt];
  out.bytes.copyWithin(numbersAt, numbersAt + 1, out.length);
  out.length--;
}

/**
 * As `encodeValues` of any number of values that all have these words.
 * @returns false where they are a gap: nothing is appended then.
 */
export function encodeConstant(low: number, high: number, out: ByteSink): boolean {
  if (isGap(low, high)) return false;
  numberWords[0] = low;
  numberWords[1] = high;
  encodeNumbers(1, true, 0, out);
  return true;
}

/** NaN or infinity of any kind, or -0. */
function isGap(low: number, high: number): boolean {
  return (high & 0x7ff00000) === 0x7ff00000 || (high === 0x80000000 && low === 0);
}

/** Writes the gaps of `numbers[0, count)` and closes ranks. @returns How many numbers are left. */
function encodeGaps(count: number, out: ByteSink): number {
  const words = numberWords;
  let runs = 0;
  for (let i = 0; i < count; i++) if (startsGap(i)) runs++;
  out.varint(runs);
  let left = 0, before = 0;
  for (let i = 0; i < count;) {
    const low = words[2 * i], high = words[2 * i + 1];
    if (!isGap(low, high)) {
      words[2 * left] = low;
      words[2 * left + 1] = high;
      left++;
      before++;
      i++;
      continue;
    }
    const from = i;
    do i++; while (i < count && words[2 * i] === low && words[2 * i + 1] === high);
    let kind = 0;
    while (kind < OTHER_GAP && (GAP_LOW[kind] !== low || GAP_HIGH[kind] !== high)) kind++;
    out.varint(before);
    out.varint((i - from - 1) * 8 + kind);
    if (kind === OTHER_GAP) out.double(low, high);
    before = 0;
  }
  return left;
}

/** Whether a run of gap values starts at `i` of the scratch column. */
function startsGap(i: number): boolean {
  const low = numberWords[2 * i], high = numberWords[2 * i + 1];
  return isGap(low, high) &&
    (i === 0 || numberWords[2 * i - 2] !== low || numberWords[2 * i - 1] !== high);
}

/** Writes tag and numbers of the scratch column `[0, count)`. */
function encodeNumbers(count: number, constant: boolean, flags: number, out: ByteSink): void {
  const scale = scaleToIntegers(numbers, constant ? 1 : count, integers);
  if (constant) {
    if (scale?.scaling !== DIVIDED) {
      out.byte(RAW | flags);
      out.double(numberWords[0], numberWords[1]);
    } else {
      out.byte(CONSTANT | flags | scale.places << PLACES_SHIFT);
      out.signedVarint(integers[0]);
    }
  } else if (scale === undefined) {
    out.byte(XOR | flags);
    encodeXor(numberWords, count, out);
  } else {
    out.byte(INTEGERS + scale.scaling | flags | scale.places << PLACES_SHIFT);
    encodeIntegers(integers, count, out);
  }
}

/**
 * Reads `count` values to `out` from `outStart`. What `out` held there is unspecified after an error.
 * @returns The offset behind the column.
 * @throws {RangeError} If the bytes are cut short or damaged.
 */
export function decodeValues(
  bytes: Uint8Array,
  offset: number,
  count: number,
  out: Float64Array,
  outStart: number,
): number {
  if (count === 0) return offset;
  if (outStart + count > out.length) {
    throw new RangeError(
      `Cannot decode ${count} values to index ${outStart} of ${out.length}: too few places`,
    );
  }
  source.reset(bytes, offset);
  const tag = source.byte();
  if ((tag & HAS_GAPS) === 0) return decodeNumbers(tag, source.at, bytes, count, out, outStart);

  // Gaps are written to their places in `out`; the numbers are decoded aside and fill the places between them.
  const words = wordsOfColumn(out);
  const runs = source.varint();
  const gapsAt = source.at;
  let places = 0, gaps = 0;
  for (let run = 0; run < runs; run++) {
    places += source.varint();
    const head = source.varint(), kind = head % 8, length = (head - kind) / 8 + 1;
    if (kind > OTHER_GAP) throw corrupt(source.at, `gap kind ${kind}`);
    let low = 0, high = 0;
    if (kind === OTHER_GAP) {
      low = source.word();
      high = source.word();
    } else {
      low = GAP_LOW[kind];
      high = GAP_HIGH[kind];
    }
    const end = places + length;
    if (end > count) throw corrupt(source.at, `a gap up to value ${end} of ${count}`);
    for (let to = 2 * (outStart + places), until = 2 * (outStart + end); to < until; to += 2) {
      words[to] = low;
      words[to + 1] = high;
    }
    places = end;
    gaps += length;
  }
  const left = count - gaps;
  if (left === 0) return source.at;
  reserveScratch(left);
  const column = numbers;
  const endOffset = decodeNumbers(tag, source.at, bytes, left, column, 0);
  source.reset(bytes, gapsAt);
  let from = 0, to = outStart;
  for (let run = 0; run < runs; run++) {
    for (const until = from + source.varint(); from < until;) out[to++] = column[from++];
    const head = source.varint(), kind = head % 8;
    if (kind === OTHER_GAP) source.at += 8;
    to += (head - kind) / 8 + 1;
  }
  while (from < left) out[to++] = column[from++];
  return endOffset;
}

function decodeNumbers(
  tag: number,
  offset: number,
  bytes: Uint8Array,
  count: number,
  out: Float64Array,
  outStart: number,
): number {
  const encoding = tag & 7, places = tag >> PLACES_SHIFT;
  const end = outStart + count;
  if (encoding === INTEGERS + DIVIDED_TWICE && places < 4) throw corrupt(offset + 1, `${places} places`);
  const scale = { scaling: Math.max(0, encoding - INTEGERS) as Scaling, places };
  switch (encoding) {
    case CONSTANT:
    case RAW: {
      source.reset(bytes, offset);
      const words = wordsOfColumn(out);
      if (encoding === CONSTANT) {
        out[outStart] = source.signedVarint();
        unscale(out, outStart, outStart + 1, scale);
      } else {
        words[2 * outStart] = source.word();
        words[2 * outStart + 1] = source.word();
      }
      const low = words[2 * outStart], high = words[2 * outStart + 1];
      for (let to = 2 * outStart + 2; to < 2 * end; to += 2) {
        words[to] = low;
        words[to + 1] = high;
      }
      return source.at;
    }
    case XOR:
      return decodeXor(bytes, offset, count, wordsOfColumn(out), 2 * outStart);
    case INTEGERS:
    case INTEGERS + 1:
    case INTEGERS + 2: {
      const endOffset = decodeIntegers(bytes, offset, count, out, outStart);
      unscale(out, outStart, end, scale);
      return endOffset;
    }
    default:
      throw corrupt(offset, `encoding ${encoding}`);
  }
}
