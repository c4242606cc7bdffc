import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bucketIndexes,
  sameSpans,
  type Span,
  spansOf,
  spansOfPairs,
} from "../../../engine/histogram/span.ts";

Deno.test("spans: indexes and back", () => {
  const indexes = fc.uniqueArray(fc.integer({ min: -50, max: 50 })).map((xs) => xs.toSorted((a, b) => a - b));
  fc.assert(fc.property(indexes, (xs) => {
    assert.deepEqual([...bucketIndexes(spansOf(xs))], xs);
  }));
});

Deno.test("sameSpans: spans without buckets make no difference", () => {
  const span = (offset: number, length: number): Span => ({ offset, length });
  const cases: [Span[], Span[], boolean][] = [
    [[], [], true],
    [[span(3, 0)], [], true],
    [[span(1, 2)], [span(1, 2), span(4, 0)], true],
    [[span(1, 0), span(2, 2)], [span(3, 2)], true],
    [[span(1, 2), span(1, 0), span(1, 1)], [span(1, 2), span(2, 1)], true],
    [[span(1, 2)], [span(2, 2)], false],
    [[span(1, 2)], [span(1, 3)], false],
    [[span(1, 2)], [span(1, 2), span(1, 1)], false],
  ];
  for (const [a, b, same] of cases) {
    assert.equal(sameSpans(a, b), same);
    assert.equal(sameSpans(b, a), same);
  }
});

Deno.test("spansOfPairs: offset and length in turn, shared by those that are equal", () => {
  const pair = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.nat(3));
  fc.assert(fc.property(fc.array(fc.array(pair, { maxLength: 4 })), (lists) => {
    for (const list of lists) {
      const pairs = Float64Array.from([...list.flat(), 99]), count = 2 * list.length;
      const spans = spansOfPairs(pairs, count);
      assert.deepEqual(spans, list.map(([offset, length]) => ({ offset, length })));
      assert.equal(spansOfPairs(pairs, count), spans);
    }
  }));
});
