import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { LabelsBuilder } from "../../../engine/labels/builder.ts";
import { compareLabels, compareUtf8, Labels, quote } from "../../../engine/labels/labels.ts";

const anyLabels = fc.dictionary(
  fc.string({ unit: "binary", maxLength: 3 }),
  fc.string({ unit: fc.constantFrom("a", "b", "\0", '"', ",", "é", "😀"), maxLength: 3 }),
  { maxKeys: 4 },
);

Deno.test("key() is equal exactly for equal label sets", () => {
  const a = Labels.from({ a: "b\0c\0d" }), b = Labels.from({ a: "b", c: "d" });
  assert.notEqual(a.key(), b.key());
  fc.assert(fc.property(anyLabels, anyLabels, (x, y) => {
    const p = Labels.from(x), q = Labels.from(y);
    assert.equal(p.key() === q.key(), compareLabels(p, q) === 0);
    assert.equal(p.equals(q), compareLabels(p, q) === 0);
  }));
});

Deno.test("Labels sorts by UTF-8 bytes, drops empty values, refuses a name that occurs twice", () => {
  const labels = Labels.from([["\u{1f600}", "1"], ["\uffee", "2"], ["a", "3"], ["gone", ""]]);
  assert.deepEqual([...labels].map(([name]) => name), ["a", "\uffee", "\u{1f600}"]);
  assert.throws(() => Labels.from([["a", "1"], ["a", "2"]]), RangeError);
});

Deno.test("compareUtf8() orders as the bytes do", () => {
  const text = fc.string({ unit: "binary", maxLength: 6 });
  fc.assert(fc.property(text, text, (a, b) => {
    assert.equal(Math.sign(compareUtf8(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }));
});

Deno.test.each([
  { text: "", want: `""` },
  { text: `a "b" \\c`, want: `"a \\"b\\" \\\\c"` },
  { text: "\x07\b\t\n\v\f\r", want: `"\\a\\b\\t\\n\\v\\f\\r"` },
  { text: "\0\x1f\x7f", want: `"\\x00\\x1f\\x7f"` },
  { text: "é日😀", want: `"é日😀"` },
  { text: "\u0085\u00a0\u00ad\u200b\ufeff", want: `"\\u0085\\u00a0\\u00ad\\u200b\\ufeff"` },
  { text: "\u{e0001}\u{10ffff}", want: `"\\U000e0001\\U0010ffff"` },
  { text: "\ud800", want: `"\\ufffd"` },
])("quote() writes $want", ({ text, want }) => assert.equal(quote(text), want));

Deno.test("LabelsBuilder visits the base by name, then what was set, in the order of setting", () => {
  const builder = new LabelsBuilder(Labels.from({ a: "1", b: "2", c: "3" }));
  builder.set("z", "9");
  builder.set("a", "10");
  builder.delete("b");
  builder.set("z", "11");
  assert.deepEqual(builder.entries(), [["c", "3"], ["z", "11"], ["a", "10"]]);
  assert.equal(builder.get("b"), "");
  builder.set("b", "12");
  builder.set("c", "");
  assert.equal(builder.labels().toString(), `{a="10", b="12", z="11"}`);
});

Deno.test("LabelsBuilder without a change gives the base itself", () => {
  const base = Labels.from({ a: "1" });
  assert.equal(new LabelsBuilder(base).labels(), base);
});
