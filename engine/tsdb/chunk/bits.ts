import type { ByteSink } from "./byte_sink.ts";

/**
 * Appends bit fields to a sink, highest bit first.
 *
 * ```text
 *  bit      0        8        16       24       32
 *         ┌────────┬────────┬────────┬────────┬──
 *  bytes  │ aaabbb │ bbbbbc │ ...    │        │     the last byte is filled with zero bits
 *         └────────┴────────┴────────┴────────┴──
 * ```
 * The caller reserves room in the sink, four bytes more than needed, before `begin`.
 */
export class BitWriter {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #pending = 0; // bits not yet in #bytes, from bit 31 down
  #free = 32; // unused low bits of #pending

  begin(sink: ByteSink): void {
    this.#bytes = sink.bytes;
    this.#at = sink.length;
    this.#pending = 0;
    this.#free = 32;
  }

  /** Appends the low `width` bits of `value`; the others must be 0. `width` is 1 to 32. */
  write(value: number, width: number): void {
    const free = this.#free;
    if (width < free) {
      this.#free = free - width;
      this.#pending |= value << (free - width);
      return;
    }
    const rest = width - free;
    const word = this.#pending | value >>> rest;
    const bytes = this.#bytes, at = this.#at;
    bytes[at] = word >>> 24;
    bytes[at + 1] = word >>> 16;
    bytes[at + 2] = word >>> 8;
    bytes[at + 3] = word;
    this.#at = at + 4;
    this.#pending = rest === 0 ? 0 : value << (32 - rest);
    this.#free = 32 - rest;
  }

  /**
   * Appends `value` in the exponential Golomb code of order `k`: with y = value + 2^k of n bits, n - k - 1 zero
   * bits and then y. `value` is 0 to 2^30, `k` 0 to 30.
   */
  writeGolomb(value: number, k: number): void {
    const y = value + (1 << k);
    const bits = 32 - Math.clz32(y);
    const zeros = bits - k - 1;
    if (zeros + bits <= 32) {
      this.write(y, zeros + bits);
    } else {
      this.write(0, zeros);
      this.write(y, bits);
    }
  }

  /** Writes out the last bits and moves the sink's end behind them. */
  end(sink: ByteSink): void {
    for (let bits = 32 - this.#free; bits > 0; bits -= 8) {
      this.#bytes[this.#at++] = this.#pending >>> 24;
      this.#pending <<= 8;
    }
    sink.length = this.#at;
  }
}

/**
 * The 32 bits at bit `bit` behind byte `base`. Bytes behind the end read as 0, so that a decoder needs only
 * one check when it is done: that its last bit was inside.
 */
export function peekBits(bytes: Uint8Array, base: number, bit: number): number {
  const i = base + (bit >>> 3), shift = bit & 7;
  // Reading behind the end gives undefined, which makes all reads here several times slower.
  if (i + 5 > bytes.length) return lastWord(bytes, i) << shift;
  const word = bytes[i] << 24 | bytes[i + 1] << 16 | bytes[i + 2] << 8 | bytes[i + 3];
  return word << shift | bytes[i + 4] >>> (8 - shift);
}

/** The 32 bits at byte `at`, as `peekBits`. */
export function wordAt(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) return lastWord(bytes, at);
  return bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
}

function lastWord(bytes: Uint8Array, at: number): number {
  let word = 0;
  for (let shift = 24; shift >= 0 && at < bytes.length; shift -= 8) word |= bytes[at++] << shift;
  return word;
}
