import type { Buffer } from "node:buffer";
import { createGunzip, type Gunzip } from "node:zlib";

/** Bytes that decompression hands on at a time. */
const GUNZIP_CHUNK_BYTES = 256 << 10;
/** Compressed bytes above which no more are read until these are decompressed. */
const WAITING_BYTES_MAX = 256 << 10;

/** A gzip body that is decompressed as it comes; bytes are handed on one chunk at a time. */
export class Decompression {
  readonly #gunzip: Gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES });
  readonly #done = Promise.withResolvers<void>();
  #waiting = 0;

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
    this.#gunzip.on(
      "error",
      (error: Error) => this.#done.reject(new Error(`gzip: ${error.message}`, { cause: error })),
    );
  }

  /** Takes compressed bytes; where many are waiting, the promise is fulfilled once they are handed on. */
  write(bytes: Uint8Array): void | Promise<void> {
    this.#waiting += bytes.length;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gunzip.write(bytes, () => {
      this.#waiting -= bytes.length;
      resolve();
    });
    if (this.#waiting > WAITING_BYTES_MAX) return Promise.race([promise, this.#done.promise]);
  }

  end(): Promise<void> {
    this.#gunzip.end();
    return this.#done.promise;
  }

  close(): void {
    this.#gunzip.destroy();
  }
}
