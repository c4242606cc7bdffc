import assert from "node:assert/strict";
import { Engine, type EngineOptions, type QueryOptions } from "../../../../engine/promql/engine.ts";
import { CostLimitError, QueryLimitError } from "../../../../engine/promql/query_errors.ts";
import { MINUTE, Parts } from "./_parts.ts";

/** Two series with ten samples each, spread as told. */
const SERIES = ['x{a="1"} 0+1x9', 'x{a="2"} 0+1x9'];
const SPREADS = {
  "all parts together": SERIES,
  "one part": [SERIES.join("\n"), ""],
};

interface Case {
  readonly limit: string;
  readonly query: string;
  readonly options: Partial<EngineOptions> & QueryOptions;
  readonly error: typeof CostLimitError | typeof QueryLimitError;
  readonly message: RegExp;
}

/** Ten steps of two series, or one of each: one below what the query needs. */
const CASES: readonly Case[] = [
  {
    limit: "series",
    query: "x",
    options: { maxSeries: 1 },
    error: CostLimitError,
    message: /^query selects 2 series, more than the limit of 1: /,
  },
  {
    limit: "series of a sum",
    query: "sum(rate(x[5m]))",
    options: { maxSeries: 1 },
    error: CostLimitError,
    message: /^query selects 2 series, more than the limit of 1: /,
  },
  {
    limit: "samples read",
    query: "x",
    options: { maxSamplesRead: 19 },
    error: CostLimitError,
    message: /^query reads more than the limit of 19 samples: /,
  },
  {
    limit: "samples read through windows",
    query: "max(max_over_time(x[3m]))",
    options: { maxSamplesRead: 19 },
    error: CostLimitError,
    message: /^query reads more than the limit of 19 samples: /,
  },
  {
    limit: "samples in memory",
    query: "x",
    options: { maxSamples: 19 },
    error: QueryLimitError,
    message: /^query processing would load too many samples into memory in query execution$/,
  },
  {
    limit: "samples of groups in memory",
    query: "sum by (a) (x)",
    options: { maxSamples: 19 },
    error: QueryLimitError,
    message: /^query processing would load too many samples into memory in query execution$/,
  },
  {
    limit: "bytes",
    query: "x",
    options: { maxMemoryBytes: 179 },
    error: QueryLimitError,
    message: /^query loads 180 bytes of samples, more than the limit of 179: /,
  },
  {
    limit: "bytes of groups",
    query: "sum by (a) (x)",
    options: { maxMemoryBytes: 179 },
    error: QueryLimitError,
    message: /^query loads 180 bytes of samples, more than the limit of 179: /,
  },
];

function run(parts: Parts, query: string, options: Case["options"]) {
  const engine = new Engine({ now: () => performance.now(), ...options });
  return engine.range(parts.evaluating, query, 0, 9 * MINUTE, MINUTE, options);
}

for (const { limit, query, options, error, message } of CASES) {
  for (const [who, texts] of Object.entries(SPREADS)) {
    Deno.test(`${query} fails where ${who} reach the limit of ${limit}`, async () => {
      const parts = await Parts.ofTexts(...texts);
      await assert.rejects(run(parts, query, options), (thrown: Error) => {
        assert.equal(thrown.constructor, error);
        assert.match(thrown.message, message);
        return true;
      });
    });
    Deno.test(`${query} succeeds where ${who} stay at the limit of ${limit}`, async () => {
      const parts = await Parts.ofTexts(...texts);
      const higher = Object.fromEntries(
        Object.entries(options).map(([name, most]) => [name, (most as number) + 1]),
      );
      await run(parts, query, higher);
      assert.equal(parts.selects, 0);
    });
  }
}

Deno.test("the window of one series may hold as many samples as may be in memory, and not more", async () => {
  const parts = await Parts.ofTexts(...SERIES);
  await run(parts, "max(max_over_time(x[5m]))", { maxSamples: 10 });
  await assert.rejects(run(parts, "max(max_over_time(x[5m]))", { maxSamples: 4 }), {
    name: "QueryLimitError",
  });
});

Deno.test("columns that stay empty count towards the limit of samples in memory", async () => {
  const parts = await Parts.ofTexts('x{a="1"} 1', 'x{a="2"} 1');
  const engine = new Engine({ now: () => performance.now(), lookbackDeltaMs: MINUTE, maxSamples: 20 });
  const ask = (minutes: number) => engine.range(parts.evaluating, "x", 0, minutes * MINUTE, MINUTE);
  await ask(30);
  await assert.rejects(ask(60), { name: "QueryLimitError" });
});

Deno.test("sums of histograms count towards the limit of samples in memory where they are made", async () => {
  const of = (a: number) => `h{a="${a}"} {{count:2 sum:2 buckets:[1 1]}}x9`;
  const parts = await Parts.ofTexts(`${of(1)}\n${of(2)}`, of(3));
  // Ten steps of three groups, each as large as 12 floats.
  await run(parts, "sum by (a) (h)", { maxSamples: 360 });
  assert.equal(parts.selects, 0);
  await assert.rejects(run(parts, "sum by (a) (h)", { maxSamples: 359 }), { name: "QueryLimitError" });
  assert.deepEqual(parts.lastKinds, ["rows", "rows"]);
  await assert.rejects(run(parts, "sum by (a) (h)", { maxSamples: 239 }), { name: "QueryLimitError" });
  assert.deepEqual(parts.lastKinds, ["failed", "rows"]);
});

for (
  const { query, options, message } of [
    { query: "x", options: { maxMemoryBytes: 179 }, message: /^query loads 180 bytes of samples, / },
    { query: "sum by (a) (x)", options: { maxMemoryBytes: 179 }, message: /^query loads 180 bytes / },
    { query: "avg by (a) (x)", options: { maxMemoryBytes: 499 }, message: /^query loads 500 bytes / },
    // 9 bytes of one group at one step, and nine samples of a series at a time.
    {
      query: "sum(last_over_time(x[9m] @ 540))",
      options: { maxMemoryBytes: 79 },
      message: /^query loads 81 /,
    },
    { query: "x", options: { maxSamples: 19 }, message: /too many samples/ },
    { query: "x", options: { maxSeries: 1 }, message: /^query selects 2 series, more than the limit of 1: / },
  ]
) {
  Deno.test(`a part that alone goes over ${JSON.stringify(options)} in ${query} stops itself`, async () => {
    const parts = await Parts.ofTexts(SERIES.join("\n"), "");
    await assert.rejects(run(parts, query, options), { message });
    assert.deepEqual(parts.lastKinds, ["failed", "rows"]);
  });
}

Deno.test("a part that sums histograms stops itself where their sums take more than may be held", async () => {
  const of = (a: number) => `h{a="${a}"} {{count:2 sum:2 buckets:[1 1]}}x9`;
  const parts = await Parts.ofTexts(`${of(1)}\n${of(2)}`, of(3));
  await run(parts, "sum by (a) (h)", { maxMemoryBytes: 20_000 });
  assert.deepEqual(parts.lastKinds, ["rows", "rows"]);
  await assert.rejects(run(parts, "sum by (a) (h)", { maxMemoryBytes: 6_000 }), { name: "QueryLimitError" });
  assert.deepEqual(parts.lastKinds, ["failed", "rows"]);
});
