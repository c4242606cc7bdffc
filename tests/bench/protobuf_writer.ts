/** Writes protobuf messages field by field into one growing buffer. */
export class ProtobufWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** What was written; valid until the next write. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  double(field: number, value: number): void {
    this.varint(field << 3 | 1);
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** @param value A safe integer, not negative. */
  unsigned(field: number, value: number): void {
    this.varint(field << 3);
    this.varint(value);
  }

  signed(field: number, value: number): void {
    this.unsigned(field, zigzag(value));
  }

  /** A message or text that is encoded already. */
  bytes(field: number, content: Uint8Array): void {
    this.varint(field << 3 | 2);
    this.varint(content.length);
    this.raw(content);
  }

  packedSigned(field: number, values: readonly number[], scratch: ProtobufWriter): void {
    scratch.clear();
    for (const value of values) scratch.varint(zigzag(value));
    this.bytes(field, scratch.written);
  }

  /** Fields that are encoded already. */
  raw(content: Uint8Array): void {
    this.#reserve(content.length);
    this.#bytes.set(content, this.#length);
    this.#length += content.length;
  }

  /** @param value A safe integer, not negative. */
  varint(value: number): void {
    this.#reserve(8);
    for (; value > 0x7f; value = Math.floor(value / 128)) this.#bytes[this.#length++] = value % 128 | 0x80;
    this.#bytes[this.#length++] = value;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const bytes = new Uint8Array(2 * (this.#length + count));
    bytes.set(this.written);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}
