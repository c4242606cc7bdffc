import assert from "node:assert/strict";
import fc from "fast-check";
import { Labels } from "../../../../engine/labels/labels.ts";
import { Engine } from "../../../../engine/promql/engine.ts";
import type { MatrixSeries } from "../../../../engine/promql/query_result.ts";
import { storeOf } from "../_series.ts";

const engine = new Engine({ now: () => 0, enableExperimentalFunctions: true });

/** A series with gaps between its samples, some of them NaN, infinite or negative zero. */
const samples = fc.array(
  fc.record({
    gapMs: fc.integer({ min: 1, max: 60_000 }),
    value: fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: -9, max: 9 }) },
      { weight: 2, arbitrary: fc.double() },
      { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, -0, 1e308, -1e308) },
    ),
  }),
  { minLength: 1, maxLength: 80 },
);

const FUNCTIONS = [
  ...["min", "max", "sum", "avg", "count", "first", "last", "present", "stddev", "stdvar", "mad", "ts_of_min"]
    .map((name) => `${name}_over_time(x[10m])`),
  "quantile_over_time(0.3, x[10m])",
  "quantile_over_time(time() / 3000, x[10m])",
  ...["rate", "increase", "delta", "irate", "idelta", "deriv", "changes", "resets"].map((name) =>
    `${name}(x[10m])`
  ),
  "predict_linear(x[10m], 60)",
  "double_exponential_smoothing(x[10m], 0.3, 0.4)",
];

for (const query of FUNCTIONS) {
  Deno.test(`${query} over sliding windows is the same as at each step alone`, async () => {
    await fc.assert(
      fc.asyncProperty(samples, fc.integer({ min: 1, max: 400 }), async (given, stepSeconds) => {
        let timeMs = 0;
        const times = Float64Array.from(given, ({ gapMs }) => timeMs += gapMs);
        const values = Float64Array.from(given, ({ value }) => value);
        const store = storeOf([{ labels: Labels.from({ __name__: "x" }), times, values }]);
        const { value } = await engine.range(store, query, 0, 2_400_000, stepSeconds * 1000);
        assert.ok(value.type === "matrix");
        for (let at = 0, step = 0; at <= 2_400_000; at += stepSeconds * 1000, step++) {
          assert.deepEqual(sampleAt(value.series, step), await instant(store, query, at), `at ${at}`);
        }
      }),
      { numRuns: 12 },
    );
  });
}

function sampleAt([series]: readonly MatrixSeries[], step: number): number | undefined {
  return series?.present[step] === 1 ? series.values[step] : undefined;
}

async function instant(store: Parameters<Engine["instant"]>[0], query: string, at: number) {
  const { value } = await engine.instant(store, query, at);
  assert.ok(value.type === "vector");
  return value.series[0]?.values[0];
}
