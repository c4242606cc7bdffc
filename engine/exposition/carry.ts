/** Bytes at the end of a chunk that mean something only together with those of the next one. */
export class Carry {
  #bytes: Uint8Array;
  #length = 0;

  /** @param capacity Bytes to have room for at first. */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** How many bytes there are. */
  get length(): number {
    return this.#length;
  }

  /** Those that were added, from 0 to `length`; to be asked for anew after each `add`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  add(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    this.#bytes.copyWithin(0, count, this.#length);
    this.#length -= count;
  }

  clear(): void {
    this.#length = 0;
  }
}
