import assert from "node:assert/strict";
import { mapInTurns, Turns } from "../../../../engine/promql/operators/turns.ts";
import { FloatHistogram } from "../../../../engine/histogram/float_histogram.ts";
import { Engine } from "../../../../engine/promql/engine.ts";
import { QueryTimeoutError } from "../../../../engine/promql/query_errors.ts";
import type { SeriesColumns } from "../../../../engine/tsdb/select.ts";
import { fillAbsent, wordsOf } from "../../../../engine/sample.ts";
import { MINUTE, seriesOf, storeOf } from "../_series.ts";

const STEPS = 2048;

function histogramSeries(labels: Record<string, string>): SeriesColumns {
  const { labels: all, times, values } = seriesOf(labels, new Array(STEPS).fill(undefined));
  fillAbsent(wordsOf(values), 0, STEPS);
  const histogram = new FloatHistogram({
    count: 3,
    sum: 4,
    positiveSpans: [{ offset: 0, length: 2 }],
    positiveBuckets: Float64Array.of(1, 2),
  });
  return { labels: all, times, values, histograms: new Array(STEPS).fill(histogram) };
}

const floats = new Array(STEPS).fill(0).map((_, i) => i % 7);
const store = storeOf([
  ...Array.from({ length: 64 }, (_, i) => seriesOf({ __name__: "x", i: `${i}` }, floats)),
  ...Array.from({ length: 8 }, (_, i) => histogramSeries({ __name__: "h", i: `${i}` })),
  ...Array.from(
    { length: 24 },
    (_, i) => seriesOf({ __name__: "c_bucket", i: `${i >> 1}`, le: i % 2 === 0 ? "1" : "+Inf" }, floats),
  ),
]);

/** Evaluates with a clock by which every checkpoint finds that it is time to pause. */
async function pausesOf(query: string, from = store): Promise<number> {
  let nowMs = 0, pauses = 0;
  const engine = new Engine({
    now: () => nowMs += 25,
    pause: () => {
      pauses++;
      return Promise.resolve();
    },
    timeoutMs: 1e9,
    enableExperimentalFunctions: true,
    enableBinopFillModifiers: true,
  });
  await engine.range(from, query, 0, (STEPS - 1) * MINUTE, MINUTE);
  return pauses;
}

for (
  const { query, inputs, atLeast } of [
    { query: "quantile(0.5, x)", inputs: ["x"], atLeast: 16 },
    { query: 'count_values("v", x)', inputs: ["x"], atLeast: 16 },
    { query: "limit_ratio(0.5, x)", inputs: ["x"], atLeast: 4 },
    { query: "sum(h)", inputs: ["h"], atLeast: 32 },
    { query: "histogram_quantile(0.5, h)", inputs: ["h"], atLeast: 8 },
    { query: "histogram_quantile(0.5, c_bucket)", inputs: ["c_bucket"], atLeast: 12 },
    { query: 'histogram_quantiles(c_bucket{i="0"}, "q", time())', inputs: ['c_bucket{i="0"}'], atLeast: 24 },
    { query: "histogram_count(h)", inputs: ["h"], atLeast: 2 },
    { query: "x * 2", inputs: ["x"], atLeast: 4 },
    { query: "x > 2", inputs: ["x"], atLeast: 4 },
    { query: "x and x", inputs: ["x", "x"], atLeast: 4 },
    { query: "x or x", inputs: ["x", "x"], atLeast: 4 },
    { query: "abs(x)", inputs: ["x"], atLeast: 8 },
    { query: "clamp_min(x, 1)", inputs: ["x"], atLeast: 4 },
    { query: "x @ 60", inputs: ["x"], atLeast: 2 },
  ]
) {
  Deno.test(`${query} lets other work have its turn at least ${atLeast} times`, async () => {
    let pauses = await pausesOf(query);
    for (const input of inputs) pauses -= await pausesOf(input);
    assert.ok(pauses >= atLeast, `${pauses} turns`);
  });
}

/** Elements that follow each other: no two series of one name have a sample at the same step, but all of `a` do. */
const following = storeOf([
  ...Array.from(
    { length: 300 },
    (_, i) => seriesOf({ __name__: "b", i: `${i}` }, new Array(i).fill(undefined).concat(i, "stale")),
  ),
  ...Array.from(
    { length: 300 },
    (_, i) =>
      seriesOf({ __name__: "a", i: `${i}` }, new Array(400).fill(undefined).concat(new Array(600).fill(1))),
  ),
  seriesOf({ __name__: "one" }, new Array(1000).fill(2)),
]);

for (
  const { query, series } of [
    { query: "b * on() a", series: 0 }, // the side with duplicates has none where the other has anything
    { query: "one * on() b", series: 1 },
    { query: "b * on() group_left() one", series: 300 },
    { query: "b * on() one", series: 1 },
    { query: "b * on() group_left() fill_left(0) one", series: 301 },
    { query: "one * on() fill_right(0) b", series: 1 },
  ]
) {
  Deno.test(`${query} gives ${series} series, and ends when its time is up`, async () => {
    let nowMs = 0;
    const engine = (timeoutMs: number) =>
      new Engine({ now: () => nowMs += 1, timeoutMs, enableBinopFillModifiers: true });
    const run = (timeoutMs: number) => engine(timeoutMs).range(following, query, 0, 999 * MINUTE, MINUTE);
    const { value } = await run(1e9);
    assert.equal(value.type === "matrix" && value.series.length, series);
    const needed = nowMs;
    nowMs = 0;
    await assert.rejects(run(Math.floor(needed / 2)), QueryTimeoutError);
  });
}

for (
  const { filled, plain } of [
    { filled: "b * on() group_left() fill_left(0) one", plain: "b * on() group_left() one" },
    { filled: "one * on() fill_right(0) b", plain: "one * on() b" },
  ]
) {
  Deno.test(`${filled} lets other work have its turn while it looks for what to fill`, async () => {
    const pauses = await pausesOf(filled, following) - await pausesOf(plain, following);
    assert.ok(pauses >= 8, `${pauses} turns`);
  });
}

Deno.test("absent_over_time() lets other work have its turn while it counts windows", async () => {
  const series = Array.from({ length: 128 }, (_, i) => seriesOf({ __name__: "y", i: `${i}` }, floats));
  const { times } = series[0]!;
  const alike = storeOf(series.map((one) => ({ ...one, times })));
  const query = "absent_over_time(y[5m])";
  const pauses = await pausesOf(query, storeOf(series)) - await pausesOf(query, alike);
  assert.ok(pauses >= 3, `${pauses} turns`);
});

Deno.test("mapInTurns() is done at once without pauses, and waits for each otherwise", async () => {
  const items = Array.from({ length: 10 }, (_, i) => i), twice = (i: number) => 2 * i;
  const want = items.map(twice);
  assert.deepEqual(mapInTurns(items, 1 << 20, {}, twice), want);
  assert.deepEqual(mapInTurns(items, 1 << 20, { checkpoint: () => undefined }, twice), want);
  let pauses = 0;
  const checkpoint = () => {
    pauses++;
    return Promise.resolve();
  };
  const later = mapInTurns(items, 1 << 20, { checkpoint }, twice);
  assert.ok(later instanceof Promise);
  assert.deepEqual(await later, want);
  assert.equal(pauses, 10);
});

Deno.test("Turns takes one for so much work, in whatever pieces", () => {
  for (const piece of [1, 1000, 1 << 15, 1 << 16]) {
    let turns = 0;
    const counted = new Turns({ checkpoint: () => void turns++ as undefined });
    for (let done = 0; done < 1 << 18; done += piece) counted.after(piece);
    assert.ok(turns >= 3 && turns <= 4, `${turns} turns for pieces of ${piece}`);
  }
});
