/** Reads what a `ByteSink` wrote; every read is checked against the end of the bytes. */
export class ByteSource {
  bytes: Uint8Array;
  /** Offset of the next byte. */
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  /** Continues at `at` of `bytes`. */
  reset(bytes: Uint8Array, at: number): void {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw truncated(this.bytes.length, this.at);
    return this.bytes[this.at++];
  }

  /** 32 bits, little-endian, unsigned. */
  word(): number {
    const { bytes, at } = this;
    if (at + 4 > bytes.length) throw truncated(bytes.length, at);
    this.at = at + 4;
    return (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>> 0;
  }

  /** An integer of 0 to 2^53. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value > 2 ** 53) break;
        return value;
      }
    }
    throw corrupt(this.at, "an integer above 2^53");
  }

  /** An integer of -2^53 to 2^53. */
  signedVarint(): number {
    const first = this.byte();
    let size = first >> 1 & 63;
    if (first >= 128) size += 64 * this.varint();
    if (size > 2 ** 53) throw corrupt(this.at, "an integer above 2^53");
    return first & 1 ? -size : size;
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** The next `count` bytes; a view. */
  take(count: number): Uint8Array {
    if (this.at + count > this.bytes.length) throw truncated(this.bytes.length, this.at);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  /** A double by value: the payload of a NaN may be lost. */
  float(): number {
    const bytes = this.take(8);
    return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true);
  }

  /** Length in bytes as a varint, then the UTF-8 text. */
  text(): string {
    return new TextDecoder().decode(this.take(this.varint()));
  }
}

/** The error for bytes that end inside a chunk. */
export function truncated(length: number, at: number): RangeError {
  return new RangeError(
    `Cannot decode chunk: the ${length} bytes end inside it (next read at offset ${at}): the page is cut short`,
  );
}

/** The error for bytes that no encoder writes. */
export function corrupt(at: number, found: string): RangeError {
  return new RangeError(
    `Cannot decode chunk: found ${found} before offset ${at}: the bytes are damaged or of another format version`,
  );
}
