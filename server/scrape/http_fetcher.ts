import { Decompression } from "./decompression.ts";
import type { HttpClient, HttpClientOptions } from "./http_client.ts";
import { statusError } from "./http_error.ts";
import type { PlainHttpClientConfig } from "./plain_http.ts";
import { SocketGet } from "./socket_get.ts";

/** URLs that are remembered at most; then they are tried again. */
const UNUSUAL_MAX = 10_000;

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

/** Fetches bodies over HTTP: straight from the target where that is all, else with everything that is configured. */
export class HttpFetcher implements BodyFetcher {
  readonly #sockets: SocketGet | undefined;
  /** URLs whose answers `SocketGet` does not understand. */
  readonly #unusual = new Set<string>();
  #client: HttpClient | undefined;

  constructor(
    private readonly config: PlainHttpClientConfig,
    private readonly userAgent: string,
    private readonly options: HttpClientOptions = {},
  ) {
    if (SocketGet.serves(config)) this.#sockets = new SocketGet();
  }

  async fetch(request: BodyRequest, receiver: BodyReceiver, signal: AbortSignal): Promise<void> {
    const { url, unixSocket, bodySizeLimit } = request;
    signal.throwIfAborted();
    const headers = {
      accept: request.accept,
      "accept-encoding": request.enableCompression ? "gzip" : "identity",
      "user-agent": this.userAgent,
      "x-prometheus-scrape-timeout-seconds": String(request.timeoutMs / 1000),
    };
    let received = 0;
    const limited: BodyReceiver = {
      begin: (contentType) => receiver.begin(contentType),
      chunk: (bytes) => {
        signal.throwIfAborted(); // what was received before may decompress to much more
        received += bytes.length;
        if (bodySizeLimit > 0 && received >= bodySizeLimit) throw new BodySizeLimitError();
        receiver.chunk(bytes);
      },
    };
    if (this.#sockets !== undefined && unixSocket === "" && isPlainUrl(url) && !this.#unusual.has(url)) {
      const got = await this.#sockets.get(url, headers, limited, signal);
      if (got === "got") return;
      if (got === "unusual") {
        if (this.#unusual.size === UNUSUAL_MAX) this.#unusual.clear();
        this.#unusual.add(url);
      }
    }
    await this.#fetchWithClient({ url, unixSocket, headers, signal }, limited);
  }

  async close(): Promise<void> {
    this.#sockets?.close();
    await this.#client?.close();
  }

  async #fetchWithClient(
    request: {
      url: string;
      unixSocket: string;
      headers: Readonly<Record<string, string>>;
      signal: AbortSignal;
    },
    receiver: BodyReceiver,
  ): Promise<void> {
    // Loaded when a target needs it: it takes several MB in every thread.
    const { HttpClient } = await import("./http_client.ts");
    const client = this.#client ??= new HttpClient(this.config, this.options);
    const take = (bytes: Uint8Array) => receiver.chunk(bytes);
    let decompression: Decompression | undefined;
    try {
      await client.send(request, {
        head: ({ status, statusText, header }) => {
          if (status !== 200) throw statusError(status, statusText);
          if (header("content-encoding") === "gzip") decompression = new Decompression(take);
          receiver.begin(header("content-type"));
        },
        chunk: (bytes) => decompression === undefined ? take(bytes) : decompression.write(bytes),
      });
      await decompression?.end();
    } finally {
      decompression?.close();
    }
  }
}

/** Whether it is `http://` and holds no user or password. */
function isPlainUrl(url: string): boolean {
  return url.startsWith("http://") && !url.includes("@");
}
