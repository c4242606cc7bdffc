import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Registry } from "../../../engine/instrument/mod.ts";
import { systemClock } from "../../../server/scrape/clock.ts";
import { HttpFetcher } from "../../../server/scrape/http_fetcher.ts";
import type { ScrapePoolSpec } from "../../../server/scrape/spec.ts";
import { ScrapeManager } from "../../../server/scrape/scrape_manager.ts";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { family, TYPE } from "../../engine/exposition/metric_messages.ts";
import { openDatabase, poolOf, targetOf, UNLIMITED } from "./_fakes.ts";

const labels = (count: number) => Array.from({ length: count }, (_, i) => `l${i}="v"`).join(",");

/** A family of one native histogram of `buckets` buckets, each with a count that looks like no other. */
function nativeHistogram(buckets: number): Uint8Array {
  const counts = Array.from({ length: buckets }, (_, i) => Math.sqrt(i + 2));
  return Uint8Array.from(family("huge", TYPE.histogram, [[{
    field: 7,
    message: [
      { field: 4, double: counts.reduce((sum, count) => sum + count, 0) },
      { field: 2, double: 1 },
      { field: 5, zigzag: 3 },
      { field: 12, message: [{ field: 1, zigzag: 0 }, { field: 2, varint: buckets }] },
      { field: 14, packedDoubles: counts },
    ],
  }]]));
}

interface Hostile {
  readonly answer: (response: ServerResponse) => void;
  /** Empty where the scrape goes well. */
  readonly error: RegExp;
  /** Of its answers, "text/plain" unless told otherwise. */
  readonly contentType?: string;
}

const PROTOBUF =
  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

const hostile: Record<string, Hostile> = {
  good: { answer: (response) => void response.end("good 1\n"), error: /^$/ },
  hang: { answer: () => {}, error: /context deadline exceeded$/ },
  drip: {
    answer: (response) => {
      const timer = setInterval(() => response.write("a"), 20);
      response.on("close", () => clearInterval(timer));
    },
    error: /context deadline exceeded$/,
  },
  early: {
    answer: (response) => {
      response.setHeader("content-length", "1000");
      response.write("a 1\n", () => response.socket!.destroy());
    },
    error: /unexpected EOF|connection reset/,
  },
  endless: {
    answer: (response) => {
      const chunk = Buffer.alloc(65536, "endless 1\n");
      const write = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on("drain", write);
      write();
    },
    error: /^body size limit exceeded$/,
  },
  endless_line: {
    answer: (response) => {
      const chunk = Buffer.alloc(65536, "a");
      const write = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on("drain", write);
      write();
    },
    error: /line is longer than/,
  },
  bad_gzip: {
    answer: (response) => void response.setHeader("content-encoding", "gzip").end("no gzip"),
    error: /^gzip: /,
  },
  binary: {
    answer: (response) => void response.end(Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) >>> 3)),
    error: /./,
  },
  duplicates: { answer: (response) => void response.end("d 1\nd 2\nd 3\n"), error: /^$/ },
  invalid_name: { answer: (response) => void response.end("ok 1\n1nvalid 2\n"), error: /./ },
  bad_utf8: {
    answer: (response) =>
      void response.end(Buffer.concat([Buffer.from('u{x="'), Buffer.from([0xff]), Buffer.from('"} 1\n')])),
    error: /./,
  },
  many_labels: {
    answer: (response) => void response.end(`many{${labels(10_000)}} 1\n`),
    error: /^label_limit exceeded/,
  },
  many_series: {
    answer: (response) =>
      void response.end(Array.from({ length: 20_000 }, (_, i) => `s{i="${i}"} 1\n`).join("")),
    error: /^sample limit exceeded$/,
  },
  status: {
    answer: (response) => void response.writeHead(500).end(),
    error: /^server returned HTTP status 500 /,
  },
};

const unlimited: Record<string, Hostile> = {
  good: hostile.good,
  many_labels: {
    answer: (response) => void response.end(`many{${labels(10_000)}} 1\n`),
    error: /^series cannot be stored \(metric: many\): Expected at most 1000 labels, found 10002: drop/,
  },
  long_value: {
    answer: (response) => void response.end(`long{a="${"x".repeat(60_000)}"} 1\n`),
    error:
      /metric: long\): Expected label names and values of at most 48000 bytes, found one of 60000 .* "x{40}": /,
  },
  long_name: {
    answer: (response) => void response.end(`${"n".repeat(60_000)} 1\n`),
    error: /Expected label names and values of at most 48000 bytes/,
  },
  long_utf8: {
    answer: (response) => void response.end(`long{a="${"\u20ac".repeat(16_100)}"} 1\n`),
    error: /found one of 16100 characters/,
  },
  huge_histogram: {
    answer: (response) => void response.end(nativeHistogram(6000)),
    error: /^histogram cannot be stored: found \d+ bytes in 6000 buckets, expected at most 48000 bytes: set/,
    contentType: PROTOBUF,
  },
  long_target: {
    answer: (response) => void response.end("good 1\n"),
    error: /^Expected label names and values of at most 48000 bytes/,
  },
};

for (
  const { name, targets, limits, found } of [
    {
      name: "with limits in their configuration",
      targets: hostile,
      limits: { bodySizeLimit: 3 << 19, sampleLimit: 1000, labelLimit: 100 },
      found: { d: 1, good: 1, up: Object.keys(hostile).length },
    },
    {
      name: "with those of the storage alone",
      targets: unlimited,
      limits: {},
      found: { good: 1, up: Object.keys(unlimited).length - 1 },
    },
  ]
) {
  Deno.test(`hostile targets fail by themselves and say why, and others are unhurt: ${name}`, async () => {
    await check(targets, limits, found);
  });
}

/** @param want How many series of each name there are afterwards. */
async function check(
  all: Readonly<Record<string, Hostile>>,
  limits: Partial<ScrapePoolSpec>,
  want: Readonly<Record<string, number>>,
): Promise<void> {
  const server = createServer((request, response) => {
    const { answer, contentType = "text/plain" } = all[request.url!.slice(1)];
    response.setHeader("content-type", contentType);
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const database = await openDatabase();
  const manager = new ScrapeManager({
    ready: Promise.resolve(database),
    registry: new Registry({ now: () => systemClock.now() }),
    clock: systemClock,
    budget: UNLIMITED,
    createFetcher: (pool) => new HttpFetcher(pool.http, "Prometheus/3"),
    pause: () => Promise.resolve(),
    refusal: () => "",
    onAppended: () => {},
    onUnexpected: () => {},
  });
  const targets = Object.keys(all).map((name) =>
    targetOf({
      id: name,
      url: `http://127.0.0.1:${port}/${name}`,
      labels: name === "long_target" ? ["instance", name, "long", "x".repeat(60_000)] : ["instance", name],
      scrapeNativeHistograms: true,
      intervalMs: 1000,
      timeoutMs: 700,
      offsetMs: 0,
    })
  );
  manager.setTargets([poolOf({ ...limits, targets })]);
  try {
    const until = performance.now() + 8000;
    const isDone = () => manager.status().every(({ health }) => health !== "unknown");
    while (!isDone() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
    for (const { id, health, lastError } of manager.status()) {
      assert.match(lastError, all[id].error, `${id}: ${lastError}`);
      assert.equal(health, lastError === "" ? "up" : "down", id);
    }
  } finally {
    await manager.stop();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
  const names = new Map<string, number>();
  const range = { startMs: 0, endMs: Date.now() + 1000 };
  for (const series of await database.select({ matchers: [new Matcher("=~", "__name__", ".+")], ...range })) {
    const name = series.labels.get("__name__");
    names.set(name, (names.get(name) ?? 0) + 1);
  }
  assert.deepEqual([...names].filter(([name]) => !name.startsWith("scrape_")).sort(), Object.entries(want));
}
