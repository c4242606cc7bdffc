/** Targets that answer with bytes as given, and what is received of them. */

export type Part = string | Uint8Array | (() => Promise<unknown>);

/** A target that answers each request with these very bytes, waits where a part is a function, and then closes. */
export class RawTarget implements AsyncDisposable {
  /** Requests as they came. */
  readonly requests: string[] = [];
  connections = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  readonly #done: Promise<void>;

  constructor(readonly answer: (request: string) => readonly Part[], readonly keepAlive = false) {
    this.#done = this.#accept();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}/metrics`;
  }

  async #accept(): Promise<void> {
    const served: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.connections++;
      this.#open.add(connection);
      served.push(
        this.#serve(connection).catch(() => {}).finally(() => {
          if (this.#open.delete(connection)) connection.close();
        }),
      );
    }
    await Promise.all(served);
  }

  async #serve(connection: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    do {
      const length = await connection.read(buffer);
      if (length === null) return;
      const request = new TextDecoder().decode(buffer.subarray(0, length));
      this.requests.push(request);
      for (const part of this.answer(request)) {
        if (typeof part === "function") await part();
        else {
          const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
          for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
        }
      }
    } while (this.keepAlive);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) {
      this.#open.delete(connection);
      connection.close();
    }
    await this.#done;
  }
}

/** What a receiver was given. */
export class Received {
  begun = 0;
  contentType: string | undefined;
  chunks = 0;
  #decoder = new TextDecoder();
  body = "";
  begin(contentType: string | undefined): void {
    this.begun++;
    this.contentType = contentType;
  }
  chunk(bytes: Uint8Array): void {
    this.chunks++;
    this.body += this.#decoder.decode(bytes, { stream: true });
  }
}

export const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n";
export const sized = (
  body: string | Uint8Array,
  more = "",
) => [`${HEAD}${more}Content-Length: ${body.length}\r\n\r\n`, body];
export const chunked = (...parts: readonly (string | Uint8Array)[]): Part[] => [
  `${HEAD}Transfer-Encoding: chunked\r\n\r\n`,
  ...parts.flatMap((part) => [`${part.length.toString(16)}\r\n`, part, "\r\n"]),
  "0\r\n\r\n",
];
