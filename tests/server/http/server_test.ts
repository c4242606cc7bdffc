import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { join } from "node:path";
import tls from "node:tls";
import { parseWebConfig } from "../../../server/config/web_config.ts";
import { Labels } from "../../../engine/labels/labels.ts";
import { FLOAT } from "../../../engine/promql/value.ts";
import { fake, resultOf } from "./_fake_deps.ts";
import { globalUrl } from "../../../server/http/global_url.ts";
import { formatListenAddress, parseListenAddress } from "../../../server/http/listen_address.ts";
import { listen } from "../../../server/http/server.ts";
import { type WebFlags, webOptions } from "../../../server/http/web_options.ts";
import { RequestsUnderWay } from "../../../server/http/requests_under_way.ts";
import { HttpClient } from "../../../server/scrape/http_client.ts";
import { temporaryDirectory, until } from "../../integration/_server.ts";
import { CLIENT_KEY, CLIENT_PEM, SERVER_KEY, SERVER_PEM } from "../scrape/_certificates.ts";
import { httpDefaults } from "../scrape/_fakes.ts";
import { secure } from "../../../server/http/web_security.ts";

const NO_WEB_CONFIG = { webConfigFile: "" };

Deno.test("listen addresses", () => {
  const table: readonly [string, string, number][] = [
    [":9090", "", 9090],
    ["0.0.0.0:9090", "0.0.0.0", 9090],
    ["[::]:9090", "::", 9090],
    ["prom.example:80", "prom.example", 80],
    ["127.0.0.1:0", "127.0.0.1", 0],
  ];
  for (const [text, host, port] of table) {
    assert.deepEqual(parseListenAddress(text), { host, port });
    assert.equal(formatListenAddress({ host, port }), text);
  }
  for (const text of ["", "9090", "host", "::1:9090", "host:65536", "host:x", "[::]"]) {
    assert.throws(() => parseListenAddress(text), RangeError, text);
  }
});

for (const address of [":0", "127.0.0.1:0"]) {
  Deno.test(`queries that come to ${address} know the address of their client`, async () => {
    const { app, calls } = fake();
    const { addresses: [listens], shutdown } = await listen(
      app,
      { listenAddresses: [address] },
      NO_WEB_CONFIG,
    );
    const port = listens.slice(listens.lastIndexOf(":") + 1);
    await (await fetch(`http://127.0.0.1:${port}/api/v1/query?query=1`)).text();
    const [[, , { origin }]] = calls as [[string, string, { origin: unknown }]];
    assert.deepEqual(origin, { clientIP: "127.0.0.1", method: "GET", path: "/api/v1/query" });
    await shutdown();
  });
}

for (const address of [":0", "0.0.0.0:0", "[::]:0"]) {
  Deno.test(`${address} listens on the addresses of IPv4 and of IPv6, if there are any`, async () => {
    const { addresses: [listens], shutdown } = await listen(
      { fetch: () => new Response("here") },
      { listenAddresses: [address] },
      NO_WEB_CONFIG,
    );
    const port = listens.slice(listens.lastIndexOf(":") + 1);
    for (const host of listens.startsWith("[::]") ? ["127.0.0.1", "[::1]"] : ["127.0.0.1"]) {
      assert.equal(await (await fetch(`http://${host}:${port}`)).text(), "here");
    }
    await shutdown();
  });
}

Deno.test("a server answers at all its addresses until it is shut down", async () => {
  const app = { fetch: (request: Request) => new Response(new URL(request.url).pathname) };
  const { addresses, shutdown } = await listen(
    app,
    { listenAddresses: ["127.0.0.1:0", "127.0.0.1:0"] },
    NO_WEB_CONFIG,
  );
  assert.equal(addresses.length, 2);
  for (const address of addresses) {
    assert.match(address, /^127\.0\.0\.1:[1-9][0-9]*$/);
    assert.equal(await (await fetch(`http://${address}/x`)).text(), "/x");
  }
  const taken = listen(app, { listenAddresses: [addresses[0]] }, NO_WEB_CONFIG);
  await assert.rejects(taken, /^Error: Cannot listen on 127\.0\.0\.1:[0-9]+: the address is in use/);
  await shutdown();
  await assert.rejects(fetch(`http://${addresses[0]}/x`));
});

Deno.test("shutdown lets requests end, but not for longer than it is told", async () => {
  const started = Promise.withResolvers<void>(), release = Promise.withResolvers<void>();
  const stuckStarted = Promise.withResolvers<void>();
  const app = {
    fetch: async ({ url }: Request) => {
      const isSlow = url.endsWith("/slow");
      (isSlow ? started : stuckStarted).resolve();
      await (isSlow ? release.promise : new Promise<never>(() => {}));
      return new Response("done");
    },
  };
  const slow = await listen(app, { listenAddresses: ["127.0.0.1:0"] }, NO_WEB_CONFIG);
  const answer = fetch(`http://${slow.addresses[0]}/slow`).then((response) => response.text());
  await started.promise;
  const ended = slow.shutdown();
  release.resolve();
  assert.equal(await answer, "done");
  await ended;

  const stuck = await listen(app, { listenAddresses: ["127.0.0.1:0"] }, NO_WEB_CONFIG);
  const never = fetch(`http://${stuck.addresses[0]}/stuck`).then(({ status, body }) => {
    body?.cancel();
    return status;
  });
  await stuckStarted.promise;
  await stuck.shutdown(20);
  assert.equal(await never, 503);
});

Deno.test("a client that goes away ends its query and its answer", async () => {
  const aborted = Promise.withResolvers<void>(), started = Promise.withResolvers<void>();
  const times = Float64Array.from({ length: 1000 }, (_, i) => i), values = times.map(Math.sqrt);
  const present = new Uint8Array(1000).fill(FLOAT);
  const series = Array.from(
    { length: 1000 },
    (_, i) => ({ labels: Labels.from({ i: String(i) }), times, values, present }),
  );
  const { app } = fake({
    queries: {
      instant: (_, { signal }) => {
        signal?.addEventListener("abort", () => aborted.resolve());
        started.resolve();
        return new Promise(() => {});
      },
      range: () => Promise.resolve(resultOf({ type: "matrix", series })),
    },
  });
  const { addresses: [address], shutdown } = await listen(
    app,
    { listenAddresses: ["127.0.0.1:0"] },
    NO_WEB_CONFIG,
  );
  const leave = new AbortController();
  const query = fetch(`http://${address}/api/v1/query?query=x`, { signal: leave.signal });
  await started.promise;
  leave.abort();
  await assert.rejects(query);
  await aborted.promise;
  const path = "/api/v1/query_range?query=x&start=0&end=1&step=1";
  for (const encoding of ["gzip", "identity"]) {
    const response = await fetch(`http://${address}${path}`, { headers: { "Accept-Encoding": encoding } });
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    const whole = await fetch(`http://${address}${path}`, { headers: { "Accept-Encoding": encoding } });
    assert.equal((await whole.json()).data.result.length, 1000);
  }
  await shutdown(0);
});

const FLAGS: WebFlags = {
  webListenAddress: ["0.0.0.0:9090"],
  webExternalUrl: "",
  webRoutePrefix: "",
  webPageTitle: "Title",
  webCorsOrigin: ".*",
  webEnableLifecycle: false,
  webEnableAdminApi: false,
  webReadTimeoutMs: 1000,
};

Deno.test("external URL and route prefix", () => {
  const table: readonly [url: string, prefix: string, href: string, routePrefix: string][] = [
    ["http://a.example", "", "http://a.example/", ""],
    ["http://a.example/prom/", "", "http://a.example/prom", "/prom"],
    ["https://a.example/prom", "/", "https://a.example/prom", ""],
    ["https://a.example/prom", "inner/", "https://a.example/prom", "/inner"],
  ];
  for (const [webExternalUrl, webRoutePrefix, href, routePrefix] of table) {
    const options = webOptions({ ...FLAGS, webExternalUrl, webRoutePrefix });
    assert.deepEqual([options.externalUrl.href, options.routePrefix], [href, routePrefix]);
  }
  const derived = webOptions(FLAGS);
  assert.match(derived.externalUrl.href, /^http:\/\/[^/]+:9090\/$/);
  for (const webExternalUrl of ["a.example", '"http://a.example"', "ftp://a.example"]) {
    assert.throws(() => webOptions({ ...FLAGS, webExternalUrl }), RangeError);
  }
});

Deno.test("URLs of local targets are made reachable from outside", () => {
  const options = { listenAddresses: ["0.0.0.0:9090"], externalUrl: new URL("https://prom.example/base") };
  const table: readonly [string, string][] = [
    ["http://localhost:9090/metrics?x=1", "https://prom.example/metrics?x=1"],
    ["http://localhost:9100/metrics", "http://prom.example:9100/metrics"],
    ["http://127.0.0.1:9100/metrics", "http://prom.example:9100/metrics"],
    ["http://[::1]:9100/metrics", "http://prom.example:9100/metrics"],
    ["http://localhost/metrics", "http://prom.example/metrics"],
    ["http://other.example:9090/metrics", "http://other.example:9090/metrics"],
  ];
  for (const [url, seen] of table) assert.equal(globalUrl(url, options), seen);
});

const HASH = "$2y$10$" + "a".repeat(53);
const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString("base64")}` });

Deno.test("users and headers of the web config file", async () => {
  const config = parseWebConfig(
    "web.yml",
    `basic_auth_users: { ann: ${HASH} }\nhttp_server_config: { headers: { X-Frame-Options: deny } }\n`,
  );
  const asked: string[] = [];
  const verify = (password: string, hash: string) => {
    asked.push(password);
    return Promise.resolve(password === "s:é" && hash === HASH);
  };
  const handler = secure(() => new Response("in"), config, verify);
  const table: readonly [Record<string, string>, number][] = [
    [{}, 401],
    [basic("ann:s:é"), 200],
    [basic("ann:s:é"), 200],
    [basic("ann:wrong"), 401],
    [basic("bob:s:é"), 401],
    [basic("ann"), 401],
    [{ Authorization: "Basic !" }, 401],
    [{ Authorization: "Bearer x" }, 401],
  ];
  for (const [headers, status] of table) {
    const response = await handler(new Request("http://x/", { headers }));
    assert.equal(response.status, status, JSON.stringify(headers));
    assert.equal(response.headers.get("X-Frame-Options"), "deny");
    assert.equal(response.headers.get("WWW-Authenticate"), status === 401 ? "Basic" : null);
  }
  assert.deepEqual(asked, ["s:é", "wrong", "s:é"]); // known users are remembered, unknown ones cost as much
  assert.throws(() => secure(() => new Response(), config, undefined), /without bcrypt/);
});

Deno.test("requests above the rate limit are refused", async () => {
  const config = parseWebConfig("web.yml", "rate_limit: { interval: 1s, burst: 2 }\n");
  let nowMs = 0;
  const handler = secure(() => new Response("in"), config, undefined, () => nowMs);
  const table: readonly [atMs: number, status: number][] = [
    [0, 200],
    [0, 200],
    [0, 429],
    [900, 429],
    [1000, 200],
    [1001, 429],
    [60_000, 200],
    [60_000, 200],
    [60_000, 429],
  ];
  for (const [atMs, status] of table) {
    nowMs = atMs;
    assert.equal((await handler(new Request("http://x/"))).status, status, `at ${atMs} ms`);
  }
});

const CHECK = { checkEveryMs: 20 };

Deno.test("no more requests than the limit are worked on at once, the others wait for their turn", async () => {
  const open: (() => void)[] = [];
  let started = 0;
  const requests = new RequestsUnderWay(async ({ url }) => {
    started++;
    if (url.endsWith("/throws")) throw new Error("broken");
    await new Promise<void>((resolve) => open.push(resolve));
    return new Response(url);
  }, 2);
  const ask = (path: string) => requests.answer(new Request(`http://x/${path}`));
  const first = ask("1"), second = ask("2"), failing = ask("throws"), last = ask("3"), refused = ask("4");
  await Promise.resolve();
  assert.equal(started, 2);
  open.shift()!();
  assert.equal(await (await first).text(), "http://x/1");
  await assert.rejects(failing, /broken/);
  assert.equal(started, 4); // one that fails makes room, too
  requests.refuseAll();
  for (const waiting of [second, last, refused]) assert.equal((await waiting).status, 503);
  assert.equal(started, 4);
});

Deno.test("--web.max-connections: with more clients than that, each gets its answer", async () => {
  let running = 0, most = 0;
  const app = {
    fetch: async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      return new Response("done");
    },
  };
  const { addresses: [address], shutdown } = await listen(
    app,
    { listenAddresses: ["127.0.0.1:0"] },
    { ...NO_WEB_CONFIG, webMaxConnections: 3 },
  );
  const answers = Array.from({ length: 20 }, async () => await (await fetch(`http://${address}/`)).text());
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(["done"]));
  assert.equal(most, 3);
  await shutdown();
});

Deno.test("users and headers may change while the server runs; a file that is wrong changes nothing", async () => {
  await using directory = await temporaryDirectory();
  const webConfigFile = `${directory.path}/web.yml`;
  const write = (frame: string, user: string) =>
    Deno.writeTextFile(
      webConfigFile,
      `basic_auth_users: { ${user}: ${HASH} }\nhttp_server_config: { headers: { X-Frame-Options: ${frame} } }\n`,
    );
  await write("deny", "ann");
  const logged: string[] = [];
  const note = (message: string, fields: object) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const { addresses: [address], shutdown } = await listen(
    { fetch: () => new Response("in") },
    { listenAddresses: ["127.0.0.1:0"] },
    { webConfigFile },
    {
      verifyPassword: (password) => Promise.resolve(password === "secret"),
      log: { info: note, error: note } as never,
      ...CHECK,
    },
  );
  const ask = async (user: string) => {
    const response = await fetch(`http://${address}/`, { headers: basic(`${user}:secret`) });
    await response.body?.cancel();
    return [response.status, response.headers.get("X-Frame-Options")];
  };
  assert.deepEqual(await ask("ann"), [200, "deny"]);
  await write("sameorigin", "robert");
  await until(async () => (await ask("robert"))[0] === 200, () => "the new user is not let in");
  assert.deepEqual(await ask("ann"), [401, "sameorigin"]);
  await write("never", "mallory");
  await until(() => Promise.resolve(logged.length === 2), () => `nothing is logged: ${logged}`);
  assert.match(
    logged[1],
    /^Cannot use the changed web config file: what was in force stays so .*X-Frame-Options/,
  );
  assert.deepEqual(await ask("robert"), [200, "sameorigin"]);
  assert.deepEqual(await ask("mallory"), [401, "sameorigin"]);
  await shutdown();
});

Deno.test("a certificate may change while the server runs, and requests under way are answered", async () => {
  await using directory = await temporaryDirectory();
  const webConfigFile = `${directory.path}/web.yml`;
  await Deno.writeTextFile(webConfigFile, "tls_server_config: { cert_file: cert.pem, key_file: key.pem }\n");
  const write = async (cert: string, key: string) => {
    await Deno.writeTextFile(`${directory.path}/key.pem`, key);
    await Deno.writeTextFile(`${directory.path}/cert.pem`, cert);
  };
  await write(SERVER_PEM, SERVER_KEY);
  const release = Promise.withResolvers<void>();
  const logged: string[] = [];
  const note = (message: string, fields: object) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const { addresses: [address], shutdown } = await listen(
    {
      fetch: async ({ url }) => {
        if (url.endsWith("/slow")) await release.promise;
        return new Response("in");
      },
    },
    { listenAddresses: ["127.0.0.1:0"] },
    { webConfigFile },
    { log: { info: note, error: note } as never, ...CHECK },
  );
  const port = Number(address.split(":")[1]);
  const nameShown = async () => {
    const socket = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false, servername: "x.test" });
    await once(socket, "secureConnect");
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return String(subject.CN);
  };
  assert.equal(await nameShown(), "server.test");
  const client = new HttpClient(
    {
      ...httpDefaults,
      enableHttp2: false, // undici gives up requests under way as soon as an HTTP/2 server says goodbye
      tlsConfig: { ...httpDefaults.tlsConfig, insecureSkipVerify: true },
    },
  );
  const ask = async (path: string) => {
    let text = "";
    await client.send({ url: `https://127.0.0.1:${port}/${path}`, signal: AbortSignal.timeout(10_000) }, {
      head: () => {},
      chunk: (bytes) => void (text += new TextDecoder().decode(bytes)),
    });
    return text;
  };
  const slow = ask("slow");
  assert.equal(await ask("fast"), "in");
  await write(CLIENT_PEM, "no key at all");
  await until(() => Promise.resolve(logged.length > 0), () => "a bad key is not noticed");
  assert.match(
    logged[0],
    /^Cannot use the changed web config file.*Cannot use the certificate of .*cert\.pem/,
  );
  assert.equal(await nameShown(), "server.test");
  await write(CLIENT_PEM, CLIENT_KEY);
  await until(async () => await nameShown() === "client.test", () => `the old one is shown: ${logged}`);
  release.resolve();
  assert.equal(await slow, "in");
  assert.equal(await ask("fast"), "in");
  await client.close();
  await shutdown();
});

Deno.test("a web config file, or a certificate, that cannot be read is named with the reason", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const file = join(directory, "web.yml");
    const attempt = (webConfigFile: string) =>
      listen({ fetch: () => new Response() }, { listenAddresses: ["127.0.0.1:0"] }, { webConfigFile });
    await assert.rejects(attempt(file), {
      message: `open ${file}: no such file: correct the path, or create it`,
    });
    await assert.rejects(attempt(directory), { message: `open ${directory}: is a directory: name a file` });
    await Deno.writeTextFile(file, "tls_server_config: { cert_file: absent.pem, key_file: absent.key }\n");
    await assert.rejects(attempt(file), /open .*absent.pem: no such file: correct the path, or create it/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
