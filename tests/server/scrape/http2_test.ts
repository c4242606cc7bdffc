import assert from "node:assert/strict";
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { HttpFetcher } from "../../../server/scrape/http_fetcher.ts";
import type { PlainHttpClientConfig } from "../../../server/scrape/plain_http.ts";
import { CA_PEM, SERVER_KEY, SERVER_PEM } from "./_certificates.ts";
import { httpDefaults } from "./_fakes.ts";

type Answer = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

/** A server that speaks HTTP/2 over TLS, and HTTP/1.1 too if `allowHTTP1`. */
class Http2Target implements AsyncDisposable {
  /** Connections so far. */
  sessions: ServerHttp2Session[] = [];

  private constructor(readonly server: Http2SecureServer) {
    server.on("session", (session) => {
      session.on("error", () => {});
      this.sessions.push(session);
    });
  }

  static async start(answer: Answer, { allowHTTP1 = false } = {}): Promise<Http2Target> {
    const server = createSecureServer({ cert: SERVER_PEM, key: SERVER_KEY, allowHTTP1 }, answer);
    const target = new Http2Target(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return target;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}/metrics`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.sessions) session.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

class Client implements AsyncDisposable {
  readonly #fetcher: HttpFetcher;

  constructor(config: Partial<PlainHttpClientConfig> = {}) {
    const tlsConfig = { ...httpDefaults.tlsConfig, ca: CA_PEM, serverName: "server.test" };
    this.#fetcher = new HttpFetcher({ ...httpDefaults, tlsConfig, ...config }, "Prometheus/3", {
      env: () => undefined,
    });
  }

  async get(url: string, { signal = AbortSignal.timeout(10_000), bodySizeLimit = 0 } = {}): Promise<string> {
    let body = "";
    const decoder = new TextDecoder();
    const request = { url, unixSocket: "", accept: "text/plain", enableCompression: true, timeoutMs: 1500 };
    await this.#fetcher.fetch({ ...request, bodySizeLimit }, {
      begin: () => {},
      chunk: (bytes) => void (body += decoder.decode(bytes, { stream: true })),
    }, signal);
    return body;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fetcher.close();
  }
}

const version: Answer = ({ httpVersion }, response) => {
  response.setHeader("content-type", "text/plain");
  response.end(httpVersion);
};

for (
  const [enableHttp2, allowHTTP1, want] of [
    [true, false, "2.0"],
    [true, true, "2.0"],
    [false, true, "1.1"],
    [false, false, undefined],
  ] as const
) {
  const server = allowHTTP1 ? "a server of HTTP/1.1 and 2" : "a server of HTTP/2 alone";
  Deno.test(`enable_http2 ${enableHttp2} with ${server}: ${want ?? "no answer"}`, async () => {
    await using target = await Http2Target.start(version, { allowHTTP1 });
    await using client = new Client({ enableHttp2 });
    if (want === undefined) await assert.rejects(client.get(target.url), /^HttpError: Get "https:/);
    else assert.equal(await client.get(target.url), want);
  });
}

Deno.test("many requests at once and one after the other share a connection of HTTP/2", async () => {
  const body = "some_metric 1\n".repeat(50_000);
  await using target = await Http2Target.start((_, response) => {
    response.setHeader("content-encoding", "gzip");
    response.end(gzipSync(body));
  });
  await using client = new Client();
  for (let round = 0; round < 3; round++) {
    const bodies = await Promise.all(Array.from({ length: 10 }, () => client.get(target.url)));
    assert.ok(bodies.every((got) => got === body));
  }
  assert.equal(target.sessions.length, 1);
});

Deno.test("a body of many compressed bytes arrives over HTTP/2 no faster than it is decompressed", async () => {
  const random = crypto.getRandomValues(new Uint8Array(65_536));
  const body = `# ${random.toHex()}\n`.repeat(40);
  const compressed = gzipSync(body, { level: 0 });
  await using target = await Http2Target.start((_, response) => {
    response.setHeader("content-encoding", "gzip");
    response.end(compressed);
  });
  await using client = new Client();
  assert.ok(await client.get(target.url) === body);
});

Deno.test("over HTTP/2 a status is named as over HTTP/1.1", async () => {
  await using target = await Http2Target.start((_, response) => {
    response.statusCode = 503;
    response.end();
  });
  await using client = new Client();
  await assert.rejects(client.get(target.url), {
    message: "server returned HTTP status 503 Service Unavailable",
  });
});

Deno.test("a connection of HTTP/2 that its server closed is replaced", async () => {
  await using target = await Http2Target.start(version);
  await using client = new Client();
  assert.equal(await client.get(target.url), "2.0");
  for (const close of ["close", "goaway", "destroy"] as const) {
    target.sessions.at(-1)![close]();
    assert.equal(await client.get(target.url), "2.0", close);
    assert.equal(await client.get(target.url), "2.0", close);
  }
});

Deno.test("an answer over HTTP/2 that breaks off is an error, and the next one is not", async () => {
  let broken = true;
  await using target = await Http2Target.start((request, response) => {
    if (!broken) return version(request, response);
    broken = false;
    response.write("half of ");
    setTimeout(() => response.stream.close(2), 5); // INTERNAL_ERROR
  });
  await using client = new Client();
  await assert.rejects(client.get(target.url), /^HttpError: Get "https:/);
  assert.equal(await client.get(target.url), "2.0");
});

Deno.test("a body over HTTP/2 that is too long, or too late, ends its request alone", async () => {
  const late = Promise.withResolvers<void>();
  await using target = await Http2Target.start(async (request, response) => {
    if (request.url === "/metrics") return version(request, response);
    response.on("error", () => {});
    response.write("x".repeat(1000));
    if (request.url === "/endless") {
      while (!response.destroyed && !response.stream?.destroyed) {
        response.write("x".repeat(10_000));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    } else await late.promise;
    response.end();
  });
  await using client = new Client();
  await assert.rejects(client.get(target.url.replace("metrics", "endless"), { bodySizeLimit: 100_000 }), {
    message: "body size limit exceeded",
  });
  const reason = new Error("context deadline exceeded");
  const abort = new AbortController();
  const waiting = client.get(target.url.replace("metrics", "late"), { signal: abort.signal });
  const other = client.get(target.url);
  assert.equal(await other, "2.0");
  abort.abort(reason);
  await assert.rejects(waiting, reason);
  late.resolve();
  assert.equal(await client.get(target.url), "2.0");
  assert.equal(target.sessions.length, 1);
});
