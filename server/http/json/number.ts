import { formatValue } from "../../../engine/go_float.ts";
import { GROUPS, writeDigits8, ZEROS } from "./digits.ts";
import { writeShortest } from "./shortest.ts";

/**
 * Numbers as ASCII digits, written straight into bytes. All functions write from `at`, need room for 40 bytes there,
 * whose content they may change, and return the place after what they wrote.
 */

const ZERO = 48, MINUS = 45, POINT = 46;
/** Decimals with up to six places are written without going through text. */
const SCALE = 1e6;
/** Decimals of at most 15 digits are told apart by doubles, so one that reads back equal is the shortest. */
const SCALED_MAX = 1e15;

/** A sample value, exactly as `formatValue` has it. */
export function writeValue(out: DataView, at: number, value: number): number {
  const size = value < 0 ? -value : value;
  if (size < SCALED_MAX) {
    const whole = Math.floor(size);
    if (whole === size) {
      if (value < 0 || (value === 0 && 1 / value < 0)) out.setUint8(at++, MINUS);
      return writeInteger(out, at, size);
    }
    const scaled = Math.floor(size * SCALE + 0.5);
    if (scaled < SCALED_MAX && scaled / SCALE === size) {
      if (value < 0) out.setUint8(at++, MINUS);
      at = writeInteger(out, at, whole);
      return writeFraction(out, at, scaled - whole * SCALE);
    }
  }
  return writeText(out, at, value);
}

/** The point and `micros` millionths, 1 to 999,999, without zeros at the end. */
function writeFraction(out: DataView, at: number, micros: number): number {
  const high = micros / 100 | 0, low = micros - 100 * high;
  const highDigits = GROUPS[high], lowDigits = GROUPS[100 * low];
  out.setUint8(at, POINT);
  out.setUint32(at + 1, highDigits, true);
  out.setUint32(at + 5, lowDigits, true);
  // The last digit that is not 0 is in the highest byte that differs from "0".
  return low === 0
    ? at + 5 - (Math.clz32(highDigits ^ ZEROS) >> 3)
    : at + 9 - (Math.clz32(lowDigits ^ ZEROS) >> 3);
}

/** Milliseconds as seconds: with three places where they are not whole, otherwise with none. */
export function writeTimestamp(out: DataView, at: number, ms: number): number {
  if (ms < 0) {
    out.setUint8(at++, MINUS);
    ms = -ms;
  }
  const seconds = Math.floor(ms / 1000);
  // Beyond the integers that doubles tell apart, there is no telling what is left.
  const rest = ms > Number.MAX_SAFE_INTEGER ? 0 : ms - seconds * 1000;
  at = writeInteger(out, at, seconds);
  if (rest === 0) return at;
  out.setUint32(at, GROUPS[rest | 0] - ZERO + POINT, true); // the point in place of the first of four digits
  return at + 4;
}

/** A whole number from 0; digits beyond those that a double holds are zeros. */
export function writeInteger(out: DataView, at: number, n: number): number {
  if (n >= 1e8) {
    const high = Math.floor(n / 1e8);
    at = writeInteger(out, at, high);
    writeDigits8(out, at, n - high * 1e8 | 0);
    return at + 8;
  }
  const whole = n | 0;
  if (whole < 1e4) return writeFirst(out, at, whole);
  const group = whole / 1e4 | 0;
  at = writeFirst(out, at, group);
  out.setUint32(at, GROUPS[whole - group * 1e4], true);
  return at + 4;
}

/** 0 to 9999 without zeros in front. */
function writeFirst(out: DataView, at: number, n: number): number {
  const digits = n < 10 ? 1 : n < 100 ? 2 : n < 1000 ? 3 : 4;
  out.setUint32(at, GROUPS[n] >>> (32 - 8 * digits), true);
  return at + digits;
}

/**
 * Texts of values that are no short decimals, which take long to find: in practice the same ones come again and again.
 * A value has one place, by its bits, and takes it from whoever had it.
 */
const TEXTS = 4096;
/** Doubles that a text takes; the longest value has 25 characters. */
const TEXT_WORDS = 4;
const textKeys = new Int32Array(2 * TEXTS); // low and high word; 0 is no value that comes here
const textWords = new Float64Array(TEXT_WORDS * TEXTS);
const textView = new DataView(textWords.buffer);
const textLengths = new Uint8Array(TEXTS);
const bits = new Float64Array(1);
const bitWords = new Int32Array(bits.buffer);

function writeText(out: DataView, at: number, value: number): number {
  bits[0] = value;
  const low = bitWords[0], high = bitWords[1];
  const place = (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) >>> 20;
  if (textKeys[2 * place] !== low || textKeys[2 * place + 1] !== high) {
    const from = 8 * TEXT_WORDS * place;
    textLengths[place] = findText(from, value) - from;
    textKeys[2 * place] = low;
    textKeys[2 * place + 1] = high;
  }
  // ASCII bytes are never the bits of a NaN, so they survive as doubles.
  const from = TEXT_WORDS * place;
  out.setFloat64(at, textWords[from], true);
  out.setFloat64(at + 8, textWords[from + 1], true);
  out.setFloat64(at + 16, textWords[from + 2], true);
  out.setFloat64(at + 24, textWords[from + 3], true);
  return at + textLengths[place];
}

function findText(at: number, value: number): number {
  if (value < 0) textView.setUint8(at, MINUS);
  const end = writeShortest(textView, value < 0 ? at + 1 : at, Math.abs(value));
  if (end > 0) return end;
  const text = formatValue(value);
  for (let i = 0; i < text.length; i++) textView.setUint8(at + i, text.charCodeAt(i));
  return at + text.length;
}
