import assert from "node:assert/strict";
import { Engine } from "../../../engine/promql/engine.ts";
import { errorTypeOf } from "../../../engine/promql/query_errors.ts";
import { MINUTE, seriesOf, storeOf } from "./_series.ts";

const store = storeOf([seriesOf({ __name__: "up", job: "a".repeat(5000), "größe": "1" }, [1, 2, 3])]);
const engine = new Engine({ now: () => performance.now() });

/** Text that is meant to exhaust a parser or a matcher. Each has to end soon, in a result or a refusal. */
const TEXTS: readonly { name: string; query: string; error?: "bad_data" | "execution" }[] = [
  {
    name: "10,000 nested parentheses",
    query: "(".repeat(10_000) + "1" + ")".repeat(10_000),
  },
  {
    name: "10,000 nested parentheses with operators between them",
    query: "(1+".repeat(10_000) + "1" + ")".repeat(10_000),
    error: "bad_data",
  },
  { name: "10,000 open parentheses", query: "(".repeat(10_000), error: "bad_data" },
  { name: "10,000 minus signs before a number", query: "-".repeat(10_000) + "1" },
  { name: "10,000 minus signs", query: "-".repeat(10_000) + "up", error: "bad_data" },
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
