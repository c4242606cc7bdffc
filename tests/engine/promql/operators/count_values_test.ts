import assert from "node:assert/strict";
import { FloatHistogram } from "../../../../engine/histogram/float_histogram.ts";
import { Engine } from "../../../../engine/promql/engine.ts";
import { QueryLimitError } from "../../../../engine/promql/query_errors.ts";
import { MINUTE, seriesOf, storeOf } from "../_series.ts";

const histogram = new FloatHistogram({ count: 1, sum: 2 });
const withHistogram = { ...seriesOf({ __name__: "h", i: "1" }, [undefined]), histograms: [histogram] };

for (
  const { query, want } of [
    {
      query: 'count_values("v", x)',
      want: { "-0": [1, , ,], "0": [1, , ,], "1.5": [1, 2, 1], "NaN": [, 1, 1], "+Inf": [, , 1] },
    },
    { query: 'count_values("v", h)', want: { "{count:1, sum:2}": [1, 1, 1] } },
  ]
) {
  Deno.test(`${query} counts each value at each step`, async () => {
    const store = storeOf([
      seriesOf({ __name__: "x", i: "1" }, [-0, 1.5, 1.5]),
      seriesOf({ __name__: "x", i: "2" }, [0, 1.5, NaN]),
      seriesOf({ __name__: "x", i: "3" }, [1.5, NaN, Infinity]),
      withHistogram,
    ]);
    const { value } = await new Engine({ now: () => 0 }).range(store, query, 0, 2 * MINUTE, MINUTE);
    assert.ok(value.type === "matrix");
    const got = Object.fromEntries(
      value.series.map(({ labels, values, present }) => [
        labels.get("v"),
        Array.from(present, (kind, step) => kind === 1 ? values[step] : undefined),
      ]),
    );
    const expected = Object.fromEntries(
      Object.entries(want).map(([text, counts]) => [text, Array.from(counts as number[])]),
    );
    assert.deepEqual(got, expected);
  });
}

Deno.test("count_values groups by what is asked for, and by all but that", async () => {
  const store = storeOf([
    seriesOf({ __name__: "x", a: "1", b: "1" }, [5]),
    seriesOf({ __name__: "x", a: "1", b: "2" }, [5]),
    seriesOf({ __name__: "x", a: "2", b: "2" }, [5]),
  ]);
  const answer = async (query: string) => {
    const { value } = await new Engine({ now: () => 0 }).instant(store, query, 0);
    assert.ok(value.type === "vector");
    return value.series.map(({ labels, values }) => `${labels} ${values[0]}`);
  };
  assert.deepEqual(await answer('count_values by (a) ("v", x)'), ['{a="1", v="5"} 2', '{a="2", v="5"} 1']);
  assert.deepEqual(await answer('count_values without (a) ("v", x)'), [
    '{b="1", v="5"} 1',
    '{b="2", v="5"} 2',
  ]);
});

Deno.test("columns of values are held to the limit before they are made", async () => {
  const steps = 400;
  const store = storeOf([
    seriesOf({ __name__: "different" }, Array.from({ length: steps }, (_, i) => i + 0.5)),
    seriesOf({ __name__: "same" }, new Array(steps).fill(1)),
  ]);
  // 400 columns of 400 steps, where entries for four times as many samples may be.
  const engine = new Engine({ now: () => 0, maxSamples: 2 * steps });
  const run = (name: string) =>
    engine.range(store, `count_values("v", ${name})`, 0, (steps - 1) * MINUTE, MINUTE);
  await run("same");
  await assert.rejects(run("different"), QueryLimitError);
});
