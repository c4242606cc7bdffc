import assert from "node:assert/strict";
import { parser } from "@prometheus-io/lezer-promql";
import { Lexer } from "../../../engine/promql/lexer.ts";
import { parseExpr } from "../../../engine/promql/parser.ts";
import { parseScript } from "../../conformance/promqltest/script.ts";
import { scriptFiles, UPSTREAM_SCRIPTS } from "../../conformance/promqltest/script_files.ts";
import { BAD_REQUESTS } from "../../integration/_bad_requests.ts";

const OPTIONS = {
  enableExperimentalFunctions: true,
  enableExtendedRangeSelectors: true,
  enableBinopFillModifiers: true,
};

/** Whether the grammar that editors use sees an error. */
function lezerRefuses(query: string): boolean {
  let refused = false;
  parser.parse(query).iterate({ enter: ({ type }) => void (refused ||= type.isError) });
  return refused;
}

/** Why the parser refuses a query; undefined where it does not. */
function refusalOf(query: string): string | undefined {
  try {
    parseExpr(query, OPTIONS);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What the parser accepts, as upstream's does, and the grammar of editors does not. */
const ONLY_PARSER: readonly { readonly why: string; readonly pattern: RegExp }[] = [
  { why: "min_of() and max_of() outside of durations", pattern: /\b(min_of|max_of)\s*\(/ },
  { why: "keywords of durations in other than lower case", pattern: /\bstep\s*\(\s*\)/i },
  { why: "numbers that end in a point", pattern: /\d\.(?!\d)/ },
  { why: "a metric called offset, alone or less or more something", pattern: /^offset( [-+]|$)/ },
  {
    why: "trees of any height, of which the grammar of editors gives up sooner",
    pattern: /([(-]|1\+|\(1-){1000}/,
  },
];

/** What the grammar of editors accepts: it does not look at types, values and what belongs together. */
const ONLY_LEZER: readonly { readonly why: string; readonly refusal: RegExp }[] = [
  {
    why: "types of arguments and operands",
    refusal: /expected type .* in|must contain only scalar and instant|only allowed (on|between|for)/,
  },
  {
    why: "types of operands",
    refusal: /comparisons between scalars must use BOOL|not allowed in binary scalar/,
  },
  { why: "numbers of arguments", refusal: /argument\(s\) in call to|arguments for aggregate expression/ },
  {
    why: "what a selector selects",
    refusal: /at least one non-empty matcher|metric name must not be set twice/,
  },
  {
    why: "what modifiers belong to",
    refusal:
      /must be preceded by an instant vector selector|modifier not implemented|may not be set multiple/,
  },
  {
    why: "how matching modifiers go together",
    refusal: /bool modifier can only be used|no grouping allowed for|must not occur in ON and GROUP/,
  },
  {
    why: "values of numbers and durations",
    refusal: /duration must be greater than 0|duration out of range|out of bounds for @|error parsing number/,
  },
  {
    why: "what is inside of strings",
    refusal: /error parsing regexp|escape sequence|invalid label name/,
  },
];

/** Queries with one token left out, twice, or exchanged with the next. */
function* mutantsOf(query: string): Generator<string> {
  const lexer = new Lexer(query), texts: string[] = [];
  try {
    for (let token = lexer.next(); token.type !== "eof"; token = lexer.next()) {
      texts.push(query.slice(token.start, token.end));
    }
  } catch { /* what comes before the text that is no token will do */ }
  for (let i = 0; i < texts.length; i++) {
    const [before, token, after] = [texts.slice(0, i), texts[i], texts.slice(i + 1)];
    yield [...before, ...after].join(" ");
    yield [...before, token, token, ...after].join(" ");
    if (after.length > 0) yield [...before, after[0], token, ...after.slice(1)].join(" ");
  }
}

const used = new Set<object>();

/** What one of the two accepts, the other does not, and no table explains. */
function differencesOf(queries: Iterable<string>): string[] {
  const differences: string[] = [];
  for (const query of queries) {
    const refusal = refusalOf(query);
    if ((refusal !== undefined) === lezerRefuses(query)) continue;
    const explanation = refusal === undefined
      ? ONLY_PARSER.find(({ pattern }) => pattern.test(query))
      : ONLY_LEZER.find((known) => known.refusal.test(refusal));
    if (explanation !== undefined) used.add(explanation);
    else differences.push(`${query.slice(0, 200)}: ${refusal ?? "only the parser accepts it"}`);
  }
  return differences;
}

/** Texts at the edges of the language. */
const EDGES: readonly string[] = [
  ..."1 .5 1e3 1E-3 0x1F 1_000 Inf nan -inf +1 --1 1h 1h30m 1y2w3d4h5m6s7ms 5m1h 'a' \"b\" `c` ''".split(" "),
  ...'up up{} {a="b"} up{a="b",} up{,} {"up"} {"up",a="b"} {"a.b"="c"} up{"a"!~"b"} :a a: a:b'.split(" "),
  ..."sum(a) sum(a)by(b) sum by(b)(a) sum without()(a) sum by(b,)(a) sum by(,)(a) count_values('a',b)".split(
    " ",
  ),
  ..."a[5m] a[5] a[5m:] a[5m:1m] a[5m:1] a[1m+1m] a[step()] a[5m][5m] (a)[5m:] a[5m:][5m:] a[] a[:]".split(
    " ",
  ),
  ...[
    "a offset 5m",
    "a offset -5m",
    "a offset (1m+1m)",
    "a offset 1m+1m",
    "a @ 1",
    "a @ -1.5",
    "a @ start()",
  ],
  ...["a @ end() offset 1m", "a offset 1m @ 1", "a @", "a offset", "a @ 1m", "a @ step()", "a @ +Inf"],
  ...[
    "a + b",
    "a + on(c) b",
    "a + on(c,) b",
    "a + ignoring() group_left(d) b",
    "a + group_left b",
    "a + on(c) group_right b",
  ],
  ...[
    "a == bool b",
    "a bool b",
    "a + bool b",
    "a and b",
    "a and on() group_left b",
    "a unless b or c",
    "a atan2 b",
  ],
  ...[
    "a + fill(1) b",
    "a + fill(-1) b",
    "a + fill_left(1) fill_right(2) b",
    "a + fill() b",
    "a + fill(b) c",
    "fill",
  ],
  ...[
    "a[5m] anchored",
    "a smoothed",
    "rate(a[5m] smoothed)",
    "a anchored[5m]",
    "anchored",
    "smoothed + anchored",
  ],
  ...[
    "a </ 1",
    "a >/ 1",
    "a < / 1",
    "a =< b",
    "a => b",
    "a = b",
    "a === b",
    "a != = b",
    "!a",
    "a ! b",
    "a ~ b",
  ],
  ...[
    "on",
    "by(a)",
    "bool",
    "offset",
    "and",
    "start",
    "end()",
    "sum",
    "sum{}",
    "group_left",
    "ignoring(a)",
    "sum sum",
  ],
  ...[
    "f()",
    "f(a)",
    "f(a,)",
    "f(,)",
    "f(a b)",
    "rate(a[5m])",
    "time()",
    "(a",
    "a)",
    "()",
    "((a))",
    "(a,b)",
    "{",
    "}",
  ],
  ...[
    "a # b",
    "# a",
    "a\n+\nb",
    "a;b",
    "a,b",
    "a b",
    "1 2",
    "a{b=c}",
    "a{b='c' d='e'}",
    "a{'b'}",
    "a{b}",
    "a.b",
    "é",
  ],
];

const files = scriptFiles([UPSTREAM_SCRIPTS]);
const corpus = new Set(
  files.flatMap((file) => parseScript(Deno.readTextFileSync(file)))
    .flatMap((command) => command.kind === "eval" ? [command.query] : []),
);

Deno.test("the grammar of editors accepts what the parser does, at the edges and of what is wrong", () => {
  const bad = BAD_REQUESTS.flatMap(({ params: { query } }) => query && query.length < 30_000 ? [query] : []);
  assert.deepEqual(differencesOf([...EDGES, ...EDGES.flatMap((text) => [...mutantsOf(text)]), ...bad]), []);
});

Deno.test({
  name: files.length > 0
    ? "the grammar of editors accepts what the parser does, of upstream's queries and all near them"
    : `the grammar of editors on upstream's queries: skipped, ${UPSTREAM_SCRIPTS} is absent`,
  ignore: files.length === 0,
  fn: () => {
    assert.ok(corpus.size > 1500, `only ${corpus.size} queries found`);
    assert.deepEqual(differencesOf(corpus), []);
    assert.deepEqual(differencesOf(new Set([...corpus].flatMap((query) => [...mutantsOf(query)]))), []);
    assert.deepEqual([...ONLY_PARSER, ...ONLY_LEZER].filter((known) => !used.has(known)), [], "of no use");
  },
});
