import assert from "node:assert/strict";
import { Engine } from "../../../../engine/promql/engine.ts";
import { assertSameOutcome, outcomeOf } from "./_outcome.ts";
import { MINUTE, Parts } from "./_parts.ts";

/** So many steps of a second are evaluated in parts, whose columns are given back one after the other. */
const WINDOW = "[200000s:1s]";
const END_MS = 3400 * MINUTE;
const TEXTS = [
  'x{a="1"} 0+1x3400\nx{a="2"} 0+2x1000\nh{a="1"} {{count:2 sum:2 buckets:[1 1]}}+{{count:2 sum:2 buckets:[1 1]}}x3400',
  'x{a="3"} _x2000 5+1x1400\ny 1+0x3400\nh{a="2"} {{count:1 sum:2 buckets:[1]}}x3400',
];

for (
  const query of [
    `sum_over_time(x${WINDOW})`,
    `avg_over_time(rate(x[5m])${WINDOW})`,
    `max_over_time(sum by (a) (x)${WINDOW})`,
    `count_over_time((x > 100)${WINDOW})`,
    `count_over_time((x * on () group_left y)${WINDOW})`,
    `last_over_time((x + scalar(y))${WINDOW})`,
    `sum_over_time((x - scalar(sum(x @ 6000)))${WINDOW})`,
    `count_over_time((x or y)${WINDOW})`,
    `histogram_count(last_over_time(h${WINDOW}))`,
    `histogram_count(last_over_time((h @ 6000 and on () x{a="3"})${WINDOW}))`,
    `x${WINDOW}`,
  ]
) {
  Deno.test(`${query} is the same whether parts evaluate fragments or only give samples`, async () => {
    const engine = new Engine({ now: () => 0 });
    const parts = await Parts.ofTexts(...TEXTS);
    const whole = { select: parts.select.bind(parts) };
    const want = await outcomeOf(() => engine.instant(whole, query, END_MS));
    assertSameOutcome(await outcomeOf(() => engine.instant(parts.evaluating, query, END_MS)), want, 1e-12);
  });
}

Deno.test("series count as often as in the part that has most of them", async () => {
  const engine = new Engine({ now: () => 0, maxSeries: 3 });
  const parts = await Parts.ofTexts(...TEXTS);
  const { stats: { samples } } = await engine.instant(
    parts.evaluating,
    `count_over_time((x > scalar(sum(y @ 6000)))${WINDOW})`,
    END_MS,
  );
  assert.equal(samples.series, 3);
  const selects = parts.results.filter((results) => results.some((result) => result.kind === "rows"));
  assert.ok(selects.length > 4, "x is evaluated part by part");
});
