import assert from "node:assert/strict";
import { Engine } from "../../../../engine/promql/engine.ts";
import { assertSameOutcome, outcomeOf } from "./_outcome.ts";
import { MINUTE, Parts } from "./_parts.ts";

const engine = new Engine({ now: () => performance.now(), enableExperimentalFunctions: true });

interface Case {
  readonly name: string;
  readonly parts: readonly string[];
  readonly query: string;
  /** Whether the samples themselves are needed. */
  readonly fallsBack: boolean;
  /** Label sets of the result, or its error. */
  readonly want: readonly string[] | string;
}

const HISTOGRAM = "{{schema:0 count:4 sum:8 buckets:[1 2 1]}}x9";

const CUSTOM = "{{schema:-53 count:4 sum:8 custom_values:[1 2] buckets:[1 2 1]}}x9";

const CASES: readonly Case[] = [
  {
    name: "each label set is in one part",
    parts: ['x{a="1"} 0+1x9', 'x{a="2"} 0+2x9'],
    query: "x",
    fallsBack: false,
    want: ['{__name__="x", a="1"}', '{__name__="x", a="2"}'],
  },
  {
    name: "a label set is in two parts",
    parts: ['x{a="1"} 0+1x4', 'x{a="1"} _x5 5+1x4\nx{a="2"} 1x9'],
    query: "sum by (a) (x)",
    fallsBack: true,
    want: ['{a="1"}', '{a="2"}'],
  },
  {
    name: "a label set is in two parts whose samples are not read from both",
    parts: ['x{a="1"} 0 _x9', 'x{a="1"} _x9 5'],
    query: "x",
    fallsBack: false,
    want: ['{__name__="x", a="1"}'],
  },
  {
    name: "a part has histograms",
    parts: ['x{a="1"} 0+1x9', `x{a="2"} ${HISTOGRAM}`],
    query: "sum by (a) (rate(x[5m]))",
    fallsBack: false,
    want: ['{a="1"}', '{a="2"}'],
  },
  {
    name: "a group has floats in one part and histograms in another",
    parts: ['x{a="1"} 0+1x9', `x{a="2"} ${HISTOGRAM}`],
    query: "sum(rate(x[5m]))",
    fallsBack: false,
    want: [],
  },
  {
    name: "a part of a mean has histograms",
    parts: [`x{a="1"} ${HISTOGRAM}`, `x{a="2"} ${HISTOGRAM}\nx{a="3"} ${HISTOGRAM}`],
    query: "avg(rate(x[5m]))",
    fallsBack: false,
    want: ["{}"],
  },
  {
    name: "exponential and custom buckets meet in a sum in one part",
    parts: [`x{a="1"} ${HISTOGRAM}\nx{a="2"} ${CUSTOM}`, `x{a="3"} ${HISTOGRAM}`],
    query: "sum(x)",
    fallsBack: true,
    want: [],
  },
  {
    name: "exponential and custom buckets meet in a sum across parts",
    parts: [`x{a="1"} ${HISTOGRAM}`, `x{a="2"} ${CUSTOM}`],
    query: "sum(x)",
    fallsBack: true,
    want: [],
  },
  {
    name: "zero buckets of different widths meet in a sum across parts",
    parts: [`x{a="1"} ${HISTOGRAM}`, 'x{a="2"} {{schema:0 count:4 sum:8 z_bucket_w:1 buckets:[1 2 1]}}x9'],
    query: "sum(x)",
    fallsBack: true,
    want: ["{}"],
  },
  {
    name: "custom bounds differ across parts",
    parts: [
      `x{a="1"} ${CUSTOM}`,
      'x{a="2"} {{schema:-53 count:4 sum:8 custom_values:[2 9] buckets:[1 2 1]}}x9',
    ],
    query: "sum(x)",
    fallsBack: false,
    want: ["{}"],
  },
  {
    name: "each histogram has a quantile",
    parts: [`x{a="1"} ${HISTOGRAM}`, `x{a="2"} ${CUSTOM}`],
    query: "histogram_quantile(0.5, rate(x[5m]))",
    fallsBack: false,
    want: ['{a="1"}', '{a="2"}'],
  },
  {
    name: "a sum is of counts of histograms of two names",
    parts: [`x{a="1"} ${HISTOGRAM}`, `y{a="2"} ${HISTOGRAM}`],
    query: 'sum(histogram_count({__name__=~"x|y"}))',
    fallsBack: false,
    want: ["{}"],
  },
  {
    name: "histograms and floats that lost their names are the same",
    parts: [`x{a="1"} ${HISTOGRAM}`, 'y{a="1"} 0+1x9'],
    query: 'histogram_count(rate({__name__=~"x|y"}[5m]))',
    fallsBack: false,
    want: "ExecutionError: vector cannot contain metrics with the same labelset",
  },
  {
    name: "each part has whole classic histograms",
    parts: [
      'x{a="1", le="1"} 0+1x9\nx{a="1", le="+Inf"} 0+2x9',
      'x{a="2", le="+Inf"} 0+2x9\nx{a="2", le="2"} 0+1x9',
    ],
    query: "histogram_quantile(0.5, rate(x[5m]))",
    fallsBack: false,
    want: ['{a="1"}', '{a="2"}'],
  },
  {
    name: "quantiles of classic histograms are filtered and added up",
    parts: [
      'x{a="1", le="1"} 0+1x9\nx{a="1", le="+Inf"} 0+2x9',
      'x{a="2", le="+Inf"} 0+2x9\nx{a="2", le="2"} 0+1x9',
    ],
    query: "sum by (a) (histogram_quantile(0.5, x) * 2 > 3)",
    fallsBack: false,
    want: ['{a="2"}'],
  },
  {
    name: "the best of quantiles are chosen",
    parts: [
      'x{a="1", le="1"} 0+1x9\nx{a="1", le="+Inf"} 0+2x9',
      'x{a="2", le="+Inf"} 0+2x9\nx{a="2", le="2"} 0+1x9',
    ],
    query: "topk(1, histogram_fraction(0, 1, x))",
    fallsBack: false,
    want: ['{a="1"}'],
  },
  {
    name: "buckets of a classic histogram are in different parts",
    parts: ['x{le="1"} 0+1x9', 'x{le="+Inf"} 0+2x9'],
    query: "histogram_quantile(0.5, rate(x[5m]))",
    fallsBack: false,
    want: ["{}"],
  },
  {
    name: "buckets have no +Inf, or fall with rising bounds",
    parts: [
      'x{a="1", le="1"} 0+1x9\nx{a="1", le="4"} 0+2x9',
      'x{a="2", le="2"} 0+9x9\nx{a="2", le="+Inf"} 0+3x9',
    ],
    query: "histogram_quantile(0.5, x)",
    fallsBack: false,
    want: ['{a="1"}', '{a="2"}'],
  },
  {
    name: "buckets have equal bounds, or come and go",
    parts: [
      'x{a="1", le="1"} 0+1x9\nx{a="1", le="1.0"} 0+1x9\nx{a="1", le="Inf"} 0+5x9',
      'x{a="2", le="1"} 0+1x7 stale\nx{a="2", le="2"} _x8 9\nx{a="2", le="+Inf"} 0+4x9',
    ],
    query: "histogram_quantile(0.5, x)",
    fallsBack: false,
    want: ['{a="1"}', '{a="2"}'],
  },
  {
    name: "bounds are missing or no numbers",
    parts: ['x{a="1"} 0+1x9\nx{a="1", le="+Inf"} 0+2x9', 'x{a="2", le="much"} 0+2x9'],
    query: "histogram_quantile(0.5, x)",
    fallsBack: false,
    want: ['{a="1"}'],
  },
  {
    name: "classic histograms of two names lose them and become the same",
    parts: ['x{le="1"} 0+1x9\nx{le="+Inf"} 0+2x9\ny{le="+Inf"} 0+2x9', ""],
    query: 'histogram_quantile(0.5, {__name__=~"x|y"})',
    fallsBack: false,
    want: "ExecutionError: vector cannot contain metrics with the same labelset",
  },
  {
    name: "classic histograms of two names lose them and become the same across parts",
    parts: ['x{le="1"} 0+1x9\nx{le="+Inf"} 0+2x9', 'y{le="+Inf"} 0+2x9'],
    query: 'histogram_quantile(0.5, {__name__=~"x|y"})',
    fallsBack: false,
    want: "ExecutionError: vector cannot contain metrics with the same labelset",
  },
  {
    name: "a classic and a native histogram of other labels are in one part",
    parts: [`x{a="1", le="1"} 0+1x9\nx{a="1", le="+Inf"} 0+2x9\nx{a="2"} ${HISTOGRAM}`, ""],
    query: "histogram_quantile(0.5, x)",
    fallsBack: false,
    want: ['{a="1"}', '{a="2"}'],
  },
  {
    name: "a classic and a native histogram of the same labels are in one part",
    parts: [`x{a="1", le="1"} 0+1x9\nx{a="1", le="+Inf"} 0+2x9\nx{a="1"} ${HISTOGRAM}`, ""],
    query: "histogram_quantile(0.5, x)",
    fallsBack: false,
    want: [],
  },
  {
    name: "a bucket becomes a native histogram",
    parts: ['x{le="1"} 0+1x8 {{schema:0 count:4 sum:8 buckets:[1 2 1]}}\nx{le="+Inf"} 0+2x9', ""],
    query: "histogram_quantile(0.5, x)",
    fallsBack: false,
    want: ['{le="1"}', "{}"],
  },
  {
    name: "a function of native histograms is over buckets",
    parts: ['x{le="1"} 0+1x9\nx{le="+Inf"} 0+2x9', ""],
    query: "histogram_count(x)",
    fallsBack: false,
    want: [],
  },
  {
    name: "a classic and a native histogram of the same labels are in different parts",
    parts: ['x{a="1", le="+Inf"} 0+1x9', `x{a="1"} ${HISTOGRAM}`],
    query: "histogram_quantile(0.5, rate(x[5m]))",
    fallsBack: false,
    want: [],
  },
  {
    name: "histograms are in parts that matchers leave out",
    parts: ['x{a="1"} 0+1x9', `x{a="2"} ${HISTOGRAM}`],
    query: 'x{a="1"}',
    fallsBack: false,
    want: ['{__name__="x", a="1"}'],
  },
  {
    name: "names are dropped from series of several names in a part",
    parts: ['x{a="1"} 0+1x9\ny{a="2"} 0+1x9', ""],
    query: 'rate({__name__=~"x|y"}[5m])',
    fallsBack: false,
    want: ['{a="1"}', '{a="2"}'],
  },
  {
    name: "names are dropped from series that become the same across parts",
    parts: ['x{a="1"} 0+1x9', 'y{a="1"} 0+1x9'],
    query: 'rate({__name__=~"x|y"}[5m])',
    fallsBack: false,
    want: "ExecutionError: vector cannot contain metrics with the same labelset",
  },
  {
    name: "names are dropped from series that become the same across parts but never meet",
    parts: ['x{a="1"} 0+1x3 stale', 'y{a="1"} _x7 0+1x2'],
    query: 'last_over_time({__name__=~"x|y"}[1m]) + 0',
    fallsBack: false,
    want: ['{a="1"}'],
  },
  {
    name: "a sum is of one name in each part but of two in all",
    parts: ['x{a="1"} 0+1x9', 'y{a="2"} 0+1x9'],
    query: 'sum(rate({__name__=~"x|y"}[5m]))',
    fallsBack: true,
    want: ["{}"],
  },
  {
    name: "a sum is of two names in one part",
    parts: ['x{a="1"} 0+1x9\ny{a="2"} 0+1x9', ""],
    query: 'sum(rate({__name__=~"x|y"}[5m]))',
    fallsBack: true,
    want: ["{}"],
  },
  {
    name: "a sum is of two names that would be the same",
    parts: ['x{a="1"} 0+1x9', 'y{a="1"} 0+1x9'],
    query: 'sum(rate({__name__=~"x|y"}[5m]))',
    fallsBack: true,
    want: "ExecutionError: vector cannot contain metrics with the same labelset",
  },
  {
    name: "a sum is of several names that are not dropped",
    parts: ['x{a="1"} 0+1x9', 'y{a="1"} 0+1x9'],
    query: 'sum by (__name__) ({__name__=~"x|y"})',
    fallsBack: false,
    want: ['{__name__="x"}', '{__name__="y"}'],
  },
  {
    name: "types are told apart by what a sum drops",
    parts: ['x_total{a="1", __type__="counter"} 0+1x9', 'x_total{a="1", __type__="gauge"} 0+1x9'],
    query: "sum(rate(x_total[5m]))",
    fallsBack: true,
    want: "ExecutionError: vector cannot contain metrics with the same labelset",
  },
  {
    name: "units are dropped from series of different label sets",
    parts: ['x_total{a="1", __unit__="s"} 0+1x9', 'x_total{a="2", __unit__="s"} 0+1x9'],
    query: "rate(x_total[5m])",
    fallsBack: false,
    want: ['{a="1"}', '{a="2"}'],
  },
  {
    name: "a sum is by a label that is dropped before it",
    parts: ['x{a="1"} 0+1x9', 'x{a="2"} 0+1x9'],
    query: "sum by (__name__) (rate(x[5m]))",
    fallsBack: false,
    want: ["{}"],
  },
  {
    name: "times are of several names",
    parts: ['x{a="1"} 0+1x9', 'y{a="1"} 0+1x9'],
    query: 'timestamp({__name__=~"x|y"})',
    fallsBack: false,
    want: "ExecutionError: vector cannot contain metrics with the same labelset",
  },
  {
    name: "a filter leaves out what would be the same",
    parts: ['x{a="1"} 0+1x9', 'y{a="1"} 5x9'],
    query: 'rate({__name__=~"x|y"}[5m]) > 0',
    fallsBack: false,
    want: "ExecutionError: vector cannot contain metrics with the same labelset",
  },
  {
    name: "a filter keeps the names of several metrics",
    parts: ['x{a="1"} 0+1x9\nz{a="1"} 0x9', 'y{a="1"} 5x9'],
    query: '{__name__=~"x|y|z"} > 0',
    fallsBack: false,
    want: ['{__name__="x", a="1"}', '{__name__="y", a="1"}'],
  },
  {
    name: "a comparison to 0 and 1 drops the names of several metrics",
    parts: ['x{a="1"} 0+1x9', 'y{a="1"} 5x9'],
    query: '{__name__=~"x|y"} > bool 0',
    fallsBack: false,
    want: "ExecutionError: vector cannot contain metrics with the same labelset",
  },
  {
    name: "a sum is of multiples of two names",
    parts: ['x{a="1"} 0+1x9', 'y{a="2"} 5x9'],
    query: 'sum({__name__=~"x|y"} * 2)',
    fallsBack: false,
    want: ["{}"],
  },
  {
    name: "the best elements are equal across parts",
    parts: ['x{a="1"} 5x9\nx{a="4"} 5x9', 'x{a="2"} 5x9\nx{a="3"} 7x9'],
    query: "topk(2, x)",
    fallsBack: false,
    want: ['{__name__="x", a="2"}', '{__name__="x", a="3"}'],
  },
  {
    name: "the best elements are equal, and a label comes before the name that they lost",
    parts: ["x_total 0+1x9", 'x_total{A="1"} 0+1x9'],
    query: "topk(1, rate(x_total[2m]))",
    fallsBack: false,
    want: ["{}"],
  },
  {
    name: "the best elements of each group are histograms or floats",
    parts: [`x{a="1"} ${HISTOGRAM}`, 'x{a="1", b="1"} 1x9\nx{a="2"} 3x9'],
    query: "bottomk by (a) (1, x)",
    fallsBack: false,
    want: ['{__name__="x", a="1", b="1"}', '{__name__="x", a="2"}'],
  },
  {
    name: "the best elements are of two names that are dropped",
    parts: ['x{a="1"} 0+1x9', 'y{a="2"} 0+2x9'],
    query: 'topk(1, rate({__name__=~"x|y"}[2m]))',
    fallsBack: false,
    want: ['{a="2"}'],
  },
  {
    name: "histograms are compared in one part, floats in another",
    parts: ['x{a="1"} 0+1x9', `x{a="2"} ${HISTOGRAM}`],
    query: "count by (a) (x > 1)",
    fallsBack: false,
    want: ['{a="1"}'],
  },
  { name: "all parts are empty", parts: ["", ""], query: "sum(rate(x[5m]))", fallsBack: false, want: [] },
  {
    name: "one part is empty",
    parts: ["", 'x{a="1"} 0+1x9'],
    query: "sum(rate(x[5m]))",
    fallsBack: false,
    want: ["{}"],
  },
  {
    name: "all series end before the query",
    parts: ['x{a="1"} 0 1 stale', 'x{a="2"} 0 stale'],
    query: "count(x)",
    fallsBack: false,
    want: [],
  },
  {
    name: "series of a part have samples at different steps",
    parts: ['x{a="1"} 0+1x7 stale\nx{a="2"} _x8 1x9', ""],
    query: "count(rate(x[2m]) or x) + count(x)",
    fallsBack: false,
    want: ["{}"],
  },
  {
    name: "there are signs and parentheses around what is summed",
    parts: ['x{a="1"} 0+1x9', 'x{a="2"} 0+1x9'],
    query: "sum(+(rate(((x[5m])))))",
    fallsBack: false,
    want: ["{}"],
  },
  {
    name: "only the label sets differ, by where a value ends",
    parts: ['x{a="1:2", b="3"} 0+1x9', 'x{a="1", b="2:3"} 0+1x9'],
    query: "count by (a, b) (x)",
    fallsBack: false,
    want: ['{a="1", b="2:3"}', '{a="1:2", b="3"}'],
  },
];

for (const { name, parts: texts, query, fallsBack, want } of CASES) {
  Deno.test(`parts ${fallsBack ? "give samples" : "evaluate"} where ${name}`, async () => {
    const parts = await Parts.ofTexts(...texts);
    const ask = (isEvaluating: boolean) =>
      outcomeOf(() =>
        engine.range(
          isEvaluating ? parts.evaluating : { select: (request) => parts.select(request) },
          query,
          7 * MINUTE,
          9 * MINUTE,
          MINUTE,
        )
      );
    const got = await ask(true);
    assert.equal(parts.selects > 0, fallsBack);
    assertSameOutcome(got, await ask(false), 1e-9);
    assert.deepEqual(got.error ?? [...got.series.keys()].sort(), want);
  });
}

Deno.test("scalar arguments are evaluated once where parts evaluate the call", async () => {
  const parts = await Parts.ofTexts('x{a="1"} 0+1x9\nq 0.5x9', 'x{a="2"} 0+2x9');
  const query = "sum(quantile_over_time(scalar(q), x[5m]))";
  const want = await outcomeOf(() =>
    engine.instant({ select: (request) => parts.select(request) }, query, 9 * MINUTE)
  );
  assertSameOutcome(await outcomeOf(() => engine.instant(parts.evaluating, query, 9 * MINUTE)), want, 1e-9);
});

Deno.test("scalar arguments are counted once where the call falls back", async () => {
  const parts = await Parts.ofTexts(`x{a="1"} ${HISTOGRAM}`, "q 0.5x9");
  const query = "sum(predict_linear(x[5m], scalar(q)))";
  const want = await outcomeOf(() =>
    engine.instant({ select: (request) => parts.select(request) }, query, 9 * MINUTE)
  );
  assertSameOutcome(await outcomeOf(() => engine.instant(parts.evaluating, query, 9 * MINUTE)), want);
});

Deno.test("where a chain of operators comes back, only the series that it is over are tried again", async () => {
  const parts = await Parts.ofTexts('x{a="1"} 0+1x4', 'x{a="1"} _x5 5+1x4');
  const query = "1 + x * 2 - time() > 0";
  const want = await outcomeOf(() =>
    engine.instant({ select: (request) => parts.select(request) }, query, 6 * MINUTE)
  );
  assertSameOutcome(await outcomeOf(() => engine.instant(parts.evaluating, query, 6 * MINUTE)), want);
  assert.equal(parts.results.length, 2);
});

Deno.test("parts give no more series than may be among the best, and none that a filter leaves out", async () => {
  const lines = (from: number) => Array.from({ length: 50 }, (_, i) => `x{a="${from + i}"} ${from - i}x9`);
  const parts = await Parts.ofTexts(lines(100).join("\n"), lines(200).join("\n"));
  const given = async (query: string) => {
    await engine.range(parts.evaluating, query, 0, 9 * MINUTE, MINUTE);
    return parts.results.at(-1)!.map((result) => result.kind === "rows" ? result.rows.count : -1);
  };
  assert.deepEqual(await given("topk(3, x)"), [3, 3]);
  assert.deepEqual(await given("x > 98"), [2, 50]);
  assert.deepEqual(await given("x"), [50, 50]);
});

Deno.test("counts that fall with rising bounds are remarked on over all parts", async () => {
  const parts = await Parts.ofTexts(
    'x{a="1", le="1"} 8x9\nx{a="1", le="+Inf"} 3x9',
    'x{a="2", le="2"} 7x9\nx{a="2", le="4"} 5x6\nx{a="2", le="+Inf"} 9x9',
  );
  const { infos } = await engine.range(
    parts.evaluating,
    "histogram_quantile(0.5, x)",
    5 * MINUTE,
    9 * MINUTE,
    MINUTE,
  );
  assert.deepEqual(parts.lastKinds, ["rows", "rows"]);
  assert.equal(infos.length, 1);
  assert.match(infos[0]!, /, from buckets 4 to \+Inf, with a max diff of 5, over 10 samples from /);
});

Deno.test("quantiles of buckets that are in several parts are not left to the parts again for a while", async () => {
  let nowMs = 0;
  const engine = new Engine({ now: () => nowMs });
  const parts = await Parts.ofTexts('x{le="1"} 0+1x9', 'x{le="+Inf"} 0+2x9\ny{le="+Inf"} 0+2x9');
  const { evaluating } = parts;
  const fragments = async (query: string) => {
    const before = parts.results.length;
    await engine.instant(evaluating, query, 9 * MINUTE);
    return parts.results.length - before;
  };
  assert.equal(await fragments("histogram_quantile(0.5, x)"), 2);
  assert.equal(await fragments("histogram_quantile(0.9, rate(x[5m])) > 1"), 1);
  assert.equal(await fragments("histogram_quantile(0.5, y)"), 1);
  nowMs = 11 * MINUTE;
  assert.equal(await fragments("histogram_quantile(0.5, x)"), 2);
});
