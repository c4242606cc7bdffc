/**
 * A growing buffer that encoders append to. Encoders `reserve` their worst case once, then write into `bytes`
 * at `length` without further checks.
 */
export class ByteSink {
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes written so far. */
  length = 0;

  constructor(capacityBytes = 4096) {
    this.bytes = new Uint8Array(capacityBytes);
  }

  /** Makes room for `count` more bytes; `bytes` may be another array afterwards. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** What was written, as a view that is valid until the next write. */
  written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }

  /** Forgets what was written and keeps the memory. */
  clear(): void {
    this.length = 0;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Low word first, each little-endian: the eight bytes of a double. */
  double(low: number, high: number): void {
    this.word(low);
    this.word(high);
  }

  /** 32 bits, little-endian. */
  word(value: number): void {
    this.reserve(4);
    const bytes = this.bytes;
    bytes[this.length++] = value;
    bytes[this.length++] = value >>> 8;
    bytes[this.length++] = value >>> 16;
    bytes[this.length++] = value >>> 24;
  }

  /** An integer of 0 to 2^53: seven bits per byte, lowest first, the top bit set on all but the last. */
  varint(value: number): void {
    this.reserve(8);
    this.length = putVarint(this.bytes, this.length, value);
  }

  /** An integer of -2^53 to 2^53: like `varint`, with the sign in the lowest bit of the first byte. */
  signedVarint(value: number): void {
    this.reserve(9);
    const bytes = this.bytes;
    const sign = value < 0 ? 1 : 0;
    const size = Math.abs(value);
    const low = size % 64;
    if (size < 64) {
      bytes[this.length++] = low << 1 | sign;
      return;
    }
    bytes[this.length++] = 0x80 | low << 1 | sign;
    this.length = putVarint(bytes, this.length, (size - low) / 64);
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A double by value: the payload of a NaN may be lost. */
  float(value: number): void {
    this.reserve(8);
    floatView[0] = value;
    this.bytes.set(floatBytes, this.length);
    this.length += 8;
  }

  /** Length in bytes as a varint, then the UTF-8 text. */
  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.varint(bytes.length);
    this.append(bytes);
  }
}

const floatView = new Float64Array(1);
const floatBytes = new Uint8Array(floatView.buffer);

/** Writes `value`, an integer of 0 to 2^53, at `at`, where eight bytes must be free. @returns The end offset. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  while (value > 0x7fffffff) {
    const low = value % 128;
    bytes[at++] = 0x80 | low;
    value = (value - low) / 128;
  }
  while (value > 127) {
    bytes[at++] = 0x80 | value & 127;
    value >>>= 7;
  }
  bytes[at++] = value;
  return at;
}
