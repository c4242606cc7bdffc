import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { gzipSync } from "node:zlib";
import { type BodyRequest, HttpFetcher } from "../../../server/scrape/http_fetcher.ts";
import type { PlainHttpClientConfig } from "../../../server/scrape/plain_http.ts";
import { CA_PEM, CLIENT_KEY, CLIENT_PEM, SERVER_KEY, SERVER_PEM } from "./_certificates.ts";
import { httpDefaults } from "./_fakes.ts";

const basicOf = (text: string) => `Basic ${btoa(text)}`;

/** Runs `test` while a server listens on a port, or on a socket. */
async function serving<T>(server: Server, test: (port: number) => Promise<T>, path?: string): Promise<T> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  if (path === undefined) server.listen(0, "127.0.0.1", resolve);
  else server.listen(path, resolve);
  await promise;
  try {
    return await test(path === undefined ? (server.address() as AddressInfo).port : 0);
  } finally {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    for (const socket of sockets) socket.destroy();
    await closed.promise;
  }
}

const withServer = <T>(listener: RequestListener, test: (url: string) => Promise<T>) =>
  serving(createServer(listener), (port) => test(`http://127.0.0.1:${port}/metrics`));

interface Fetched {
  readonly body: string;
  readonly contentType: string | undefined;
}

async function fetchWith(
  config: Partial<PlainHttpClientConfig>,
  url: string,
  request: Partial<BodyRequest> = {},
  { signal = AbortSignal.timeout(5000), times = 1, env = {} as Record<string, string> } = {},
): Promise<Fetched> {
  const fetcher = new HttpFetcher({ ...httpDefaults, ...config }, "Prometheus/3", {
    env: (name) => env[name],
  });
  try {
    let body = "", contentType: string | undefined;
    for (let i = 0; i < times; i++) {
      body = "";
      const decoder = new TextDecoder();
      await fetcher.fetch(
        {
          url,
          unixSocket: "",
          accept: "text/plain",
          enableCompression: true,
          timeoutMs: 1500,
          bodySizeLimit: 0,
          ...request,
        },
        {
          begin: (type) => void (contentType = type),
          chunk: (bytes) => void (body += decoder.decode(bytes, { stream: true })),
        },
        signal,
      );
    }
    return { body, contentType };
  } finally {
    await fetcher.close();
  }
}

/** Answers with what arrived: method, path and headers of interest. */
const echo: RequestListener = (request, response) => {
  response.setHeader("content-type", "text/plain");
  response.end(JSON.stringify({ path: request.url, ...request.headers }));
};

async function echoed(
  config: Partial<PlainHttpClientConfig>,
  options?: Parameters<typeof fetchWith>[3],
): Promise<Record<string, string>> {
  return await withServer(echo, async (url) => JSON.parse((await fetchWith(config, url, {}, options)).body));
}

async function withFile<T>(text: string, use: (file: string) => Promise<T>): Promise<T> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, text);
    return await use(file);
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("fetch sends the headers of a scrape", async () => {
  const headers = await echoed({});
  assert.equal(headers.accept, "text/plain");
  assert.equal(headers["accept-encoding"], "gzip");
  assert.equal(headers["user-agent"], "Prometheus/3");
  assert.equal(headers["x-prometheus-scrape-timeout-seconds"], "1.5");
  assert.equal(headers.authorization, undefined);
});

const absent = { usernameFile: "", usernameRef: "", passwordFile: "", passwordRef: "" };

Deno.test("fetch sends credentials and headers, files read for each request", async () => {
  const basicAuth = { ...absent, username: "u", password: "pä" };
  assert.equal(
    (await echoed({ basicAuth })).authorization,
    `Basic ${Buffer.from("u:pä", "utf8").toString("base64")}`,
  );
  await withFile(" secret\n", async (file) => {
    const headers = await echoed({ basicAuth: { ...basicAuth, password: "", passwordFile: file } });
    assert.equal(headers.authorization, basicOf("u:secret"));
    const authorization = { type: "Token", credentials: "", credentialsFile: file, credentialsRef: "" };
    assert.equal((await echoed({ authorization })).authorization, "Token secret");
    const withHeader = await echoed({
      httpHeaders: { "X-A": { values: ["1"], secrets: ["2"], files: [file] } },
    });
    assert.equal(withHeader["x-a"], "1, 2, secret");
  });
  await assert.rejects(
    echoed({ basicAuth: { ...basicAuth, password: "", passwordFile: "/nonexistent" } }),
    /Get "http:.*no such file/,
  );
});

const oauth2 = {
  ...httpDefaults,
  clientId: "id",
  clientSecret: "s",
  clientSecretFile: "",
  clientSecretRef: "",
  clientCertificateKeyId: "",
  clientCertificateKey: "",
  clientCertificateKeyFile: "",
  clientCertificateKeyRef: "",
  grantType: "",
  signatureAlgorithm: "",
  iss: "",
  audience: "",
  claims: {},
  scopes: ["a", "b"],
  endpointParams: { x: "y" },
};

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

Deno.test("fetch gets an OAuth 2 token once, in the way that the server takes", async () => {
  const forms: string[] = [];
  await withServer((request, response) => {
    if (request.url !== "/token") return echo(request, response);
    bodyOf(request).then((form) => {
      forms.push(`${request.headers.authorization ?? "-"} ${form}`);
      if (request.headers.authorization !== undefined) response.writeHead(401).end();
      else response.end(JSON.stringify({ access_token: "t", token_type: "bearer", expires_in: 3600 }));
    });
  }, async (url) => {
    const tokenUrl = url.replace("/metrics", "/token");
    const { body } = await fetchWith({ oauth2: { ...oauth2, tokenUrl } }, url, {}, { times: 2 });
    assert.equal(JSON.parse(body).authorization, "Bearer t");
  });
  const form = "x=y&grant_type=client_credentials&scope=a+b";
  assert.deepEqual(forms, [`${basicOf("id:s")} ${form}`, `- ${form}&client_id=id&client_secret=s`]);
});

Deno.test("fetch gets an OAuth 2 token for a signed assertion", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const clientCertificateKey = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  let form = new URLSearchParams();
  await withServer((request, response) => {
    if (request.url !== "/token") return echo(request, response);
    bodyOf(request).then((text) => {
      form = new URLSearchParams(text);
      response.end(JSON.stringify({ access_token: "t" }));
    });
  }, async (url) => {
    const grantType = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    const tokenUrl = url.replace("/metrics", "/token");
    const { body } = await fetchWith(
      { oauth2: { ...oauth2, tokenUrl, grantType, clientCertificateKey } },
      url,
    );
    assert.equal(JSON.parse(body).authorization, "Bearer t");
  });
  const [header, claims] = form.get("assertion")!.split(".").slice(0, 2).map((part) =>
    JSON.parse(Buffer.from(part, "base64url").toString())
  );
  assert.equal(header.alg, "RS256");
  assert.deepEqual([claims.iss, claims.sub, claims.scope], ["id", "id", "a b"]);
});

Deno.test("fetch follows redirects, with credentials only to the same host", async () => {
  const basicAuth = { ...absent, username: "u", password: "p" };
  await withServer(echo, (other) =>
    withServer((request, response) => {
      const { port } = new URL(other);
      if (request.url === "/metrics") response.writeHead(302, { location: "/here" }).end("ignored");
      else if (request.url === "/away") {
        response.writeHead(307, { location: `http://localhost:${port}/there` }).end();
      } else if (request.url === "/loop") response.writeHead(301, { location: "/loop" }).end();
      else echo(request, response);
    }, async (url) => {
      const here = JSON.parse((await fetchWith({ basicAuth }, url)).body);
      assert.deepEqual([here.path, here.authorization], ["/here", basicOf("u:p")]);
      const away = JSON.parse((await fetchWith({ basicAuth }, url.replace("metrics", "away"))).body);
      assert.deepEqual([away.path, away.authorization, away.accept], ["/there", undefined, "text/plain"]);
      await assert.rejects(fetchWith({}, url.replace("metrics", "loop")), /stopped after 10 redirects/);
      await assert.rejects(fetchWith({ followRedirects: false }, url), {
        message: "server returned HTTP status 302 Found",
      });
    }));
});

Deno.test("fetch decompresses gzip as it comes", async () => {
  const text = "a 1\n".repeat(300_000);
  const listener: RequestListener = (request, response) => {
    if (request.headers["accept-encoding"] !== "gzip") return response.end("plain");
    response.setHeader("content-encoding", "gzip");
    response.setHeader("content-type", "text/plain; charset=utf-8");
    response.end(gzipSync(text));
  };
  await withServer(listener, async (url) => {
    const { body, contentType } = await fetchWith({}, url);
    assert.equal(body, text);
    assert.equal(contentType, "text/plain; charset=utf-8");
    assert.equal((await fetchWith({}, url, { enableCompression: false })).body, "plain");
    await assert.rejects(fetchWith({}, url, { bodySizeLimit: text.length }), { name: "BodySizeLimitError" });
    assert.equal((await fetchWith({}, url, { bodySizeLimit: text.length + 1 })).body.length, text.length);
  });
});

Deno.test("fetch decompresses a body of many compressed bytes", async () => {
  const noise = new Uint8Array(3 << 20);
  for (let i = 0; i < noise.length; i += 65536) crypto.getRandomValues(noise.subarray(i, i + 65536));
  const text = Buffer.from(noise).toString("base64");
  await withServer((_, response) => {
    response.setHeader("content-encoding", "gzip");
    response.end(gzipSync(text));
  }, async (url) => assert.equal((await fetchWith({}, url)).body, text));
});

Deno.test("fetch stops an endless body at the limit", async () => {
  let sent = 0;
  await withServer(
    (_, response) => {
      const chunk = Buffer.alloc(65536, "a 1\n");
      const write = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      };
      response.on("drain", write);
      write();
    },
    (url) =>
      assert.rejects(fetchWith({}, url, { bodySizeLimit: 1 << 20 }), { message: "body size limit exceeded" }),
  );
  assert.ok(sent < 64 << 20, `${sent} bytes sent`);
});

Deno.test("fetch stops a small body that decompresses to a long one", async () => {
  const bomb = gzipSync(Buffer.alloc(200 << 20));
  await withServer(
    (_, response) => {
      response.setHeader("content-encoding", "gzip");
      response.end(bomb);
    },
    (url) =>
      assert.rejects(fetchWith({}, url, { bodySizeLimit: 1 << 20 }), { message: "body size limit exceeded" }),
  );
});

const failures: {
  name: string;
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  error: RegExp;
}[] = [
  {
    name: "another status",
    answer: (_, response) => void response.writeHead(404).end("x"),
    error: /^server returned HTTP status 404 Not Found$/,
  },
  {
    name: "a connection that is closed at once",
    answer: (request) => void request.socket.destroy(),
    error: /^Get "http.*metrics": (unexpected EOF|read: connection reset by peer)$/,
  },
  {
    name: "a body that ends early",
    answer: (request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("a 1\n", () => request.socket.destroy());
    },
    error: /^Get "http.*metrics": (unexpected EOF|read: connection reset by peer)$/,
  },
  {
    name: "bad gzip",
    answer: (_, response) => {
      response.setHeader("content-encoding", "gzip");
      response.end("this is not gzip");
    },
    error: /^gzip: /,
  },
  {
    name: "gzip that ends early",
    answer: (_, response) => {
      response.setHeader("content-encoding", "gzip");
      response.end(gzipSync("a 1\n".repeat(1000)).subarray(0, 30));
    },
    error: /^gzip: /,
  },
];

for (const { name, answer, error } of failures) {
  Deno.test(`fetch fails for ${name}`, () =>
    withServer(answer, (url) =>
      assert.rejects(fetchWith({}, url), (found: Error) => {
        assert.match(found.message, error);
        return true;
      })));
}

for (
  const [name, url, error] of [
    [
      "a closed port",
      "http://127.0.0.1:1/metrics",
      /^Get "http:\/\/127.0.0.1:1\/metrics": dial tcp 127.0.0.1:1: connect: connection refused$/,
    ],
  ] as const
) {
  Deno.test(`fetch fails for ${name}`, () => assert.rejects(fetchWith({}, url), { message: error }));
}

for (
  const [name, begin] of [
    ["never answers", () => {}],
    ["drips", (response: ServerResponse) => void response.write("a")],
    ["drips gzip", (response: ServerResponse) => {
      response.setHeader("content-encoding", "gzip");
      response.write(gzipSync("a 1\n".repeat(1000)).subarray(0, 20));
    }],
  ] as const
) {
  Deno.test(`fetch ends with the reason of its signal where a server ${name}`, async () => {
    const abort = new AbortController();
    await withServer((_, response) => {
      begin(response);
      setTimeout(() => abort.abort(new Error("enough")), 50);
    }, (url) => assert.rejects(fetchWith({}, url, {}, { signal: abort.signal }), { message: "enough" }));
  });
}

Deno.test("fetch tries again where a kept connection was closed", async () => {
  let requests = 0;
  await withServer((request, response) => {
    requests++;
    // The second request of a connection finds it closed.
    if (requests === 2) return request.socket.destroy();
    response.end(String(requests));
  }, async (url) => assert.equal((await fetchWith({}, url, {}, { times: 2 })).body, "3"));
});

Deno.test("fetch ends the request with what the receiver throws", () =>
  withServer((_, response) => response.end("a"), async (url) => {
    const fetcher = new HttpFetcher(httpDefaults, "Prometheus/3");
    const request = {
      url,
      unixSocket: "",
      accept: "",
      enableCompression: true,
      timeoutMs: 1,
      bodySizeLimit: 0,
    };
    const receiver = {
      begin: () => {},
      chunk: () => {
        throw new RangeError("no thanks");
      },
    };
    await assert.rejects(fetcher.fetch(request, receiver, new AbortController().signal), {
      name: "RangeError",
      message: "no thanks",
    });
    await fetcher.close();
  }));

Deno.test("fetch connects to a unix socket", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const unixSocket = `${directory}/s`;
    await serving(createServer(echo), async () => {
      const { body } = await fetchWith({}, "http://localhost/metrics", { unixSocket });
      assert.equal(JSON.parse(body).host, "localhost");
    }, unixSocket);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** A proxy that answers plain requests itself and opens tunnels. */
function proxyServer(seen: string[]): Server {
  const proxy = createServer((request, response) => {
    seen.push(`${request.url} ${request.headers["proxy-authorization"] ?? ""}`);
    response.end("proxied");
  });
  proxy.on("connect", (request, socket: Socket) => {
    seen.push(`CONNECT ${request.url} ${request.headers["x-p"]}`);
    const [host, port] = request.url!.split(":");
    const upstream = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [upstream, socket]) end.on("error", () => {});
    socket.on("close", () => upstream.destroy());
  });
  return proxy;
}

const tlsConfig = { ...httpDefaults.tlsConfig, ca: CA_PEM, serverName: "server.test" };

/** A TLS server that answers with the client's name. */
const tlsServer = () =>
  createTlsServer(
    { cert: SERVER_PEM, key: SERVER_KEY, ca: CA_PEM, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const socket = request.socket as TLSSocket;
      response.end(`${socket.getProtocol()} ${socket.getPeerCertificate()?.subject?.CN ?? "-"}`);
    },
  );

Deno.test("fetch takes the way over a proxy", async () => {
  const seen: string[] = [];
  await serving(proxyServer(seen), (proxy) =>
    serving(tlsServer(), async (port) => {
      const proxyUrl = `http://127.0.0.1:${proxy}`;
      const config = { proxyUrl, proxyConnectHeader: { "X-P": ["v"] }, tlsConfig };
      assert.equal((await fetchWith(config, "http://a.test/x")).body, "proxied");
      assert.equal((await fetchWith(config, `https://127.0.0.1:${port}/`)).body, "TLSv1.3 -");
      const withUser = { proxyUrl: proxyUrl.replace("//", "//u:p@") };
      assert.equal((await fetchWith(withUser, "http://a.test/y")).body, "proxied");
      const fromEnvironment = { proxyFromEnvironment: true };
      const env = { HTTP_PROXY: proxyUrl };
      assert.equal((await fetchWith(fromEnvironment, "http://a.test/z", {}, { env })).body, "proxied");
      assert.deepEqual(seen, [
        "http://a.test/x ",
        `CONNECT 127.0.0.1:${port} v`,
        `http://a.test/y ${basicOf("u:p")}`,
        "http://a.test/z ",
      ]);
    }));
});

for (
  const { name, tls, want, error } of [
    { name: "verifies the server", tls: { ...tlsConfig }, want: "TLSv1.3 -" },
    { name: "refuses an unknown authority", tls: { ...tlsConfig, ca: "" }, error: /certificate/ },
    { name: "refuses another name", tls: { ...tlsConfig, serverName: "other.test" }, error: /altnames/ },
    {
      name: "verifies nothing if told so",
      tls: { ...httpDefaults.tlsConfig, insecureSkipVerify: true },
      want: "TLSv1.3 -",
    },
    {
      name: "shows its certificate",
      tls: { ...tlsConfig, cert: CLIENT_PEM, key: CLIENT_KEY },
      want: "TLSv1.3 client.test",
    },
    { name: "keeps to a version", tls: { ...tlsConfig, maxVersion: "TLS12" as const }, want: "TLSv1.2 -" },
  ] as { name: string; tls: PlainHttpClientConfig["tlsConfig"]; want?: string; error?: RegExp }[]
) {
  Deno.test(`fetch over TLS ${name}`, () =>
    serving(tlsServer(), async (port) => {
      const fetched = fetchWith({ tlsConfig: tls }, `https://127.0.0.1:${port}/metrics`);
      if (error === undefined) assert.equal((await fetched).body, want);
      else await assert.rejects(fetched, error);
    }));
}

Deno.test("fetch reads certificates again where their files change", () =>
  serving(tlsServer(), (port) =>
    withFile("", (file) =>
      withFile(CLIENT_KEY, async (keyFile) => {
        await Deno.writeTextFile(file, CLIENT_PEM);
        const config = { ...httpDefaults, tlsConfig: { ...tlsConfig, certFile: file, keyFile } };
        const fetcher = new HttpFetcher(config, "Prometheus/3");
        const url = `https://127.0.0.1:${port}/`;
        const request = {
          url,
          unixSocket: "",
          accept: "",
          enableCompression: false,
          timeoutMs: 1,
          bodySizeLimit: 0,
        };
        const name = async () => {
          let body = "";
          const chunk = (bytes: Uint8Array) => void (body += new TextDecoder().decode(bytes));
          await fetcher.fetch(request, { begin: () => {}, chunk }, AbortSignal.timeout(5000));
          return body;
        };
        assert.equal(await name(), "TLSv1.3 client.test");
        await Deno.writeTextFile(file, SERVER_PEM);
        await Deno.writeTextFile(keyFile, SERVER_KEY);
        assert.equal(await name(), "TLSv1.3 server.test");
        await fetcher.close();
      }))));
