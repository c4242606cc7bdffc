import assert from "node:assert/strict";
import { Engine } from "../../../engine/promql/engine.ts";
import { errorTypeOf } from "../../../engine/promql/query_errors.ts";
import { MINUTE, seriesOf, storeOf } from "./_series.ts";

const store = storeOf([seriesOf({ __name__: "up", job: "a".repeat(5000), "größe": "1" }, [1, 2, 3])]);
const engine = new Engine({ now: () => performance.now() });

/** `a0,a1,…` */
const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`).join();
/** `count` times `open`, then `inner`, then as often `close`. */
const nested = (count: number, open: string, inner: string, close: string) =>
  open.repeat(count) + inner + close.repeat(count);
/** `x @ 0 or x @ 1000 or …`, as a tree of little height. */
function balancedOr(from: number, to: number): string {
  if (to - from === 1) return `x @ ${1000 * from}`;
  const middle = (from + to) >> 1;
  return `(${balancedOr(from, middle)} or ${balancedOr(middle, to)})`;
}

/** Text that is meant to exhaust a parser or a matcher. Each has to end soon, in a result or a refusal. */
const TEXTS: readonly { name: string; query: string; error?: "bad_data" | "execution" }[] = [
  {
    name: "10,000 nested parentheses",
    query: nested(10_000, "(", "1", ")"),
  },
  {
    name: "10,000 nested parentheses with operators between them",
    query: nested(10_000, "(1+", "1", ")"),
  },
  { name: "20,000 nested calls", query: nested(20_000, "abs(", "up", ")") },
  { name: "20,000 nested aggregations", query: nested(20_000, "sum(", "up", ")") },
  { name: "5,000 nested subqueries", query: nested(5000, "max_over_time(", "up", "[1m:1m])") },
  { name: "20,000 alternatives", query: "up" + " or up".repeat(20_000) },
  { name: "a product of 20,000 numbers and a vector", query: "up" + " * 1".repeat(20_000) },
  { name: "a sum of 20,000 numbers, none of which is known before", query: "time()" + " + 1".repeat(20_000) },
  { name: "20,000 powers", query: "up" + " ^ up".repeat(20_000) },
  { name: "20,000 scalars of vectors", query: "up + " + nested(10_000, "scalar(vector(", "1", "))") },
  { name: "a window calculated in 10,000 parentheses", query: `up[${nested(10_000, "(1s+", "1s", ")")}]` },
  { name: "an offset calculated from 20,000 durations", query: `up offset (1s${" + 1ms".repeat(20_000)})` },
  { name: "1 MB of operators", query: "1" + "+1".repeat(1 << 19), error: "bad_data" },
  { name: "1 MB of calls", query: nested(1 << 18, "abs(", "up", ")"), error: "bad_data" },
  {
    name: "five runs of 400 parentheses inside each other",
    query: `${"(".repeat(400)}`.repeat(5) + "up" + `${")".repeat(400)}+1`.repeat(5),
  },
  {
    name: "60,000 labels to match on and 60,000 to copy",
    query: `up + on(${names("a", 60_000)}) group_left(${names("b", 60_000)}) y`,
  },
  {
    name: "60,000 labels to match on, the last of which is to be copied",
    query: `up + on(${names("a", 60_000)}) group_left(a59999) y`,
    error: "bad_data",
  },
  {
    name: "60,000 matchers on one side of an operator",
    query: `up and y{${Array.from({ length: 60_000 }, (_, i) => `l${i}="x"`).join()}}`,
  },
  {
    name: "30,000 matchers of labels that are grouped by",
    query: `up and on(${names("l", 30_000)}) sum by (${names("l", 30_000)}) (y{${
      Array.from({ length: 30_000 }, (_, i) => `l${i}="x"`).join()
    }})`,
  },
  { name: "5,000 times of one series", query: balancedOr(0, 5000) },
  { name: "10,000 open parentheses", query: "(".repeat(10_000), error: "bad_data" },
  { name: "10,000 minus signs before a number", query: "-".repeat(10_000) + "1" },
  { name: "10,000 minus signs", query: "-".repeat(10_000) + "up" },
  { name: "10,000 open braces", query: "{".repeat(10_000), error: "bad_data" },
  { name: "1 MB of one name", query: "u".repeat(1 << 20) },
  { name: "1 MB of blanks", query: " ".repeat(1 << 20) + "up" },
  { name: "1 MB of junk", query: "%".repeat(1 << 20), error: "bad_data" },
  { name: "1 MB in one string", query: `up{job="${"x".repeat(1 << 20)}"}` },
  { name: "a regex built to backtrack", query: 'up{job=~"(a+)+$|(a|aa)+b"}' },
  { name: "a regex with nested repeats", query: 'up{job=~"((a*)*)*b"}' },
  { name: "a repeat that is too large", query: 'up{job=~"(a{1000}){1000}"}', error: "bad_data" },
  { name: "a backreference", query: 'up{job=~"(a)\\\\1"}', error: "bad_data" },
  { name: "a label name beyond ASCII, quoted", query: '{"up", "größe"="1"}' },
  { name: "a label name beyond ASCII, bare", query: "up{größe='1'}", error: "bad_data" },
];

for (const { name, query, error } of TEXTS) {
  Deno.test(`bad input: ${name}`, async () => {
    const outcome = await engine.instant(store, query, 2 * MINUTE).then(() => undefined, errorTypeOf);
    assert.equal(outcome, error);
  });
}

Deno.test("a range that ends before it starts has no steps, and a step of 0 is refused", async () => {
  const { value } = await engine.range(store, "up", MINUTE, 0, MINUTE);
  assert.deepEqual(value, { type: "matrix", series: [] });
  assert.throws(() => engine.range(store, "up", 0, MINUTE, 0), {
    name: "BadQueryError",
    message: "zero or negative query resolution step widths are not accepted. Try a positive integer",
  });
});

Deno.test("a query in the year 10000 finds nothing", async () => {
  const { value } = await engine.instant(store, "up", Date.UTC(10_000, 0));
  assert.equal(value.type === "vector" && value.series.length, 0);
});
