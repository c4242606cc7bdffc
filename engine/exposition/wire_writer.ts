import { grown } from "../grown.ts";
import { FIXED64, LENGTH_DELIMITED, VARINT } from "./wire_reader.ts";

const TWO_32 = 2 ** 32;

/**
 * Writes fields of Protocol Buffers messages, one after the other. `WireReader` reads them back.
 * Integers are whole numbers of at most 2^53 from 0.
 */
export class WireWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  /** What was written since the last call. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  get length(): number {
    return this.#length;
  }

  double(field: number, value: number): void {
    this.#tag(field, FIXED64);
    this.#double(value);
  }

  /** A uint64, uint32, int64, int32 or enum. */
  integer(field: number, value: number): void {
    this.#tag(field, VARINT);
    this.#varint(value);
  }

  /** A sint64 or sint32. */
  zigzag(field: number, value: number): void {
    this.#tag(field, VARINT);
    this.#varint(zigzag(value));
  }

  text(field: number, text: string): void {
    this.#tag(field, LENGTH_DELIMITED);
    this.#delimited(() => {
      this.#reserve(3 * text.length);
      this.#length += utf8.encodeInto(text, this.#bytes.subarray(this.#length)).written;
    });
  }

  /** A nested message, or the content of a packed field. */
  message(field: number, write: () => void): void {
    this.#tag(field, LENGTH_DELIMITED);
    this.#delimited(write);
  }

  /** A message behind its length, as one of a stream. */
  delimited(write: () => void): void {
    this.#delimited(write);
  }

  /** A repeated sint64, packed; nothing where there is none. */
  zigzags(field: number, values: Iterable<number>): void {
    this.#packed(field, () => {
      for (const value of values) this.#varint(zigzag(value));
    });
  }

  /** A repeated double, packed; nothing where there is none. */
  doubles(field: number, values: Float64Array): void {
    this.#packed(field, () => values.forEach((value) => this.#double(value)));
  }

  #packed(field: number, write: () => void): void {
    const start = this.#length;
    this.#tag(field, LENGTH_DELIMITED);
    const content = this.#length;
    this.#delimited(write);
    if (this.#length === content + 1) this.#length = start;
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  /** Leaves a byte for the length, which is enough for most; longer ones move the content. */
  #delimited(write: () => void): void {
    this.#reserve(1);
    const start = ++this.#length;
    write();
    const length = this.#length - start;
    const more = varintBytes(length) - 1;
    if (more > 0) {
      this.#reserve(more);
      this.#bytes.copyWithin(start + more, start, this.#length);
    }
    this.#length = start - 1;
    this.#varint(length);
    this.#length += length;
  }

  #double(value: number): void {
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** A negative number takes ten bytes, as 64 bits in two's complement. */
  #varint(value: number): void {
    this.#reserve(10);
    let low = value >>> 0, high = Math.floor(value / TWO_32) >>> 0;
    while (high > 0 || low > 0x7f) {
      this.#bytes[this.#length++] = low & 0x7f | 0x80;
      low = (low >>> 7 | high << 25) >>> 0;
      high >>>= 7;
    }
    this.#bytes[this.#length++] = low;
  }

  #reserve(bytes: number): void {
    const length = this.#length + bytes;
    if (length > this.#bytes.length) this.#bytes = grown(this.#bytes, length);
  }
}

const utf8 = new TextEncoder();

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}
