import assert from "node:assert/strict";
import { Matcher, type MatchType } from "../../../engine/labels/matcher.ts";

Deno.test.each<{ type: MatchType; value: string; hits: string[]; misses: string[] }>([
  { type: "=", value: "bar", hits: ["bar"], misses: ["foo-bar", ""] },
  { type: "!=", value: "bar", hits: ["foo-bar", ""], misses: ["bar"] },
  { type: "=~", value: "bar", hits: ["bar"], misses: ["foo-bar", "bar\n"] },
  { type: "=~", value: ".*bar", hits: ["bar", "foo-bar", "\nbar"], misses: ["foo-foobarx"] },
  { type: "!~", value: "bar", hits: ["foo-bar", ""], misses: ["bar"] },
  { type: "!~", value: ".*bar.*", hits: ["foo", ""], misses: ["foo-bar", "bar\nfoo"] },
  { type: "=~", value: "$*bar", hits: ["bar"], misses: ["foo-bar"] },
  { type: "=~", value: "bar^+", hits: [], misses: ["bar", "foo-bar"] },
  { type: "=~", value: "$+bar", hits: [], misses: ["bar"] },
])("Matcher $type $value", ({ type, value, hits, misses }) => {
  const matcher = new Matcher(type, "label", value);
  for (const hit of hits) assert.equal(matcher.matches(hit), true, hit);
  for (const miss of misses) assert.equal(matcher.matches(miss), false, miss);
  assert.equal(matcher.matchesEmpty, matcher.matches(""));
});

Deno.test.each<
  { type: MatchType; value: string; literals: string[] | undefined; prefix: string; empty: boolean }
>([
  { type: "=", value: "a", literals: ["a"], prefix: "a", empty: false },
  { type: "=", value: "", literals: [""], prefix: "", empty: true },
  { type: "!=", value: "a", literals: undefined, prefix: "", empty: true },
  { type: "!=", value: "", literals: undefined, prefix: "", empty: false },
  { type: "=~", value: "a1|a2", literals: ["a1", "a2"], prefix: "a", empty: false },
  { type: "=~", value: "a|", literals: ["a", ""], prefix: "", empty: true },
  { type: "=~", value: "a.+", literals: undefined, prefix: "a", empty: false },
  { type: "!~", value: "a1|a2", literals: undefined, prefix: "", empty: true },
  { type: "!~", value: ".*", literals: undefined, prefix: "", empty: false },
])(
  "Matcher $type $value knows literals, prefix, matchesEmpty",
  ({ type, value, literals, prefix, empty }) => {
    const matcher = new Matcher(type, "label", value);
    assert.deepEqual(matcher.literals, literals);
    assert.equal(matcher.prefix, prefix);
    assert.equal(matcher.matchesEmpty, empty);
  },
);

Deno.test.each<{ type: MatchType; name: string; value: string; want: string }>([
  { type: "=", name: "foo", value: "bar", want: `foo="bar"` },
  { type: "!=", name: "foo", value: "bar", want: `foo!="bar"` },
  { type: "=~", name: "_f1", value: "b.*\n", want: `_f1=~"b.*\\n"` },
  { type: "!~", name: "1f", value: `"`, want: `"1f"!~"\\""` },
  { type: "=", name: "a:b", value: "é", want: `"a:b"="é"` },
  { type: "=", name: "", value: "", want: `""=""` },
  { type: "=", name: "utf-8.n\u00e4me", value: "\x01\u200b", want: `"utf-8.n\u00e4me"="\\x01\\u200b"` },
])("Matcher prints $want", ({ type, name, value, want }) => {
  assert.equal(new Matcher(type, name, value).toString(), want);
});

Deno.test("Matcher refuses an invalid regexp, and only there", () => {
  assert.throws(() => new Matcher("=~", "a", "a("), {
    name: "RegexpSyntaxError",
    message: "error parsing regexp: missing closing ): `a(`",
  });
  assert.equal(new Matcher("=", "a", "a(").matches("a("), true);
});
