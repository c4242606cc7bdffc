import { ABSENT_HIGH, ABSENT_LOW, NAN_HIGH, NAN_LOW, STALE_HIGH, STALE_LOW } from "../../sample.ts";
import { type ByteSink, putVarint } from "./byte_sink.ts";
import { corrupt, truncated } from "./byte_source.ts";

/**
 * One row of samples against the row before it, as it goes to the write-ahead log.
 *
 * ```text
 *  per 64 slots ┌────────────────────┬───────────────────────────────────────────────┐
 *               │ 1 bit per 8 slots  │ per set bit: 1 bit per slot │ changed values … │
 *               └────────────────────┴───────────────────────────────────────────────┘
 *  bits from the lowest up, 1 = changed                                │
 *                                                                      ▼
 *  head byte, form in the high 3 bits                              what follows
 *   0…6  places 0, 2, 3, 6, 9; ×10^-3, ×10^-6 │ more 1 │ low 4     varint, the rest of the delta, if more
 *   7    XOR 0 │ upper half only 1 │ bytes - 1, 3                  the low bytes of the XOR, lowest first
 *   7    pattern 1 │ 0 ABSENT, 1 STALE, 2 NaN                      nothing
 * ```
 * A delta is that of round(value / scale), folded: 0, -1, 1, -2, 2 … become 0, 1, 2, 3, 4 …. A previous value that
 * is no number, or too large, counts as 0 there.
 */
const FORM_SHIFT = 5;
const MORE = 16;
const XOR = 7 << FORM_SHIFT;
const UPPER_HALF = 8;
const PATTERN = XOR | 16;

/** Factors of the delta forms: round(value * factor) / factor, from MULTIPLIED on round(value * factor) * inverse. */
const FACTORS = Float64Array.of(1, 1e2, 1e3, 1e6, 1e9, 1e3, 1e6);
const INVERSES = Float64Array.of(1, 1e-2, 1e-3, 1e-6, 1e-9, 1e-3, 1e-6);
const MULTIPLIED = 5;
/** Largest magnitude of a scaled value; a folded delta is at most four times as large. */
const SCALED_MAX = 2 ** 51;
/** Above the relative error of a product and of a quotient of two doubles together. */
const ROUNDING = 2 ** -50;
/** Most bytes a changed value takes: head and the varint of 49 bits, or head and eight bytes. */
const CHANGE_BYTES_MAX = 9;

// Turns words into doubles and back.
const pair = new Float64Array(2); // now, before
const pairWords = new Uint32Array(pair.buffer);

/**
 * Appends `slots` samples, given as words, low word first. Slots that `previousWords` does not have were ABSENT.
 * An unchanged sample costs 1/64 to 1/8 byte.
 */
export function encodeRow(
  words: Uint32Array,
  previousWords: Uint32Array,
  slots: number,
  out: ByteSink,
): void {
  out.reserve((slots >> 6) + (slots >> 3) + 2 + slots * CHANGE_BYTES_MAX + 8);
  const bytes = out.bytes;
  const known = Math.min(slots, previousWords.length >> 1);
  const values = valuesOf(words), previousValues = valuesOf(previousWords);
  let at = out.length;
  for (let block = 0; block < slots; block += 64) {
    const blockAt = at++;
    const blockEnd = Math.min(slots, block + 64);
    let octets = 0;
    for (let octet = block; octet < blockEnd; octet += 8) {
      const end = Math.min(blockEnd, octet + 8), endKnown = Math.min(end, known);
      let changed = 0;
      for (let slot = octet; slot < endKnown; slot++) {
        const i = 2 * slot;
        if ((words[i] ^ previousWords[i] | words[i + 1] ^ previousWords[i + 1]) !== 0) {
          changed |= 1 << (slot - octet);
        }
      }
      for (let slot = Math.max(octet, known); slot < end; slot++) {
        if (words[2 * slot] !== ABSENT_LOW || words[2 * slot + 1] !== ABSENT_HIGH) {
          changed |= 1 << (slot - octet);
        }
      }
      if (changed === 0) continue;
      octets |= 1 << ((octet - block) >> 3);
      bytes[at++] = changed;
      for (let slot = octet; changed !== 0; slot++, changed >>= 1) {
        if ((changed & 1) === 0) continue;
        // Doubles straight from memory: one that was just written as two words takes the processor a while to read.
        const after = putDelta(bytes, at, values[slot], slot < known ? previousValues[slot] : NaN);
        if (after > at) at = after;
        else {
          pairWords[0] = words[2 * slot];
          pairWords[1] = words[2 * slot + 1];
          pairWords[2] = slot < known ? previousWords[2 * slot] : ABSENT_LOW;
          pairWords[3] = slot < known ? previousWords[2 * slot + 1] : ABSENT_HIGH;
          at = putBits(bytes, at);
        }
      }
    }
    bytes[blockAt] = octets;
  }
  out.length = at;
}

function valuesOf(words: Uint32Array): Float64Array {
  return new Float64Array(words.buffer, words.byteOffset, words.length >> 1);
}

/** Writes the delta of two values at `at`. @returns The end offset; `at` where no form gives all bits back. */
function putDelta(bytes: Uint8Array, at: number, now: number, before: number): number {
  if (now === 0 ? Object.is(now, -0) : now - now !== 0) return at;
  for (let form = now === Math.floor(now) ? 0 : 1; form < FACTORS.length; form++) {
    const factor = FACTORS[form], exact = now * factor, scaled = Math.round(exact);
    // What is further off cannot come back: that is sooner known than by a division.
    if (Math.abs(exact - scaled) > Math.abs(scaled) * ROUNDING) continue;
    if ((form < MULTIPLIED ? scaled / factor : scaled * INVERSES[form]) !== now) continue;
    if (!(scaled <= SCALED_MAX && scaled >= -SCALED_MAX)) break;
    const delta = scaled - scaledBefore(before, factor);
    const folded = delta < 0 ? -2 * delta - 1 : 2 * delta;
    if (folded < 16) {
      bytes[at++] = form << FORM_SHIFT | folded;
      return at;
    }
    const rest = Math.floor(folded / 16); // % on doubles is a call
    bytes[at++] = form << FORM_SHIFT | MORE | folded - 16 * rest;
    return putVarint(bytes, at, rest);
  }
  return at;
}

/** The integer that a delta counts from. */
function scaledBefore(before: number, factor: number): number {
  const scaled = Math.round(before * factor);
  return scaled <= SCALED_MAX && scaled >= -SCALED_MAX ? scaled : 0;
}

/** Writes the value in `pair` as a pattern or XOR. */
function putBits(bytes: Uint8Array, at: number): number {
  const low = pairWords[0], high = pairWords[1];
  const pattern = high === ABSENT_HIGH && low === ABSENT_LOW
    ? 0
    : high === STALE_HIGH && low === STALE_LOW
    ? 1
    : high === NAN_HIGH && low === NAN_LOW
    ? 2
    : -1;
  if (pattern >= 0) {
    bytes[at++] = PATTERN | pattern;
    return at;
  }
  let xorLow = low ^ pairWords[2], xorHigh = high ^ pairWords[3], upper = 0;
  if (xorLow === 0) {
    upper = UPPER_HALF;
    xorLow = xorHigh;
    xorHigh = 0;
  }
  const bits = xorHigh !== 0 ? 64 - Math.clz32(xorHigh) : 32 - Math.clz32(xorLow);
  const count = bits + 7 >> 3;
  bytes[at++] = XOR | upper | count - 1;
  for (let i = 0; i < count; i++) bytes[at++] = i < 4 ? xorLow >>> 8 * i : xorHigh >>> 8 * (i - 4);
  return at;
}

/**
 * Reads a row to `outWords`, which may be `previousWords` itself. What it held is unspecified after an error.
 * @returns The offset behind the row.
 * @throws {RangeError} If the bytes are cut short or damaged, or `outWords` is too short.
 */
export function decodeRow(
  bytes: Uint8Array,
  offset: number,
  previousWords: Uint32Array,
  slots: number,
  outWords: Uint32Array,
): number {
  if (2 * slots > outWords.length) {
    throw new RangeError(`Cannot decode ${slots} slots into ${outWords.length} words: expected ${2 * slots}`);
  }
  const known = Math.min(slots, previousWords.length >> 1);
  if (outWords !== previousWords) outWords.set(previousWords.subarray(0, 2 * known));
  for (let i = 2 * known; i < 2 * slots; i += 2) {
    outWords[i] = ABSENT_LOW;
    outWords[i + 1] = ABSENT_HIGH;
  }
  let at = offset;
  for (let block = 0; block < slots; block += 64) {
    // Bytes behind the end read as undefined, which counts as 0 below, and end every loop.
    for (let octets = bytes[at++], octet = block; octets > 0; octets >>= 1, octet += 8) {
      if ((octets & 1) === 0) continue;
      const mask = bytes[at++];
      if (octet >= slots || slots - octet < 8 && mask >> (slots - octet) !== 0) {
        throw corrupt(at, `a change behind the last of ${slots} slots`);
      }
      for (let changed = mask, slot = octet; changed > 0; changed >>= 1, slot++) {
        if ((changed & 1) !== 0) at = takeChange(bytes, at, outWords, 2 * slot);
      }
    }
    if (at > bytes.length) throw truncated(bytes.length, at);
  }
  return at;
}

/** Applies the change at `at` to the value at word `i`. @returns The offset behind it. */
function takeChange(bytes: Uint8Array, at: number, words: Uint32Array, i: number): number {
  const head = bytes[at++];
  const form = head >> FORM_SHIFT;
  if (form === 7) return takeBits(bytes, at, head, words, i);
  let folded = head & 15;
  if ((head & MORE) !== 0) {
    for (let scale = 16;; scale *= 128) {
      const byte = bytes[at++];
      folded += (byte & 127) * scale;
      if ((byte & 128) === 0) break;
      if (scale > 2 ** 53) throw corrupt(at, "a delta above 2^53");
    }
    if (folded > 2 ** 53) throw corrupt(at, "a delta above 2^53");
  }
  const factor = FACTORS[form];
  pairWords[0] = words[i];
  pairWords[1] = words[i + 1];
  const scaled = scaledBefore(pair[0], factor) + (folded % 2 === 1 ? -(folded + 1) / 2 : folded / 2);
  pair[0] = form < MULTIPLIED ? scaled / factor : scaled * INVERSES[form];
  words[i] = pairWords[0];
  words[i + 1] = pairWords[1];
  return at;
}

function takeBits(bytes: Uint8Array, at: number, head: number, words: Uint32Array, i: number): number {
  if ((head & 16) !== 0) {
    switch (head & 15) {
      case 0:
        words[i] = ABSENT_LOW;
        words[i + 1] = ABSENT_HIGH;
        return at;
      case 1:
        words[i] = STALE_LOW;
        words[i + 1] = STALE_HIGH;
        return at;
      case 2:
        words[i] = NAN_LOW;
        words[i + 1] = NAN_HIGH;
        return at;
      default:
        throw corrupt(at, `pattern ${head & 15}`);
    }
  }
  const count = (head & 7) + 1;
  let low = 0, high = 0;
  for (let b = 0; b < count; b++) {
    if (b < 4) low |= bytes[at++] << 8 * b;
    else high |= bytes[at++] << 8 * (b - 4);
  }
  if ((head & UPPER_HALF) !== 0) {
    if (count > 4) throw corrupt(at, `${count} bytes for the upper half of a value`);
    words[i + 1] ^= low;
  } else {
    words[i] ^= low;
    words[i + 1] ^= high;
  }
  return at;
}
