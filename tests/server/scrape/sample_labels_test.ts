import assert from "node:assert/strict";
import fc from "fast-check";
import { Labels } from "../../../engine/labels/labels.ts";
import { disjointUnion } from "../../../server/scrape/sample_labels.ts";

for (
  const { name, a, b, want } of [
    { name: "nothing and nothing", a: {}, b: {}, want: {} },
    { name: "nothing and something", a: {}, b: { x: "1" }, want: { x: "1" } },
    { name: "something and nothing", a: { x: "1" }, b: {}, want: { x: "1" } },
    {
      name: "names in turn",
      a: { a: "1", c: "3" },
      b: { b: "2", d: "4" },
      want: { a: "1", b: "2", c: "3", d: "4" },
    },
    {
      name: "all of one before the other",
      a: { y: "1", z: "2" },
      b: { a: "3" },
      want: { a: "3", y: "1", z: "2" },
    },
    { name: "a name that begins like another", a: { ab: "1" }, b: { a: "2" }, want: { a: "2", ab: "1" } },
    { name: "a name in both", a: { a: "1", x: "2" }, b: { x: "2" }, want: undefined },
    { name: "the first name in both", a: { a: "1" }, b: { a: "2", b: "3" }, want: undefined },
    {
      name: "names whose UTF-16 order is another",
      a: { "\u{1f600}": "1" },
      b: { "\uff5e": "2" },
      want: { "\uff5e": "2", "\u{1f600}": "1" },
    },
  ]
) {
  Deno.test(`disjointUnion() of ${name}`, () => {
    const union = disjointUnion(Labels.from(a), Labels.from(b));
    assert.deepEqual(union?.pairs, want && Labels.from(want).pairs);
  });
}

Deno.test("disjointUnion() is the label set of all pairs, or undefined where a name comes twice", () => {
  const labels = fc.dictionary(
    fc.string({
      unit: fc.constantFrom("a", "b", "_", "é", "\u{1f600}", "\uff5e"),
      minLength: 1,
      maxLength: 3,
    }),
    fc.constantFrom("1", "2"),
    { maxKeys: 6 },
  );
  fc.assert(fc.property(labels, labels, (a, b) => {
    const union = disjointUnion(Labels.from(a), Labels.from(b));
    if (Object.keys(a).some((name) => name in b)) assert.equal(union, undefined);
    else {
      assert.deepEqual(union!.pairs, Labels.from({ ...a, ...b }).pairs);
      assert.equal(union!.key(), Labels.from({ ...a, ...b }).key());
    }
  }));
});
