/**
 * Serves many scrape targets from one process at next to no cost, so that a benchmark on few cores measures the
 * scraper: `/t/<target>/metrics` for each target, `/stats` for what was served, `/reset` to forget it.
 *
 * Speaks just enough HTTP/1.1 by hand: GET, keep-alive, one request at a time per connection, never compressed.
 * Prints its port on the first line and ends with its standard input, so it cannot outlive whoever started it.
 */
import { parseArgs } from "node:util";
import { ExpositionBody } from "./exposition_body.ts";

/** What `/stats` answers. */
export interface LoadStats {
  readonly targets: number;
  readonly seriesPerTarget: number;
  readonly bytesPerSample: number;
  /** Complete responses since the start or the last reset. */
  readonly scrapes: number;
  /** Unix time in ms of the first request since then; 0 if none came. */
  readonly firstRequestMs: number;
}

const REQUEST_BYTES_MAX = 16_384;
const END_OF_REQUEST = "\r\n\r\n";

class LoadGenerator {
  #bodies: ExpositionBody[] = [];
  #busy: Uint8Array;
  #scrapes = 0;
  #firstRequestMs = 0;

  constructor(readonly targets: number, readonly seriesPerTarget: number) {
    for (let target = 0; target < targets; target++) {
      this.#bodies.push(new ExpositionBody(seriesPerTarget, target));
    }
    this.#busy = new Uint8Array(targets);
  }

  /** Serves one connection until the client closes it. */
  async serve(conn: Deno.TcpConn): Promise<void> {
    conn.setNoDelay(true);
    const buffer = new Uint8Array(REQUEST_BYTES_MAX), decoder = new TextDecoder("latin1");
    let request = "";
    try {
      for (;;) {
        const count = await conn.read(buffer);
        if (count === null) return;
        request += decoder.decode(buffer.subarray(0, count));
        const end = request.indexOf(END_OF_REQUEST);
        if (end < 0 && request.length > REQUEST_BYTES_MAX) return;
        if (end < 0) continue;
        const path = request.split(" ", 2)[1] ?? "/";
        request = request.slice(end + END_OF_REQUEST.length);
        await this.#answer(conn, path);
      }
    } catch (error) {
      // A scraper that is killed or times out breaks its connections: that is its business.
      if (!isDisconnect(error)) throw error;
    } finally {
      conn.close();
    }
  }

  async #answer(conn: Deno.TcpConn, path: string): Promise<void> {
    if (path.startsWith("/t/")) {
      const target = parseInt(path.slice(3)), body = this.#bodies[target];
      if (body !== undefined) return await this.#scrape(conn, target, body);
    }
    if (path === "/reset") this.#scrapes = this.#firstRequestMs = 0;
    const known = path === "/reset" || path === "/stats";
    const text = known ? JSON.stringify(this.#stats()) : "no such target\n";
    await writeAll(
      conn,
      new TextEncoder().encode(
        `HTTP/1.1 ${known ? "200 OK" : "404 Not Found"}\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
      ),
    );
  }

  async #scrape(conn: Deno.TcpConn, target: number, body: ExpositionBody): Promise<void> {
    if (this.#firstRequestMs === 0) this.#firstRequestMs = Date.now();
    // While another response of this target is on its way its bytes must stay as they are.
    if (this.#busy[target] === 0) body.advance();
    this.#busy[target]!++;
    try {
      await writeAll(conn, body.response);
      this.#scrapes++;
    } finally {
      this.#busy[target]!--;
    }
  }

  #stats(): LoadStats {
    const { targets, seriesPerTarget } = this;
    const bytesPerSample = this.#bodies[0]!.bodyBytes / seriesPerTarget;
    return {
      targets,
      seriesPerTarget,
      bytesPerSample,
      scrapes: this.#scrapes,
      firstRequestMs: this.#firstRequestMs,
    };
  }
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

function isDisconnect(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      targets: { type: "string", default: "15" },
      series: { type: "string", default: "10000" },
      port: { type: "string", default: "0" },
    },
  });
  const generator = new LoadGenerator(Number(values.targets), Number(values.series));
  const listener = Deno.listen({ hostname: "127.0.0.1", port: Number(values.port) });
  console.log(JSON.stringify({ port: listener.addr.port }));
  (async () => {
    for await (const _ of Deno.stdin.readable);
    Deno.exit(0);
  })();
  for await (const conn of listener) generator.serve(conn);
}
