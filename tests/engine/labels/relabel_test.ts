import assert from "node:assert/strict";
import fc from "fast-check";
import { Labels } from "../../../engine/labels/labels.ts";
import { compileRelabelRule, relabel, type RelabelConfig } from "../../../engine/labels/relabel.ts";

type LabelRecord = Record<string, string>;

function run(input: LabelRecord, configs: RelabelConfig[], scheme: "utf8" | "legacy" = "utf8") {
  const rules = configs.map((config) => compileRelabelRule(config, scheme));
  return relabel(Labels.from(input), rules)?.toObject();
}

const abc = { a: "foo", b: "bar", c: "baz" };

Deno.test.each<{ name: string; input: LabelRecord; rules: RelabelConfig[]; want: LabelRecord | undefined }>([
  { name: "no rules", input: abc, rules: [], want: abc },
  {
    name: "replace with a group used twice",
    input: abc,
    rules: [{ sourceLabels: ["a"], regex: "f(.*)", targetLabel: "d", replacement: "ch${1}-ch${1}" }],
    want: { ...abc, d: "choo-choo" },
  },
  {
    name: "a rule that sees what the one before it wrote",
    input: abc,
    rules: [
      { sourceLabels: ["a", "b"], regex: "f(.*);(.*)r", targetLabel: "a", replacement: "b${1}${2}m" },
      { sourceLabels: ["c", "a"], regex: "(b).*b(.*)ba(.*)", targetLabel: "d", replacement: "$1$2$2$3" },
    ],
    want: { a: "boobam", b: "bar", c: "baz", d: "boooom" },
  },
  {
    name: "an own separator, and a missing label as empty",
    input: abc,
    rules: [{ sourceLabels: ["a", "nope", "b"], separator: "/", targetLabel: "d" }],
    want: { ...abc, d: "foo//bar" },
  },
  {
    name: "an empty separator",
    input: abc,
    rules: [{ sourceLabels: ["a", "b"], separator: "", targetLabel: "d" }],
    want: { ...abc, d: "foobar" },
  },
  {
    name: "replace without a match",
    input: { a: "boo" },
    rules: [{ sourceLabels: ["a"], regex: "f", targetLabel: "b", replacement: "bar" }],
    want: { a: "boo" },
  },
  {
    name: "replace of a part only: anchored, so no match",
    input: { a: "foo" },
    rules: [{ sourceLabels: ["a"], regex: "o", targetLabel: "a", replacement: "x" }],
    want: { a: "foo" },
  },
  {
    name: "replace with an empty result deletes the label that the template names",
    input: { a: "foo", f: "baz" },
    rules: [{ sourceLabels: ["a"], regex: "(f).*", targetLabel: "$1", replacement: "$2" }],
    want: { a: "foo" },
  },
  {
    name: "replace whose target expands to nothing",
    input: { a: "some-name-0" },
    rules: [{ sourceLabels: ["a"], regex: "some-([^-]+)-([^,]+)", replacement: "${1}", targetLabel: "${3}" }],
    want: { a: "some-name-0" },
  },
  {
    name: "a literal without sources",
    input: { a: "1" },
    rules: [{ targetLabel: "env", replacement: "prod" }],
    want: { a: "1", env: "prod" },
  },
  {
    name: "a deletion without sources",
    input: { a: "1" },
    rules: [{ targetLabel: "a", replacement: "" }],
    want: {},
  },
  {
    name: "regex: '' matching only the empty value",
    input: { a: "1" },
    rules: [
      { sourceLabels: ["a"], regex: "", targetLabel: "set", replacement: "x" },
      { sourceLabels: ["gone"], regex: "", targetLabel: "gone", replacement: "default" },
    ],
    want: { a: "1", gone: "default" },
  },
  {
    name: "dot matching a newline",
    input: { a: "line1\nline2" },
    rules: [{ sourceLabels: ["a"], regex: "line1.*line2", targetLabel: "d", replacement: "match${1}" }],
    want: { a: "line1\nline2", d: "match" },
  },
  {
    name: "named groups in target and replacement",
    input: { a: "line1\nline2" },
    rules: [{
      sourceLabels: ["a"],
      regex: "(line1).*(?<second>line2)",
      targetLabel: "l_$1",
      replacement: "v_$second",
    }],
    want: { a: "line1\nline2", l_line1: "v_line2" },
  },
  {
    name: "a service discovery tag list",
    input: { __meta_tags: "path:/secret,job:some-job,label:foo=bar" },
    rules: [
      { sourceLabels: ["__meta_tags"], regex: "(?:.+,|^)path:(/[^,]+).*", targetLabel: "__metrics_path__" },
      { sourceLabels: ["__meta_tags"], regex: "(?:.+,|^)job:([^,]+).*", targetLabel: "job" },
      {
        sourceLabels: ["__meta_tags"],
        regex: "(?:.+,|^)label:([^=]+)=([^,]+).*",
        targetLabel: "${1}",
        replacement: "${2}",
      },
    ],
    want: {
      __meta_tags: "path:/secret,job:some-job,label:foo=bar",
      __metrics_path__: "/secret",
      job: "some-job",
      foo: "bar",
    },
  },
  {
    name: "drop that matches, and stops",
    input: { a: "foo" },
    rules: [{ sourceLabels: ["a"], regex: ".*o.*", action: "drop" }, { targetLabel: "x", replacement: "y" }],
    want: undefined,
  },
  {
    name: "drop that does not match",
    input: { a: "foo" },
    rules: [{ sourceLabels: ["a"], regex: "f|o", action: "drop" }],
    want: { a: "foo" },
  },
  {
    name: "keep that matches",
    input: { a: "foo" },
    rules: [{ sourceLabels: ["a"], regex: "f.*", action: "Keep" }],
    want: { a: "foo" },
  },
  {
    name: "keep that does not match",
    input: { a: "foo" },
    rules: [{ sourceLabels: ["a"], regex: "no", action: "keep" }],
    want: undefined,
  },
  {
    name: "keepequal, equal",
    input: { a: "1", b: "1" },
    rules: [{ sourceLabels: ["a"], targetLabel: "b", action: "keepequal" }],
    want: { a: "1", b: "1" },
  },
  {
    name: "keepequal, different",
    input: { a: "1", b: "2" },
    rules: [{ sourceLabels: ["a"], targetLabel: "b", action: "keepequal" }],
    want: undefined,
  },
  {
    name: "dropequal, equal",
    input: { a: "1", b: "1" },
    rules: [{ sourceLabels: ["a"], targetLabel: "b", action: "dropequal" }],
    want: undefined,
  },
  {
    name: "dropequal, different",
    input: { a: "1", b: "2" },
    rules: [{ sourceLabels: ["a"], targetLabel: "b", action: "dropequal" }],
    want: { a: "1", b: "2" },
  },
  {
    name: "dropequal, both absent",
    input: { x: "1" },
    rules: [{ sourceLabels: ["a"], targetLabel: "b", action: "dropequal" }],
    want: undefined,
  },
  {
    name: "hashmod",
    input: abc,
    rules: [{ sourceLabels: ["c"], targetLabel: "d", action: "hashmod", modulus: 1000 }],
    want: { ...abc, d: "976" },
  },
  {
    name: "hashmod of a newline",
    input: { a: "foo\nbar" },
    rules: [{ sourceLabels: ["a"], targetLabel: "b", action: "hashmod", modulus: 1000n }],
    want: { a: "foo\nbar", b: "734" },
  },
  {
    name: "labelmap",
    input: { __meta_my_bar: "aaa", __meta_my_baz: "bbb", __meta_other: "ccc" },
    rules: [{ regex: "__meta_(my.*)", action: "labelmap" }],
    want: { __meta_my_bar: "aaa", __meta_my_baz: "bbb", __meta_other: "ccc", my_bar: "aaa", my_baz: "bbb" },
  },
  {
    name: "labelmap onto one name: the last wins",
    input: { b1: "x", b2: "y" },
    rules: [{ regex: "b.", replacement: "z", action: "labelmap" }],
    want: { b1: "x", b2: "y", z: "y" },
  },
  {
    name: "labelmap that does not see its own labels",
    input: { b: "x" },
    rules: [{ regex: "b(.*)", replacement: "bb$1", action: "labelmap" }],
    want: { b: "x", bb: "x" },
  },
  {
    name: "labelkeep",
    input: { a: "foo", b1: "bar", b2: "baz" },
    rules: [{ regex: "(b.*)", action: "labelkeep" }],
    want: { b1: "bar", b2: "baz" },
  },
  {
    name: "labeldrop",
    input: { a: "foo", b1: "bar", b2: "baz" },
    rules: [{ regex: "(b.*)", action: "labeldrop" }],
    want: { a: "foo" },
  },
  {
    name: "a label dropped and set again",
    input: { port_name: "foo", port: "9091" },
    rules: [
      { regex: "^port_name$", action: "labeldrop" },
      { sourceLabels: ["port"], regex: "(.+)", replacement: "metrics", targetLabel: "port_name" },
      { sourceLabels: ["port_name"], regex: "^metrics$", action: "keep" },
    ],
    want: { port: "9091", port_name: "metrics" },
  },
  {
    name: "lowercase and uppercase",
    input: { foo: "bAr123Foo" },
    rules: [
      { sourceLabels: ["foo"], action: "uppercase", targetLabel: "up" },
      { sourceLabels: ["foo"], action: "LowerCase", targetLabel: "low" },
    ],
    want: { foo: "bAr123Foo", up: "BAR123FOO", low: "bar123foo" },
  },
  {
    name: "case of letters beyond ASCII, one for one",
    input: { foo: "ßŉÉᾳᾀ ΑΣ İ 𐐀" },
    rules: [
      { sourceLabels: ["foo"], action: "uppercase", targetLabel: "up" },
      { sourceLabels: ["foo"], action: "lowercase", targetLabel: "low" },
    ],
    want: { foo: "ßŉÉᾳᾀ ΑΣ İ 𐐀", up: "ßŉÉᾼᾈ ΑΣ İ 𐐀", low: "ßŉéᾳᾀ ασ i 𐐨" },
  },
  {
    name: "UTF-8 names",
    input: { "utf-8.l": "x" },
    rules: [{ sourceLabels: ["utf-8.l"], targetLabel: "é.${1}" }],
    want: { "utf-8.l": "x", "é.x": "x" },
  },
])("relabel() with $name", ({ input, rules, want }) => assert.deepEqual(run(input, rules), want));

Deno.test("relabel() with replace leaves alone a target that is no legacy name", () => {
  const rule = { sourceLabels: ["a"], targetLabel: "x${1}" };
  assert.deepEqual(run({ a: "-" }, [rule], "legacy"), { a: "-" });
  assert.deepEqual(run({ a: "_" }, [rule], "legacy"), { a: "_", x_: "_" });
  assert.deepEqual(run({ a: "-" }, [rule], "utf8"), { a: "-", "x-": "-" });
});

Deno.test.each<{ config: RelabelConfig; scheme?: "utf8" | "legacy"; message: string }>([
  { config: { action: "" }, message: `unknown relabel action ""` },
  { config: { action: "Nope" }, message: `unknown relabel action "Nope"` },
  {
    config: { action: "hashmod", targetLabel: "a" },
    message: "relabel configuration for hashmod requires non-zero modulus",
  },
  {
    config: { action: "hashmod", targetLabel: "a", modulus: 1.5 },
    message: "1.5 is invalid 'modulus': expected a whole number from 1 to 2^64 - 1",
  },
  ...["replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal"].map((action) => ({
    config: { action, modulus: action === "hashmod" ? 8 : undefined },
    message: `relabel configuration for ${action} action requires 'target_label' value`,
  })),
  {
    config: { targetLabel: "a.b" },
    scheme: "legacy",
    message: `"a.b" is invalid 'target_label' for replace action`,
  },
  {
    config: { targetLabel: "0${3}" },
    scheme: "legacy",
    message: `"0\${3}" is invalid 'target_label' for replace action`,
  },
  {
    config: { targetLabel: "${3}", action: "lowercase" },
    scheme: "legacy",
    message: `"\${3}" is invalid 'target_label' for lowercase action`,
  },
  {
    config: { targetLabel: "a-b", action: "hashmod", modulus: 8 },
    scheme: "legacy",
    message: `"a-b" is invalid 'target_label' for hashmod action`,
  },
  {
    config: { targetLabel: "a-b", action: "keepequal" },
    scheme: "legacy",
    message: `"a-b" is invalid 'target_label' for keepequal action`,
  },
  {
    config: { targetLabel: "a", action: "uppercase", replacement: "x" },
    message: "'replacement' can not be set for uppercase action",
  },
  {
    config: { targetLabel: "a", action: "dropequal", replacement: "x" },
    message: "'replacement' can not be set for dropequal action",
  },
  {
    config: { action: "labelmap", replacement: "a-$1" },
    scheme: "legacy",
    message: `"a-$1" is invalid 'replacement' for labelmap action`,
  },
  {
    config: { action: "labelmap", replacement: "" },
    message: `"" is invalid 'replacement' for labelmap action`,
  },
  ...[{ regex: "foo" }, { regex: "(.*)" }, { modulus: 8 }, { separator: "," }].flatMap((extra) =>
    ["keepequal", "dropequal"].map((action) => ({
      config: { sourceLabels: ["a"], targetLabel: "b", action, ...extra },
      message: `${action} action requires only 'source_labels' and \`target_label\`, and no other fields`,
    }))
  ),
  ...[{ sourceLabels: [] }, { targetLabel: "a" }, { modulus: 8 }, { separator: "," }, { replacement: "x" }]
    .flatMap((extra) =>
      ["labeldrop", "labelkeep"].map((action) => ({
        config: { action, ...extra },
        message: `${action} action requires only 'regex', and no other fields`,
      }))
    ),
  { config: { sourceLabels: [""], targetLabel: "a" }, message: `"" is not a valid label name` },
  { config: { targetLabel: "a", regex: "a(" }, message: "error parsing regexp: missing closing ): `a(`" },
])("compileRelabelRule() refuses $config: $message", ({ config, scheme, message }) => {
  assert.throws(() => compileRelabelRule(config, scheme ?? "utf8"), { message });
});

Deno.test.each([
  { text: "-label", valid: false },
  { text: "label", valid: true },
  { text: "label${1}", valid: true },
  { text: "${1}label", valid: true },
  { text: "${1}", valid: true },
  { text: "${", valid: false },
  { text: "$", valid: false },
  { text: "${}", valid: false },
  { text: "foo${", valid: false },
  { text: "$1", valid: true },
  { text: "asd$2asd", valid: true },
  { text: "-foo${1}bar-", valid: false },
  { text: "bar.foo${1}bar", valid: false },
  { text: "_${1}_", valid: true },
  { text: "foo${bar}foo", valid: true },
  { text: "$aaa".repeat(40) + "-", valid: false },
])("compileRelabelRule() takes the legacy target template $text: $valid", ({ text, valid }) => {
  for (const config of [{ targetLabel: text }, { action: "labelmap", replacement: text }]) {
    const compile = () => compileRelabelRule(config, "legacy");
    if (valid) compile();
    else assert.throws(compile, { name: "RelabelConfigError" });
  }
});

Deno.test("compileRelabelRule() fills in the defaults", () => {
  assert.deepEqual(compileRelabelRule({ targetLabel: "a" }, "utf8").config, {
    sourceLabels: [],
    separator: ";",
    targetLabel: "a",
    regex: "(.*)",
    modulus: 0,
    replacement: "$1",
    action: "replace",
  });
});

Deno.test("relabel() keeps label sets sorted, unique and without empty values", () => {
  const name = fc.constantFrom("a", "b", "c", "é", "__x");
  const rule: fc.Arbitrary<RelabelConfig> = fc.oneof(
    fc.record({
      sourceLabels: fc.array(name, { maxLength: 2 }),
      targetLabel: fc.oneof(name, fc.constant("$1")),
      regex: fc.constantFrom("(.*)", "(a|b).*", "(.?).*"),
      replacement: fc.constantFrom("", "$1", "a", "$1$1"),
    }),
    fc.record({
      action: fc.constantFrom("labeldrop", "labelkeep"),
      regex: fc.constantFrom("a|b", "[^a]+", "__.*"),
    }),
    fc.record({
      action: fc.constant("labelmap"),
      regex: fc.constant("(.).*"),
      replacement: fc.constantFrom("$1", "z_$1"),
    }),
    fc.record({ action: fc.constant("uppercase"), sourceLabels: fc.array(name), targetLabel: name }),
  );
  fc.assert(
    fc.property(
      fc.dictionary(name, fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 2 })),
      fc.array(rule),
      (
        input,
        configs,
      ) => {
        const before = Labels.from(input);
        const after = relabel(before, configs.map((config) => compileRelabelRule(config, "utf8")))!;
        assert.deepEqual([...after.pairs], [...Labels.from(after.toObject()).pairs]);
        assert.deepEqual(before, Labels.from(input));
      },
    ),
  );
});
