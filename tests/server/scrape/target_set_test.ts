import assert from "node:assert/strict";
import fc from "fast-check";
import { Labels } from "../../../engine/labels/labels.ts";
import { parseConfig } from "../../../server/config/load.ts";
import { plainConfig } from "../../../server/config/plain_config.ts";
import { serverConfig, type ServerScrapeConfig } from "../../../server/config/server_config.ts";
import {
  splitByShard,
  staticGroups,
  type TargetGroup,
  targetSet,
} from "../../../server/scrape/target_set.ts";
import { offsetSeed, scrapeOffsetMs, shardOf } from "../../../server/scrape/target_identity.ts";

async function jobOf(yaml: string): Promise<ServerScrapeConfig> {
  const host = {
    readFile: () => Promise.reject(new Error("no files")),
    glob: () => Promise.resolve([]),
    env: () => undefined,
  };
  const lines = yaml.trim().split("\n").map((line) => `    ${line}\n`).join("");
  const text = `global: {scrape_interval: 30s}\nscrape_configs:\n  - job_name: j\n${lines}`;
  const { config } = await parseConfig("/prometheus.yml", text, host);
  return serverConfig(plainConfig(config)).scrapeConfigs[0];
}

async function targetsOf(yaml: string, groups?: readonly TargetGroup[]) {
  const config = await jobOf(yaml);
  return targetSet(config, groups ?? staticGroups(config), 7n);
}

const group = (target: Record<string, string>, labels: Record<string, string> = {}): TargetGroup[] => [
  { source: "s", targets: [{ __address__: "h:1", ...target }], labels },
];

Deno.test("targetSet() makes targets of static configs", async () => {
  const { active, dropped, errors, pool } = await targetsOf(`
static_configs: [{targets: ["a:1", "b:2"], labels: {env: prod}}]`);
  assert.deepEqual(active.map(({ spec }) => spec.url), ["http://a:1/metrics", "http://b:2/metrics"]);
  assert.deepEqual(active[0].spec.labels, ["env", "prod", "instance", "a:1", "job", "j"]);
  assert.equal(active[0].spec.intervalMs, 30_000);
  assert.equal(active[0].spec.timeoutMs, 10_000);
  assert.deepEqual(active[0].discoveredLabels.toObject(), {
    __address__: "a:1",
    __always_scrape_classic_histograms__: "false",
    __convert_classic_histograms_to_nhcb__: "false",
    __metrics_path__: "/metrics",
    __scheme__: "http",
    __scrape_interval__: "30s",
    __scrape_native_histograms__: "false",
    __scrape_timeout__: "10s",
    env: "prod",
    job: "j",
  });
  assert.deepEqual([dropped.length, errors.length, pool.poolError], [0, 0, ""]);
  assert.deepEqual(structuredClone(pool), pool);
});

interface Case {
  readonly name: string;
  readonly yaml?: string;
  readonly target?: Record<string, string>;
  readonly shared?: Record<string, string>;
  readonly labels?: Record<string, string>;
  readonly url?: string;
  readonly error?: string;
}

const cases: Case[] = [
  { name: "prefers group labels to the job's", shared: { job: "g" }, labels: { instance: "h:1", job: "g" } },
  {
    name: "prefers target labels to the group's",
    target: { job: "t" },
    shared: { job: "g" },
    labels: { instance: "h:1", job: "t" },
  },
  { name: "keeps an instance", target: { instance: "i" }, labels: { instance: "i", job: "j" } },
  {
    name: "hides labels that begin with __",
    target: { __meta_a: "1", __x: "1", a: "1" },
    labels: { a: "1", instance: "h:1", job: "j" },
  },
  {
    name: "uses relabelled scheme, path and parameters",
    yaml: `params: {module: [x, y], "a b": ["c d*"]}
relabel_configs:
  - {source_labels: [__address__], target_label: __param_target}
  - {target_label: __param_module, replacement: z}
  - {target_label: __scheme__, replacement: https}
  - {target_label: __metrics_path__, replacement: "/p?q"}
  - {target_label: __address__, replacement: "exporter:9"}`,
    url: "https://exporter:9/p%3Fq?a+b=c+d%2A&module=z&module=y&target=h%3A1",
  },
  { name: "refuses a target without an address", target: { __address__: "" }, error: "no address" },
  {
    name: "does without an address with a unix socket",
    target: { __address__: "", __unix_socket__: "/s" },
    url: "http://localhost/metrics",
  },
  { name: "refuses a URL", target: { __address__: "http://h" }, error: '"http://h" is not a valid hostname' },
  {
    name: "refuses an interval of 0",
    target: { __scrape_interval__: "0s" },
    error: "scrape interval cannot be 0",
  },
  {
    name: "refuses an interval that is none",
    target: { __scrape_interval__: "x" },
    error: 'error parsing scrape interval: not a valid duration string: "x"',
  },
  {
    name: "refuses a timeout above the interval",
    target: { __scrape_timeout__: "31s" },
    error: 'scrape timeout cannot be greater than scrape interval ("31s" > "30s")',
  },
  {
    name: "refuses what is not a boolean",
    target: { __scrape_native_histograms__: "yes" },
    error: 'error parsing __scrape_native_histograms__: "yes" is not a boolean: use "true" or "false"',
  },
];

for (const { name, yaml, target, shared, labels, url, error } of cases) {
  Deno.test(`targetSet() ${name}`, async () => {
    const { active, errors } = await targetsOf(yaml ?? "scheme: http", group(target ?? {}, shared));
    assert.deepEqual(errors, error === undefined ? [] : [`instance 0 in group s: ${error}`]);
    if (labels !== undefined) assert.deepEqual(active[0].spec.labels, Labels.from(labels).pairs);
    if (url !== undefined) assert.equal(active[0].spec.url, url);
  });
}

Deno.test("targetSet() takes interval, timeout and histogram settings from labels", async () => {
  const { active } = await targetsOf(
    "scheme: http",
    group({ __scrape_interval__: "1m", __scrape_timeout__: "40s", __scrape_native_histograms__: "true" }),
  );
  const { intervalMs, timeoutMs, scrapeNativeHistograms } = active[0].spec;
  assert.deepEqual([intervalMs, timeoutMs, scrapeNativeHistograms], [60_000, 40_000, true]);
});

Deno.test("targetSet() drops, keeps what was dropped up to a limit, and collapses duplicates", async () => {
  const { active, dropped, droppedCount } = await targetsOf(`
keep_dropped_targets: 1
relabel_configs: [{source_labels: [__address__], regex: "drop.*", action: drop}]
static_configs: [{targets: ["a:1", "drop:1", "drop:2", "a:1"]}]`);
  assert.equal(active.length, 1);
  assert.deepEqual(dropped.map((labels) => labels.get("__address__")), ["drop:1"]);
  assert.equal(droppedCount, 2);
});

Deno.test("targetSet() fails the pool beyond target_limit", async () => {
  const { pool } = await targetsOf('target_limit: 1\nstatic_configs: [{targets: ["a:1", "b:1"]}]');
  assert.equal(pool.poolError, "target_limit exceeded (number of targets: 2, limit: 1)");
  assert.equal(pool.targets.length, 2);
});

Deno.test("a pool's fingerprint depends on its settings and not on its targets", async () => {
  const [a, b, c, d] = await Promise.all([
    targetsOf('static_configs: [{targets: ["a:1"]}]'),
    targetsOf('static_configs: [{targets: ["b:1"]}]'),
    targetsOf('sample_limit: 3\nstatic_configs: [{targets: ["a:1"]}]'),
    targetsOf('basic_auth: {username: u, password: p}\nstatic_configs: [{targets: ["a:1"]}]'),
  ]);
  assert.equal(a.pool.fingerprint, b.pool.fingerprint);
  assert.equal(new Set([a, c, d].map(({ pool }) => pool.fingerprint)).size, 3);
  assert.equal(d.pool.http.basicAuth?.password, "p");
});

Deno.test("every target is in one shard", async () => {
  const addresses = Array.from({ length: 100 }, (_, i) => `h${i}:1`);
  const { pool } = await targetsOf(`static_configs: [{targets: ${JSON.stringify(addresses)}}]`);
  const shards = splitByShard([pool], 3).map(([{ targets }]) => targets.map(({ url }) => url));
  assert.equal(new Set(shards.flat()).size, 100);
  for (const shard of shards) assert.ok(shard.length > 15, `${shard.length} of 100`);
});

Deno.test("scrapeOffsetMs() is within the interval and differs between servers", () => {
  const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => n.toString(16).padStart(16, "0"));
  const seed = (host: string) => offsetSeed(host, Labels.empty);
  fc.assert(fc.property(id, fc.string(), fc.integer({ min: 1, max: 2 ** 40 }), (id, host, intervalMs) => {
    const offset = scrapeOffsetMs(id, seed(host), intervalMs);
    assert.ok(Number.isInteger(offset) && offset >= 0 && offset < intervalMs);
    assert.ok(shardOf(id, 5) < 5);
  }));
  assert.notEqual(
    scrapeOffsetMs("1234567890abcdef", seed("a"), 2 ** 40),
    scrapeOffsetMs("1234567890abcdef", seed("b"), 2 ** 40),
  );
});
