import assert from "node:assert/strict";
import { type AnalyzedResult, Engine } from "../../../../engine/promql/engine.ts";
import type { OperatorReport } from "../../../../engine/promql/explain.ts";
import { MINUTE, Parts } from "./_parts.ts";

const engine = new Engine({ now: () => performance.now() });
const TEXTS = [
  'x{a="1"} 0+1x9\nx{a="2"} 0+1x9\nh{a="1"} {{count:2 sum:2 buckets:[1 1]}}+{{count:2 sum:2 buckets:[1 1]}}x9',
  'x{a="3"} 0+1x9\ny 1x9\nh{a="2"} {{count:1 sum:2 buckets:[1]}}x9',
];

function buffersOf({ value }: AnalyzedResult): ArrayBufferLike[] {
  assert.ok(value.type === "vector" || value.type === "matrix");
  return value.series.flatMap(({ values, present, histograms = [] }) => [
    values.buffer,
    present.buffer,
    ...histograms.filter((h) => h !== undefined && h.positiveBuckets.length > 0)
      .map((h) => h!.positiveBuckets.buffer),
  ]);
}

for (const query of ["x", "rate(x[5m])", "sum by (a) (x)", "sum(x)", "sum(x) or y", "h", "rate(h[5m])"]) {
  Deno.test(`release() gives the memory of ${query} back at once, and only then`, async () => {
    const parts = await Parts.ofTexts(...TEXTS);
    const result = await engine.range(parts.evaluating, query, 5 * MINUTE, 9 * MINUTE, MINUTE);
    const buffers = buffersOf(result) as ArrayBuffer[];
    assert.ok(buffers.length > 0 && buffers.every(({ detached }) => !detached));
    // Another query in between leaves it alone.
    (await engine.range(parts.evaluating, query, 5 * MINUTE, 9 * MINUTE, MINUTE)).release!();
    assert.ok(buffers.every(({ detached }) => !detached));
    result.release!();
    assert.ok(buffers.every(({ detached }) => detached));
    result.release!();
  });
}

Deno.test("release() does nothing to results that no part has evaluated", async () => {
  const parts = await Parts.ofTexts(...TEXTS);
  const result = await engine.range(
    { select: (request) => parts.select(request) },
    "x",
    0,
    9 * MINUTE,
    MINUTE,
  );
  result.release!();
  assert.ok((buffersOf(result) as ArrayBuffer[]).every(({ detached }) => !detached));
});

/** The operators that are pushed down, by their expression; of nested ones the outermost. */
function pushedDown({ expr, isPushedDown, inputs }: OperatorReport): string[] {
  return isPushedDown ? [expr] : inputs.flatMap(pushedDown);
}

for (
  const { query, want } of [
    { query: "sum by (a) (rate(x[5m]))", want: ["sum by (a) (rate(x[5m]))"] },
    { query: "sum(x) / count(y)", want: ["sum(x)", "count(y)"] },
    { query: "topk(2, x)", want: ["topk(2, x)"] },
    { query: "bottomk by (a) (scalar(y), rate(x[5m]))", want: ["bottomk by (a) (scalar(y), rate(x[5m]))"] },
    { query: "limitk(2, x)", want: ["x"] },
    { query: "sum(abs(x))", want: ["x"] },
    { query: "sum(sum by (a) (x))", want: ["sum by (a) (x)"] },
    { query: "sum(timestamp(x))", want: ["sum(timestamp(x))"] },
    { query: "count by (a) (x == 0)", want: ["count by (a) (x == 0)"] },
    { query: "100 * rate(x[5m]) > 2 * 3", want: ["100 * rate(x[5m]) > 2 * 3"] },
    { query: "time() - timestamp(x)", want: ["time() - timestamp(x)"] },
    { query: "x > scalar(y)", want: ["x", "y"] },
    { query: "sum(x) > 1", want: ["sum(x)"] },
    { query: "1 </ x", want: ["x"] },
    { query: "x + x", want: ["x", "x"] },
    { query: `x${" + 1".repeat(20)}`, want: [`x${" + 1".repeat(15)}`] },
    { query: "max_over_time(sum(x)[5m:1m])", want: ["sum(x)"] },
    { query: "quantile(0.5, x)", want: ["x"] },
    { query: "absent_over_time(x[5m])", want: [] },
    { query: "histogram_count(rate(x[5m]))", want: ["histogram_count(rate(x[5m]))"] },
    { query: "sum(histogram_quantile(0.9, x))", want: ["sum(histogram_quantile(0.9, x))"] },
    { query: "histogram_quantile(0.9, sum(x))", want: ["sum(x)"] },
    {
      query: "histogram_quantile(0.9, rate(x_bucket[5m]))",
      want: ["histogram_quantile(0.9, rate(x_bucket[5m]))"],
    },
    { query: "histogram_quantile(0.9, sum by (le) (x_bucket))", want: ["sum by (le) (x_bucket)"] },
    { query: "histogram_fraction(0, 1, +x)", want: ["x"] },
    { query: "histogram_count(timestamp(x))", want: ["x"] },
    { query: "start_timestamp(x)", want: [] },
    { query: "1 + 2", want: [] },
  ]
) {
  Deno.test(`the plan of ${query} says that ${want.join(" and ") || "nothing"} is pushed down`, async () => {
    const parts = await Parts.ofTexts(...TEXTS);
    const engine = new Engine({ now: () => performance.now(), enableExperimentalFunctions: true });
    const { plan } = await engine.instant(parts.evaluating, query, 9 * MINUTE, { explain: true });
    assert.deepEqual(pushedDown(plan!.root), want);
    const { plan: other } = await engine.instant(
      { select: (request) => parts.select(request) },
      query,
      9 * MINUTE,
      { explain: true },
    );
    assert.deepEqual(pushedDown(other!.root), []);
  });
}

Deno.test("with names that are dropped at the end, sums are not pushed down", async () => {
  const parts = await Parts.ofTexts(...TEXTS);
  const engine = new Engine({ now: () => performance.now(), delayedNameRemoval: true });
  const { plan } = await engine.instant(parts.evaluating, "sum(rate(x[5m]))", 9 * MINUTE, { explain: true });
  assert.deepEqual(pushedDown(plan!.root), ["rate(x[5m])"]);
});
