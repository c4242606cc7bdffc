import { STATUS_CODES } from "node:http";
import { setImmediate } from "node:timers";
import { Agent, type Dispatcher, ProxyAgent } from "undici";
import { basic, type Credentials, credentialsOf } from "./http_credentials.ts";
import { HttpError, networkError } from "./http_error.ts";
import { proxyFor } from "./http_proxy.ts";
import { hasTlsFiles, type TlsOptions, tlsOptions } from "./http_tls.ts";
import type { PlainHttpClientConfig } from "./plain_http.ts";

const IDLE_MS = 300_000;
const REDIRECTS_MAX = 10;

interface HttpRequest {
  readonly url: string;
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Path of the socket to connect to instead of the URL's host. */
  readonly unixSocket?: string;
  /** Ends the request; it rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

interface HttpHead {
  readonly status: number;
  readonly statusText: string;
  /** The value of the header of this name in lower case, the first one where there are several. */
  header(name: string): string | undefined;
}

/** Takes an answer as it arrives. What its methods throw ends the request, which then rejects with it. */
interface HttpReceiver {
  head(head: HttpHead): void;
  /** The next bytes of the body, not written to later; after a promise no more come before it is fulfilled. */
  chunk(bytes: Uint8Array): void | Promise<void>;
}

export interface HttpClientOptions {
  readonly env?: (name: string) => string | undefined;
}

/**
 * HTTP requests with the credentials, headers, TLS settings and proxies of a configuration. Connections are kept
 * for later requests.
 *
 * It stands on undici, which alone offers all of these settings under Deno and reads bodies as cheaply as `fetch`.
 */
export class HttpClient {
  readonly #credentials: Credentials;
  readonly #dispatchers = new Map<string, Dispatcher>();
  readonly #env: (name: string) => string | undefined;
  #tokenClient: HttpClient | undefined;
  #tls: TlsOptions | undefined;
  #tlsKey = "";

  constructor(private readonly config: PlainHttpClientConfig, options: HttpClientOptions = {}) {
    this.#env = options.env ?? ((name) => Deno.env.get(name));
    this.#credentials = credentialsOf(
      config,
      (url, form, headers, signal) => this.#sendForm(url, form, headers, signal),
    );
  }

  /**
   * Sends a request, follows redirects where that is configured, and hands on the answer.
   * @throws {HttpError} If there is no (whole) answer.
   */
  async send(request: HttpRequest, receiver: HttpReceiver): Promise<void> {
    const { signal } = request;
    signal.throwIfAborted();
    const method = request.method ?? "GET";
    const fail = (cause: unknown) => networkError(method, request.url, cause);
    let url = new URL(request.url);
    let authorization: string | undefined, configured: Record<string, string>;
    try {
      await this.#readTls();
      authorization = await this.#credentials.authorization(signal);
      configured = await this.#configuredHeaders();
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof HttpError ? error : fail(error);
    }
    if (authorization === undefined && (url.username !== "" || url.password !== "")) {
      authorization = basic(decodeURIComponent(url.username), decodeURIComponent(url.password));
    }
    const first = url.hostname;
    for (let redirects = 0;; redirects++) {
      const isFirst = url.hostname === first;
      const headers = {
        ...(isFirst && configured),
        ...(isFirst && authorization !== undefined && { authorization }),
        ...request.headers,
      };
      const location = await this.#exchange(url, method, headers, request, receiver, fail);
      if (location === undefined) return;
      if (redirects === REDIRECTS_MAX) throw fail(new Error(`stopped after ${REDIRECTS_MAX} redirects`));
      if (!URL.canParse(location, url)) {
        throw fail(new Error(`failed to parse Location header ${JSON.stringify(location)}`));
      }
      url = new URL(location, url);
      if (url.protocol !== "http:" && url.protocol !== "https:") {
        throw fail(new Error(`unsupported protocol scheme ${JSON.stringify(url.protocol.slice(0, -1))}`));
      }
    }
  }

  async close(): Promise<void> {
    const open = [...this.#dispatchers.values()];
    this.#dispatchers.clear();
    await Promise.all([...open.map((dispatcher) => dispatcher.destroy()), this.#tokenClient?.close()]);
  }

  /** One request and its answer; the URL to go on to where the answer is a redirect that is followed. */
  async #exchange(
    url: URL,
    method: NonNullable<HttpRequest["method"]>,
    headers: Record<string, string>,
    request: HttpRequest,
    receiver: HttpReceiver,
    fail: (cause: unknown) => HttpError,
  ): Promise<string | undefined> {
    for (let attempt = 1;; attempt++) {
      const exchange = new Exchange(receiver, this.config.followRedirects && method === "GET", (status) => {
        if (status === 401) this.#credentials.refused();
      });
      try {
        const dispatcher = this.#dispatcher(url, request.unixSocket ?? "");
        return await exchange.run(dispatcher, {
          origin: url.origin,
          path: url.pathname + url.search,
          method,
          headers,
          body: request.body ?? null,
        }, request.signal);
      } catch (error) {
        if (exchange.receiverError !== undefined) throw exchange.receiverError.error;
        request.signal.throwIfAborted();
        // A kept connection that the server closed just now: as in Go, another one is tried.
        if (attempt === 1 && !exchange.answered && method === "GET" && isClosedConnection(error)) continue;
        throw fail(error);
      }
    }
  }

  #dispatcher(url: URL, unixSocket: string): Dispatcher {
    const proxy = unixSocket === "" ? proxyFor(this.config, url, this.#env) : "";
    const key = `${proxy} ${unixSocket}`;
    let dispatcher = this.#dispatchers.get(key);
    if (dispatcher === undefined) {
      dispatcher = this.#newDispatcher(proxy, unixSocket);
      this.#dispatchers.set(key, dispatcher);
    }
    return dispatcher;
  }

  #newDispatcher(proxy: string, unixSocket: string): Dispatcher {
    const tls = this.#tls;
    // Time limits are the caller's, by its signal.
    const options = {
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      headersTimeout: 0,
      bodyTimeout: 0,
      // Whatever enable_http2 says: a target that ends while it speaks HTTP/2 (GOAWAY) aborts the process, by an
      // assertion in Deno 2.9's HTTP/2 library. Servers that offer it speak HTTP/1.1 as well.
      allowH2: false,
    };
    if (proxy === "") {
      const socket = unixSocket === "" ? {} : { socketPath: unixSocket };
      return new Agent({ ...options, connect: { ...tls, ...socket } });
    }
    const uri = new URL(proxy);
    const token = uri.username === "" ? {} : {
      token: basic(decodeURIComponent(uri.username), decodeURIComponent(uri.password)),
    };
    const headers = Object.fromEntries(
      Object.entries(this.config.proxyConnectHeader).map(([name, values]) => [name, values.join(", ")]),
    );
    return new ProxyAgent({
      ...options,
      ...token,
      uri: uri.origin,
      headers,
      requestTls: { ...tls },
      proxyTls: { ...tls, servername: undefined },
      proxyTunnel: false, // tunnels are for https only, as in Go
    });
  }

  /** Reads the certificates; where a file changed, later connections use it. */
  async #readTls(): Promise<void> {
    if (this.#tls !== undefined && !hasTlsFiles(this.config.tlsConfig)) return;
    const tls = await tlsOptions(this.config.tlsConfig);
    const key = JSON.stringify(tls);
    if (this.#tls !== undefined && key === this.#tlsKey) return;
    this.#tls = tls;
    this.#tlsKey = key;
    const old = [...this.#dispatchers.values()];
    this.#dispatchers.clear();
    for (const dispatcher of old) dispatcher.close().catch(() => {}); // requests under way are finished
  }

  async #configuredHeaders(): Promise<Record<string, string>> {
    const headers: Record<string, string> = {};
    for (const [name, { values, secrets, files }] of Object.entries(this.config.httpHeaders)) {
      const read = await Promise.all(files.map(async (file) => (await Deno.readTextFile(file)).trim()));
      headers[name.toLowerCase()] = [...values, ...secrets, ...read].join(", ");
    }
    return headers;
  }

  async #sendForm(url: string, form: string, headers: Record<string, string>, signal: AbortSignal) {
    const { tlsConfig, proxyUrl, noProxy, proxyFromEnvironment, proxyConnectHeader } = this.config.oauth2!;
    this.#tokenClient ??= new HttpClient({
      ...this.config,
      basicAuth: undefined,
      authorization: undefined,
      oauth2: undefined,
      bearerToken: "",
      bearerTokenFile: "",
      httpHeaders: {},
      tlsConfig,
      proxyUrl,
      noProxy,
      proxyFromEnvironment,
      proxyConnectHeader,
    }, { env: this.#env });
    const decoder = new TextDecoder();
    let status = 0, text = "";
    await this.#tokenClient.send({
      url,
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      body: form,
      signal,
    }, {
      head: (head) => void (status = head.status),
      chunk: (bytes) => {
        text += decoder.decode(bytes, { stream: true });
        if (text.length > 1 << 20) throw new Error("oauth2: token response is longer than 1 MiB");
      },
    });
    return { status, text };
  }
}

function isClosedConnection(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === "UND_ERR_SOCKET" || code === "ECONNRESET" || code === "EPIPE";
}

/** The handler of one request. */
class Exchange {
  /** What the receiver threw. */
  receiverError: { readonly error: unknown } | undefined;
  answered = false;

  constructor(
    private readonly receiver: HttpReceiver,
    private readonly followsRedirects: boolean,
    private readonly onStatus: (status: number) => void,
  ) {}

  run(
    dispatcher: Dispatcher,
    options: Dispatcher.DispatchOptions,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      let controller: Dispatcher.DispatchController | undefined;
      let location: string | undefined;
      const abort = () => {
        const reason = signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
        controller?.abort(reason);
        settle(() => reject(reason));
      };
      const settle = (end: () => void) => {
        signal.removeEventListener("abort", abort);
        end();
      };
      const refuse = (error: unknown) => {
        this.receiverError ??= { error };
        const reason = error instanceof Error ? error : new Error(String(error));
        controller!.abort(reason);
        settle(() => reject(reason));
      };
      const guarded = (give: () => void | Promise<void>) => {
        if (this.receiverError !== undefined) return;
        try {
          const taken = give();
          if (taken === undefined) return;
          controller!.pause();
          // undici loops for ever where a body is resumed in the very turn in which it was paused.
          taken.then(() => setImmediate(() => controller!.resume()), refuse);
        } catch (error) {
          refuse(error);
        }
      };
      signal.addEventListener("abort", abort);
      dispatcher.dispatch(options, {
        onRequestStart: (started) => {
          controller = started;
          if (signal.aborted) abort();
        },
        onResponseStart: (_, status, headers, sentText) => {
          const statusText = sentText || (STATUS_CODES[status] ?? ""); // HTTP/2 sends none
          this.answered = true;
          this.onStatus(status);
          const header = (name: string) => {
            const value = headers[name];
            return Array.isArray(value) ? value[0] : value;
          };
          if (this.followsRedirects && REDIRECTS.has(status)) location = header("location");
          if (location === undefined) guarded(() => this.receiver.head({ status, statusText, header }));
        },
        onResponseData: (_, chunk) => {
          if (location === undefined && !signal.aborted) guarded(() => this.receiver.chunk(chunk));
        },
        onResponseEnd: () => settle(() => resolve(location)),
        onResponseError: (_, error) => settle(() => reject(error)),
      });
    });
  }
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
