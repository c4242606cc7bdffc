import assert from "node:assert/strict";
import { hasPrometheus, Prometheus, prometheusMissing, promtool } from "./_prometheus.ts";
import { freePort, Server, temporaryDirectory, until } from "./_server.ts";

const ignore = !hasPrometheus;

/** A target whose samples bear times of their own: whoever scrapes it stores the same. */
class TimedTarget implements AsyncDisposable {
  readonly timeMs = Math.floor(Date.now() / 1000) * 1000 - 30_000;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const at = this.timeMs / 1000;
    const body = `# TYPE requests counter
# HELP requests Requests by \\"code\\" and path.
requests_total{code="200",path="/a"} 1027 ${at} # {trace_id="abc"} 1 ${at}
requests_total{code="500",path="/b \\\\ \\"c\\""} 3 ${at}
# TYPE temperature_celsius gauge
# UNIT temperature_celsius celsius
# HELP temperature_celsius How warm it is.
temperature_celsius{room="hall"} -3.5e-3 ${at}
temperature_celsius{room="attic"} +Inf ${at}
temperature_celsius{room="cellar"} NaN ${at}
# TYPE latency_seconds histogram
latency_seconds_bucket{le="0.1"} 4 ${at}
latency_seconds_bucket{le="2.5"} 9 ${at}
latency_seconds_bucket{le="+Inf"} 10 ${at}
latency_seconds_sum 7.25 ${at}
latency_seconds_count 10 ${at}
# EOF
`;
    const type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response(body, { headers: { "content-type": type } }),
    );
  }

  get config(): string {
    return `
global:
  scrape_interval: 1s
  external_labels: { zone: ie, job: not used }
scrape_configs:
- job_name: timed
  static_configs: [{ targets: ["127.0.0.1:${this.#server.addr.port}"], labels: { rack: r1 } }]
- job_name: down
  static_configs: [{ targets: ["127.0.0.1:${freePort()}"] }]
- job_name: dropped
  static_configs: [{ targets: ["127.0.0.1:1"] }]
  relabel_configs: [{ action: drop }]
`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

Deno.test({
  name: `this server answers as Prometheus does with the same data${prometheusMissing}`,
  ignore,
  fn: async (test) => {
    await using target = new TimedTarget();
    await using data = await temporaryDirectory();
    await using narthex = await Server.start({
      config: target.config,
      storagePath: data.path,
      args: ["--enable-feature=exemplar-storage"],
    });
    await using prometheus = await Prometheus.start(target.config);
    for (const server of [narthex, prometheus]) {
      await until(
        async () =>
          (await server.query("up")).size === 2 && (await server.query("requests_total")).size === 2,
        () => `nothing is scraped:\n${server.log}`,
      );
    }
    await test.step("the API, in keys and types", () => compareAnswers(narthex, prometheus));
    await test.step("promtool, word by word", () => comparePromtool(narthex, prometheus, target));
    await test.step("/federate, line by line", () => compareFederation(narthex, prometheus));
  },
});

async function compareAnswers(narthex: Server, prometheus: Prometheus) {
  const now = Math.floor(Date.now() / 1000);
  const range = `start=${now - 60}&end=${now}`;
  for (
    const path of [
      `query?query=up&stats=all`,
      `query?query=requests_total[5m]`,
      `query?query=1`,
      `query?query=${encodeURIComponent('"text"')}`,
      `query_range?query=up&${range}&step=15`,
      `query_exemplars?query=requests_total&${range}`,
      `format_query?query=up`,
      `series?match[]=requests_total`,
      `labels`,
      `label/job/values`,
      `metadata?metric=requests`,
      `targets`,
      `targets/metadata?metric=temperature_celsius`,
      `targets/metadata`,
      `scrape_pools`,
      `rules`,
      `alerts`,
      `alertmanagers`,
      `status/config`,
      `status/runtimeinfo`,
      `status/buildinfo`,
      `status/tsdb`,
      `status/walreplay`,
      // And what is refused.
      `query?query=up[`,
      `query_range?query=up&${range}&step=0`,
      `series`,
      `label/%ff/values`,
      `admin/tsdb/snapshot`,
      `nothing`,
    ]
  ) {
    const [ours, theirs] = await Promise.all([narthex, prometheus].map(async ({ url }) => {
      const response = await fetch(`${url}/api/v1/${path}`);
      const text = await response.text();
      const type = response.headers.get("content-type");
      return {
        status: response.status,
        type,
        shape: text.startsWith("{") ? shapeOf(JSON.parse(text)) : text,
      };
    }));
    assert.deepEqual(lacking(ours.shape, theirs.shape), [], path);
    assert.deepEqual([ours.status, ours.type], [theirs.status, theirs.type], path);
  }
}

type Shape = string | { readonly [key: string]: Shape } | readonly Shape[];

/** Types in place of values. A list has a member for each type, and one object with the keys of all. */
function shapeOf(value: unknown): Shape {
  if (Array.isArray(value)) {
    const shapes = value.map(shapeOf);
    if (shapes.every((shape) => typeof shape === "string")) return [...new Set(shapes)];
    return [shapes.reduce(merged)];
  }
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shapeOf(member)]));
}

/** With the keys of both, at all levels. */
function merged(a: Shape, b: Shape): Shape {
  if (!isKeyed(a) || !isKeyed(b)) return a;
  const common = Object.keys(b).filter((key) => key in a).map((key) => [key, merged(a[key], b[key])]);
  return { ...b, ...a, ...Object.fromEntries(common) };
}

function isKeyed(shape: Shape): shape is { readonly [key: string]: Shape } {
  return typeof shape !== "string" && !Array.isArray(shape);
}

/** Where `theirs` has something that `ours` has not, or has as something else. */
function lacking(ours: Shape | undefined, theirs: Shape, path = "data"): string[] {
  if (typeof theirs === "string" || typeof ours === "string" || ours === undefined) {
    return ours === theirs ? [] : [`${path}: ${JSON.stringify(ours)} for ${JSON.stringify(theirs)}`];
  }
  return Object.entries(theirs).flatMap(([key, shape]) =>
    lacking((ours as Record<string, Shape>)[key], shape, `${path}.${key}`)
  );
}

async function comparePromtool(narthex: Server, prometheus: Prometheus, { timeMs }: TimedTarget) {
  const at = String(timeMs / 1000), later = String(timeMs / 1000 + 20);
  const table: readonly (readonly string[])[] = [
    ["query", "instant", "URL", 'requests_total{job="timed"}', `--time=${later}`],
    ["query", "instant", "URL", "sum by (code) (requests_total) / 2", `--time=${later}`],
    ["query", "instant", "URL", "temperature_celsius", `--time=${later}`],
    ["query", "instant", "URL", "histogram_quantile(0.5, latency_seconds_bucket)", `--time=${later}`],
    ["query", "instant", "URL", "requests_total[5m]", `--time=${later}`],
    ["query", "instant", "URL", "-o", "json", "requests_total", `--time=${later}`],
    ["query", "instant", "URL", "nothing_at_all"],
    ["query", "instant", "URL", "sum(up"],
    ["query", "instant", "URL", 'requests_total * on (code) group_left vector(1) or vector("x")'],
    ["query", "range", "URL", "requests_total", `--start=${at}`, `--end=${later}`, "--step=5s"],
    [
      "query",
      "range",
      "URL",
      "-o",
      "json",
      "latency_seconds_sum",
      `--start=${at}`,
      `--end=${later}`,
      "--step=7s",
    ],
    ["query", "range", "URL", "up", `--start=${later}`, `--end=${at}`],
    ["query", "series", "URL", '--match={job="timed",__name__!~"up|scrape_.*"}'],
    ["query", "series", "URL", "--match=requests_total", "--match=temperature_celsius", `--start=${at}`],
    ["query", "series", "URL", "--match=requests_total["],
    ["query", "labels", "URL", "code"],
    ["query", "labels", "URL", "le"],
    ["query", "labels", "URL", "__name__", "--match=temperature_celsius"],
    ["query", "labels", "URL", "nothing"],
  ];
  for (const args of table) {
    const [ours, theirs] = await Promise.all(
      [narthex, prometheus].map(({ url }) => promtool(args.map((arg) => arg === "URL" ? url : arg))),
    );
    assert.equal(sortedLines(ours.output), sortedLines(theirs.output), args.join(" "));
    assert.deepEqual([ours.code, ours.errors], [theirs.code, theirs.errors], args.join(" "));
  }
}

/** Of a vector, upstream gives the series in no particular order. */
function sortedLines(text: string): string {
  return text.startsWith("[")
    ? JSON.stringify(JSON.parse(text).map(JSON.stringify).sort())
    : text.split("\n").sort().join("\n");
}

Deno.test({
  name: `promtool finds nothing wrong with the metrics of this server${prometheusMissing}`,
  ignore,
  fn: async () => {
    await using data = await temporaryDirectory();
    await using server = await Server.start({ storagePath: data.path });
    await server.ready();
    await until(async () => (await server.query("up")).size === 1, () => server.log);
    const { errors } = await promtool(
      ["check", "metrics"],
      await (await fetch(`${server.url}/metrics`)).text(),
    );
    // Upstream's own names.
    const known =
      /^prometheus_(target_scrapes_exceeded_native_histogram_bucket_limit_total|engine_query_duration_histogram_seconds) metric name should not|^$/;
    assert.deepEqual(errors.split("\n").filter((line) => !known.test(line)), []);
  },
});

async function compareFederation(narthex: Server, prometheus: Prometheus) {
  for (
    const query of [
      "match[]=requests_total",
      `match[]=temperature_celsius&match[]=${encodeURIComponent('{room="hall"}')}`,
      `match[]=${encodeURIComponent('{job="timed",__name__!~"up|scrape_.*"}')}`,
      "match[]=nothing",
      "",
      "match[]=up[",
    ]
  ) {
    const [ours, theirs] = await Promise.all([narthex, prometheus].map(async ({ url }) => {
      const response = await fetch(`${url}/federate?${query}`);
      return { status: response.status, lines: (await response.text()).split("\n") };
    }));
    assert.equal(ours.status, theirs.status, query);
    assert.deepEqual(ours.lines.map(unordered), theirs.lines.map(unordered), query);
  }
}

/** The line with its labels in the order of their names: upstream puts external labels last. */
function unordered(line: string): string {
  return line.replace(
    /\{(.*)\}/,
    (_, labels: string) => `{${labels.match(/\w+="(?:\\.|[^"\\])*"/g)!.sort()}}`,
  );
}

Deno.test({
  name: `a real Prometheus scrapes this server and federates from it${prometheusMissing}`,
  ignore,
  fn: async () => {
    await using target = new TimedTarget();
    await using data = await temporaryDirectory();
    await using narthex = await Server.start({ config: target.config, storagePath: data.path });
    await narthex.ready();
    await until(async () => (await narthex.query("requests_total")).size === 2, () => narthex.log);
    const address = narthex.url.slice("http://".length);
    await using prometheus = await Prometheus.start(`
global: { scrape_interval: 1s }
scrape_configs:
- job_name: narthex
  static_configs: [{ targets: ["${address}"] }]
- job_name: federation
  honor_labels: true
  metrics_path: /federate
  params: { "match[]": ['{job="timed"}', 'up'] }
  static_configs: [{ targets: ["${address}"] }]
`);
    await until(async () => {
      const up = await prometheus.query('up{job=~"narthex|federation"}');
      return up.size === 2 && [...up.values()].every((value) => value === 1);
    }, () => `it is not scraped:\n${prometheus.log}`);
    await until(
      async () => (await prometheus.query('requests_total{job="timed",rack="r1",zone="ie"}')).size === 2,
      () => "nothing is federated",
    );
    assert.deepEqual([...(await prometheus.query('up{job="down"}')).values()], [0]);
    const own = await prometheus.query('count({job="narthex"})');
    assert.ok([...own.values()][0] > 200);
    assert.equal((await prometheus.query('prometheus_build_info{job="narthex",goos!=""}')).size, 1);
    assert.doesNotMatch(prometheus.log, /level=(warn|error)/);
  },
});
