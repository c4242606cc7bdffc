import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { DirectGet } from "../../../server/scrape/direct_get.ts";
import { BodySizeLimitError, HttpFetcher } from "../../../server/scrape/http_fetcher.ts";
import type { PlainHttpClientConfig } from "../../../server/scrape/plain_http.ts";
import { freePort } from "../../integration/_server.ts";
import { httpDefaults } from "./_fakes.ts";
import { chunked, HEAD, type Part, RawTarget, Received, sized } from "./_raw_target.ts";

const HEADERS = { "accept": "text/plain", "user-agent": "Prometheus/3", "accept-encoding": "gzip" };
const signal = () => AbortSignal.timeout(10_000);

async function getOnce(answer: readonly Part[], received = new Received(), by = signal()): Promise<boolean> {
  await using target = new RawTarget(() => answer);
  const get = new DirectGet();
  try {
    return await get.get(target.url, HEADERS, received, by);
  } finally {
    get.close();
  }
}

const LONG = 'some_metric{label="value"} 123.456\n'.repeat(40_000); // 1.4 MB, over five buffers
const GZIP = "Content-Encoding: gzip\r\n";
const zipped = gzipSync(LONG);

for (
  const { name, answer, want } of [
    { name: "of a given length", answer: sized("a 1\n"), want: "a 1\n" },
    { name: "without a byte", answer: sized(""), want: "" },
    { name: "in chunks", answer: chunked("a 1", "\nb", " 2\n"), want: "a 1\nb 2\n" },
    { name: "in no chunks", answer: chunked(), want: "" },
    { name: "that ends with its connection", answer: [`${HEAD}\r\n`, "a 1\n"], want: "a 1\n" },
    { name: "larger than a buffer", answer: sized(LONG), want: LONG },
    {
      name: "larger than a buffer in chunks",
      answer: chunked(LONG.slice(0, 300_001), LONG.slice(300_001)),
      want: LONG,
    },
    { name: "compressed", answer: sized(gzipSync("a 1\n"), GZIP), want: "a 1\n" },
    { name: "compressed and large", answer: sized(zipped, GZIP), want: LONG },
    {
      name: "compressed and in chunks",
      answer: [
        `${HEAD}${GZIP}Transfer-Encoding: chunked\r\n\r\n`,
        ...[zipped.subarray(0, 7), zipped.subarray(7)].flatMap((part) => [
          `${part.length.toString(16)}\r\n`,
          part,
          "\r\n",
        ]),
        "0\r\n\r\n",
      ],
      want: LONG,
    },
    {
      name: "in two parts with time between them",
      answer: [...sized("a 1\nb 2\n").slice(0, 1), "a 1\nb", () => pause(20), " 2\n"],
      want: "a 1\nb 2\n",
    },
  ] as { name: string; answer: readonly Part[]; want: string }[]
) {
  Deno.test(`DirectGet gets a body ${name}`, async () => {
    const received = new Received();
    assert.equal(await getOnce(answer, received), true);
    assert.ok(received.body === want, `${received.body.length} of ${want.length} characters`);
    assert.deepEqual([received.begun, received.contentType], [1, "text/plain; version=0.0.4"]);
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

for (
  const { name, answer, error } of [
    {
      name: "a body that ends early",
      answer: [`${HEAD}Content-Length: 100\r\n\r\n`, "a 1\n"],
      error: /^Get "http:.*": unexpected EOF$/,
    },
    {
      name: "chunks without an end",
      answer: chunked("a 1\n").slice(0, -1),
      error: /^Get "http:.*": unexpected EOF$/,
    },
    {
      name: "a chunk that breaks off",
      answer: [...chunked("a 1\n").slice(0, 1), "ff\r\n", "a 1\n"],
      error: /^Get "http:.*": unexpected EOF$/,
    },
    {
      name: "a compressed body that breaks off",
      answer: sized(zipped.subarray(0, zipped.length / 2), GZIP),
      error: /^gzip: /,
    },
    {
      name: "a body that is not compressed, though it should be",
      answer: sized("a 1\n", GZIP),
      error: /^gzip: /,
    },
    {
      name: "status 404",
      answer: ["HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\n", "gone\n"],
      error: /^server returned HTTP status 404 Not Found$/,
    },
    {
      name: "status 500 without a body",
      answer: ["HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"],
      error: /^server returned HTTP status 500 Internal Server Error$/,
    },
    {
      name: "status 204",
      answer: ["HTTP/1.1 204 No Content\r\n\r\n"],
      error: /^server returned HTTP status 204 No Content$/,
    },
  ] as { name: string; answer: readonly Part[]; error: RegExp }[]
) {
  Deno.test(`DirectGet fails for ${name}`, async () => {
    await assert.rejects(getOnce(answer), ({ message }: Error) => {
      assert.match(message, error);
      return true;
    });
  });
}

for (
  const [name, answer] of [
    ["a redirect", ["HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 3\r\n\r\n", "no\n"]],
    ["what is not HTTP", ["hello\r\n\r\n"]],
    ["no answer at all", []],
    ["a header that breaks off", ["HTTP/1.1 200 OK\r\nContent-"]],
  ] as [string, readonly Part[]][]
) {
  Deno.test(`DirectGet leaves ${name} to another client, and has told the receiver nothing`, async () => {
    const received = new Received();
    assert.equal(await getOnce(answer, received), false);
    assert.equal(received.begun, 0);
  });
}

Deno.test("DirectGet leaves a target that does not listen to another client", async () => {
  const get = new DirectGet();
  const url = `http://127.0.0.1:${freePort()}/metrics`;
  assert.equal(await get.get(url, HEADERS, new Received(), signal()), false);
  get.close();
});

Deno.test("DirectGet ends with the reason of its signal, wherever it waits", async () => {
  for (
    const sent of [[], [HEAD], [`${HEAD}Content-Length: 100\r\n\r\n`], [
      `${HEAD}Content-Length: 100\r\n\r\n`,
      "a 1\n",
    ]]
  ) {
    const late = Promise.withResolvers<void>(), abort = new AbortController();
    await using target = new RawTarget(() => [...sent, () => late.promise]);
    const get = new DirectGet();
    const reason = new Error("context deadline exceeded");
    const result = get.get(target.url, HEADERS, new Received(), abort.signal);
    setTimeout(() => abort.abort(reason), 20);
    await assert.rejects(result, reason);
    late.resolve();
    get.close();
  }
});

Deno.test("DirectGet ends with what its receiver throws, and takes no more of the body", async () => {
  const endless = (): Part[] => Array.from({ length: 1000 }, () => "x".repeat(100_000));
  for (const when of ["begin", "chunk"] as const) {
    const refused = new Error(`refused at ${when}`);
    let calls = 0;
    const received = Object.assign(new Received(), {
      [when]: () => {
        calls++;
        throw refused;
      },
    });
    await assert.rejects(getOnce([`${HEAD}\r\n`, ...endless()], received), refused);
    assert.equal(calls, 1);
  }
});

Deno.test("body_size_limit counts decompressed bytes, up to the very byte", async () => {
  const fetchWithLimit = async (answer: readonly Part[], bodySizeLimit: number) => {
    await using target = new RawTarget(() => answer);
    const fetcher = new HttpFetcher(httpDefaults, "Prometheus/3", { env: () => undefined });
    const request = {
      url: target.url,
      unixSocket: "",
      accept: "",
      enableCompression: true,
      timeoutMs: 1000,
      bodySizeLimit,
    };
    const received = new Received();
    try {
      await fetcher.fetch(request, received, signal());
      return received.body.length;
    } finally {
      await fetcher.close();
    }
  };
  for (const answer of [sized(LONG), chunked(LONG), sized(zipped, GZIP)]) {
    assert.equal(await fetchWithLimit(answer, LONG.length + 1), LONG.length);
    await assert.rejects(fetchWithLimit(answer, LONG.length), BodySizeLimitError);
    await assert.rejects(fetchWithLimit(answer, 10), BodySizeLimitError);
  }
});

Deno.test("DirectGet keeps its connection, and gets many bodies at once without mixing them up", async () => {
  await using target = new RawTarget((request) => {
    const number = Number(/GET \/(\d+) /.exec(request)![1]);
    return sized(`metric_${number} ${number}\n`.repeat(1000 * (number + 1)));
  }, true);
  const get = new DirectGet();
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: 12 }, async (_, number) => {
      const received = new Received();
      await get.get(target.url.replace("metrics", String(number)), HEADERS, received, signal());
      assert.ok(
        received.body === `metric_${number} ${number}\n`.repeat(1000 * (number + 1)),
        `body ${number}`,
      );
    }));
  }
  assert.equal(target.requests.length, 36);
  assert.match(target.requests[0], /\r\nuser-agent: Prometheus\/3\r\n/);
  get.close();
});

for (
  const { name, config, env = {}, want } of [
    { name: "nothing special", config: {}, want: true },
    { name: "TLS settings, which are of no use", config: { enableHttp2: false }, want: true },
    {
      name: "a password",
      config: { basicAuth: { username: "u" } as PlainHttpClientConfig["basicAuth"] },
      want: false,
    },
    { name: "a bearer token", config: { bearerToken: "t" }, want: false },
    { name: "a file with one", config: { bearerTokenFile: "/t" }, want: false },
    {
      name: "a header",
      config: { httpHeaders: { "X-A": { values: ["1"], secrets: [], files: [] } } },
      want: false,
    },
    { name: "a proxy", config: { proxyUrl: "http://p" }, want: false },
    {
      name: "a proxy in the environment, as it would be taken unasked",
      config: {},
      env: { HTTP_PROXY: "http://p" },
      want: false,
    },
    {
      name: "a proxy for everything in the environment",
      config: {},
      env: { all_proxy: "http://p" },
      want: false,
    },
    {
      name: "a proxy for HTTPS in the environment",
      config: {},
      env: { https_proxy: "http://p" },
      want: true,
    },
  ] as { name: string; config: Partial<PlainHttpClientConfig>; env?: Record<string, string>; want: boolean }[]
) {
  Deno.test(`DirectGet ${want ? "serves" : "does not serve"} a pool with ${name}`, () => {
    assert.equal(DirectGet.serves({ ...httpDefaults, ...config }, (name) => env[name]), want);
  });
}
