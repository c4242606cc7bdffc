import { ExpositionError } from "./exposition_error.ts";
import type { NumberList } from "./number_list.ts";

const TWO_32 = 2 ** 32;

/** Wire types of Protocol Buffers. */
export const VARINT = 0, FIXED64 = 1, LENGTH_DELIMITED = 2, FIXED32 = 5;

/**
 * Reads fields of Protocol Buffers messages in place. A nested message is read by narrowing the reader:
 * `const outer = r.enter(); while (r.next()) …; r.leave(outer)`.
 */
export class WireReader {
  bytes: Uint8Array = new Uint8Array(0);
  /** The next byte, and where the message ends. */
  at = 0;
  end = 0;
  /** Number and wire type of the field that `next` has found. */
  field = 0;
  wireType = 0;
  #view = new DataView(this.bytes.buffer);
  #low = 0;
  #high = 0;

  /** Begins to read bytes [start, end) as a message. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.at = start;
    this.end = end;
  }

  /** Moves to the next field; false at the end of the message. */
  next(): boolean {
    if (this.at >= this.end) return false;
    this.#varint();
    this.field = this.#low >>> 3;
    this.wireType = this.#low & 7;
    return true;
  }

  /** Narrows the reader to the nested message at hand. @returns The end of the outer message, for `leave`. */
  enter(): number {
    const length = this.#length();
    const outer = this.end;
    this.end = this.at + length;
    return outer;
  }

  leave(outer: number): void {
    this.at = this.end;
    this.end = outer;
  }

  skip(): void {
    if (this.wireType === VARINT) this.#varint();
    else if (this.wireType === FIXED64) this.#take(8);
    else if (this.wireType === LENGTH_DELIMITED) this.#take(this.#length());
    else if (this.wireType === FIXED32) this.#take(4);
    else throw new ExpositionError(`proto: illegal wireType ${this.wireType}`);
  }

  double(): number {
    this.#expect(FIXED64);
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A uint64, rounded to a double. */
  unsigned(): number {
    this.#expect(VARINT);
    this.#varint();
    return this.#high * TWO_32 + this.#low;
  }

  /** An int64 or int32, rounded to a double. */
  signed(): number {
    this.#expect(VARINT);
    this.#varint();
    return (this.#high | 0) * TWO_32 + this.#low;
  }

  /** A sint64 or sint32, rounded to a double. */
  zigzag(): number {
    this.#expect(VARINT);
    return this.#zigzag();
  }

  /** Appends a repeated sint64, packed or not. */
  zigzags(out: NumberList): void {
    if (this.wireType !== LENGTH_DELIMITED) {
      out.push(this.zigzag());
      return;
    }
    const outer = this.enter();
    while (this.at < this.end) out.push(this.#zigzag());
    this.leave(outer);
  }

  /** Appends a repeated double, packed or not. */
  doubles(out: NumberList): void {
    if (this.wireType !== LENGTH_DELIMITED) {
      out.push(this.double());
      return;
    }
    const outer = this.enter();
    while (this.at < this.end) out.push(this.#view.getFloat64(this.#take(8), true));
    this.leave(outer);
  }

  /** Passes over a length-delimited field. @returns Where its content starts; `at` is where it ends. */
  range(): number {
    return this.#take(this.#length());
  }

  #zigzag(): number {
    this.#varint();
    const half = (this.#high >>> 1) * TWO_32 + ((this.#high << 31 | this.#low >>> 1) >>> 0);
    return (this.#low & 1) === 0 ? half : -half - 1;
  }

  #length(): number {
    this.#expect(LENGTH_DELIMITED);
    this.#varint();
    const length = this.#high * TWO_32 + this.#low;
    if (this.at + length > this.end) throw truncated();
    return length;
  }

  /** @returns Where the bytes taken start. */
  #take(length: number): number {
    const start = this.at;
    if (start + length > this.end) throw truncated();
    this.at = start + length;
    return start;
  }

  #expect(wireType: number): void {
    if (this.wireType === wireType) return;
    throw new ExpositionError(`proto: wrong wireType = ${this.wireType} for field ${this.field}`);
  }

  #varint(): void {
    const { bytes, end } = this;
    let low = 0, high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= end) throw truncated();
      const byte = bytes[this.at++];
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else high |= (bits & 1) << 31;
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw new ExpositionError("proto: integer overflow");
  }
}

function truncated(): ExpositionError {
  return new ExpositionError("unexpected EOF: the message ends in the middle of a field");
}
