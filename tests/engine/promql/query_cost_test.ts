import assert from "node:assert/strict";
import { Engine } from "../../../engine/promql/engine.ts";
import { MINUTE, seriesOf, storeOf } from "./_series.ts";

const POINTS = 61;
const store = storeOf(
  ["a", "b", "c"].map((job) =>
    seriesOf({ __name__: "up", job }, Array.from({ length: POINTS }, (_, i) => i))
  ),
);
const engine = new Engine({ now: () => 0 });
const source = {
  countSeries: async (request: Parameters<typeof store.select>[0]) => (await store.select(request)).length,
  sampleIntervalMs: MINUTE,
};

for (
  const { query, startMin = 30, stepMin = 1 } of [
    { query: "up" },
    { query: 'up{job="a"} + on () group_right up' },
    { query: "sum(rate(up[5m]))" },
    { query: "rate(up[5m])", stepMin: 10 },
    { query: "up @ 1800" },
    { query: "sum_over_time(up[5m] @ 1800)" },
    { query: "max_over_time(up[10m:1m])" },
    { query: "rate(up[10m])", startMin: 60, stepMin: 0 },
    { query: "1 + 1" },
    { query: "none" },
  ]
) {
  Deno.test(`the estimate of ${query} by ${stepMin} min is what it costs, where samples are regular`, async () => {
    const times = { startMs: startMin * MINUTE, endMs: 60 * MINUTE, stepMs: stepMin * MINUTE };
    const { samples } = stepMin === 0
      ? (await engine.instant(store, query, times.startMs)).stats
      : (await engine.range(store, query, times.startMs, times.endMs, times.stepMs)).stats;
    const cost = await engine.estimate(query, times, source);
    assert.deepEqual(cost, {
      seriesTouched: samples.series,
      samplesRead: samples.read,
      isIncomplete: false,
    });
  });
}

Deno.test("an estimate says that it leaves out what info() reads", async () => {
  const times = { startMs: 0, endMs: 0, stepMs: 0 };
  const experimental = new Engine({ now: () => 0, enableExperimentalFunctions: true });
  assert.equal((await experimental.estimate("sum(info(up))", times, source)).isIncomplete, true);
});

Deno.test("an estimate ends when its time is up or its client is gone, though the source does not", async () => {
  const times = { startMs: 0, endMs: 0, stepMs: 0 };
  const endless = { ...source, countSeries: () => new Promise<never>(() => {}) };
  const controller = new AbortController();
  const timed = new Engine({
    now: () => 0,
    maxConcurrency: 1,
    timeoutSignal: (ms) => {
      if (ms === 5000) queueMicrotask(() => controller.abort(new DOMException("", "TimeoutError")));
      return controller.signal;
    },
  });
  const first = timed.estimate("up", times, endless, { timeoutMs: 5000 });
  const second = timed.estimate("up", times, endless, { timeoutMs: 6000 });
  await assert.rejects(second, { name: "QueryTimeoutError", message: "query timed out in query queue" });
  await assert.rejects(first, { name: "QueryTimeoutError", message: "query timed out in cost estimation" });
  assert.deepEqual(timed.load, { running: 0, waiting: 0 });
  await assert.rejects(engine.estimate("up", times, endless, { signal: AbortSignal.abort() }), {
    name: "QueryCanceledError",
  });
});

Deno.test("limits are looked up for every query", async () => {
  let maxSeries = 3;
  const engine = new Engine({
    now: () => 0,
    get maxSeries() {
      return maxSeries;
    },
  });
  await engine.instant(store, "up", 0);
  maxSeries = 2;
  await assert.rejects(engine.instant(store, "up", 0), { name: "CostLimitError" });
});

Deno.test("a request lowers the limits of an engine, and does not raise them", async () => {
  const limited = new Engine({ now: () => 0, maxSeries: 2 });
  await assert.rejects(limited.instant(store, "up", 0, { maxSeries: 5 }), { name: "CostLimitError" });
  await assert.rejects(limited.instant(store, 'up{job=~"a|b"}', 0, { maxSeries: 1 }), {
    name: "CostLimitError",
  });
  await limited.instant(store, 'up{job=~"a|b"}', 0, { maxSeries: 2 });
});

Deno.test("explain reports the plan without measurements", async () => {
  const { plan } = await engine.instant(store, "sum(up)", 0, { explain: true });
  assert.equal(plan?.root.operator, "aggregate");
  assert.equal(plan?.root.measured, undefined);
});

Deno.test("explain does not repeat a long query for every level of its tree", async () => {
  const query = "abs(".repeat(900) + `up{job="${"x".repeat(20_000)}"}` + ")".repeat(900);
  const { plan } = await engine.instant(store, query, 0, { explain: true });
  assert.equal(plan?.root.expr, query);
  const { length } = JSON.stringify(plan);
  assert.ok(length < 5e6, `the report has ${length} characters`);
});
