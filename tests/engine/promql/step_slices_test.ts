import assert from "node:assert/strict";
import { Engine } from "../../../engine/promql/engine.ts";
import { QueryTimeoutError } from "../../../engine/promql/query_errors.ts";
import { seriesOf, storeOf } from "./_series.ts";

const MINUTE = 60_000, SAMPLES = 3_000, RANGE = "1500m";
const from = SAMPLES / 2 * MINUTE, to = SAMPLES * MINUTE;
/** One series with windows of 1,500 samples at 1,500 steps: far more than one slice. */
const store = storeOf([
  seriesOf({ __name__: "x" }, Array.from({ length: SAMPLES }, (_, i) => Math.imul(i, 2654435761) % 1000)),
]);

for (
  const query of [
    `stddev_over_time(x[${RANGE}])`,
    `rate(x[${RANGE}])`,
    `quantile_over_time(0.3, x[${RANGE}])`,
    `predict_linear(x[${RANGE}], time() / 1e6)`,
    `sum(max_over_time(x[${RANGE}]))`,
    `sum(deriv(x[${RANGE}:1m]))`,
  ]
) {
  Deno.test(`${query} is the same over few steps at a time as at each step alone`, async () => {
    let nowMs = 0;
    const engine = new Engine({ now: () => nowMs += 0.5, timeoutMs: Infinity });
    const { value } = await engine.range(store, query, from, to, MINUTE);
    assert.equal(value.type, "matrix");
    const [{ values }] = value.type === "matrix" ? value.series : [];
    assert.equal(values.length, SAMPLES / 2 + 1);
    for (const step of [0, 1, 173, 174, 175, 349, 700, 1200, SAMPLES / 2]) {
      const { value: alone } = await engine.instant(store, query, from + step * MINUTE);
      assert.equal(values[step], alone.type === "vector" ? alone.series[0].values[0] : NaN, `step ${step}`);
    }
  });
}

Deno.test("a function over one long series lets other work run, and ends when its time is up", async () => {
  let nowMs = 0, pauses = 0;
  const engine = new Engine({
    enableExperimentalFunctions: true,
    now: () => nowMs += 10,
    timeoutMs: 200,
    pause: () => {
      pauses++;
      return Promise.resolve();
    },
  });
  await assert.rejects(
    engine.range(store, `mad_over_time(x[${RANGE}])`, from, to, MINUTE),
    QueryTimeoutError,
  );
  assert.ok(pauses > 1, `${pauses} pauses`);
});
