import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { Labels } from "../../../engine/labels/labels.ts";
import { positionAt } from "../../../engine/promql/position.ts";
import { PromQLSyntaxError } from "../../../engine/promql/promql_syntax_error.ts";
import type { ErrorType } from "../../../server/http/api_error.ts";
import { ShardUnavailableError } from "../../../server/shard/shard_unavailable.ts";
import { TIME_MS_MAX, TIME_MS_MIN } from "../../../server/http/params/time.ts";
import { FORM_BYTES_MAX } from "../../../server/http/params/request_body.ts";
import {
  BadQueryError,
  ExecutionError,
  QueryCanceledError,
  QueryTimeoutError,
  StorageError,
} from "../../../engine/promql/query_errors.ts";
import { FLOAT } from "../../../engine/promql/value.ts";
import {
  type Fake,
  fake,
  instantSeries,
  NOW_MS,
  resultOf,
  RUNTIME_INFO,
  STATISTICS,
  TARGET,
} from "./_fake_deps.ts";

async function dataOf(response: Response): Promise<unknown> {
  const { status, data, ...rest } = await response.json();
  assert.deepEqual([response.status, status, rest], [200, "success", {}]);
  return data;
}

async function assertError(response: Response, status: number, errorType: ErrorType, error: string) {
  assert.equal(response.headers.get("Content-Type"), "application/json");
  assert.deepEqual([response.status, await response.json()], [status, { status: "error", errorType, error }]);
}

const ALL_TIME = { startMs: TIME_MS_MIN, endMs: TIME_MS_MAX };
const NODE_JOB = [{ type: "=", name: "job", value: "node" }];

Deno.test("requests that are wrong are refused in upstream's words", async () => {
  const { get, calls } = fake();
  const range = "query_range?query=up&start=0&end=60&step=15";
  const table: readonly [path: string, error: string][] = [
    [
      "query?query=1&time=x",
      `invalid parameter "time": invalid time value for 'time': cannot parse "x" to a valid timestamp`,
    ],
    ["query?query=1&timeout=x", 'invalid parameter "timeout": cannot parse "x" to a valid duration'],
    ["query?query=1&limit=x", 'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax'],
    ["query?query=1&limit=-1", 'invalid parameter "limit": limit must be non-negative'],
    [
      "query?query=1&lookback_delta=x",
      'error parsing lookback delta duration: cannot parse "x" to a valid duration',
    ],
    ["query_range?query=1&end=1&step=1", 'invalid parameter "start": cannot parse "" to a valid timestamp'],
    ["query_range?query=1&start=1&step=1", 'invalid parameter "end": cannot parse "" to a valid timestamp'],
    ["query_range?query=1&start=1&end=2", 'invalid parameter "step": cannot parse "" to a valid duration'],
    [
      "query_range?query=1&start=2&end=1&step=1",
      'invalid parameter "end": end timestamp must not be before start time',
    ],
    [
      "query_range?query=1&start=1&end=2&step=0",
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    ],
    [
      "query_range?query=1&start=0&end=11001&step=1",
      "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
    ],
    [`${range}&limit=-2`, 'invalid parameter "limit": limit must be non-negative'],
    ["query_exemplars?query=up&start=2&end=1", "end timestamp must not be before start timestamp"],
    [
      "format_query?query=up[",
      'invalid parameter "query": 1:4: parse error: unexpected end of input in duration expression',
    ],
    [
      "parse_query?query=",
      'invalid parameter "query": unknown position: parse error: no expression found in input',
    ],
    [`format_query?query=${nested(5, 900)}`, tooNested(1801)],
    [`format_query?query=${nested(1, 4000)}`, tooNested(1)],
    ["series", "no match[] parameter provided"],
    ["series?match[]={}", 'invalid parameter "match[]": match[] must contain at least one non-empty matcher'],
    ["labels?match[]={}", "match[] must contain at least one non-empty matcher"],
    [
      "labels?start=x",
      `invalid parameter "start": invalid time value for 'start': cannot parse "x" to a valid timestamp`,
    ],
    ["label/U__/values", 'invalid label name: ""'],
    ["label/%ff/values", 'invalid label name: "\\xff"'],
    ["label/caf%C3%A9%C3%20%F0%9F/values", 'invalid label name: "café\\xc3 \\xf0\\x9f"'],
    ["label/%zz/values", 'invalid URL escape "%zz"'],
    ["label/a%/values", 'invalid URL escape "%"'],
    ["metadata?limit=x", "limit must be a number"],
    ["metadata?limit_per_metric=x", "limit_per_metric must be a number"],
    ["targets/metadata?limit=x", "limit must be a number"],
    ["scrape_pools/config", "no scrapePool parameter provided"],
    ["scrape_pools/config?scrapePool=x", 'error retrieving scrape config: scrape pool "x" not found'],
    ["targets/relabel_steps", "no scrapePool parameter provided"],
    ["targets/relabel_steps?scrapePool=node", "no labels parameter provided"],
    [
      "targets/relabel_steps?scrapePool=x&labels={}",
      'error retrieving scrape config: scrape pool "x" not found',
    ],
    [
      "targets/relabel_steps?scrapePool=node&labels=[]",
      "error parsing labels: expected an object of label names and values",
    ],
    ["rules?type=x", 'invalid parameter "type": not supported value "x"'],
    [
      "rules?group_next_token=x",
      'invalid parameter "group_next_token": group_limit needs to be present in order to paginate over the groups',
    ],
    ["rules?group_limit=0", 'invalid parameter "group_limit": group_limit needs to be greater than 0'],
    [
      "rules?group_limit=1&group_next_token=x",
      `invalid parameter "group_next_token": invalid group_next_token 'x'. were rule groups changed?`,
    ],
    ["status/tsdb?limit=0", "limit must be a positive number"],
    ["status/tsdb?limit=10001", "limit must not exceed 10000"],
  ];
  for (const [path, error] of table) {
    const response = await get(`/api/v1/${path}`);
    const found = await response.json();
    assert.deepEqual([path, response.status, found], [path, 400, {
      status: "error",
      errorType: "bad_data",
      error,
    }]);
  }
  assert.deepEqual(calls, []);
});

Deno.test("an instant query, as GET and as form", async () => {
  const { get, post, calls } = fake();
  assert.equal(
    await (await get("/api/v1/query?query=1%2B1&time=4")).text(),
    '{"status":"success","data":{"resultType":"scalar","result":[4,"2"]}}',
  );
  // Parameters of the body come before those of the URL.
  const response = await post("/api/v1/query?time=9&timeout=30s&stats=all", { query: "1+1", time: "4" });
  assert.deepEqual(Object.keys(await dataOf(response) as object), ["resultType", "result", "stats"]);
  await get("/api/v1/query?query=up&lookback_delta=1m");
  const seen = calls.map(([what, query, options]) => {
    const { signal, ...rest } = options as { signal: unknown };
    assert.ok(signal instanceof AbortSignal);
    return [what, query, rest];
  });
  const base = { timeoutMs: undefined, lookbackDeltaMs: undefined, perStepStats: false };
  const origin = { clientIP: "", method: "GET", path: "/api/v1/query" };
  const posted = { ...origin, method: "POST" };
  assert.deepEqual(seen, [
    ["instant", "1+1", { ...base, origin, timeMs: 4000 }],
    ["instant", "1+1", { ...base, origin: posted, timeMs: 4000, timeoutMs: 30_000, perStepStats: true }],
    ["instant", "up", { ...base, origin, timeMs: NOW_MS, lookbackDeltaMs: 60_000 }],
  ]);
});

Deno.test("a range query with the most steps there may be", async () => {
  const { get, calls } = fake();
  const response = await get("/api/v1/query_range?query=up&start=0&end=11000&step=1");
  assert.deepEqual(await dataOf(response), { resultType: "matrix", result: [] });
  const [[what, query, { startMs, endMs, stepMs }]] = calls as [[string, string, Record<string, number>]];
  assert.deepEqual([what, query, startMs, endMs, stepMs], ["range", "up", 0, 11_000_000, 1000]);
});

Deno.test("limits cut results off and say so; odd stats values are deprecated", async () => {
  const labels = ["a", "b", "c"].map((x) => Labels.from({ x }));
  const vector = {
    type: "vector" as const,
    timeMs: 0,
    series: labels.map((labels, i) => instantSeries(labels, i)),
  };
  const series = labels.map((labels) => ({
    labels,
    times: Float64Array.of(0),
    values: Float64Array.of(1),
    present: Uint8Array.of(FLOAT),
  }));
  const { get } = fake({
    queries: {
      instant: () => Promise.resolve(resultOf(vector, { warnings: ["w"], infos: ["i"] })),
      range: () => Promise.resolve(resultOf({ type: "matrix", series })),
    },
  });
  const instant = await (await get("/api/v1/query?query=x&limit=2&stats=1")).json();
  assert.deepEqual(instant.data.result.map(({ metric }: { metric: object }) => metric), [{ x: "a" }, {
    x: "b",
  }]);
  assert.deepEqual(instant.warnings, [
    "w",
    "results truncated due to limit",
    'value "1" for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"',
  ]);
  assert.deepEqual(instant.infos, ["i"]);
  assert.equal(instant.data.stats.samples.peakSamples, 2);
  const exact = await (await get("/api/v1/query_range?query=x&limit=3&start=0&end=1&step=1")).json();
  assert.deepEqual([exact.data.result.length, exact.warnings], [3, undefined]);
});

Deno.test("more than ten warnings or infos are counted", async () => {
  const many = Array.from({ length: 13 }, (_, i) => `m${i}`);
  const value = { type: "scalar" as const, timeMs: 0, value: 1 };
  const instant = () => Promise.resolve(resultOf(value, { warnings: many, infos: many }));
  const { get } = fake({ queries: { instant, range: () => assert.fail() } });
  const { warnings, infos } = await (await get("/api/v1/query?query=1")).json();
  assert.deepEqual([warnings.length, warnings[10]], [11, "3 more warning annotations omitted"]);
  assert.deepEqual([infos.length, infos[10]], [11, "3 more info annotations omitted"]);
});

Deno.test("failures of queries become the API's errors", async () => {
  const failing = (error: Error): Fake => {
    const fail = () => Promise.reject(error);
    return fake({ queries: { instant: fail, range: fail } });
  };
  const table: readonly [error: Error, type: ErrorType, status: number, message?: string][] = [
    [new BadQueryError("why"), "bad_data", 400, 'invalid parameter "query": why'],
    [new ExecutionError("why"), "execution", 422],
    [new QueryTimeoutError("query queue"), "timeout", 503],
    [new QueryCanceledError("query queue"), "canceled", 499],
    [new StorageError(new Error("why")), "internal", 500],
  ];
  for (const [error, type, status, message = error.message] of table) {
    await assertError(await failing(error).get("/api/v1/query?query=1"), status, type, message);
  }
  const syntax = new PromQLSyntaxError("up[", { start: 2, end: 3 }, "broken");
  assert.equal(syntax.at.column, positionAt("up[", 2).column);
  await assertError(
    await failing(syntax).get("/api/v1/query_range?query=up[&start=0&end=1&step=1"),
    400,
    "bad_data",
    'invalid parameter "query": 1:3: parse error: broken',
  );
  await assertError(
    await failing(new TypeError("BUG: x")).get("/api/v1/query?query=1"),
    500,
    "internal",
    "BUG: x",
  );
});

Deno.test("what a shard that is started anew cannot answer is unavailable, and not logged again", async () => {
  const fail = () => Promise.reject(new ShardUnavailableError(1, "out of memory"));
  const failQuery = () => fail().catch((error) => Promise.reject(new StorageError(error)));
  const silent = getLogger(["silent"]);
  const logged: unknown[] = [];
  const { get, post } = fake({
    queries: { instant: failQuery, range: failQuery },
    shards: { labelNames: fail, series: fail, snapshot: fail, statistics: fail, select: fail },
    log: Object.assign(Object.create(silent), { error: (...args: unknown[]) => logged.push(args) }),
    options: { isAdminEnabled: true },
  });
  const message = "Shard 1 stopped and is being started anew: ask again in a moment (it said: out of memory)";
  for (
    const response of [
      await get("/api/v1/query?query=1"),
      await get("/api/v1/query_range?query=1&start=0&end=1&step=1"),
      await get("/api/v1/labels"),
      await get("/api/v1/series?match[]=up"),
      await get("/api/v1/status/tsdb"),
      await post("/api/v1/admin/tsdb/snapshot"),
    ]
  ) {
    await assertError(response, 503, "unavailable", message);
  }
  const federated = await get("/federate?match[]=up");
  assert.deepEqual([federated.status, await federated.text()], [503, `${message}\n`]);
  assert.deepEqual(logged, []);
});

Deno.test("a form that is too large is refused", async () => {
  const { app } = fake();
  const body = new Uint8Array(FORM_BYTES_MAX + 1).fill(97);
  const headers = { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" };
  const response = await app.request("/api/v1/query", { method: "POST", body, headers });
  assert.equal(response.status, 400);
  assert.match((await response.json()).error, /POST too large/);
});

Deno.test("a form of parts is read as any other, and refused where it is broken", async () => {
  const { app } = fake();
  const body = new FormData();
  body.append("query", "sum(up)by(job)");
  body.append("file", new Blob(["up"]), "query.txt");
  const format = (init: RequestInit) => app.request("/api/v1/format_query", { method: "POST", ...init });
  assert.equal(await dataOf(await format({ body })), "sum by (job) (up)");
  const headers = { "Content-Type": "multipart/form-data; boundary=x" };
  const broken = await format({ body: "--y", headers });
  assert.equal(broken.status, 400);
  assert.match((await broken.json()).error, /^error parsing form values: /);
});

Deno.test("a form that does not arrive in time is refused", async () => {
  const { app } = fake({ options: { readTimeoutMs: 5 } });
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  const request = new Request("http://x/api/v1/query", {
    method: "POST",
    body: new ReadableStream(),
    headers,
  });
  const response = await app.request(request);
  assert.equal(response.status, 400);
  assert.match((await response.json()).error, /did not arrive within 5 ms/);
});

Deno.test("series, label names and label values", async () => {
  const { get, post, calls } = fake();
  assert.deepEqual(await dataOf(await get('/api/v1/series?match[]={job="node"}&start=1&end=2.5')), [
    { __name__: "up", job: "node" },
    { __name__: "up", job: "api" },
  ]);
  assert.deepEqual(
    await dataOf(await post("/api/v1/labels", [["match[]", '{job="node"}'], ["match[]", "up"]])),
    [
      "__name__",
      "job",
    ],
  );
  assert.deepEqual(await dataOf(await get("/api/v1/label/job/values?limit=40000")), ["api", "node"]);
  assert.deepEqual(await dataOf(await get("/api/v1/label/U__my_2e_label/values")), ["api", "node"]);
  const up = [{ type: "=", name: "__name__", value: "up" }];
  assert.deepEqual(calls, [
    ["series", { startMs: 1000, endMs: 2500, matcherSets: [NODE_JOB], limit: 0 }],
    ["labelNames", { ...ALL_TIME, matcherSets: [NODE_JOB, up], limit: 0 }],
    ["labelValues", "job", { ...ALL_TIME, matcherSets: [], limit: 40_001 }],
    ["labelValues", "my.label", { ...ALL_TIME, matcherSets: [], limit: 0 }],
  ]);
});

Deno.test("a limit cuts lists off with a warning", async () => {
  const { get } = fake();
  const table: readonly [string, unknown][] = [
    ["series?match[]=up", [{ __name__: "up", job: "node" }]],
    ["labels?", ["__name__"]],
    ["label/job/values?", ["api"]],
  ];
  for (const [path, data] of table) {
    assert.deepEqual(await (await get(`/api/v1/${path}&limit=1`)).json(), {
      status: "success",
      data,
      warnings: ["results truncated due to limit"],
    });
  }
});

Deno.test("exemplars", async () => {
  const { get, calls } = fake();
  const probe = "start=1767436620000&end=1767440220000"; // milliseconds, as Grafana probes
  assert.deepEqual(await dataOf(await get(`/api/v1/query_exemplars?query=rate(up[5m])&${probe}`)), [
    {
      seriesLabels: { __name__: "up" },
      exemplars: [{ labels: { trace_id: "abc" }, value: "2", timestamp: 1.5 }],
    },
  ]);
  assert.match(
    await (await get(`/api/v1/query_exemplars?query=up&${probe}`)).text(),
    /"value":"2","timestamp":1\.500}/,
  );
  assert.deepEqual((calls[0][1] as { matcherSets: unknown }).matcherSets, [
    [{ type: "=", name: "__name__", value: "up" }],
  ]);
  const none = await get("/api/v1/query_exemplars?query=1");
  assert.deepEqual([none.status, await none.text()], [204, ""]);
});

/** Runs of parentheses inside each other, with an operator between them. */
function nested(runs: number, levels: number): string {
  return `${"(".repeat(levels)}`.repeat(runs) + "a" + `${")".repeat(levels)}%2B1`.repeat(runs);
}

function tooNested(column: number): string {
  const reason = "expression nested more than 2000 levels deep, too deep to be formatted";
  return `invalid parameter "query": 1:${column}: parse error: ${reason}`;
}

Deno.test("queries are formatted and parsed", async () => {
  const { get, post } = fake();
  for (const path of ["format_query", "parse_query"]) {
    assert.equal((await get(`/api/v1/${path}?query=${nested(4, 200)}`)).status, 200);
    const calls = { query: "topk(1,".repeat(1990) + "a" + ")".repeat(1990) };
    assert.equal((await post(`/api/v1/${path}`, calls)).status, 200);
  }
  const deep =
    await (await post("/api/v1/parse_query", { query: "(".repeat(20_000) + "a" + ")".repeat(20_000) }))
      .text();
  assert.equal(deep.split(`{"type":"parenExpr","expr":`).length, 20_001);
  assert.equal(await dataOf(await get("/api/v1/format_query?query=sum(up)by(job)")), "sum by (job) (up)");
  const tree = await dataOf(await post("/api/v1/parse_query", { query: "-up" })) as {
    type: string;
    op: string;
  };
  assert.deepEqual([tree.type, tree.op], ["unaryExpr", "-"]);
});

Deno.test("targets by state and pool", async () => {
  const { get } = fake();
  const targets = async (query: string) => {
    const { activeTargets, droppedTargets, droppedTargetCounts } = await dataOf(
      await get(`/api/v1/targets?${query}`),
    ) as Record<string, unknown[]>;
    return [activeTargets.length, droppedTargets.length, droppedTargetCounts];
  };
  const counts = { node: 0, api: 1 };
  assert.deepEqual(await targets(""), [1, 1, counts]);
  assert.deepEqual(await targets("state=ACTIVE"), [1, 0, null]);
  assert.deepEqual(await targets("state=dropped"), [0, 1, counts]);
  assert.deepEqual(await targets("state=other"), [0, 0, null]);
  assert.deepEqual(await targets("scrapePool=node"), [1, 0, counts]);
  const { activeTargets: [target] } = await dataOf(await get("/api/v1/targets")) as {
    activeTargets: object[];
  };
  assert.deepEqual(target, {
    discoveredLabels: { __address__: "localhost:9100", job: "node" },
    labels: { instance: "localhost:9100", job: "node" },
    scrapePool: "node",
    scrapeUrl: "http://localhost:9100/metrics",
    globalUrl: "http://prom.example.org:9100/metrics",
    lastError: "",
    lastScrape: "2026-01-02T13:36:59.5Z",
    lastScrapeDuration: 0.006,
    health: "up",
    scrapeInterval: "15s",
    scrapeTimeout: "10s",
  });
});

Deno.test("a target that was never scraped has Go's zero time", async () => {
  const { get } = fake({
    targets: {
      active: () => Promise.resolve([{ ...TARGET, lastScrapeMs: 0 }]),
      dropped: () => [],
      droppedCounts: () => ({}),
    },
  });
  const { activeTargets } = await dataOf(await get("/api/v1/targets")) as {
    activeTargets: { lastScrape: string }[];
  };
  assert.equal(activeTargets[0].lastScrape, "0001-01-01T00:00:00Z");
});

Deno.test("scrape pools, their configuration and relabelling", async () => {
  const { get } = fake();
  assert.deepEqual(await dataOf(await get("/api/v1/scrape_pools")), { scrapePools: ["api", "node"] });
  const { yaml } = await dataOf(await get("/api/v1/scrape_pools/config?scrapePool=node")) as { yaml: string };
  assert.match(yaml, /^job_name: node\n/);
  assert.match(yaml, /^scrape_interval: 15s$/m);
  const steps = async (labels: object) =>
    (await dataOf(
      await get(
        `/api/v1/targets/relabel_steps?scrapePool=node&labels=${encodeURIComponent(JSON.stringify(labels))}`,
      ),
    ) as { steps: { output: object; keep: boolean; rule: object }[] }).steps;
  const kept = await steps({ __address__: "a:1" });
  assert.deepEqual(kept.map(({ output, keep }) => [output, keep]), [
    [{ __address__: "a:1", host: "a" }, true],
    [{ __address__: "a:1", host: "a" }, true],
  ]);
  assert.deepEqual(kept[0].rule, {
    source_labels: ["__address__"],
    separator: ";",
    regex: "(.*):.*",
    target_label: "host",
    replacement: "$1",
    action: "replace",
  });
  const dropped = await steps({ __address__: "gone:1" });
  assert.deepEqual([dropped[1].output, dropped[1].keep], [{}, false]);
});

Deno.test("metadata of metrics", async () => {
  const other = {
    ...TARGET,
    labels: Labels.from({ job: "api" }),
    metadata: [{ family: "up", type: "gauge", help: "B", unit: "" }],
  };
  const { get } = fake({
    targets: {
      active: () => Promise.resolve([TARGET, TARGET, other]),
      dropped: () => [],
      droppedCounts: () => ({}),
    },
  });
  const a = { type: "gauge", unit: "", help: "Whether it is up." },
    b = { type: "gauge", unit: "", help: "B" };
  const info = { type: "info", unit: "", help: "About Go." };
  assert.deepEqual(await dataOf(await get("/api/v1/metadata")), { go_info: [info], up: [a, b] });
  assert.deepEqual(await dataOf(await get("/api/v1/metadata?metric=up&limit_per_metric=1")), { up: [a] });
  assert.deepEqual(await dataOf(await get("/api/v1/metadata?limit=1")), { go_info: [info] });
  assert.deepEqual(await dataOf(await get("/api/v1/metadata?limit=0")), {});
  assert.deepEqual(await dataOf(await get(`/api/v1/targets/metadata?match_target={job="api"}`)), [
    { target: { job: "api" }, metric: "up", ...b },
  ]);
  assert.deepEqual(await dataOf(await get("/api/v1/targets/metadata?metric=go_info&limit=1")), [
    { target: { instance: "localhost:9100", job: "node" }, ...info },
  ]);
});

Deno.test("status of the server", async () => {
  const { get } = fake();
  const data = async (path: string) => await dataOf(await get(`/api/v1/${path}`));
  assert.match(
    (await data("status/config") as { yaml: string }).yaml,
    /^global:\n {2}scrape_interval: 15s\n/,
  );
  assert.deepEqual(await data("status/flags"), { "web.enable-lifecycle": "true" });
  assert.deepEqual(await (await get("/version")).json(), await data("status/buildinfo"));
  assert.equal("features" in (await data("status/buildinfo") as object), false); // Grafana would take it for Mimir
  assert.deepEqual(await data("status/walreplay"), { min: 0, max: 1, current: 1 });
  assert.deepEqual(await data("rules"), { groups: [] });
  assert.deepEqual(await data("alerts"), { alerts: [] });
  assert.equal((await data("features") as { api: { admin: boolean } }).api.admin, true);
  const { blocks: [block] } = await data("status/tsdb/blocks") as {
    blocks: { ulid: string; maxTime: number }[];
  };
  assert.match(block.ulid, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  assert.equal(block.maxTime, 20);
});

Deno.test("notifications tell what is not as it should be", async () => {
  const failed = { ...RUNTIME_INFO, reloadConfigSuccess: false, lastReloadFailureMs: NOW_MS - 1500 };
  const server = fake({ runtimeInfo: () => failed });
  const reload = { text: "Configuration reload has failed.", date: "2026-01-02T13:36:58.5Z", active: true };
  assert.deepEqual(await dataOf(await fake().get("/api/v1/notifications")), []);
  assert.deepEqual(await dataOf(await server.get("/api/v1/notifications")), [reload]);
  const table = [
    ["starting", "Prometheus is starting and replaying the write-ahead log (WAL).", "2026-01-02T12:37:00Z"],
    [
      "stopping",
      "Prometheus is shutting down and gracefully stopping all operations.",
      "2026-01-02T13:37:00Z",
    ],
  ] as const;
  for (const [state, text, date] of table) {
    server.state = state;
    const given = await dataOf(await server.get("/api/v1/notifications")) as object[];
    const own = { text, date, active: true };
    assert.deepEqual(given, state === "starting" ? [own, reload] : [reload, own]);
  }
});

Deno.test("notifications and the page tell of sections without effect", async () => {
  const warned = { ...RUNTIME_INFO, configWarnings: ["section alerting: not active in this version"] };
  const server = fake({ runtimeInfo: () => warned });
  assert.deepEqual(await dataOf(await server.get("/api/v1/notifications")), [{
    text: "Configuration: section alerting: not active in this version.",
    date: "2026-01-02T12:37:00Z",
    active: true,
  }]);
  assert.match(await (await server.get("/")).text(), /Configuration: section alerting: not active/);
});

Deno.test("the times of an empty head are the bounds of 64 bits", async () => {
  const statistics = () => Promise.resolve({ ...STATISTICS, minMs: Infinity, maxMs: -Infinity });
  const { get } = fake({ shards: { statistics } });
  const text = await (await get("/api/v1/status/tsdb")).text();
  assert.match(text, /"minTime":9223372036854775807,"maxTime":-9223372036854775808/);
});

Deno.test("own metrics as ProtoJSON", async () => {
  const { get } = fake();
  await get("/api/v1/labels");
  const [family] = await dataOf(
    await get("/api/v1/status/self_metrics?metric_name_pattern=prometheus_http_response_.*"),
  ) as { name: string; type: string; metric: { histogram: { sampleCount: string; bucket: unknown[] } }[] }[];
  assert.deepEqual([family.name, family.type], ["prometheus_http_response_size_bytes", "HISTOGRAM"]);
  const { sampleCount, bucket } = family.metric[0].histogram;
  assert.deepEqual([sampleCount, bucket[0]], ["1", { cumulativeCount: "1", upperBound: 100 }]);
  const response = await get("/api/v1/status/self_metrics?metric_name_pattern=(");
  assert.match((await response.json()).error, /^invalid metric_name_pattern: /);
});

Deno.test("administration", async () => {
  const { post, app, calls } = fake();
  const deleted = await post(`/api/v1/admin/tsdb/delete_series?match[]={job="node"}&start=1`);
  assert.deepEqual([deleted.status, await deleted.text()], [204, ""]);
  const cleaned = await app.request("/api/v1/admin/tsdb/clean_tombstones", { method: "PUT" });
  assert.equal(cleaned.status, 204);
  const { name } = await dataOf(await post("/api/v1/admin/tsdb/snapshot")) as { name: string };
  assert.match(name, /^20260102T133700Z-[0-7][0-9a-f]{15}$/);
  const { name: blocksOnly } = await dataOf(await post("/api/v1/admin/tsdb/snapshot?skip_head=true")) as {
    name: string;
  };
  assert.deepEqual(calls, [
    ["deleteSeries", { startMs: 1000, endMs: TIME_MS_MAX, matcherSets: [NODE_JOB], limit: 0 }],
    ["cleanTombstones"],
    ["snapshot", name, false],
    ["snapshot", blocksOnly, true],
  ]);
  await assertError(
    await post("/api/v1/admin/tsdb/delete_series"),
    400,
    "bad_data",
    "no match[] parameter provided",
  );
  await assertError(
    await post("/api/v1/admin/tsdb/snapshot?skip_head=x"),
    400,
    "bad_data",
    'invalid parameter "skip_head": unable to parse boolean: strconv.ParseBool: parsing "x": invalid syntax',
  );
});

Deno.test("administration is refused unless it is enabled", async () => {
  const { post, calls } = fake({ options: { isAdminEnabled: false } });
  for (const path of ["delete_series?match[]=up", "clean_tombstones", "snapshot"]) {
    await assertError(await post(`/api/v1/admin/tsdb/${path}`), 500, "unavailable", "admin APIs disabled");
  }
  assert.deepEqual(calls, []);
});
