import assert from "node:assert/strict";
import fc from "fast-check";
import { Labels } from "../../../engine/labels/labels.ts";
import { Matcher, type MatchType } from "../../../engine/labels/matcher.ts";
import { LABELS_MAX, SeriesIndex, SYMBOL_BYTES_MAX } from "../../../engine/tsdb/series_index.ts";

const name = fc.constantFrom("__name__", "job", "instance", "zone");
const value = fc.constantFrom("", "a", "b", "ab", "abc", "x-1", "x-2", "é");
const labels = fc.dictionary(name, value, { maxKeys: 4 }).map((pairs) => Labels.from(pairs))
  .filter((labels) => labels.size > 0);
const matcher = fc.record({
  type: fc.constantFrom<MatchType>("=", "!=", "=~", "!~"),
  name: fc.oneof(name, fc.constant("nobody_has_it")),
  value: fc.oneof(value, fc.constantFrom(".*", ".+", "a|b", "x-.", "a.*", "", "(?i)AB", "nothing")),
}).map(({ type, name, value }) => new Matcher(type, name, value));

function naive(all: readonly (Labels | undefined)[], matchers: readonly Matcher[]): number[] {
  return all.flatMap((labels, ref) =>
    labels !== undefined && matchers.every((matcher) => matcher.matches(labels.get(matcher.name)))
      ? [ref]
      : []
  );
}

Deno.test("intern(), find(), labels() and select() agree with a list of label sets", () => {
  fc.assert(
    fc.property(
      fc.array(labels, { maxLength: 40 }),
      fc.array(fc.array(matcher, { maxLength: 4 }), { maxLength: 8 }),
      labels,
      (sets, queries, asked) => {
        const index = new SeriesIndex(), model: Labels[] = [];
        const refOf = (wanted: Labels) => model.findIndex((known) => known.equals(wanted));
        for (const set of sets) {
          if (refOf(set) < 0) model.push(set);
          assert.equal(index.intern(set), refOf(set));
        }
        assert.equal(index.size, model.length);
        assert.equal(index.find(asked), refOf(asked));
        model.forEach((set, ref) => assert.ok(index.labels(ref).equals(set)));
        for (const matchers of queries) {
          assert.deepEqual([...index.select(matchers)], naive(model, matchers), matchers.join(", "));
        }
        for (const { name, values } of index.names()) {
          assert.equal(
            values,
            new Set(model.map((set) => set.get(name)).filter((value) => value !== "")).size,
          );
          for (const { value, refs } of index.values(name)) {
            assert.deepEqual([...refs], naive(model, [new Matcher("=", name, value)]));
          }
        }
      },
    ),
  );
});

Deno.test("without() and replaceBy() leave out what was forgotten, keep refs, and add what came meanwhile", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(labels, { maxLength: 30 }),
      fc.array(labels, { maxLength: 6 }),
      fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
      fc.array(matcher, { maxLength: 3 }),
      async (sets, later, gone, matchers) => {
        const index = new SeriesIndex();
        for (const set of sets) index.intern(set);
        const forgotten = Uint8Array.from({ length: index.size }, (_, ref) => gone[ref] ? 1 : 0);
        index.watch(forgotten);
        const other = await index.without(forgotten, () => Promise.resolve());
        const before = index.size;
        const givenOut = later.map((set) => index.intern(set));
        const all = Array.from({ length: index.size }, (_, ref) => index.labels(ref));
        const kept = all.map((set, ref) => ref < before && forgotten[ref] === 1 ? undefined : set);
        const needed = givenOut.some((ref) => forgotten[ref] === 1);
        const isReplaced = index.replaceBy(other);
        if (needed) assert.ok(!isReplaced);
        const want = isReplaced ? kept : all;
        assert.equal(index.size, want.length);
        assert.deepEqual([...index.select(matchers)], naive(want, matchers));
        want.forEach((set, ref) => {
          assert.equal(index.isLost(ref), set === undefined);
          assert.ok(index.labels(ref).equals(set ?? Labels.empty));
          if (set !== undefined) assert.equal(index.find(set), ref);
          else assert.equal(index.find(all[ref]), -1);
        });
        if (isReplaced && kept.includes(undefined)) {
          assert.equal(
            index.intern(all[kept.indexOf(undefined)]),
            all.length,
            "it comes back under a new ref",
          );
        }
      },
    ),
  );
});

for (
  const { what, pairs } of [
    { what: "no label", pairs: [] },
    { what: "too many labels", pairs: Array.from({ length: LABELS_MAX + 1 }, (_, i) => [`l${i}`, "v"]) },
    { what: "too long a value", pairs: [["a", "é".repeat(SYMBOL_BYTES_MAX / 2 + 1)]] },
  ] as { what: string; pairs: [string, string][] }[]
) {
  Deno.test(`intern() refuses a series with ${what}`, () => {
    assert.throws(() => new SeriesIndex().intern(Labels.from(pairs)), RangeError);
  });
}
