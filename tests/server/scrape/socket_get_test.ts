import assert from "node:assert/strict";
import fc from "fast-check";
import { gzipSync } from "node:zlib";
import { BodySizeLimitError, HttpFetcher } from "../../../server/scrape/http_fetcher.ts";
import type { PlainHttpClientConfig } from "../../../server/scrape/plain_http.ts";
import { SocketGet } from "../../../server/scrape/socket_get.ts";
import { freePort } from "../../integration/_server.ts";
import { httpDefaults } from "./_fakes.ts";
import { chunked, HEAD, type Part, RawTarget, Received, sized } from "./_raw_target.ts";

const HEADERS = { "accept": "text/plain", "user-agent": "Prometheus/3", "accept-encoding": "gzip" };
const signal = () => AbortSignal.timeout(10_000);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function getOnce(answer: readonly Part[], received = new Received(), by = signal()) {
  await using target = new RawTarget(() => answer);
  const get = new SocketGet();
  try {
    return await get.get(target.url, HEADERS, received, by);
  } finally {
    get.close();
  }
}

const LONG = 'some_metric{label="value"} 123.456\n'.repeat(40_000); // 1.4 MB, over five buffers
const GZIP = "Content-Encoding: gzip\r\n";
const zipped = gzipSync(LONG);
const TYPE = "Content-Type: text/plain; version=0.0.4\r\n";

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
    {
      name: "byte by byte",
      answer: chunked("a 1\n", "b 2\n").join("").split("").flatMap((byte) => [byte, () => pause(0)]),
      want: "a 1\nb 2\n",
    },
    {
      name: "in chunks with extensions and trailers",
      answer: [
        `${HEAD}Transfer-Encoding: Chunked\r\n\r\n`,
        '04 ;x="y"\r\na 1\n\r\n0000\r\nExpires: never\r\nX: y\r\n\r\n',
      ],
      want: "a 1\n",
    },
    { name: "behind a head without reason", answer: [`HTTP/1.1 200\r\n${TYPE}\r\n`, "a 1\n"], want: "a 1\n" },
    {
      name: "behind lines that end with LF alone",
      answer: [`HTTP/1.1 200 OK\n${TYPE}\n`, "a 1\n"],
      want: "a 1\n",
    },
    { name: "of HTTP/1.0", answer: [`HTTP/1.0 200 OK\r\n${TYPE}\r\n`, "a 1\n"], want: "a 1\n" },
    {
      name: "of HTTP/1.0 that is longer than it says",
      answer: [`HTTP/1.0 200 OK\r\n${TYPE}Content-Length: 4\r\n\r\n`, "a 1\nb 2\n"],
      want: "a 1\n",
    },
    { name: "compressed", answer: sized(gzipSync("a 1\n"), GZIP), want: "a 1\n" },
    { name: "compressed and large", answer: sized(zipped, GZIP), want: LONG },
    {
      name: "compressed with hardly any effect",
      answer: sized(gzipSync(LONG, { level: 0 }), GZIP),
      want: LONG,
    },
    {
      name: "compressed and in chunks",
      answer: [
        `${HEAD}${GZIP}Transfer-Encoding: chunked\r\n\r\n`,
        ...chunked(zipped.subarray(0, 7), zipped.subarray(7)).slice(1),
      ],
      want: LONG,
    },
    {
      name: "compressed that ends with its connection",
      answer: [`${HEAD}${GZIP}\r\n`, zipped.subarray(0, 500), () => pause(5), zipped.subarray(500)],
      want: LONG,
    },
    { name: "named identity", answer: sized("a 1\n", "Content-Encoding: identity\r\n"), want: "a 1\n" },
  ] as { name: string; answer: readonly Part[]; want: string }[]
) {
  Deno.test(`SocketGet gets a body ${name}`, async () => {
    const received = new Received();
    assert.equal(await getOnce(answer, received), "got");
    assert.ok(received.body === want, `${received.body.length} of ${want.length} characters`);
    assert.deepEqual([received.begun, received.contentType], [1, "text/plain; version=0.0.4"]);
  });
}

Deno.test("SocketGet gets any body in any chunks, split anywhere on its way", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ minLength: 1, maxLength: 40 }).filter((text) => /^[ -~]+$/.test(text)), {
        maxLength: 6,
      }),
      fc.array(fc.nat(400), { maxLength: 5 }),
      async (parts, cuts) => {
        const whole = chunked(...parts).join("");
        const at = [0, ...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length];
        const answer = at.slice(1).flatMap((end, i) => [whole.slice(at[i], end), () => pause(1)]);
        const received = new Received();
        assert.equal(await getOnce(answer, received), "got");
        assert.equal(received.body, parts.join(""));
      },
    ),
    { numRuns: 40 },
  ));

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
      name: "a chunk without a length",
      answer: [...chunked().slice(0, 1), "a 1\n"],
      error: /^Get "http:.*": malformed chunk$/,
    },
    {
      name: "a chunk that is longer than it says",
      answer: [...chunked().slice(0, 1), "2\r\na 1\n\r\n"],
      error: /^Get "http:.*": malformed chunk$/,
    },
    {
      name: "a chunk's length without an end",
      answer: [...chunked().slice(0, 1), "0".repeat(100_000)],
      error: /^Get "http:.*": malformed chunk$/,
    },
    {
      name: "endless trailers",
      answer: [...chunked().slice(0, 1), `0\r\n${"a: b\r\n".repeat(10_000)}`],
      error: /^Get "http:.*": too many trailers$/,
    },
    {
      name: "a compressed body that breaks off",
      answer: sized(zipped.subarray(0, zipped.length / 2), GZIP),
      error: /^gzip: unexpected end of file$/,
    },
    {
      name: "a compressed body that ends early",
      answer: sized(zipped, GZIP).map((part) => typeof part === "string" ? part : part.subarray(0, 99)),
      error: /^Get "http:.*": unexpected EOF$/,
    },
    {
      name: "a body that is not compressed, though it should be",
      answer: sized("a 1\n", GZIP),
      error: /^gzip: invalid header$/,
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
    {
      name: "status 404",
      answer: ["HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\n", "gone\n"],
      error: /^server returned HTTP status 404 Not Found$/,
    },
  ] as { name: string; answer: readonly Part[]; error: RegExp }[]
) {
  Deno.test(`SocketGet fails for ${name}`, async () => {
    await assert.rejects(getOnce(answer), ({ message }: Error) => {
      assert.match(message, error);
      return true;
    });
  });
}

for (
  const [name, answer, want] of [
    [
      "a redirect",
      ["HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 3\r\n\r\n", "no\n"],
      "unusual",
    ],
    ["a body in another encoding", sized("a 1\n", "Content-Encoding: br\r\n"), "unusual"],
    ["a body encoded twice", sized(gzipSync(zipped), "Content-Encoding: gzip, gzip\r\n"), "unusual"],
    ["an interim answer", ["HTTP/1.1 103 Early Hints\r\n\r\n", ...sized("a 1\n")], "unusual"],
    [
      "chunks of HTTP/1.0",
      ["HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ...chunked("a 1\n").slice(1)],
      "unusual",
    ],
    ["HTTP/0.9", ["HTTP/0.9 200 OK\r\n\r\n", "a 1\n"], "unusual"],
    ["what is not HTTP", ["hello\r\n\r\n"], "unusual"],
    ["two lengths", sized("a 1\n", "Content-Length: 3\r\n"), "unusual"],
    ["a length beside chunks", [`${HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`], "unusual"],
    ["a length below 0", [`${HEAD}Content-Length: -1\r\n\r\n`], "unusual"],
    ["another transfer coding", [`${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n`], "unusual"],
    ["a header without a name", [`${HEAD}: x\r\n\r\n`], "unusual"],
    ["a header over two lines", [`${HEAD}X: a\r\n b\r\n\r\n`], "unusual"],
    ["a header that breaks off", ["HTTP/1.1 200 OK\r\nContent-"], "unusual"],
    ["a header without an end", [`${HEAD}X: ${"x".repeat(100_000)}`], "unusual"],
    ["endless headers", [`${HEAD}${"x: y\r\n".repeat(10_000)}`], "unusual"],
    ["no answer at all", [], "unanswered"],
  ] as [string, readonly Part[], string][]
) {
  Deno.test(`SocketGet leaves ${name} to another client, and has told the receiver nothing`, async () => {
    const received = new Received();
    assert.equal(await getOnce(answer, received), want);
    assert.equal(received.begun, 0);
  });
}

Deno.test("SocketGet leaves a target that does not listen to another client", async () => {
  const get = new SocketGet();
  const url = `http://127.0.0.1:${freePort()}/metrics`;
  assert.equal(await get.get(url, HEADERS, new Received(), signal()), "unanswered");
  get.close();
});

Deno.test("SocketGet ends with the reason of its signal, wherever it waits", async () => {
  const length = `${HEAD}Content-Length: 100\r\n\r\n`, chunks = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
  for (const sent of [[], [HEAD], [length], [length, "a 1\n"], [chunks, "ff"], [chunks, "ff\r\na 1\n"]]) {
    const late = Promise.withResolvers<void>(), abort = new AbortController();
    await using target = new RawTarget(() => [...sent, () => late.promise]);
    const get = new SocketGet();
    const reason = new Error("context deadline exceeded");
    const result = get.get(target.url, HEADERS, new Received(), abort.signal);
    setTimeout(() => abort.abort(reason), 20);
    await assert.rejects(result, reason);
    late.resolve();
    get.close();
  }
});

Deno.test("SocketGet ends with what its receiver throws, and takes no more of the body", async () => {
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

Deno.test("SocketGet keeps its connections, and gets many bodies at once without mixing them up", async () => {
  await using target = new RawTarget((request) => {
    const number = Number(/GET \/(\d+)\?x=y HTTP/.exec(request)![1]);
    const body = `metric_${number} ${number}\n`.repeat(1000 * (number + 1));
    return [() => sized(body), () => chunked(body), () => sized(gzipSync(body), GZIP)][number % 3]();
  }, true);
  const get = new SocketGet();
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: 12 }, async (_, number) => {
      const received = new Received();
      await get.get(target.url.replace("metrics", `${number}?x=y#z`), HEADERS, received, signal());
      assert.ok(
        received.body === `metric_${number} ${number}\n`.repeat(1000 * (number + 1)),
        `body ${number}`,
      );
    }));
  }
  assert.equal(target.requests.length, 36);
  assert.equal(target.connections, 12);
  const { host } = new URL(target.url);
  assert.ok(target.requests[0].includes(`\r\nhost: ${host}\r\n`));
  assert.ok(target.requests[0].includes("\r\nuser-agent: Prometheus/3\r\n"));
  get.close();
});

Deno.test("SocketGet keeps no connection that is to be closed, or has more than the body", async () => {
  for (
    const answer of [
      sized("a 1\n", "Connection: close\r\n"),
      ["HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n", "a 1\n"],
      [...sized("a 1\n"), "HTTP/1.1 200 OK\r\n\r\n"],
    ]
  ) {
    await using target = new RawTarget(() => [answer.join("")], true);
    const get = new SocketGet();
    for (let round = 0; round < 2; round++) {
      assert.equal(await get.get(target.url, HEADERS, new Received(), signal()), "got");
    }
    assert.equal(target.connections, 2);
    get.close();
  }
});

Deno.test("SocketGet asks again where a kept connection was closed", async () => {
  await using target = new RawTarget(() => sized("a 1\n")); // closes after each answer
  const get = new SocketGet();
  for (let round = 0; round < 3; round++) {
    const received = new Received();
    assert.equal(await get.get(target.url, HEADERS, received, signal()), "got");
    assert.equal(received.body, "a 1\n");
    await pause(5);
  }
  get.close();
});

/** Fetches the body of `target` again and again, and yields its length. */
async function* bodyLengths(target: RawTarget, bodySizeLimit = 0): AsyncGenerator<number> {
  const fetcher = new HttpFetcher(httpDefaults, "Prometheus/3", { env: () => undefined });
  const plain = { url: target.url, unixSocket: "", accept: "", enableCompression: true, timeoutMs: 1000 };
  try {
    for (;;) {
      const received = new Received();
      await fetcher.fetch({ ...plain, bodySizeLimit }, received, signal());
      yield received.body.length;
    }
  } finally {
    await fetcher.close();
  }
}

for (
  const { name, answer, requests } of [
    { name: "plain is asked once", answer: sized(LONG), requests: [1, 2, 3] },
    { name: "compressed is asked once", answer: sized(zipped, GZIP), requests: [1, 2, 3] },
    {
      name: "unusual is asked once more, and then only by the client that can read it",
      answer: sized(LONG, "Content-Encoding: other\r\n"),
      requests: [2, 3, 4],
    },
  ]
) {
  Deno.test(`a target whose body is ${name}`, async () => {
    await using target = new RawTarget(() => answer);
    const lengths = bodyLengths(target);
    for (const count of requests) {
      assert.equal((await lengths.next()).value, LONG.length);
      assert.equal(target.requests.length, count);
    }
    await lengths.return(undefined);
  });
}

Deno.test("body_size_limit counts decompressed bytes, up to the very byte", async () => {
  for (const answer of [sized(LONG), chunked(LONG), sized(zipped, GZIP)]) {
    await using target = new RawTarget(() => answer);
    const withLimit = async (limit: number) => {
      for await (const length of bodyLengths(target, limit)) return length;
    };
    assert.equal(await withLimit(LONG.length + 1), LONG.length);
    await assert.rejects(withLimit(LONG.length), BodySizeLimitError);
    await assert.rejects(withLimit(10), BodySizeLimitError);
  }
});

for (
  const { name, config, want } of [
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
    { name: "a proxy from the environment", config: { proxyFromEnvironment: true }, want: false },
  ] as { name: string; config: Partial<PlainHttpClientConfig>; want: boolean }[]
) {
  Deno.test(`SocketGet ${want ? "serves" : "does not serve"} a pool with ${name}`, () => {
    assert.equal(SocketGet.serves({ ...httpDefaults, ...config }), want);
  });
}
