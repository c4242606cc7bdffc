import assert from "node:assert/strict";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { AnchoredRegexp, compileRegexp, RegexpSyntaxError } from "../../../engine/labels/regexp.ts";
import { shapeOf } from "../../../engine/labels/regexp_shape.ts";

const re2 = (pattern: string) => RE2JS.compile(pattern, RE2JS.DOTALL);

const PATTERNS = [
  "",
  "foo",
  "^foo$",
  "^foo|bar$",
  "^$",
  "(a$|b)c",
  "(^a|b)c?",
  "(?:a$)",
  "(foo|bar)",
  "(?:a|b)(?:c|d)?",
  "foo.*",
  ".*foo",
  ".*foo.*",
  ".*foo.*bar.*",
  ".+foo.+",
  "foo\n.+",
  ".*",
  ".+",
  ".+?",
  ".?",
  ".*.*",
  ".+.+",
  ".*.+",
  "(.*)(.+)x",
  "((.*))o((.*))o",
  "(?s:.*)",
  "(?P<n>foo)|(?<m>bar)",
  "10\\.0\\.(1|2)\\.+",
  "10\\.0\\.(1|2).+",
  ".*-.*-.*",
  ".+-.*-.+",
  "(?i)foo",
  "(?i:foo|sk)",
  "(?i:fo)o",
  "(?i)k.*",
  ".*(?i:sk)",
  "(?i)1é",
  "é(?i:k)",
  "foo[0-9]",
  "foo[a-c-]?",
  "[--0]",
  "[^f]oo",
  "foo[\\w.]+",
  "foo-\\d+",
  "foo-\\d{2}",
  "fo{2}",
  "fo+",
  "foo?",
  "a?b?c?",
  "a|",
  "|a",
  "()",
  "x*",
  "(?:foo)+",
  "😀?foo",
  ".+oo",
  "a(?i)*",
  "\\Qa.b\\E",
  "\\bfoo\\b",
  "\\Afoo\\z",
  "(?m)^foo$",
  "(?-s).*",
  "(?U)a+",
  "\\pL+",
  "[[:alpha:]]+",
  "[]a]",
  "a{,5}",
  "{a",
  "a]}",
  "\\-\\_\\/",
];

const VALUES = [
  ..."foo|bar|bfoo|foo\n|\nfoo|FOO|Foo|k|K|\u212a|sk|ſk|aSK|xoo|oo|fo|f|a|b|c|ac|bd|abc|ab|-|0|.|foo1|foo-12|foo-1"
    .split(
      "|",
    ),
  "",
  "\n",
  "😀",
  "😀foo",
  "xfoo barx",
  "hello foo\nbar",
  "10.0.1.20",
  "10.0.2...",
  "a-b-c",
  "--",
  "1é",
  "1É",
  "ék",
  "éK",
  "a.b",
  "a]}",
  "-_/",
  "a{,5}",
  "{a",
  "fooc",
  "foo-",
  "foo\nx",
  "foobar",
];

for (const pattern of PATTERNS) {
  Deno.test(`compileRegexp(${JSON.stringify(pattern)}) matches as RE2 does`, () => {
    const matcher = compileRegexp(pattern), reference = re2(pattern);
    for (const value of VALUES) assert.equal(matcher.matches(value), reference.matches(value), value);
  });
}

/** Pieces of syntax, valid and not; joined at random they reach every branch of the analysis. */
const TOKENS = [
  ..."a|b|k|S|1|é|😀|\n| |,|-|.|.*|.+|.?|?|*|+|*?|^|$|(|)|(?:|(?i)|(?i:|(?s)|(?P<n>|[ab]|[a-c]|[^a]|[k-]|[|]|\\.|\\d|\\||\\b|{2}|{|}|:"
    .split("|"),
  "|",
];
const anyPattern = fc.array(fc.constantFrom(...TOKENS), { maxLength: 9 }).map((tokens) => tokens.join(""));

/** Valid patterns, so that nesting is deep and few are refused. */
const validPattern = fc.letrec<{ alt: string; seq: string; item: string; atom: string }>((tie) => ({
  alt: fc.array(tie("seq"), { minLength: 1, maxLength: 3, depthIdentifier: "d" }).map((parts) =>
    parts.join("|")
  ),
  seq: fc.array(tie("item"), { maxLength: 4, depthIdentifier: "d" }).map((parts) => parts.join("")),
  item: fc.tuple(tie("atom"), fc.constantFrom("", "", "", "", "?", "*", "+", "??")).map((pair) =>
    pair.join("")
  ),
  atom: fc.oneof(
    { depthIdentifier: "d", maxDepth: 4 },
    fc.constantFrom("a", "b", "k", "S", "1", "😀", "[ab]", "[^a]", "\\.", "."),
    fc.constantFrom("a", "b", "[ab]", "\\."),
    fc.tuple(fc.constantFrom("(", "(?:", "(?i:", "(?s:"), tie("alt")).map(([open, body]) =>
      `${open}${body})`
    ),
  ),
})).alt;

const anyValue = fc.array(
  fc.constantFrom(
    "a",
    "b",
    "c",
    "k",
    "K",
    "s",
    "S",
    "ſ",
    "\u212a",
    "1",
    "é",
    "😀",
    "\n",
    " ",
    ".",
    "-",
    "|",
    "{",
  ),
  { maxLength: 7 },
).map((chars) => chars.join(""));

function agreesWithRe2(pattern: string, values: readonly string[]): void {
  let reference: RE2JS;
  try {
    reference = re2(pattern);
  } catch {
    assert.throws(() => compileRegexp(pattern), RegexpSyntaxError);
    return;
  }
  const matcher = compileRegexp(pattern);
  for (const value of [...values, ...matcher.literals ?? []]) {
    const want = reference.matches(value);
    assert.equal(matcher.matches(value), want, `/${pattern}/ on ${JSON.stringify(value)}`);
    if (!want) continue;
    assert.ok(value.startsWith(matcher.prefix), `prefix of /${pattern}/ on ${JSON.stringify(value)}`);
    assert.ok(matcher.literals === undefined || matcher.literals.includes(value));
  }
  for (const value of matcher.literals ?? []) assert.ok(reference.matches(value));
}

Deno.test("compileRegexp() agrees with plain RE2 for any tokens", () => {
  fc.assert(fc.property(anyPattern, fc.array(anyValue, { maxLength: 6 }), agreesWithRe2), { numRuns: 4_000 });
});

Deno.test("compileRegexp() agrees with plain RE2 for any valid pattern", () => {
  fc.assert(fc.property(validPattern, fc.array(anyValue, { maxLength: 6 }), agreesWithRe2), {
    numRuns: 4_000,
  });
});

Deno.test("compileRegexp() accepts exactly what RE2 accepts for any text", () => {
  fc.assert(fc.property(fc.string({ maxLength: 12 }), anyValue, (p, v) => agreesWithRe2(p, [v])), {
    numRuns: 2_000,
  });
});

Deno.test.each([
  { pattern: "", literals: [""], prefix: "" },
  { pattern: "foo", literals: ["foo"], prefix: "foo" },
  { pattern: "^foo$", literals: ["foo"], prefix: "foo" },
  { pattern: "a|b|a", literals: ["a", "b"], prefix: "" },
  { pattern: "api-(get|put|post)", literals: ["api-get", "api-put", "api-post"], prefix: "api-" },
  { pattern: "(a|b)(c|d)", literals: ["ac", "ad", "bc", "bd"], prefix: "" },
  { pattern: "foo[1-3]?", literals: ["foo1", "foo2", "foo3", "foo"], prefix: "foo" },
  { pattern: "foo.*", literals: undefined, prefix: "foo" },
  { pattern: "foo-(a|b)+", literals: undefined, prefix: "foo-" },
  { pattern: "fooa.*|foob", literals: undefined, prefix: "foo" },
  { pattern: "node-\\d+", literals: undefined, prefix: "node-" },
  { pattern: "(?i)foo", literals: undefined, prefix: "" },
  { pattern: "😀|😁", literals: ["😀", "😁"], prefix: "" },
])("compileRegexp() knows literals and prefix of /$pattern/", ({ pattern, literals, prefix }) => {
  const matcher = compileRegexp(pattern);
  assert.deepEqual(matcher.literals, literals);
  assert.equal(matcher.prefix, prefix);
});

Deno.test.each([
  { pattern: "a(", message: "missing closing ): `a(`" },
  { pattern: "a)", message: "unexpected ): `a)`" },
  { pattern: "*", message: "missing argument to repetition operator: `*`" },
  { pattern: "a**", message: "invalid nested repetition operator: `**`" },
  { pattern: "[a", message: "missing closing ]: `[a`" },
  { pattern: "[z-a]", message: "invalid character class range: `z-a`" },
  { pattern: "a\\", message: "trailing backslash at end of expression: ``" },
  { pattern: "\\q", message: "invalid escape sequence: `\\q`" },
  { pattern: "(?=a)", message: "invalid or unsupported Perl syntax: `(?=`" },
  { pattern: "(?P<n>a)(?P<n>b)", message: "duplicate capture group name: `n`" },
  { pattern: "a{1001}", message: "invalid repeat count: `{1001}`" },
  { pattern: "($&", message: "missing closing ): `($&`" },
])("compileRegexp() refuses /$pattern/ with Go's words", ({ pattern, message }) => {
  assert.throws(() => compileRegexp(pattern), {
    name: "RegexpSyntaxError",
    message: "error parsing regexp: " + message,
  });
});

Deno.test.each([
  { name: "nested counts", pattern: "(x{1000}){1000}" },
  { name: "counts in a row", pattern: "x{1000}{1000}" },
  { name: "counts three deep", pattern: "((a{100}){100}){100}" },
  { name: "100,000 open groups", pattern: "(".repeat(100_000) + ")".repeat(100_000) },
])("compileRegexp() refuses $name", ({ pattern }) => {
  assert.throws(() => compileRegexp(pattern), RegexpSyntaxError);
});

Deno.test("compileRegexp() matches in linear time where a backtracking engine hangs", () => {
  const value = "a".repeat(20_000);
  for (const pattern of ["(a+a+)+y", "(a|a)*b", "(.*)(.*)(.*)(.*)(.*)x", "(a*)*b", ".*a.*a.*a.*a.*b"]) {
    assert.equal(compileRegexp(pattern).matches(value), false);
  }
});

Deno.test("compileRegexp() lists the literals of very long alternations", () => {
  const values = Array.from({ length: 100_000 }, (_, i) => `h${i}`);
  const matcher = compileRegexp(values.join("|"));
  assert.deepEqual(matcher.literals, values);
  assert.deepEqual(["h99999", "h100000"].map((value) => matcher.matches(value)), [true, false]);
});

Deno.test("compileRegexp() gives up the analysis, not the answer, where alternatives multiply", () => {
  const pattern = "(a|b)".repeat(20);
  assert.equal(shapeOf(pattern).globs, undefined);
  assert.equal(compileRegexp(pattern).matches("ab".repeat(10)), true);
  assert.equal(compileRegexp(pattern).matches("ab".repeat(9)), false);
  const gaps = ".*a".repeat(1000);
  assert.equal(compileRegexp(gaps).matches("a".repeat(1000)), true);
  assert.equal(compileRegexp(gaps).matches("a".repeat(999)), false);
});

Deno.test("compileRegexp() keeps a long list of literals as a list", () => {
  const names = Array.from({ length: 3_000 }, (_, i) => `pod-${i}`);
  const matcher = compileRegexp(`(${names.join("|")})`);
  assert.deepEqual(matcher.literals, names);
  assert.equal(matcher.prefix, "pod-");
  assert.equal(matcher.matches("pod-2999"), true);
  assert.equal(matcher.matches("pod-3000"), false);
});

Deno.test.each([
  { pattern: "f(.*)", template: "ch$1-ch${1}", value: "foo", want: "choo-choo" },
  { pattern: "f(.*)", template: "$1x", value: "foo", want: "" },
  { pattern: "f(.*)", template: "${1}x", value: "foo", want: "oox" },
  { pattern: "f(.*)", template: "$0!", value: "foo", want: "foo!" },
  { pattern: "f(.*)", template: "$2$9999999999", value: "foo", want: "" },
  { pattern: "f(.*)", template: "$01", value: "foo", want: "" },
  { pattern: "f(.*)", template: "$$1 $", value: "foo", want: "$1 $" },
  { pattern: "f(.*)", template: "${1 ${} $- ${1-}", value: "foo", want: "${1 ${} $- ${1-}" },
  { pattern: "f(.*)", template: "$toString", value: "foo", want: "" },
  { pattern: "(?P<first>.)(?<rest>.*)", template: "$rest-${first}", value: "foo", want: "oo-f" },
  { pattern: "(?P<first>.)(?<rest>.*)", template: "$first_", value: "foo", want: "" },
  { pattern: "(a)|(b)", template: "[$1$2]", value: "b", want: "[b]" },
  { pattern: "(a|ab)(c|bcd)(d*)", template: "$1,$2,$3", value: "abcd", want: "a,bcd," },
  { pattern: "(.*?)(\\d*)", template: "$1 $2", value: "node42", want: "node 42" },
  { pattern: "(.*)", template: "<$1>", value: "a\nb", want: "<a\nb>" },
  { pattern: "(.+)", template: "<$1>", value: "", want: undefined },
  { pattern: "a", template: "b", value: "c", want: undefined },
  { pattern: "(?i)(F)oo", template: "$1", value: "fOO", want: "f" },
])("expand($template) of /$pattern/ on $value", ({ pattern, template, value, want }) => {
  assert.equal(new AnchoredRegexp(pattern).expand(template, value), want);
});

Deno.test("captures() is there exactly where matches() holds, and its groups are parts of the value", () => {
  fc.assert(
    fc.property(validPattern, anyValue, (pattern, value) => {
      const regexp = new AnchoredRegexp(pattern);
      const captures = regexp.captures(value);
      assert.equal(captures !== undefined, regexp.matches(value));
      assert.equal(captures?.[0] ?? value, value);
      for (const capture of captures ?? []) assert.ok(value.includes(capture));
    }),
    { numRuns: 1_000 },
  );
});
