import assert from "node:assert/strict";
import { Labels } from "../../../engine/labels/labels.ts";
import { relabel } from "../../../engine/labels/relabel.ts";
import { ConfigError } from "../../../server/config/config_error.ts";
import { defaultConfig } from "../../../server/config/default_config.ts";
import { loadConfig } from "../../../server/config/load.ts";
import { printConfig } from "../../../server/config/print.ts";
import { load, memoryHost } from "./_host.ts";

const DAY_MS = 86_400_000;

Deno.test("an empty file means all defaults", async () => {
  for (const text of ["", "# nothing\n", "global:\n", "{}"]) {
    const { config, warnings } = await load(text);
    assert.equal(config.global.scrapeIntervalMs, 60_000);
    assert.equal(config.global.scrapeTimeoutMs, 10_000);
    assert.equal(config.global.evaluationIntervalMs, 60_000);
    assert.equal(config.storage.retentionMs, 15 * DAY_MS);
    assert.equal(config.storage.maxExemplars, 100_000);
    assert.equal(config.otlp.translationStrategy, "UnderscoreEscapingWithSuffixes");
    assert.deepEqual(config.scrapeConfigs, []);
    assert.deepEqual(warnings, []);
  }
});

Deno.test("a job takes over from the global section what it does not set", async () => {
  const { config } = await load(`
global: {scrape_interval: 20s, scrape_timeout: 15s, sample_limit: 7, body_size_limit: 1KB, scrape_native_histograms: true}
scrape_configs:
- job_name: a
- {job_name: b, scrape_interval: 5s, sample_limit: 3, scrape_native_histograms: no, honor_timestamps: off}
- {job_name: c, scrape_protocols: [PrometheusText0.0.4], scrape_timeout: 20s}
`);
  const [a, b, c] = config.scrapeConfigs;
  assert.deepEqual([a.intervalMs, a.timeoutMs, a.sampleLimit, a.bodySizeLimitBytes], [
    20_000,
    15_000,
    7,
    1024,
  ]);
  assert.deepEqual([b.intervalMs, b.timeoutMs, b.sampleLimit], [5000, 5000, 3]);
  assert.deepEqual([a.scrapeNativeHistograms, b.scrapeNativeHistograms], [true, false]);
  assert.deepEqual([a.honorTimestamps, b.honorTimestamps], [true, false]);
  assert.equal(a.scrapeProtocols, undefined);
  assert.equal(a.source.scrapeProtocols?.[0], "PrometheusProto");
  assert.equal(b.source.scrapeProtocols?.[0], "OpenMetricsText1.0.0");
  assert.deepEqual(c.scrapeProtocols, ["PrometheusText0.0.4"]);
  assert.equal(c.timeoutMs, 20_000);
});

Deno.test("an explicit null is the empty value, not the default", async () => {
  const { config } = await load(`
scrape_configs:
- job_name: a
  honor_timestamps:
  metrics_path: ~
  relabel_configs: [{target_label: x, regex: }]
`);
  const [job] = config.scrapeConfigs;
  assert.equal(job.honorTimestamps, false);
  assert.equal(job.metricsPath, "");
  assert.equal(job.relabelConfigs[0].config.regex, "");
});

Deno.test("relabelling rules arrive compiled", async () => {
  const { config } = await load(`
scrape_configs:
- job_name: a
  relabel_configs:
  - {source_labels: [__address__], regex: '(.*):\\d+', target_label: host, replacement: '$1', action: Replace}
  metric_relabel_configs:
  - {source_labels: [__name__], regex: go_.*, action: drop}
`);
  const [{ relabelConfigs, metricRelabelConfigs }] = config.scrapeConfigs;
  assert.equal(relabel(Labels.from({ __address__: "db:9100" }), relabelConfigs)?.get("host"), "db");
  assert.equal(relabel(Labels.from({ __name__: "go_threads" }), metricRelabelConfigs), undefined);
});

Deno.test("environment variables are expanded in external labels and nowhere else", async () => {
  const text = `
global: {external_labels: {a: $ONE, b: "x\${ONE}y", c: $$ONE, d: $NONE, e: "100$", f: "\${"}}
scrape_configs: [{job_name: $ONE}]
`;
  const { config, warnings } = await load(text, {}, { ONE: "1" });
  assert.deepEqual(config.global.externalLabels.toObject(), { a: "1", b: "x1y", c: "$ONE", e: "100$" });
  assert.equal(config.scrapeConfigs[0].jobName, "$ONE");
  assert.deepEqual(warnings, ['external_labels: environment variable "NONE" is empty or not set']);
});

Deno.test("relative paths are resolved against the directory of the file that names them", async () => {
  const files = {
    "/etc/prometheus.yml": `
global: {query_log_file: q.log}
rule_files: [rules/*.yml, /abs/r.yml]
scrape_config_files: [jobs/*.yml]
scrape_configs: [{job_name: a, tls_config: {ca_file: ca.pem}, file_sd_configs: [{files: [t/*.json]}]}]
`,
    "/etc/jobs/b.yml": "scrape_configs: [{job_name: b, basic_auth: {username: u, password_file: pw}}]",
    "/etc/jobs/c.yml": "",
  };
  const { config, files: read } = await loadConfig("/etc/prometheus.yml", memoryHost(files));
  const [a, b] = config.scrapeConfigs;
  assert.equal(config.global.queryLogFile, "/etc/q.log");
  assert.deepEqual(config.ruleFiles, ["/etc/rules/*.yml", "/abs/r.yml"]);
  assert.equal(a.http.tlsConfig.caFile, "/etc/ca.pem");
  assert.deepEqual(a.source.fileSdConfigs[0].files, ["/etc/t/*.json"]);
  assert.equal(b.http.basicAuth?.passwordFile, "/etc/jobs/pw");
  assert.deepEqual(read, Object.keys(files));
});

Deno.test("an error in a scrape config file names that file", async () => {
  const files = {
    "/etc/prometheus.yml": "scrape_config_files: [j.yml]",
    "/etc/j.yml": "scrape_configs:\n- job_name: a\n  scheme: [http]\n",
  };
  await assert.rejects(loadConfig("/etc/prometheus.yml", memoryHost(files)), {
    name: "ConfigError",
    file: "/etc/j.yml",
    line: 3,
    column: 3,
    keyPath: "scrape_configs[0].scheme",
    reason: "cannot unmarshal !!seq into string",
    found: "a list of 1",
    expected: "a text",
  });
});

Deno.test("every wrong key of a section is reported at its place", async () => {
  const loading = load(
    "global:\n  scrape_intervall: 5s\n  sample_limit: '5'\nscrape_configs:\n- job_name: a\n  honor_labels: 1\n",
  );
  await assert.rejects(loading, (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.problems.map(({ line, column, keyPath }) => [line, column, keyPath]), [
      [2, 3, "global.scrape_intervall"],
      [6, 3, "scrape_configs[0].honor_labels"],
    ]);
    assert.equal(error.fix, 'did you mean "scrape_interval"?');
    return true;
  });
});

Deno.test("YAML that cannot be read is refused at its place", async () => {
  const cases: [text: string, line: number, reason: RegExp][] = [
    ["global: {\n", 2, /^yaml: /],
    ["global:\n  external_labels: {a: 1, a: 2}\n", 2, /^field a already set/],
    ["a: *nobody\n", 1, /anchor/],
    ["- a\n", 1, /cannot unmarshal !!seq into config.Config/],
    ["text", 1, /cannot unmarshal !!str `text` into config.Config/],
  ];
  for (const [text, line, reason] of cases) {
    await assert.rejects(load(text), (error) => {
      assert.ok(error instanceof ConfigError, String(error));
      assert.match(error.reason, reason);
      assert.equal(error.line, line, text);
      return true;
    });
  }
});

Deno.test("anchors and merge keys work, and their expansion is bounded", async () => {
  const { config } = await load(`
scrape_configs:
- &base {job_name: a, scheme: https, params: {m: [x]}}
- {<<: *base, job_name: b}
`);
  assert.deepEqual(config.scrapeConfigs.map((job) => [job.jobName, job.scheme, job.params.m]), [
    ["a", "https", ["x"]],
    ["b", "https", ["x"]],
  ]);
  const bomb = Array.from(
    { length: 9 },
    (_, i) => `a${i}: &a${i} [${Array(10).fill(i === 0 ? "x" : `*a${i - 1}`)}]`,
  );
  await assert.rejects(load(bomb.join("\n")), { reason: "yaml: document contains excessive aliasing" });
});

Deno.test("secrets appear neither in the printed configuration nor in errors", async () => {
  const text = `
scrape_configs:
- job_name: a
  basic_auth: {username: u, password: hunter2}
  proxy_url: http://me:hunter2@proxy:3128
  proxy_connect_header: {X-Key: [hunter2]}
  http_headers: {X-Key: {secrets: [hunter2]}}
  consul_sd_configs: [{token: hunter2}]
- job_name: b
  bearer_token: hunter2
`;
  const { config } = await load(text);
  const printed = printConfig(config);
  assert.doesNotMatch(printed, /hunter2/);
  assert.match(printed, /password: <secret>/);
  assert.match(printed, /proxy_url: http:\/\/me:xxxxx@proxy:3128/);
  assert.doesNotMatch(
    Deno.inspect(config, { depth: 20 }).replaceAll("http://me:hunter2@proxy:3128", ""),
    /hunter2/,
  );
  assert.doesNotMatch(JSON.stringify(config.scrapeConfigs[1].source), /hunter2/);
  assert.equal(config.scrapeConfigs[1].http.authorization?.credentials.reveal(), "hunter2");
  await assert.rejects(
    load(text + "  bearer_token_file: f\n  authorization: {credentials: hunter2}\n"),
    (error) => {
      assert.doesNotMatch(String(error), /hunter2/);
      return true;
    },
  );
});

Deno.test("sections without effect are named once each", async () => {
  const { warnings } = await load(`
rule_files: [r.yml]
remote_write: [{url: http://a}, {url: http://b}]
scrape_configs:
- {job_name: a, dns_sd_configs: [{names: [x]}], static_configs: [{targets: [x]}]}
- {job_name: b, dns_sd_configs: [{names: [y]}]}
`);
  assert.deepEqual(warnings, [
    "section rule_files: not active in this version",
    "section remote_write: not active in this version",
    'section dns_sd_configs: not active in this version: it gives no targets to "a", "b"',
  ]);
});

Deno.test("limits that only a feature puts in force are named where it is off", async () => {
  const text = "global: {query_max_series: 5, query_max_duration: 1s, query_max_memory: 1MB}";
  const warnings = async (limitsQueryCost?: boolean) => (await load(text, { limitsQueryCost })).warnings;
  assert.deepEqual(await warnings(false), [
    "global query_max_series: not active without --enable-feature=query-cost",
    "global query_max_duration: not active without --enable-feature=query-cost",
  ]);
  assert.deepEqual(await warnings(true), []);
  assert.deepEqual(await warnings(), []);
});

Deno.test("retention comes from the file, else from the flags", async () => {
  const options = { retentionDefaults: { timeMs: DAY_MS, sizeBytes: 5 } };
  const flags = (await load("", options)).config.storage;
  assert.deepEqual([flags.retentionMs, flags.retentionBytes], [DAY_MS, 5]);
  const file =
    (await load("storage: {tsdb: {retention: {time: 2d}, out_of_order_time_window: 30m}}", options)).config
      .storage;
  assert.deepEqual([file.retentionMs, file.retentionBytes, file.outOfOrderWindowMs], [
    2 * DAY_MS,
    0,
    1_800_000,
  ]);
  const { config, warnings } = await load("storage: {tsdb: {retention: {percentage: 62.5}}}", options);
  const { retentionMs, retentionBytes, retentionPercentage } = config.storage;
  assert.deepEqual([retentionMs, retentionBytes, retentionPercentage, warnings], [0, 0, 62.5, []]);
});

Deno.test("start timestamps cannot be stored in XOR chunks, should the file ask for those", async () => {
  const file = (floats: string) => `storage: {tsdb: {chunk_encoding: {floats: ${floats}}}}`;
  await load(file("xor"));
  for (const floats of ["xor2", '""']) await load(file(floats), { storesStartTimestamps: true });
  await assert.rejects(
    load(file("xor"), { storesStartTimestamps: true }),
    /float chunk encoding "xor" is incompatible with start-timestamp storage.*key storage\.tsdb\.chunk_encoding\.floats/,
  );
});

Deno.test("printConfig() prints upstream's text", async () => {
  const { config } = await load(
    "scrape_configs:\n- job_name: self\n  static_configs: [{targets: ['localhost:9090'], labels: {env: yes}}]\n",
  );
  assert.equal(
    printConfig(config),
    `global:
  scrape_interval: 1m
  scrape_timeout: 10s
  evaluation_interval: 1m
  metric_name_validation_scheme: utf8
  metric_name_escaping_scheme: allow-utf-8
  scrape_native_histograms: false
  extra_scrape_metrics: false
runtime:
  gogc: 75
scrape_configs:
- job_name: self
  honor_timestamps: true
  track_timestamps_staleness: false
  scrape_interval: 1m
  scrape_timeout: 10s
  scrape_protocols:
  - OpenMetricsText1.0.0
  - OpenMetricsText0.0.1
  - PrometheusText1.0.0
  - PrometheusText0.0.4
  scrape_native_histograms: false
  always_scrape_classic_histograms: false
  convert_classic_histograms_to_nhcb: false
  metrics_path: /metrics
  scheme: http
  enable_compression: true
  metric_name_validation_scheme: utf8
  metric_name_escaping_scheme: allow-utf-8
  extra_scrape_metrics: false
  follow_redirects: true
  enable_http2: true
  static_configs:
  - targets:
    - localhost:9090
    labels:
      env: "yes"
storage:
  tsdb:
    retention:
      time: 15d
otlp:
  translation_strategy: UnderscoreEscapingWithSuffixes
  label_name_underscore_sanitization: true
  label_name_preserve_multiple_underscores: true
`,
  );
});

Deno.test("without a file the server scrapes itself every 5 seconds", async () => {
  const { config, warnings } = await defaultConfig("localhost:9090");
  const [job] = config.scrapeConfigs;
  assert.deepEqual([job.jobName, job.intervalMs, job.staticConfigs[0].targets], ["narthex", 5000, [
    "localhost:9090",
  ]]);
  assert.deepEqual(warnings, []);
});
