import type { Buffer } from "node:buffer";
import { createGunzip, type Gunzip } from "node:zlib";
import { HttpClient, type HttpClientOptions } from "./http_client.ts";
import type { PlainHttpClientConfig } from "./plain_http.ts";

/** Bytes that decompression hands on at a time. */
const GUNZIP_CHUNK_BYTES = 256 << 10;
/** Compressed bytes above which no more are read until these are decompressed. */
const WAITING_BYTES_MAX = 256 << 10;

/** A request for the body of a target. */
export interface BodyRequest {
  readonly url: string;
  /** "" for none, see `TargetSpec`. */
  readonly unixSocket: string;
  readonly accept: string;
  readonly enableCompression: boolean;
  readonly timeoutMs: number;
  /** Bytes after decompression from which on a body is too long; 0 for no limit. */
  readonly bodySizeLimit: number;
}

/** Takes a body as it arrives; what its methods throw ends the request, which then rejects with it. */
export interface BodyReceiver {
  /** @param contentType The header, undefined where it is missing. */
  begin(contentType: string | undefined): void;
  /** The next bytes, decompressed and split anywhere, only valid during the call. */
  chunk(bytes: Uint8Array): void;
}

/** Fetches the bodies of the targets of a pool. */
export interface BodyFetcher {
  /**
   * Resolves once the whole body was received.
   * @throws {BodySizeLimitError} If the body is too long.
   * @throws {Error} If there is no complete body, or if the signal is aborted, with its reason.
   */
  fetch(request: BodyRequest, receiver: BodyReceiver, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export class BodySizeLimitError extends Error {
  override readonly name = "BodySizeLimitError";
  constructor() {
    super("body size limit exceeded");
  }
}

/** Fetches bodies over HTTP. */
export class HttpFetcher implements BodyFetcher {
  readonly #client: HttpClient;

  constructor(
    config: PlainHttpClientConfig,
    private readonly userAgent: string,
    options?: HttpClientOptions,
  ) {
    this.#client = new HttpClient(config, options);
  }

  async fetch(request: BodyRequest, receiver: BodyReceiver, signal: AbortSignal): Promise<void> {
    const { bodySizeLimit } = request;
    let received = 0;
    const take = (bytes: Uint8Array) => {
      received += bytes.length;
      if (bodySizeLimit > 0 && received >= bodySizeLimit) throw new BodySizeLimitError();
      receiver.chunk(bytes);
    };
    let decompression: Decompression | undefined;
    try {
      await this.#client.send({
        url: request.url,
        unixSocket: request.unixSocket,
        headers: {
          accept: request.accept,
          "accept-encoding": request.enableCompression ? "gzip" : "identity",
          "user-agent": this.userAgent,
          "x-prometheus-scrape-timeout-seconds": String(request.timeoutMs / 1000),
        },
        signal,
      }, {
        head: ({ status, statusText, header }) => {
          if (status !== 200) throw new Error(`server returned HTTP status ${status} ${statusText}`.trim());
          if (header("content-encoding") === "gzip") decompression = new Decompression(take);
          receiver.begin(header("content-type"));
        },
        chunk: (bytes) => decompression === undefined ? take(bytes) : decompression.write(bytes),
      });
      await abortable(decompression?.end(), signal);
    } finally {
      decompression?.close();
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

async function abortable(work: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  if (work === undefined) return;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** A gzip body that is decompressed as it comes; bytes are handed on one chunk at a time. */
class Decompression {
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
