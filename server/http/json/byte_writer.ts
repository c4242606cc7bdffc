const encoder = new TextEncoder();

/** Size from which a chunk is handed on, in bytes. */
export const CHUNK_BYTES = 64 * 1024;
/** Room that is always left, in bytes: more than any number or fixed text takes. */
const SLACK_BYTES = 256;

/**
 * Bytes of an answer, taken in chunks.
 *
 * `bytes[0, length)` is written; after every method but `take` at least `SLACK_BYTES` are free, so that hot loops may
 * write to `bytes` directly and set `length`.
 */
export class ByteWriter {
  bytes = new Uint8Array(CHUNK_BYTES + SLACK_BYTES);
  length = 0;

  /** Whether it is time to `take`. */
  get isFull(): boolean {
    return this.length >= CHUNK_BYTES;
  }

  /** Writes ASCII text. */
  ascii(text: string): void {
    this.#reserve(text.length);
    let at = this.length;
    for (let i = 0; i < text.length; i++) this.bytes[at++] = text.charCodeAt(i);
    this.length = at;
  }

  /** Writes any text in UTF-8. */
  text(text: string): void {
    this.#reserve(3 * text.length);
    this.length += encoder.encodeInto(text, this.bytes.subarray(this.length)).written;
  }

  /** Writes `text` as a JSON string; lone surrogates become U+FFFD. */
  string(text: string): void {
    if (/^[ !#-[\]-~]*$/.test(text)) {
      this.ascii(`"${text}"`);
    } else {
      this.text(JSON.stringify(text.toWellFormed()));
    }
  }

  /** What was written since the last call. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.bytes.subarray(0, this.length);
    this.bytes = new Uint8Array(CHUNK_BYTES + SLACK_BYTES);
    this.length = 0;
    return taken;
  }

  #reserve(bytes: number): void {
    const needed = this.length + bytes + SLACK_BYTES;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}
