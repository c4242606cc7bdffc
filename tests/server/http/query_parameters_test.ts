import assert from "node:assert/strict";
import { Registry } from "../../../engine/instrument/mod.ts";
import { Labels } from "../../../engine/labels/labels.ts";
import { PromqlQueries } from "../../../server/promql_queries.ts";
import { fake } from "./_fake_deps.ts";

const TIMES = Float64Array.from({ length: 11 }, (_, i) => i * 60_000);
const series = ["a", "b"].map((job) => ({
  labels: Labels.from({ __name__: "up", job }),
  times: TIMES,
  values: new Float64Array(TIMES.length).fill(1),
}));

/** The API over a real engine and two series of a sample a minute. */
function server(features: readonly string[] = []) {
  const running: string[] = [];
  const queries = new PromqlQueries({ select: () => Promise.resolve(series) }, {
    flags: {
      queryLookbackDeltaMs: 300_000,
      queryTimeoutMs: 120_000,
      queryMaxConcurrency: 20,
      queryMaxSamples: 50_000_000,
    },
    features: new Set(features),
    registry: new Registry({ now: () => 0 }),
    subqueryStepMs: () => 60_000,
    pause: () => Promise.resolve(),
    costs: { countSeries: () => Promise.resolve(series.length), sampleIntervalMs: 60_000 },
    onStart: ({ query }) => {
      running.push(query);
      return () => running.push("end");
    },
    onQuery: () => {},
  });
  const { get } = fake({ queries, features: new Set(features) });
  return { running, get: async (path: string) => await (await get(`/api/v1${path}`)).json() };
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
  const estimate = { seriesTouched: 2, samplesScanned: 20 };
  assert.deepEqual((await get(`/query_range_cost?query=rate(up[5m])&${RANGE}`)).data, { estimate });
  assert.deepEqual((await get("/query_cost?query=up&time=600")).data, {
    estimate: { seriesTouched: 2, samplesScanned: 2 },
  });
  const { data } = await get(`/query_range?query=rate(up[5m])&${RANGE}&cost=true`);
  assert.deepEqual(data.cost.estimated, estimate);
  assert.deepEqual({ ...data.cost.actual, peakSamples: 0 }, { ...estimate, peakSamples: 0 });
  assert.equal((await get("/query_cost?query=up{")).errorType, "bad_data");
});

for (
  const { parameters, errorType } of [
    { parameters: "max_series=1", errorType: "cost_limit" },
    { parameters: "max_series=2&max_samples_scanned=20&max_query_duration=1m", errorType: undefined },
    { parameters: "max_samples_scanned=19", errorType: "cost_limit" },
    { parameters: "max_series=-1", errorType: "bad_data" },
    { parameters: "max_series=x", errorType: "bad_data" },
    { parameters: "max_series=0", errorType: undefined },
  ]
) {
  Deno.test(`${parameters} with query-cost: ${errorType ?? "a result"}`, async () => {
    const path = `/query_range?query=rate(up[5m])&${RANGE}&${parameters}`;
    assert.equal((await server(["query-cost"]).get(path)).errorType, errorType);
    assert.equal((await server().get(path)).errorType, undefined, "without the feature");
  });
}

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
