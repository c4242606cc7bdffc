import assert from "node:assert/strict";
import type { ScrapePoolSpec, TargetSpec } from "../../../server/scrape/spec.ts";
import { type Answer, HANG, poolOf, Scene, targetOf } from "./_fakes.ts";

interface Case {
  readonly name: string;
  readonly pool?: Partial<ScrapePoolSpec>;
  readonly target?: Partial<TargetSpec>;
  readonly answers: readonly Answer[];
  readonly want: Record<string, string>;
  /** Of the last scrape. */
  readonly error?: string;
  readonly counted?: Record<string, number>;
  /** Series that are looked at; default: all but those that a scrape makes itself. */
  readonly names?: RegExp;
}

const text = (body: string) => ({ body, contentType: "text/plain; version=0.0.4" });
const start = 1_700_000_000_000;

const cases: Case[] = [
  {
    name: "gives samples the time of the scrape",
    answers: ['a 1\nb{x="y"} 2\n', 'a 3\nb{x="y"} 4\n'],
    want: { a: "1@0 3@10", 'b{x="y"}': "2@0 4@10" },
  },
  {
    name: "reports itself",
    names: /^up$|^scrape_/,
    pool: { metricRelabelConfigs: [{ sourceLabels: ["__name__"], regex: "b", action: "drop" }] },
    answers: ["a 1\nb 1\n", "a 1\nb 1\nc 1\n"],
    want: {
      up: "1@0 1@10",
      scrape_duration_seconds: "0@0 0@10",
      scrape_samples_scraped: "2@0 3@10",
      scrape_samples_post_metric_relabeling: "1@0 2@10",
      scrape_series_added: "1@0 1@10",
    },
  },
  {
    name: "reports as added what the last good scrape did not have",
    names: /^scrape_series_added$/,
    pool: { metricRelabelConfigs: [{ sourceLabels: ["__name__"], regex: "dropped", action: "drop" }] },
    answers: [
      "a 1\nb 1\ndropped 1\n",
      "b 1\n",
      "a 1\nb 1\n",
      new Error("down"),
      "a 1\nb 1\n",
      "a 1\nb 1\n}{",
      `a 1\nb 1\nc 1 ${start - 5000}\n`,
      "",
      `c 1 ${start - 4000}\n`,
    ],
    want: { scrape_series_added: "2@0 0@10 1@20 0@30 0@40 0@50 1@60 0@70 0@80" },
  },
  {
    name: "reports converted histograms as added once",
    names: /^scrape_series_added$/,
    target: { convertClassicHistogramsToNhcb: true },
    answers: [1, 2].map(() =>
      '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 3\nh_sum 4\nh_count 3\n# TYPE g gauge\ng 1\n'
    ),
    want: { scrape_series_added: "2@0 0@10" },
  },
  {
    name: "reports more with extra_scrape_metrics",
    names: /^scrape_(timeout|sample_limit|body)/,
    pool: { extraScrapeMetrics: true, sampleLimit: 7 },
    answers: ["a 1\n", new Error("no")],
    want: {
      scrape_timeout_seconds: "5@0 5@10",
      scrape_sample_limit: "7@0 7@10",
      scrape_body_size_bytes: "4@0 0@10",
    },
  },
  {
    name: "lets an exposed up win over its own",
    names: /^up$/,
    answers: ["up 7\n", "up 8\n"],
    want: { up: "7@0 8@10" },
  },

  // §4.8
  {
    name: "renames exposed labels without honor_labels",
    answers: ['a{job="x",exported_instance="e",instance="f"} 1\n'],
    want: { 'a{exported_exported_instance="f", exported_instance="e", exported_job="x"}': "1@0" },
  },
  {
    name: "ignores empty exposed labels without honor_labels",
    answers: ['a{job=""} 1\n'],
    want: { a: "1@0" },
  },
  {
    name: "keeps exposed labels with honor_labels",
    pool: { honorLabels: true },
    answers: ['a{job="x"} 1\n'],
    want: { 'a{job="x"}': "1@0" },
  },
  {
    name: "removes a target label that is exposed empty with honor_labels",
    pool: { honorLabels: true },
    answers: ['a{instance=""} 1\nb{job=""} 2\n'],
    want: { a: "1@0", b: "2@0" },
  },
  {
    name: "uses exposed timestamps and writes no markers for them",
    answers: [`a 1 ${start - 5000}\n`, "b 1\n"],
    want: { a: "1@-5", b: "1@10" },
  },
  {
    name: "ignores exposed timestamps without honor_timestamps",
    pool: { honorTimestamps: false },
    answers: [`a 1 ${start - 5000}\n`, "b 1\n"],
    want: { a: "1@0 S@10", b: "1@10" },
  },
  {
    name: "writes markers for exposed timestamps with track_timestamps_staleness",
    pool: { trackTimestampsStaleness: true },
    answers: [`a 1 ${start - 5000}\n`, `a 2 ${start - 4000}\n`, "b 1\n", "b 1\n"],
    want: { a: "1@-5 2@-4 S@20", b: "1@20 1@30" },
  },

  // §4.7
  {
    name: "fails without a metric name after relabelling",
    pool: { metricRelabelConfigs: [{ regex: "__name__", action: "labeldrop" }] },
    answers: ["a 1\n"],
    want: {},
    error: "missing metric name (__name__ label)",
  },
  {
    name: "fails on names that are not valid in the scheme",
    pool: { validationScheme: "legacy" },
    answers: ['{"a.b"} 1\n'],
    want: {},
    error: 'invalid metric name or label names: {__name__="a.b", instance="i", job="j"}',
  },
  {
    name: "takes UTF-8 names",
    answers: ['{"a.b","c.d"="e"} 1\n'],
    want: { 'a.b{"c.d"="e"}': "1@0" },
  },
  {
    name: "fails beyond label_limit, target labels counted",
    pool: { labelLimit: 3 },
    answers: ['a 1\nb{x="y"} 1\n'],
    want: {},
    error: "label_limit exceeded (metric: b, number of labels: 4, limit: 3)",
    counted: { prometheus_target_scrape_pool_exceeded_label_limits_total: 1 },
  },
  {
    name: "fails beyond label_name_length_limit",
    pool: { labelNameLengthLimit: 8 },
    answers: ['a{very_long_name="y"} 1\n'],
    want: {},
    error: "label_name_length_limit exceeded (metric: a, label name: very_long_name, length: 14, limit: 8)",
  },
  {
    name: "fails beyond label_value_length_limit, counted in bytes",
    pool: { labelValueLengthLimit: 5 },
    answers: ['a{x="äöü"} 1\n'],
    want: {},
    error: 'label_value_length_limit exceeded (metric: a, label name: x, value: "äöü", length: 6, limit: 5)',
  },
  {
    name: "is within sample_limit after relabelling",
    pool: {
      sampleLimit: 1,
      metricRelabelConfigs: [{ sourceLabels: ["__name__"], regex: "b", action: "drop" }],
    },
    answers: ["a 1\nb 1\n"],
    want: { a: "1@0" },
  },
  {
    name: "fails beyond sample_limit, keeps nothing and marks what was there, and recovers",
    pool: { sampleLimit: 2 },
    names: /^(a|b|c|up|scrape_samples_(scraped|post.*))$/,
    answers: ["a 1\nb 1\n", "a 2\nb 2\nc 2\n", "a 3\nc 3\n"],
    want: {
      a: "1@0 S@10 3@20",
      b: "1@0 S@10",
      c: "3@20",
      up: "1@0 0@10 1@20",
      scrape_samples_scraped: "2@0 3@10 2@20",
      scrape_samples_post_metric_relabeling: "2@0 3@10 2@20",
    },
    error: "",
    counted: { prometheus_target_scrapes_exceeded_sample_limit_total: 1 },
  },
  {
    name: "fails on a series that cannot be stored, which is no limit of the configuration",
    names: /^scrape_samples_/,
    answers: [`a 1\nb{x="${"y".repeat(50_000)}"} 1\nc 1\n`],
    want: { scrape_samples_scraped: "2@0", scrape_samples_post_metric_relabeling: "1@0" },
    error: "^series cannot be stored \\(metric: b\\): Expected label names and values of at most 48000 bytes",
    counted: { prometheus_target_scrape_pool_exceeded_label_limits_total: 0 },
  },
  ...[
    { what: "a name that is not valid", pool: { validationScheme: "legacy" as const }, line: '{"b.c"} 1' },
    { what: "a label limit", pool: { labelLimit: 3 }, line: 'b{x="y"} 1' },
  ].map(({ what, pool, line }): Case => ({
    name: `counts the sample that fails it as scraped but not kept: ${what}`,
    pool,
    names: /^scrape_samples_/,
    answers: [`a 1\n${line}\nc 1\n`, "a 1\n"],
    want: { scrape_samples_scraped: "2@0 1@10", scrape_samples_post_metric_relabeling: "1@0 1@10" },
  })),
  {
    name: "does not count a sample that cannot be parsed",
    names: /^scrape_samples_/,
    answers: ["a 1\nb 1\nc {\nd 1\n"],
    want: { scrape_samples_scraped: "2@0", scrape_samples_post_metric_relabeling: "2@0" },
  },
  {
    name: "counts no samples where the transfer breaks off",
    names: /^(a|up|scrape_samples_.*)$/,
    answers: [
      "a 1\n",
      { body: "a 2\nb 1\n", contentType: "text/plain", end: new Error("unexpected EOF") },
      "a 3\n",
    ],
    want: {
      a: "1@0 S@10 3@20",
      up: "1@0 0@10 1@20",
      scrape_samples_scraped: "1@0 0@10 1@20",
      scrape_samples_post_metric_relabeling: "1@0 0@10 1@20",
    },
  },
  {
    name: "keeps the first of two samples of a series",
    answers: ['a{x="1",y="2"} 1\na{y="2",x="1"} 2\n'],
    want: { 'a{x="1", y="2"}': "1@0" },
    counted: { prometheus_target_scrapes_sample_duplicate_timestamp_total: 1 },
  },
  {
    name: "drops samples more than 10 minutes ahead",
    answers: [`a 1 ${start + 600_001}\nb 1 ${start + 599_000}\n`],
    want: { b: "1@599" },
    counted: { prometheus_target_scrapes_sample_out_of_bounds_total: 1 },
  },
  {
    name: "drops samples that are out of order and stays up",
    answers: [`a 1 ${start - 5000}\n`, `a 2 ${start - 6000}\n`],
    want: { a: "1@-5" },
    error: "",
    counted: { prometheus_target_scrapes_sample_out_of_order_total: 1 },
  },
  {
    name: "fails every scrape of a pool beyond target_limit without a request",
    pool: { poolError: "target_limit exceeded (number of targets: 2, limit: 1)" },
    names: /^up$/,
    answers: ["a 1\n"],
    want: { up: "0@0" },
    error: "target_limit exceeded (number of targets: 2, limit: 1)",
    counted: { prometheus_target_scrape_pool_exceeded_target_limit_total: 1 },
  },

  // §4.1
  ...[
    { contentType: undefined, error: /^non-compliant scrape target sending blank Content-Type/ },
    { contentType: "text/html", error: /^received unsupported Content-Type "text\/html"/ },
    { contentType: "?", error: /^cannot parse Content-Type/ },
  ].map(({ contentType, error }): Case => ({
    name: `fails with Content-Type ${contentType}`,
    answers: [{ body: "a 1\n", contentType }],
    want: {},
    error: error.source,
  })),
  {
    name: "uses the fallback protocol",
    pool: { fallbackProtocol: "PrometheusText0.0.4" },
    answers: [{ body: "a 1\n", contentType: "text/html" }],
    want: { a: "1@0" },
  },
  {
    name: "changes the parser with the format",
    answers: [
      text("a 1\n"),
      { body: "a 2\n# EOF\n", contentType: "application/openmetrics-text" },
      text("a 3\n"),
    ],
    want: { a: "1@0 2@10 3@20" },
  },

  // §4.10
  {
    name: "marks series that vanish, once",
    answers: ["a 1\nb 1\n", "a 2\n", "a 3\n", "a 4\nb 4\n"],
    want: { a: "1@0 2@10 3@20 4@30", b: "1@0 S@10 4@30" },
  },
  {
    name: "marks all series where the request fails",
    names: /^(a|up)$/,
    answers: ["a 1\n", new Error("boom"), "a 3\n"],
    want: { a: "1@0 S@10 3@20", up: "1@0 0@10 1@20" },
  },
  {
    name: "marks all series where the body is malformed, and keeps nothing of it",
    answers: ["a 1\n", "a 2\nnew 2\n}{\n", "new 3\na 3\n"],
    want: { a: "1@0 S@10 3@20", new: "3@20" },
  },
  {
    name: "times out",
    names: /^(a|up)$/,
    answers: ["a 1\n", HANG],
    want: { a: "1@0 S@10", up: "1@0 0@10" },
    error: 'Get "http://host:80/metrics": context deadline exceeded',
  },
  {
    name: "keeps NaN and infinities",
    answers: ["a NaN\nb +Inf\n"],
    want: { a: "NaN@0", b: "Infinity@0" },
  },

  // histograms
  {
    name: "stores converted histograms and marks them stale",
    target: { convertClassicHistogramsToNhcb: true },
    answers: [
      '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 3\nh_sum 4\nh_count 3\n',
      '# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 5\nh_sum 4\nh_count 5\n',
      "a 1\n",
    ],
    want: { h: "H-53:3@0 H-53:5@10 S@20", a: "1@20" },
  },
  {
    name: "fails where a histogram with custom buckets exceeds the bucket limit",
    target: { convertClassicHistogramsToNhcb: true },
    pool: { nativeHistogramBucketLimit: 1 },
    answers: ['# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 3\nh_sum 4\nh_count 3\n'],
    want: {},
    error: "histogram bucket limit exceeded",
    counted: { prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total: 1 },
  },
];

for (const { name, pool, target, answers, want, error, counted, names } of cases) {
  Deno.test(`scrape ${name}`, async () => {
    const scene = await Scene.open();
    await scene.scrape(poolOf({ targets: [targetOf(target)], ...pool }), ...answers);
    assert.deepEqual(await scene.samples(names), want);
    const { lastError, health } = scene.manager.status()[0];
    if (error !== undefined) {
      if (error.startsWith("^")) assert.match(lastError, new RegExp(error));
      else assert.equal(lastError, error);
      assert.equal(health, error === "" ? "up" : "down");
    }
    for (const [metric, count] of Object.entries(counted ?? {})) {
      assert.equal(scene.count(metric), count, metric);
    }
    await scene.manager.stop();
  });
}

Deno.test("scrape sends what the pool asks for", async () => {
  const scene = await Scene.open();
  await scene.scrape(
    poolOf({
      bodySizeLimit: 5,
      enableCompression: false,
      targets: [targetOf({ scrapeNativeHistograms: true, unixSocket: "/s" })],
    }),
    "a 1\n",
  );
  const { accept, ...rest } = scene.fetcher.requests[0];
  assert.match(accept, /^application\/vnd.google.protobuf;.*q=0.6,.*,\*\/\*;q=0.1$/);
  assert.deepEqual(rest, {
    url: "http://host:80/metrics",
    unixSocket: "/s",
    enableCompression: false,
    timeoutMs: 5000,
    bodySizeLimit: 5,
  });
  await scene.manager.stop();
});

Deno.test("scrape stores exemplars", async () => {
  const scene = await Scene.open();
  const body = '# TYPE a counter\na_total 1 # {trace="t"} 0.5\n# EOF\n';
  await scene.scrape(poolOf(), { body, contentType: "application/openmetrics-text" });
  const [{ exemplar }] = [...scene.database.exemplars.inOrder()];
  assert.deepEqual(exemplar, { timeMs: start, value: 0.5, labels: ["trace", "t"] });
  await scene.manager.stop();
});

Deno.test("a failed scrape leaves no series behind", async () => {
  const scene = await Scene.open();
  const many = Array.from({ length: 500 }, (_, i) => `m{i="${i}"} 1\n`).join("");
  await scene.scrape(poolOf({ sampleLimit: 100 }), "a 1\n", many, `${many}}{`);
  assert.equal(scene.database.index.size, 6);
  await scene.manager.stop();
});

Deno.test("a target whose series change all the time moves to smaller groups without losing a sample or a marker", async () => {
  const scene = await Scene.open();
  const body = (scrape: number) =>
    "steady 1\n" + Array.from({ length: 400 }, (_, i) => `m{i="${scrape}-${i}"} ${scrape}\n`).join("");
  await scene.scrape(poolOf(), ...Array.from({ length: 10 }, (_, i) => body(i)));
  assert.ok(scene.count("prometheus_target_scrapes_cache_flush_forced_total") > 0);
  const samples = await scene.samples();
  assert.equal(samples.steady, "1@0 1@10 1@20 1@30 1@40 1@50 1@60 1@70 1@80 1@90");
  const { scrape_series_added: added } = await scene.samples(/^scrape_series_added$/);
  assert.equal(added, "401@0 400@10 400@20 400@30 400@40 400@50 400@60 400@70 400@80 400@90");
  for (let scrape = 0; scrape < 9; scrape++) {
    for (const i of [0, 399]) {
      assert.equal(samples[`m{i="${scrape}-${i}"}`], `${scrape}@${scrape * 10} S@${scrape * 10 + 10}`);
    }
  }
  await scene.manager.stop();
});

Deno.test("a budget refuses new series first and says which label grows", async () => {
  let left = 7;
  const refusals: unknown[] = [];
  const scene = await Scene.open({
    budget: {
      tryTake: (count) => count <= left && (left -= count, true),
      take: (count) => void (left -= count),
      release: (count) => void (left += count),
      onRefused: (refused) => void refusals.push(refused),
    },
  });
  const body = (n: number) => Array.from({ length: n }, (_, i) => `m{i="${i}",k="c"} 1\n`).join("");
  await scene.scrape(poolOf(), body(2), body(5));
  assert.deepEqual(Object.keys(await scene.samples()), ['m{i="0", k="c"}', 'm{i="1", k="c"}']);
  assert.deepEqual(refusals, [{
    jobName: "j",
    targetId: "00000000000000aa",
    series: 3,
    label: "i",
    values: 3,
  }]);
  assert.equal(scene.count("narthex_scrape_series_refused_total", { scrape_job: "j" }), 3);
  left += 3;
  await scene.scrape(poolOf(), body(5), ...Array(12).fill(body(5)));
  assert.equal(Object.keys(await scene.samples()).length, 5);
  assert.equal(left, 0);
  await scene.manager.stop();
  assert.equal(left, 10);
});
