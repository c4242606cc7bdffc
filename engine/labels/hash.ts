import type { Labels } from "./labels.ts";

/*
 * 64-bit arithmetic on pairs of 32-bit words (high, low): many times faster than BigInt. A function with a
 * 64-bit result leaves it in `high` and `low`.
 */
let high = 0;
let low = 0;

const PRIME1_HIGH = 0x9e3779b1, PRIME1_LOW = 0x85ebca87;
const PRIME2_HIGH = 0xc2b2ae3d, PRIME2_LOW = 0x27d4eb4f;
const PRIME3_HIGH = 0x165667b1, PRIME3_LOW = 0x9e3779f9;
const PRIME4_HIGH = 0x85ebca77, PRIME4_LOW = 0xc2b2ae63;
const PRIME5_HIGH = 0x27d4eb2f, PRIME5_LOW = 0x165667c5;

function add(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const sum = (aLow >>> 0) + (bLow >>> 0);
  low = sum | 0;
  high = (aHigh + bHigh + (sum > 0xffffffff ? 1 : 0)) | 0;
}

function multiply(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const a0 = aLow & 0xffff, a1 = aLow >>> 16, b0 = bLow & 0xffff, b1 = bLow >>> 16;
  // Every product of 16-bit halves plus a carry stays below 2^32.
  const p00 = a0 * b0;
  const middle1 = a1 * b0 + (p00 >>> 16);
  const middle2 = a0 * b1 + (middle1 & 0xffff);
  low = (middle2 << 16) | (p00 & 0xffff);
  high = (a1 * b1 + (middle1 >>> 16) + (middle2 >>> 16) + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) |
    0;
}

/** @param bits 1 to 31. */
function rotateLeft(aHigh: number, aLow: number, bits: number): void {
  high = (aHigh << bits) | (aLow >>> (32 - bits));
  low = (aLow << bits) | (aHigh >>> (32 - bits));
}

/** One step of an accumulator: rotl(acc + input * prime2, 31) * prime1. */
function round(accHigh: number, accLow: number, inputHigh: number, inputLow: number): void {
  multiply(inputHigh, inputLow, PRIME2_HIGH, PRIME2_LOW);
  add(accHigh, accLow, high, low);
  rotateLeft(high, low, 31);
  multiply(high, low, PRIME1_HIGH, PRIME1_LOW);
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** Accumulators of 32-byte stripes: four pairs of high and low. */
const lanes = new Int32Array(8);

/**
 * XXH64 with seed 0 of `bytes[start, end)`, as an unsigned 64-bit integer.
 * @see https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
export function xxhash64(bytes: Uint8Array, start = 0, end = bytes.length): bigint {
  let at = start;
  if (end - start >= 32) at = hashStripes(bytes, start, end);
  else high = PRIME5_HIGH, low = PRIME5_LOW;
  add(high, low, 0, end - start);
  for (; at + 8 <= end; at += 8) {
    const hHigh = high, hLow = low;
    round(0, 0, word(bytes, at + 4), word(bytes, at));
    rotateLeft(hHigh ^ high, hLow ^ low, 27);
    multiply(high, low, PRIME1_HIGH, PRIME1_LOW);
    add(high, low, PRIME4_HIGH, PRIME4_LOW);
  }
  if (at + 4 <= end) {
    const hHigh = high, hLow = low;
    multiply(0, word(bytes, at), PRIME1_HIGH, PRIME1_LOW);
    rotateLeft(hHigh ^ high, hLow ^ low, 23);
    multiply(high, low, PRIME2_HIGH, PRIME2_LOW);
    add(high, low, PRIME3_HIGH, PRIME3_LOW);
    at += 4;
  }
  for (; at < end; at++) {
    const hHigh = high, hLow = low;
    multiply(0, bytes[at], PRIME5_HIGH, PRIME5_LOW);
    rotateLeft(hHigh ^ high, hLow ^ low, 11);
    multiply(high, low, PRIME1_HIGH, PRIME1_LOW);
  }
  low ^= high >>> 1; // x ^= x >>> 33
  multiply(high, low, PRIME2_HIGH, PRIME2_LOW);
  low ^= (low >>> 29) | (high << 3); // x ^= x >>> 29: the low word first, it needs the old high word
  high ^= high >>> 29;
  multiply(high, low, PRIME3_HIGH, PRIME3_LOW);
  low ^= high; // x ^= x >>> 32
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** Hashes all whole stripes and merges the lanes into `high` and `low`; returns where the rest begins. */
function hashStripes(bytes: Uint8Array, start: number, end: number): number {
  add(PRIME1_HIGH, PRIME1_LOW, PRIME2_HIGH, PRIME2_LOW);
  lanes[0] = high, lanes[1] = low;
  lanes[2] = PRIME2_HIGH, lanes[3] = PRIME2_LOW;
  lanes[4] = 0, lanes[5] = 0;
  add(~PRIME1_HIGH, ~PRIME1_LOW, 0, 1); // -prime1
  lanes[6] = high, lanes[7] = low;
  let at = start;
  for (; at + 32 <= end; at += 32) {
    for (let lane = 0; lane < 8; lane += 2) {
      round(lanes[lane], lanes[lane + 1], word(bytes, at + 4 * lane + 4), word(bytes, at + 4 * lane));
      lanes[lane] = high, lanes[lane + 1] = low;
    }
  }
  let hHigh = 0, hLow = 0;
  for (let lane = 0; lane < 4; lane++) {
    rotateLeft(lanes[2 * lane], lanes[2 * lane + 1], [1, 7, 12, 18][lane]);
    add(hHigh, hLow, high, low);
    hHigh = high, hLow = low;
  }
  for (let lane = 0; lane < 8; lane += 2) {
    round(0, 0, lanes[lane], lanes[lane + 1]);
    multiply(hHigh ^ high, hLow ^ low, PRIME1_HIGH, PRIME1_LOW);
    add(high, low, PRIME4_HIGH, PRIME4_LOW);
    hHigh = high, hLow = low;
  }
  return at;
}

const encoder = new TextEncoder();
let scratch = new Uint8Array(1024);

/** XXH64 of `name 0xff value 0xff …` in UTF-8, sorted by name. */
export function hashLabels(labels: Labels): bigint {
  let length = 0;
  for (const text of labels.pairs) {
    const most = length + 3 * text.length + 1; // no UTF-16 unit takes more than 3 bytes
    if (most > scratch.length) {
      const larger = new Uint8Array(2 * most);
      larger.set(scratch.subarray(0, length));
      scratch = larger;
    }
    length += encoder.encodeInto(text, scratch.subarray(length)).written;
    scratch[length++] = 0xff;
  }
  return xxhash64(scratch, 0, length);
}

/**
 * Murmur3 (x86, 32 bit, seed 0) of `bytes[start, end)` as an unsigned integer, for hash tables in memory.
 * Not for keys that somebody may choose to collide without another bound on the table.
 */
export function hash32(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let hash = 0, at = start;
  for (; at + 4 <= end; at += 4) {
    hash ^= scramble(word(bytes, at));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let i = end - 1; i >= at; i--) tail = (tail << 8) | bytes[i];
  hash ^= scramble(tail) ^ (end - start);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
