import type { BodyReceiver } from "./http_fetcher.ts";
import { networkError, statusError } from "./http_error.ts";
import type { PlainHttpClientConfig } from "./plain_http.ts";

const BUFFER_BYTES = 256 << 10;
/** Buffers that are kept for later bodies. */
const SPARE_BUFFERS = 4;
const IDLE_MS = 300_000;

/** What fetch says of a transfer that broke off; anything else comes from the decompression. */
const TRANSFER_ERROR = "error reading a body from connection";

/**
 * The cheapest way to a body: `fetch` into buffers that are used again and again, so that nothing is allocated per
 * chunk. It can do only what most targets need; whatever else is asked for, and every failure, is left to `HttpClient`.
 */
export class DirectGet {
  readonly #client = Deno.createHttpClient({ http2: false, poolIdleTimeout: IDLE_MS });
  readonly #spare: ArrayBuffer[] = [];

  /** Whether requests with these settings go to the target itself and carry no more than their own headers. */
  static serves(config: PlainHttpClientConfig, env: (name: string) => string | undefined): boolean {
    const { basicAuth, authorization, oauth2, bearerToken, bearerTokenFile, httpHeaders, proxyUrl } = config;
    // Unlike `HttpClient`, fetch takes proxies from the environment unasked.
    const proxies = ["http_proxy", "all_proxy"].flatMap((name) => [env(name), env(name.toUpperCase())]);
    return basicAuth === undefined && authorization === undefined && oauth2 === undefined &&
      bearerToken === "" && bearerTokenFile === "" && Object.keys(httpHeaders).length === 0 &&
      proxyUrl === "" &&
      proxies.every((proxy) => !proxy);
  }

  /**
   * Gets the body at `url`, which starts with `http://` and holds no password.
   * @returns false where there is no answer or a redirect; the receiver was told nothing then.
   * @throws {Error} If the status is another one than 200, the body breaks off or cannot be decompressed, or what the receiver or the signal threw.
   */
  async get(
    url: string,
    headers: Readonly<Record<string, string>>,
    receiver: BodyReceiver,
    signal: AbortSignal,
  ): Promise<boolean> {
    let response: Response;
    try {
      response = await fetch(url, { headers, signal, redirect: "manual", client: this.#client });
    } catch {
      signal.throwIfAborted();
      return false;
    }
    const { status, statusText } = response;
    if (status !== 200 || response.body === null) {
      await response.body?.cancel();
      if (status >= 300 && status < 400) return false;
      throw statusError(status, statusText);
    }
    const reader = response.body.getReader({ mode: "byob" });
    let buffer = this.#spare.pop() ?? new ArrayBuffer(BUFFER_BYTES);
    const read = () =>
      reader.read(new Uint8Array(buffer)).catch((cause: Error) => {
        signal.throwIfAborted();
        const isTransfer = cause.message.includes(TRANSFER_ERROR);
        throw isTransfer
          ? networkError("GET", url, new Error("unexpected EOF", { cause }))
          : new Error(`gzip: ${cause.message}`, { cause });
      });
    try {
      receiver.begin(response.headers.get("content-type") ?? undefined);
      for (;;) {
        const { value, done } = await read();
        if (value !== undefined) buffer = value.buffer;
        if (done) break;
        receiver.chunk(value);
      }
    } catch (error) {
      reader.cancel().catch(() => {});
      throw error;
    }
    if (this.#spare.length < SPARE_BUFFERS) this.#spare.push(buffer);
    return true;
  }

  close(): void {
    this.#client.close();
  }
}
