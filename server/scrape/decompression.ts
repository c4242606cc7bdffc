import type { Buffer } from "node:buffer";
import { createGunzip, type Gunzip } from "node:zlib";

/** Decompressed bytes that are handed on at a time; more are never held, however far a body expands. */
const CHUNK_BYTES = 64 << 10;
/** Compressed bytes that are gathered first: a stream costs by the write, and most bodies need no second one. */
const GATHERED_BYTES = 32 << 10;

/** What Go's reader says where zlib says otherwise. */
const REASONS: Readonly<Record<string, string>> = {
  "incorrect header check": "invalid header",
  "incorrect data check": "invalid checksum",
};

/** A gzip body, of one member or several, that is decompressed as it comes; bytes are handed on one chunk at a time. */
export class Decompression {
  readonly #gunzip: Gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  readonly #done = Promise.withResolvers<void>();
  readonly #gathered = new Uint8Array(GATHERED_BYTES);
  #length = 0;

  constructor(take: (bytes: Uint8Array) => void) {
    this.#done.promise.catch(() => {}); // may fail before anybody waits for it
    this.#gunzip.on("data", (bytes: Buffer) => {
      try {
        take(bytes);
      } catch (error) {
        this.#done.reject(error);
        this.#gunzip.destroy();
      }
    });
    this.#gunzip.on("end", () => this.#done.resolve());
    this.#gunzip.on("error", (cause: Error) => {
      this.#done.reject(new Error(`gzip: ${REASONS[cause.message] ?? cause.message}`, { cause }));
    });
  }

  /**
   * Takes compressed bytes; after a promise, they must stay as they are and no more may come until it is fulfilled.
   * It rejects with what `take` threw, or if the bytes are not gzip.
   */
  write(bytes: Uint8Array): void | Promise<void> {
    const taken = this.#gather(bytes);
    if (this.#length === GATHERED_BYTES) return this.#writeOn(bytes.subarray(taken));
  }

  /** Resolves once all bytes are handed on; rejects as `write`, or if the body breaks off. */
  end(): Promise<void> {
    this.#gunzip.end(this.#gathered.subarray(0, this.#length));
    return this.#done.promise;
  }

  close(): void {
    this.#gunzip.destroy();
  }

  async #writeOn(bytes: Uint8Array): Promise<void> {
    while (this.#length === GATHERED_BYTES) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#gunzip.write(this.#gathered, () => resolve());
      await Promise.race([promise, this.#done.promise]);
      this.#length = 0;
      bytes = bytes.subarray(this.#gather(bytes));
    }
  }

  /** @returns How many of `bytes` there was room for. */
  #gather(bytes: Uint8Array): number {
    const part = bytes.subarray(0, GATHERED_BYTES - this.#length);
    this.#gathered.set(part, this.#length);
    this.#length += part.length;
    return part.length;
  }
}
