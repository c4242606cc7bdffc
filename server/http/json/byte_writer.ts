const encoder = new TextEncoder();

/**
 * Size from which a chunk is handed on, in bytes. Below 128 KiB, from where on malloc maps fresh pages for each buffer:
 * with those, the system took nearly twice the CPU time for large answers.
 */
export const CHUNK_BYTES = 96 * 1024;
/** Room that is always left, in bytes: more than any number or fixed text takes. */
const SLACK_BYTES = 256;
/** Room of the first chunk, in bytes: most answers are short. */
const FIRST_BYTES = 2048;

const NOTHING = new Uint8Array(0);
const QUOTE = 34, BACKSLASH = 92;

/**
 * Bytes of an answer, taken in chunks.
 *
 * `bytes[0, length)` is written; after every method but `take` at least `SLACK_BYTES` are free, so that hot loops may
 * write to `bytes` or `view` directly and set `length`.
 */
export class ByteWriter {
  bytes = new Uint8Array(FIRST_BYTES);
  /** Shows all of `bytes`. */
  view = new DataView(this.bytes.buffer);
  length = 0;

  /** Whether it is time to `take`. */
  get isFull(): boolean {
    return this.length >= CHUNK_BYTES;
  }

  /** Where hot loops stop to `reserve` more, or to hand on what there is. */
  get limit(): number {
    return this.bytes.length - SLACK_BYTES;
  }

  /** Writes ASCII text. */
  ascii(text: string): void {
    this.reserve(text.length);
    const bytes = this.bytes;
    let at = this.length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.length = at;
  }

  /** Writes any text in UTF-8. */
  text(text: string): void {
    this.reserve(3 * text.length);
    this.length += encoder.encodeInto(text, this.bytes.subarray(this.length)).written;
  }

  /** Writes `text` as a JSON string; lone surrogates become U+FFFD. */
  string(text: string): void {
    this.reserve(text.length);
    const bytes = this.bytes;
    let at = this.length;
    bytes[at++] = QUOTE;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 32 || code > 126 || code === QUOTE || code === BACKSLASH) {
        return this.text(JSON.stringify(text.toWellFormed()));
      }
      bytes[at++] = code;
    }
    bytes[at++] = QUOTE;
    this.length = at;
  }

  /** What was written since the last call. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.bytes.subarray(0, this.length);
    this.#writeTo(NOTHING);
    this.length = 0;
    return taken;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count + SLACK_BYTES;
    if (needed <= this.bytes.length) return;
    // Behind a chunk comes another large one.
    const usual = this.bytes.length === 0 ? Infinity : 2 * this.bytes.length;
    const grown = new Uint8Array(Math.max(needed, Math.min(usual, CHUNK_BYTES + SLACK_BYTES)));
    grown.set(this.bytes.subarray(0, this.length));
    this.#writeTo(grown);
  }

  #writeTo(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}
