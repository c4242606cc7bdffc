import { BitWriter, peekBits } from "./bits.ts";
import { corrupt, truncated } from "./byte_source.ts";
import type { ByteSink } from "./byte_sink.ts";

/**
 * A column of doubles as XOR of each with the one before it (Pelkonen et al., "Gorilla", VLDB 2015).
 *
 * ```text
 *  first double, 64 bits │ 0                                            the same bits again
 *                        │ 1 0 │ meaningful bits                        inside the last window
 *                        │ 1 1 │ leading 5 │ size - 1, 6 │ meaningful   a new window
 * ```
 * A window is the run of bits of the XOR that are kept: `leading` zero bits (at most 31), then `size` bits.
 */
const writer = new BitWriter(); // reused between calls: encoding is synchronous and never re-entered

/** Appends `count` doubles given as words, low word first, as they lie in a Float64Array. */
export function encodeXor(words: Uint32Array, count: number, out: ByteSink): void {
  if (count === 0) return;
  out.reserve(16 + 10 * count);
  writer.begin(out);
  let low = words[0], high = words[1];
  writer.write(high, 32);
  writer.write(low, 32);
  let leading = 0, size = 0; // no window yet
  for (let i = 2; i < 2 * count; i += 2) {
    const nextLow = words[i], nextHigh = words[i + 1];
    const xorLow = low ^ nextLow, xorHigh = high ^ nextHigh;
    low = nextLow;
    high = nextHigh;
    if ((xorLow | xorHigh) === 0) {
      writer.write(0, 1);
      continue;
    }
    let zeros = xorHigh !== 0 ? Math.clz32(xorHigh) : 32 + Math.clz32(xorLow);
    if (zeros > 31) zeros = 31;
    const trailing = xorLow !== 0 ? 31 - Math.clz32(xorLow & -xorLow) : 63 - Math.clz32(xorHigh & -xorHigh);
    const needed = 64 - zeros - trailing;
    // A new window costs 11 bits: worth it once the old one wastes more than that.
    if (size > 0 && zeros >= leading && trailing >= 64 - leading - size && size - needed <= 11) {
      writer.write(2, 2);
    } else {
      leading = zeros;
      size = needed;
      writer.write(3 << 11 | leading << 6 | size - 1, 13);
    }
    const end = 64 - leading - size; // trailing bits left out
    if (size > 32) {
      // leading <= 31, so the window's top bits are in the high word
      const highBits = 32 - leading;
      writer.write((xorHigh << leading) >>> leading, highBits);
      if (size > highBits) writer.write(xorLow >>> end, size - highBits);
    } else if (end >= 32) {
      writer.write((xorHigh >>> (end - 32)) & -1 >>> (32 - size), size);
    } else {
      const part = end === 0 ? xorLow : xorHigh << (32 - end) | xorLow >>> end;
      writer.write((part & -1 >>> (32 - size)) >>> 0, size);
    }
  }
  writer.end(out);
}

/**
 * Reads `count` doubles as words to `out` from word `outStart`.
 * @returns The offset behind the column.
 * @throws {RangeError} If the bytes are cut short or damaged.
 */
export function decodeXor(
  bytes: Uint8Array,
  offset: number,
  count: number,
  out: Uint32Array,
  outStart: number,
): number {
  if (count === 0) return offset;
  let high = peekBits(bytes, offset, 0), low = peekBits(bytes, offset, 32);
  out[outStart] = low;
  out[outStart + 1] = high;
  let bit = 64, leading = 0, size = 0;
  for (let to = outStart + 2, end = outStart + 2 * count; to < end; to += 2) {
    const window = peekBits(bytes, offset, bit);
    if (window >= 0) {
      bit += 1;
    } else {
      if (window << 1 < 0) {
        leading = window >>> 25 & 31;
        size = (window >>> 19 & 63) + 1;
        bit += 13;
        if (leading + size > 64) throw corrupt(offset + (bit >>> 3), `a window of ${leading} + ${size} bits`);
      } else {
        if (size === 0) throw corrupt(offset + (bit >>> 3), "a value before its window");
        bit += 2;
      }
      const shift = 64 - leading - size;
      if (size > 32) {
        const top = peekBits(bytes, offset, bit) >>> leading;
        const rest = size - (32 - leading);
        high ^= top;
        if (rest > 0) low ^= (peekBits(bytes, offset, bit + 32 - leading) >>> (32 - rest)) << shift;
      } else {
        const part = peekBits(bytes, offset, bit) >>> (32 - size);
        if (shift >= 32) {
          high ^= part << (shift - 32);
        } else {
          low ^= part << shift;
          if (shift > 0) high ^= part >>> (32 - shift);
        }
      }
      bit += size;
    }
    out[to] = low;
    out[to + 1] = high;
  }
  const endOffset = offset + (bit + 7 >>> 3);
  if (endOffset > bytes.length) throw truncated(bytes.length, endOffset);
  return endOffset;
}
