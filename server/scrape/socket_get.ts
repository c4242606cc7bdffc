import { HttpAnswer } from "./http_answer.ts";
import type { BodyReceiver } from "./http_fetcher.ts";
import type { PlainHttpClientConfig } from "./plain_http.ts";

const BUFFER_BYTES = 256 << 10;
/** Buffers that are kept for later bodies. */
const SPARE_BUFFERS = 4;
const IDLE_MS = 300_000;

/** A connection that waits for its next request. */
interface Idle {
  readonly connection: Deno.TcpConn;
  readonly sinceMs: number;
}

/**
 * The cheapest way to a body: HTTP/1.1 straight over TCP, into buffers that are used again and again. It takes a plain
 * or gzip body, of a given length, in chunks, or up to the end of its connection, and leaves all else to others.
 */
export class SocketGet {
  /** By host and port, those that waited longest first. */
  readonly #idle = new Map<string, Idle[]>();
  readonly #open = new Set<Deno.TcpConn>();
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];

  /** Whether requests with these settings go to the target itself and carry no more than their own headers. */
  static serves(config: PlainHttpClientConfig): boolean {
    const { basicAuth, authorization, oauth2, bearerToken, bearerTokenFile, httpHeaders } = config;
    return basicAuth === undefined && authorization === undefined && oauth2 === undefined &&
      bearerToken === "" && bearerTokenFile === "" && Object.keys(httpHeaders).length === 0 &&
      config.proxyUrl === "" && !config.proxyFromEnvironment;
  }

  /**
   * Gets the body at `url`, which starts with `http://` and holds no password.
   * @returns "unanswered" where there was no answer, "unusual" where it needs another client; the receiver was told
   *   nothing in either case.
   * @throws {Error} If the status is an error, the body breaks off or cannot be decompressed, or what the receiver or the signal threw.
   */
  async get(
    url: string,
    headers: Readonly<Record<string, string>>,
    receiver: BodyReceiver,
    signal: AbortSignal,
  ): Promise<"got" | "unanswered" | "unusual"> {
    const { hostname, host, port, pathname, search } = new URL(url);
    let text = `GET ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n`;
    for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
    const request = new TextEncoder().encode(`${text}\r\n`);
    const address = { hostname: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 80) };
    for (;;) {
      const kept = this.#takeIdle(host);
      const connection = kept ?? await this.#connect(address, signal);
      if (connection === undefined) return "unanswered";
      const outcome = await this.#exchange(host, connection, request, url, receiver, signal);
      // The target may have closed a kept connection meanwhile: another one is tried.
      if (outcome !== "unanswered" || kept === undefined) return outcome;
    }
  }

  close(): void {
    for (const connection of this.#open) connection.close();
    this.#open.clear();
    this.#idle.clear();
  }

  async #connect(
    address: { hostname: string; port: number },
    signal: AbortSignal,
  ): Promise<Deno.TcpConn | undefined> {
    try {
      const connection = await Deno.connect({ ...address, signal });
      connection.setNoDelay(true);
      this.#open.add(connection);
      return connection;
    } catch {
      signal.throwIfAborted();
    }
  }

  async #exchange(
    host: string,
    connection: Deno.TcpConn,
    request: Uint8Array,
    url: string,
    receiver: BodyReceiver,
    signal: AbortSignal,
  ): Promise<"got" | "unanswered" | "unusual"> {
    const abort = () => this.#close(connection);
    signal.addEventListener("abort", abort);
    const buffer = this.#spare.pop() ?? new Uint8Array(BUFFER_BYTES);
    let isKept = false;
    try {
      signal.throwIfAborted();
      try {
        for (let at = 0; at < request.length;) at += await connection.write(request.subarray(at));
      } catch {
        signal.throwIfAborted();
        return "unanswered";
      }
      const outcome = await new HttpAnswer(connection, buffer, url).receive(receiver);
      isKept = outcome === "kept";
      signal.throwIfAborted();
      return outcome === "kept" || outcome === "ended" ? "got" : outcome;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
      if (this.#spare.length < SPARE_BUFFERS) this.#spare.push(buffer);
      if (isKept) this.#keep(host, connection);
      else this.#close(connection);
    }
  }

  /** The connection to `host` that waited shortest; those that waited too long are closed, of all hosts. */
  #takeIdle(host: string): Deno.TcpConn | undefined {
    const oldestMs = performance.now() - IDLE_MS;
    for (const [of, list] of this.#idle) {
      while (list.length > 0 && list[0].sinceMs < oldestMs) this.#close(list.shift()!.connection);
      if (list.length === 0) this.#idle.delete(of);
    }
    return this.#idle.get(host)?.pop()?.connection;
  }

  #keep(host: string, connection: Deno.TcpConn): void {
    if (!this.#open.has(connection)) return; // closed by a signal, or with everything
    const idle = { connection, sinceMs: performance.now() };
    const list = this.#idle.get(host);
    if (list === undefined) this.#idle.set(host, [idle]);
    else list.push(idle);
  }

  #close(connection: Deno.TcpConn): void {
    if (this.#open.delete(connection)) connection.close();
  }
}
