import assert from "node:assert/strict";
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from "node:http2";
import type { AddressInfo } from "node:net";
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

  async get(url: string): Promise<string> {
    let body = "";
    const decoder = new TextDecoder();
    const request = { url, unixSocket: "", accept: "text/plain", enableCompression: true, timeoutMs: 1500 };
    await this.#fetcher.fetch({ ...request, bodySizeLimit: 0 }, {
      begin: () => {},
      chunk: (bytes) => void (body += decoder.decode(bytes, { stream: true })),
    }, AbortSignal.timeout(10_000));
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

for (const enableHttp2 of [true, false]) {
  Deno.test(`enable_http2 ${enableHttp2}: a server of HTTP/1.1 and 2 is asked over HTTP/1.1`, async () => {
    await using target = await Http2Target.start(version, { allowHTTP1: true });
    await using client = new Client({ enableHttp2 });
    assert.equal(await client.get(target.url), "1.1");
    assert.equal(target.sessions.length, 0);
  });

  Deno.test(`enable_http2 ${enableHttp2}: a server of HTTP/2 alone is an error`, async () => {
    await using target = await Http2Target.start(version);
    await using client = new Client({ enableHttp2 });
    await assert.rejects(client.get(target.url), /^HttpError: Get "https:/);
  });
}
