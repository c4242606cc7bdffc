import assert from "node:assert/strict";
import { Engine } from "../../../../engine/promql/engine.ts";
import { ExecutionError } from "../../../../engine/promql/query_errors.ts";
import { MINUTE, seriesOf, storeOf } from "../_series.ts";

const store = storeOf([
  seriesOf({ __name__: "x", a: "1" }, [0, 10, 20, 30, 40, 50, 60]),
  seriesOf({ __name__: "early_total", i: "1" }, [0, 60, 120, "stale"]),
  seriesOf(
    { __name__: "late_total", i: "1" },
    [undefined, undefined, undefined, undefined, undefined, 0, 120, 240],
  ),
]);
const options = { now: () => 0, enableExperimentalFunctions: true, enableExtendedRangeSelectors: true };

/** `{labels}: minute=value …` */
async function answer(query: string, minute: number, delayedNameRemoval: boolean): Promise<string[]> {
  const engine = new Engine({ ...options, delayedNameRemoval });
  const { value } = await engine.instant(store, query, minute * MINUTE);
  assert.ok(value.type === "matrix");
  return value.series.map(({ labels, times, values }) =>
    `${labels}: ${Array.from(times, (ms, i) => `${ms / MINUTE}=${values[i]}`).join(" ")}`
  );
}

for (
  const { query, at, delayedNameRemoval, want } of [
    {
      query: "x[2m] anchored",
      at: 5.5,
      delayedNameRemoval: false,
      want: ['{__name__="x", a="1"}: 3.5=30 4=40 5=50 5.5=50'],
    },
    {
      query: "((x[2m] anchored))",
      at: 5.5,
      delayedNameRemoval: false,
      want: ['{__name__="x", a="1"}: 3.5=30 4=40 5=50 5.5=50'],
    },
    {
      query: "(x[2m] smoothed)",
      at: 5.5,
      delayedNameRemoval: false,
      want: ['{__name__="x", a="1"}: 3.5=35 4=40 5=50 5.5=55'],
    },
    { query: "x[2m]", at: 5.5, delayedNameRemoval: true, want: ['{__name__="x", a="1"}: 4=40 5=50'] },
    {
      query: "rate(x[5m])[2m:1m]",
      at: 6,
      delayedNameRemoval: true,
      want: [`{a="1"}: 5=${1 / 6} 6=${1 / 6}`],
    },
    {
      query: '({__name__=~".*_total"} * 1)[6m:1m] offset 1m',
      at: 8,
      delayedNameRemoval: true,
      want: ['{i="1"}: 2=120 5=0 6=120 7=240'],
    },
    {
      query: '{__name__=~".*_total"}[2m:1m] offset 1m',
      at: 8,
      delayedNameRemoval: true,
      want: ['{__name__="late_total", i="1"}: 6=120 7=240'],
    },
  ]
) {
  Deno.test(`${query} gives ${want}; delayed names: ${delayedNameRemoval}`, async () => {
    assert.deepEqual(await answer(query, at, delayedNameRemoval), want);
  });
}

Deno.test("series that become the same without their names may not have samples at the same time", async () => {
  const same = storeOf([seriesOf({ __name__: "a" }, [1, 2]), seriesOf({ __name__: "b" }, [3, 4])]);
  const engine = new Engine({ ...options, delayedNameRemoval: true });
  await assert.rejects(engine.instant(same, '({__name__=~"a|b"} * 1)[1m:1m]', MINUTE), ExecutionError);
});

Deno.test("an anchored range may hold hundreds of thousands of samples", async () => {
  const count = 300_000;
  const { labels } = seriesOf({ __name__: "x" }, []);
  const times = Float64Array.from({ length: count }, (_, i) => i * 1000);
  const long = storeOf([{ labels, times, values: times.slice() }]);
  const { value } = await new Engine(options).instant(long, "x[299998s] anchored", (count - 1) * 1000);
  assert.ok(value.type === "matrix");
  assert.equal(value.series[0]!.times.length, count - 1);
});
