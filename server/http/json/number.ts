import { formatValue } from "../../../engine/go_float.ts";

/**
 * Numbers as ASCII digits, written straight into bytes. All functions write from `at`, need room for 32 bytes there,
 * and return the place after what they wrote.
 */

const ZERO = 48, MINUS = 45, POINT = 46;
/** Decimals with up to this many places are written without going through text. */
const PLACES = 6, SCALE = 1e6;
/** Decimals of at most 15 digits are told apart by doubles, so one that reads back equal is the shortest. */
const SCALED_MAX = 1e15;

/** A sample value, exactly as `formatValue` has it. */
export function writeValue(bytes: Uint8Array, at: number, value: number): number {
  const size = value < 0 ? -value : value;
  if (size < SCALED_MAX && value !== 0) {
    const whole = Math.floor(size);
    if (whole === size) {
      if (value < 0) bytes[at++] = MINUS;
      return writeInteger(bytes, at, size);
    }
    const scaled = Math.round(size * SCALE);
    if (scaled < SCALED_MAX && scaled / SCALE === size) {
      if (value < 0) bytes[at++] = MINUS;
      at = writeInteger(bytes, at, whole);
      bytes[at] = POINT;
      writePadded(bytes, at + 1, scaled - whole * SCALE, PLACES);
      at += PLACES;
      while (bytes[at] === ZERO) at--;
      return at + 1;
    }
  }
  const text = formatValue(value);
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** Milliseconds as seconds: with three places where they are not whole, otherwise with none. */
export function writeTimestamp(bytes: Uint8Array, at: number, ms: number): number {
  if (ms < 0) {
    bytes[at++] = MINUS;
    ms = -ms;
  }
  const seconds = Math.floor(ms / 1000);
  const rest = ms - seconds * 1000;
  at = writeInteger(bytes, at, seconds);
  if (rest === 0) return at;
  bytes[at] = POINT;
  writePadded(bytes, at + 1, rest, 3);
  return at + 4;
}

const PART = 1e9;

/** A whole number from 0; digits beyond those that a double holds are zeros. */
export function writeInteger(bytes: Uint8Array, at: number, n: number): number {
  if (n >= PART) {
    const high = Math.floor(n / PART);
    at = writeInteger(bytes, at, high);
    writePadded(bytes, at, n - high * PART, 9);
    return at + 9;
  }
  let places = 1;
  for (let power = 10; power <= n; power *= 10) places++;
  writePadded(bytes, at, n, places);
  return at + places;
}

/** A whole number below 2^31 with zeros in front. */
function writePadded(bytes: Uint8Array, at: number, n: number, places: number): void {
  let rest = n | 0;
  for (let i = at + places - 1; i >= at; i--) {
    const quotient = (rest / 10) | 0;
    bytes[i] = ZERO + rest - quotient * 10;
    rest = quotient;
  }
}
