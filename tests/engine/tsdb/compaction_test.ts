import assert from "node:assert/strict";
import { blockRanges, planCompaction } from "../../../engine/tsdb/compaction.ts";

const block = (id: number, minMs: number, maxMs: number, level = 1) => ({ id, minMs, maxMs, level });

Deno.test("blockRanges() triples up to the longest", () => {
  assert.deepEqual(blockRanges(2, 60), [2, 6, 18, 54]);
  assert.deepEqual(blockRanges(2, 5), [2]);
  assert.deepEqual(blockRanges(2, 1), [2]);
});

// Windows of 10 and 30 ms.
for (
  const { name, blocks, completeMs, want } of [
    { name: "nothing", blocks: [], completeMs: 100, want: undefined },
    { name: "a flushed block of a complete window", blocks: [block(1, 0, 9, 0)], completeMs: 10, want: [1] },
    { name: "a flushed block of a window that is not complete", blocks: [block(1, 0, 9, 0)], completeMs: 9 },
    { name: "a compacted block", blocks: [block(1, 0, 9)], completeMs: 100 },
    {
      name: "all blocks of a window",
      blocks: [block(1, 0, 4, 0), block(2, 3, 9, 0), block(3, 10, 12, 0)],
      completeMs: 12,
      want: [1, 2],
    },
    {
      name: "the oldest window first",
      blocks: [block(1, 10, 14, 0), block(2, 0, 4, 0)],
      completeMs: 100,
      want: [2],
    },
    {
      name: "a late block with the compacted one of its window",
      blocks: [block(1, 0, 9), block(2, 5, 5, 0)],
      completeMs: 10,
      want: [1, 2],
    },
    {
      name: "three windows of a complete longer one",
      blocks: [block(1, 0, 9), block(2, 10, 19), block(3, 20, 29), block(4, 30, 39)],
      completeMs: 31,
      want: [1, 2, 3],
    },
    {
      name: "windows of a longer one that is not complete",
      blocks: [block(1, 0, 9), block(2, 10, 19)],
      completeMs: 29,
    },
    {
      name: "a late block of a longer window, on its own at first",
      blocks: [block(1, 0, 29, 2), block(2, 5, 5, 0)],
      completeMs: 31,
      want: [2],
    },
    {
      name: "a late block of a longer window, then with it",
      blocks: [block(1, 0, 29, 2), block(2, 5, 5, 1)],
      completeMs: 31,
      want: [1, 2],
    },
    { name: "windows before 0", blocks: [block(1, -10, -1, 0), block(2, 0, 5, 0)], completeMs: 0, want: [1] },
    { name: "blocks longer than all windows", blocks: [block(1, 0, 99), block(2, 5, 40)], completeMs: 200 },
  ]
) {
  Deno.test(`planCompaction() with ${name}: ${want?.join() ?? "nothing"}`, () => {
    assert.deepEqual(planCompaction(blocks, [10, 30], completeMs)?.map(({ id }) => id), want);
  });
}
