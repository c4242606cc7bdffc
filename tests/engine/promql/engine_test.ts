import assert from "node:assert/strict";
import { Engine, type EngineOptions } from "../../../engine/promql/engine.ts";
import { errorTypeOf } from "../../../engine/promql/query_errors.ts";
import type { QueryValue } from "../../../engine/promql/query_result.ts";
import type { SelectRequest } from "../../../engine/tsdb/select.ts";
import { MINUTE, seriesOf, storeOf } from "./_series.ts";

function newEngine(options: Partial<EngineOptions> = {}): Engine {
  return new Engine({ now: () => 0, ...options });
}

const store = storeOf([
  seriesOf({ __name__: "up", job: "a" }, [1, 2, 3, "stale", undefined, 6]),
  seriesOf({ __name__: "up", job: "b" }, [10, undefined, 30]),
]);

/** `{labels}: time=value …` for every series, times in minutes. */
function describe(value: QueryValue): string[] {
  switch (value.type) {
    case "scalar":
      return [`scalar: ${value.value}`];
    case "string":
      return [`string: ${value.text}`];
    case "vector":
      return value.series.map(({ labels, values }) => `${labels}: ${values[0]}`);
    case "matrix":
      return value.series.map(({ labels, times, values, present }) => {
        const points = [...times.keys()].filter((i) => present[i] === 1);
        return `${labels}: ${points.map((i) => `${times[i]! / MINUTE}=${values[i]}`).join(" ")}`;
      });
  }
}

for (
  const { query, at, want } of [
    { query: "up", at: 2, want: ['{__name__="up", job="a"}: 3', '{__name__="up", job="b"}: 30'] },
    { query: "up", at: 3, want: ['{__name__="up", job="b"}: 30'] },
    { query: "up", at: 7, want: ['{__name__="up", job="a"}: 6'] },
    { query: "up[2m]", at: 2, want: ['{__name__="up", job="a"}: 1=2 2=3', '{__name__="up", job="b"}: 2=30'] },
    { query: "1 + 2 * 3", at: 0, want: ["scalar: 7"] },
    { query: '"text"', at: 0, want: ["string: text"] },
    { query: "sum(up)", at: 2, want: ["{}: 33"] },
    { query: "-up", at: 2, want: ['{job="a"}: -3', '{job="b"}: -30'] },
    { query: "up @ 0", at: 2, want: ['{__name__="up", job="a"}: 1', '{__name__="up", job="b"}: 10'] },
  ]
) {
  Deno.test(`instant() answers ${query} at minute ${at}`, async () => {
    const { value } = await newEngine().instant(store, query, at * MINUTE);
    assert.deepEqual(describe(value), want);
  });
}

for (
  const { query, want } of [
    { query: "up", want: ['{__name__="up", job="a"}: 0=1 2=3', '{__name__="up", job="b"}: 0=10 2=30 4=30'] },
    { query: "time()", want: ["{}: 0=0 2=120 4=240"] },
    { query: "sum by (job) (up @ 0)", want: ['{job="a"}: 0=1 2=1 4=1', '{job="b"}: 0=10 2=10 4=10'] },
    { query: "sum(up) or vector(0)", want: ["{}: 0=11 2=33 4=30"] },
    { query: "count_over_time(up[2m])", want: ['{job="a"}: 0=1 2=2', '{job="b"}: 0=1 2=1'] },
  ]
) {
  Deno.test(`range() answers ${query} sorted by labels`, async () => {
    const { value } = await newEngine().range(store, query, 0, 4 * MINUTE, 2 * MINUTE);
    assert.deepEqual(describe(value), want);
  });
}

Deno.test("selects cover what selectors look at and no more", async () => {
  const asked = storeOf([]);
  const query = "up + rate(x_total[10m] offset 5m) + max_over_time(y[1h:1m] @ 3600)";
  await newEngine().range(asked, query, 7200_000, 10800_000, MINUTE);
  const window = ({ startMs, endMs }: SelectRequest) => [startMs, endMs];
  assert.deepEqual(asked.requests.map(window), [
    [7200_000 - 5 * MINUTE + 1, 10800_000],
    [7200_000 - 15 * MINUTE + 1, 10800_000 - 5 * MINUTE],
    [-5 * MINUTE + 1, 3600_000],
  ]);
});

Deno.test("equal selectors share a select", async () => {
  const asked = storeOf([]);
  await newEngine().range(asked, "rate(x[5m]) / (x + avg_over_time(x[1h]))", 7200_000, 7500_000, MINUTE);
  assert.deepEqual(asked.requests.map(({ startMs, endMs }) => [startMs, endMs]), [[3600_001, 7500_000]]);
});

for (
  const { query, options = {}, type, message } of [
    { query: "up{", type: "bad_data", message: /^1:4: parse error: / },
    { query: "up[5m / 0]", type: "bad_data", message: /division by zero/ },
    { query: "up * on () up", type: "execution", message: /found duplicate series for the match group \{\}/ },
    { query: "up", options: { maxSamples: 1 }, type: "execution", message: /too many samples into memory/ },
    {
      query: "up",
      options: { maxSeries: 1 },
      type: "cost_limit",
      message: /selects 2 series, more than the limit of 1/,
    },
    { query: "up", options: { maxSamplesRead: 1 }, type: "cost_limit", message: /limit of 1 samples/ },
    {
      query: "sum(rate(up[5m]))",
      options: { maxSamplesRead: 1 },
      type: "cost_limit",
      message: /limit of 1/,
    },
    { query: "up", options: { maxMemoryBytes: 8 }, type: "execution", message: /limit of 8/ },
    { query: "up", options: { maxResultBytes: 10 }, type: "execution", message: /limit of 10/ },
  ]
) {
  Deno.test(`${query} fails with ${type} ${message} for ${JSON.stringify(options)}`, async () => {
    const error = await newEngine(options).instant(store, query, 0).catch((error) => error);
    assert.match(error.message, message);
    assert.equal(errorTypeOf(error), type);
  });
}

Deno.test("range() refuses a query that gives a string", async () => {
  await assert.rejects(newEngine().range(store, '"text"', 0, MINUTE, MINUTE), {
    name: "BadQueryError",
    message: 'invalid expression type "string" for range query, must be Scalar or instant Vector',
  });
});

Deno.test("a query that takes too long times out", async () => {
  let nowMs = 0;
  const engine = new Engine({ now: () => nowMs += 100, timeoutMs: 50 });
  const error = await engine.instant(store, "up", 0).catch((error) => error);
  assert.equal(errorTypeOf(error), "timeout");
  assert.equal(error.message, "query timed out in query execution");
});

Deno.test("a query with less than no time times out, too", async () => {
  const asked: number[] = [];
  const engine = new Engine({
    now: () => 0,
    timeoutSignal: (ms) => {
      asked.push(ms);
      return AbortSignal.abort(new DOMException("", "TimeoutError"));
    },
  });
  const error = await engine.instant(store, "up", 0, { timeoutMs: -1000 }).catch((error) => error);
  assert.deepEqual([errorTypeOf(error), asked], ["timeout", [0]]);
});

Deno.test("an aborted signal cancels a select that waits", async () => {
  const controller = new AbortController();
  const slow = {
    select: ({ signal }: SelectRequest) =>
      new Promise<never>((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason))),
  };
  const answer = newEngine().instant(slow, "up", 0, { signal: controller.signal });
  controller.abort();
  const error = await answer.catch((error) => error);
  assert.equal(errorTypeOf(error), "canceled");
});

Deno.test("a failing select is an internal error with its cause", async () => {
  const broken = { select: () => Promise.reject(new Error("disk on fire")) };
  const error = await newEngine().instant(broken, "up", 0).catch((error) => error);
  assert.equal(errorTypeOf(error), "internal");
  assert.equal(error.message, "expanding series: disk on fire");
  assert.equal(error.cause.message, "disk on fire");
});

Deno.test("queries over the limit wait for their turn, and may give up", async () => {
  const engine = newEngine({ maxConcurrency: 1 });
  const gate = Promise.withResolvers<[]>();
  const first = engine.instant({ select: () => gate.promise }, "up", 0);
  const second = engine.instant(store, "up", 0);
  const controller = new AbortController();
  const third = engine.instant(store, "up", 0, { signal: controller.signal });
  assert.deepEqual(engine.load, { running: 1, waiting: 2 });
  controller.abort();
  await assert.rejects(third, { message: "query was canceled in query queue" });
  gate.resolve([]);
  await first;
  assert.deepEqual(describe((await second).value).length, 2);
  assert.deepEqual(engine.load, { running: 0, waiting: 0 });
});

Deno.test("evaluation pauses now and then", async () => {
  let nowMs = 0, pauses = 0;
  const engine = new Engine({ now: () => nowMs += 7, pause: () => Promise.resolve(void pauses++) });
  const many = storeOf(Array.from({ length: 500 }, (_, i) => seriesOf({ __name__: "x", i: `${i}` }, [1, 2])));
  await engine.range(many, "rate(x[5m])", 0, 10 * MINUTE, MINUTE);
  assert.ok(pauses > 0);
});

Deno.test("samples are counted, by step where asked for", async () => {
  const engine = newEngine({ perStepStats: true });
  const { stats } = await engine.range(store, "count_over_time(up[3m])", 0, 4 * MINUTE, 2 * MINUTE, {
    perStepStats: true,
  });
  const { total, read, totalPerStep, readPerStep } = stats.samples;
  assert.deepEqual({ total, read }, { total: 9, read: 5 });
  assert.deepEqual([...totalPerStep!], [2, 5, 2]);
  assert.deepEqual([...readPerStep!], [2, 3, 0]);
});

Deno.test("analyze reports what each operator did", async () => {
  const { plan } = await newEngine().range(store, "sum(rate(up[5m]))", 0, 4 * MINUTE, 2 * MINUTE, {
    analyze: true,
  });
  const { root, selects } = plan!;
  assert.equal(root.operator, "aggregate");
  assert.equal(root.expr, "sum(rate(up[5m]))");
  assert.deepEqual(root.measured, { steps: 3, series: 1, samples: 2, bytes: 27, totalMs: 0 });
  assert.equal(root.inputs[0]!.inputs[0]!.select, 0);
  assert.equal(selects[0]!.matchers, '{__name__="up"}');
});

Deno.test("the order of instant results is that of sort() and topk()", async () => {
  for (const query of ["sort_desc(up)", "topk(2, up)"]) {
    const { value } = await newEngine().instant(store, query, 2 * MINUTE);
    assert.deepEqual(describe(value), ['{__name__="up", job="b"}: 30', '{__name__="up", job="a"}: 3']);
  }
});

Deno.test("a range selector gives nothing for a series that has only a staleness marker there", async () => {
  const { value } = await newEngine().instant(store, "up[1m]", 3 * MINUTE);
  assert.deepEqual(describe(value), []);
});
