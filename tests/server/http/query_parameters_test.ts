import assert from "node:assert/strict";
import { Registry } from "../../../engine/instrument/mod.ts";
import { Labels } from "../../../engine/labels/labels.ts";
import type { Queryable } from "../../../engine/tsdb/select.ts";
import type { QueryLimits } from "../../../server/config/global_config.ts";
import { PromqlQueries, type PromqlQueriesOptions } from "../../../server/promql_queries.ts";
import { fake } from "./_fake_deps.ts";

const TIMES = Float64Array.from({ length: 11 }, (_, i) => i * 60_000);
const series = ["a", "b"].map((job) => ({
  labels: Labels.from({ __name__: "up", job }),
  times: TIMES,
  values: new Float64Array(TIMES.length).fill(1),
}));

/** The API over a real engine and two series of a sample a minute. */
function server(
  features: readonly string[] = [],
  limits: QueryLimits = {},
  { flags, select }: {
    readonly flags?: Partial<PromqlQueriesOptions["flags"]>;
    readonly select?: Queryable["select"];
  } = {},
) {
  const running: string[] = [];
  const registry = new Registry({ now: () => 0 });
  const queries = new PromqlQueries({ select: select ?? (() => Promise.resolve(series)) }, {
    flags: {
      queryLookbackDeltaMs: 300_000,
      queryTimeoutMs: 120_000,
      queryMaxConcurrency: 20,
      queryMaxSamples: 50_000_000,
      ...flags,
    },
    features: new Set(features),
    registry,
    subqueryStepMs: () => 60_000,
    limits: () => limits,
    pause: () => Promise.resolve(),
    costs: { countSeries: () => Promise.resolve(series.length), sampleIntervalMs: 60_000 },
    onStart: ({ query }) => {
      running.push(query);
      return () => running.push("end");
    },
    onQuery: () => {},
  });
  const { get } = fake({ queries, features: new Set(features) });
  const answer = async (path: string) => {
    const response = await get(`/api/v1${path}`);
    return { code: response.status, ...await response.json() };
  };
  return { running, registry, get: answer };
}

const RANGE = "start=300&end=600&step=60";

Deno.test("explain and analyze add the plan to the result, and nothing else does", async () => {
  const { get, running } = server();
  const plain = await get("/query?query=sum(up)&time=600");
  assert.deepEqual(Object.keys(plain.data), ["resultType", "result"]);
  const explained = await get("/query?query=sum(up)&time=600&explain=true");
  assert.deepEqual(explained.data.plan.root.inputs[0].expr, "up");
  assert.equal(explained.data.plan.root.measured, undefined);
  const analyzed = await get(`/query_range?query=sum(up)&${RANGE}&explain=analyze`);
  const { steps, series, samples } = analyzed.data.plan.root.measured;
  assert.deepEqual({ steps, series, samples }, { steps: 6, series: 1, samples: 6 });
  assert.equal((await get("/query?query=up&explain=maybe")).errorType, "bad_data");
  assert.deepEqual(running, ["sum(up)", "end", "sum(up)", "end", "sum(up)", "end"]);
});

Deno.test("query_cost estimates, and cost=true compares with what was read", async () => {
  const { get } = server(["query-cost"]);
  const estimate = { seriesTouched: 2, samplesRead: 20, samplesScanned: 20 };
  assert.deepEqual((await get(`/query_range_cost?query=rate(up[5m])&${RANGE}`)).data, { estimate });
  assert.deepEqual((await get("/query_cost?query=up&time=600")).data, {
    estimate: { seriesTouched: 2, samplesRead: 2, samplesScanned: 2 },
  });
  const { data } = await get(`/query_range?query=rate(up[5m])&${RANGE}&cost=true`);
  assert.deepEqual(data.cost.estimated, estimate);
  assert.deepEqual({ ...data.cost.actual, peakSamples: 0 }, { ...estimate, peakSamples: 0 });
  assert.equal((await get("/query_cost?query=up{")).errorType, "bad_data");
  assert.equal((await get("/query_cost?query=up&cost=maybe")).errorType, "bad_data");
  assert.equal((await get("/query_cost?query=up&limit=-1")).errorType, "bad_data");
  assert.equal((await get(`/query_range_cost?query=up[5m]&${RANGE}`)).errorType, "bad_data");
});

Deno.test("stats tell the series touched, with query-cost only", async () => {
  const path = `/query_range?query=rate(up[5m])&${RANGE}&stats=true`;
  assert.equal((await server(["query-cost"]).get(path)).data.stats.samples.seriesTouched, 2);
  assert.equal("seriesTouched" in (await server().get(path)).data.stats.samples, false);
});

Deno.test("queries that a cost limit ended are counted by the limit", async () => {
  const { get, registry } = server(["query-cost"], { maxSeries: 1 });
  await get("/query?query=up");
  const rejected = registry.gather().find(({ name }) => name === "prometheus_engine_query_rejected_total");
  const counts = rejected?.metrics.map(({ labels, value }) => [labels.get("reason"), value]).sort();
  assert.deepEqual(counts, [["samples", 0], ["series", 1]]);
});

for (
  const { parameters, errorType } of [
    { parameters: "max_series=1", errorType: "cost_limit" },
    { parameters: "max_series=2&max_samples_read=20&max_query_duration=1m", errorType: undefined },
    { parameters: "max_samples_read=19", errorType: "cost_limit" },
    { parameters: "max_samples_scanned=19", errorType: "cost_limit" },
    { parameters: "timeout=0", errorType: "bad_data" },
    { parameters: "timeout=-1s", errorType: "bad_data" },
    { parameters: "timeout=3m", errorType: undefined },
    { parameters: "max_query_duration=3m", errorType: "bad_data" },
    { parameters: "max_series=-1", errorType: "bad_data" },
    { parameters: "max_series=x", errorType: "bad_data" },
    { parameters: "max_series=0", errorType: undefined },
  ]
) {
  Deno.test(`${parameters} with query-cost: ${errorType ?? "a result"}`, async () => {
    const path = `/query_range?query=rate(up[5m])&${RANGE}&${parameters}`;
    assert.equal((await server(["query-cost"]).get(path)).errorType, errorType);
    if (!parameters.startsWith("timeout")) {
      assert.equal((await server().get(path)).errorType, undefined, "without the feature");
    }
  });
}

const LIMITS: readonly {
  limits: QueryLimits;
  parameters?: string;
  /** Whether the limit belongs to the feature. */
  isCost: boolean;
  status: number;
  errorType: string;
  error: RegExp;
}[] = [
  {
    limits: { maxSeries: 1 },
    isCost: true,
    status: 422,
    errorType: "cost_limit",
    error: /^query selects 2 series, more than the limit of 1: /,
  },
  {
    limits: { maxSamplesRead: 19 },
    isCost: true,
    status: 422,
    errorType: "cost_limit",
    error: /^query reads more than the limit of 19 samples: /,
  },
  {
    limits: { maxDurationMs: 0.0001 },
    isCost: true,
    status: 503,
    errorType: "timeout",
    error: /^query timed out in /,
  },
  {
    limits: { maxMemoryBytes: 10 },
    isCost: false,
    status: 422,
    errorType: "execution",
    error: /^query loads 176 bytes of samples, more than the limit of 10: /,
  },
  {
    limits: { maxResultBytes: 10 },
    isCost: false,
    status: 422,
    errorType: "execution",
    error: /^result would take about \d+ bytes, more than the limit of 10: /,
  },
  {
    limits: { maxSeries: 3 },
    parameters: "&max_series=4",
    isCost: true,
    status: 400,
    errorType: "bad_data",
    error: /^invalid parameter "max_series": 4 exceeds the limit of 3 set by the server$/,
  },
  {
    limits: { maxSamplesRead: 30 },
    parameters: "&max_samples_read=31",
    isCost: true,
    status: 400,
    errorType: "bad_data",
    error: /^invalid parameter "max_samples_read": 31 exceeds the limit of 30 set by the server$/,
  },
  {
    limits: { maxDurationMs: 60_000 },
    parameters: "&timeout=61s",
    isCost: true,
    status: 400,
    errorType: "bad_data",
    error: /^invalid parameter "timeout": 1m1s exceeds the limit of 1m set by the server$/,
  },
  {
    limits: { maxDurationMs: 60_000 },
    parameters: "&max_query_duration=61s",
    isCost: true,
    status: 400,
    errorType: "bad_data",
    error: /^invalid parameter "max_query_duration": 1m1s exceeds the limit of 1m set by the server$/,
  },
];
for (const { limits, parameters = "", isCost, status, errorType, error } of LIMITS) {
  Deno.test(`with ${JSON.stringify(limits)}${parameters}: ${status} ${errorType}`, async () => {
    const path = `/query_range?query=rate(up[5m])&${RANGE}${parameters}`;
    const answer = await server(["query-cost"], limits).get(path);
    assert.deepEqual([answer.code, answer.errorType], [status, errorType]);
    assert.match(answer.error, error);
    if (isCost) assert.equal((await server([], limits).get(path)).code, 200, "without the feature");
  });
}

for (
  const { flags, parameters = "", select, status, errorType, error } of [
    {
      flags: { queryMaxSamples: 5 },
      status: 422,
      errorType: "execution",
      error: "query processing would load too many samples into memory in query execution",
    },
    {
      flags: {},
      parameters: "&timeout=1ms",
      select: () => new Promise<never>((_, reject) => setTimeout(() => reject(new Error("gone")), 20)),
      status: 503,
      errorType: "timeout",
      error: "query timed out in expanding series",
    },
    {
      flags: {},
      select: () => Promise.reject(new Error("the disk is gone")),
      status: 500,
      errorType: "internal",
      error: "expanding series: the disk is gone",
    },
  ]
) {
  Deno.test(`flags ${JSON.stringify(flags)}${parameters}: ${status} ${error}`, async () => {
    const answer = await server([], {}, { flags, select }).get(
      `/query_range?query=rate(up[5m])&${RANGE}${parameters}`,
    );
    assert.deepEqual([answer.code, answer.errorType, answer.error], [status, errorType, error]);
  });
}

Deno.test("a query that finds no place in time is refused, and the one that has it goes on", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { get } = server([], {}, {
    flags: { queryMaxConcurrency: 1 },
    select: () => held.then(() => series),
  });
  const first = get("/query?query=up&time=600");
  const second = await get("/query?query=up&time=600&timeout=10ms");
  assert.deepEqual([second.code, second.errorType, second.error], [
    503,
    "timeout",
    "query timed out in query queue",
  ]);
  release();
  assert.equal((await first).data.result.length, 2);
});

for (
  const { path, error } of [
    { path: "/query_range?query=up&start=0&end=11000&step=1" },
    {
      path: "/query_range?query=up&start=0&end=11001&step=1",
      error: /exceeded maximum resolution of 11,000/,
    },
    { path: "/query_range?query=up&start=0&end=1&step=0", error: /zero or negative query resolution step/ },
    { path: "/query_range?query=up&start=0&end=1&step=-1", error: /zero or negative query resolution step/ },
    { path: "/query_range?query=up&start=1&end=0&step=1", error: /end timestamp must not be before start/ },
    { path: "/query?query=up&time=253402300800" },
    { path: "/query?query=up&time=10000-01-01T00:00:00Z", error: /invalid parameter "time"/ },
    { path: "/query?query=", error: /no expression found/ },
  ]
) {
  Deno.test(`${path} ${error === undefined ? "is answered" : `is refused: ${error}`}`, async () => {
    const answer = await server().get(path);
    assert.equal(answer.errorType, error && "bad_data");
    if (error !== undefined) assert.match(answer.error, error);
  });
}

Deno.test("of 25 infos, ten are told and the others counted", async () => {
  const named = Array.from(
    { length: 25 },
    (_, i) => ({ ...series[0], labels: Labels.from({ __name__: `up${i}`, i: String(i) }) }),
  );
  const { get } = server([], {}, { select: () => Promise.resolve(named) });
  const { infos } = await get(`/query?query=${encodeURIComponent('rate({__name__=~"up.*"}[5m])')}&time=600`);
  assert.deepEqual([infos.length, infos.at(-1)], [11, "15 more info annotations omitted"]);
});

Deno.test("times beyond those of a Date are times like others", async () => {
  const { get } = server(["query-cost", "promql-per-step-stats"]);
  const classic =
    'label_replace(vector(2), "le", "1", "", "") or label_replace(vector(1), "le", "+Inf", "", "")';
  const queries = ["1", "up", "rate(up[5m:1m])", "time()", `histogram_quantile(0.5, ${classic})`];
  const times = ["253402300800", "9000000000000", "1e300", "-1e300", "292277025-08-18T07:12:54.999999999Z"];
  for (const time of times) {
    for (const query of queries.map(encodeURIComponent)) {
      for (
        const path of [
          `/query?query=${query}&time=${time}&stats=all`,
          `/query_range?query=${query}&start=${time}&end=${time}&step=1&stats=all`,
          `/query_cost?query=${query}&time=${time}`,
        ]
      ) {
        const { code, error } = await get(path);
        assert.deepEqual([path, code, error], [path, 200, undefined]);
      }
    }
  }
});
