import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockIndex } from "../../../../engine/tsdb/block/block_index.ts";

const part = fc.record({
  pages: fc.array(fc.tuple(fc.nat(2 ** 31), fc.nat(2 ** 31)), { maxLength: 40 }),
  timePages: fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 10 }),
  columns: fc.array(
    fc.record({
      startMs: fc.integer({ min: -(2 ** 49), max: 2 ** 49 }),
      spanMs: fc.nat(2 ** 40),
      length: fc.integer({ min: 1, max: 999 }),
    }),
    { maxLength: 100 },
  ),
});

Deno.test("decode() gives back what encode() was given", () => {
  fc.assert(fc.property(part, ({ pages, timePages, columns }) => {
    const index = new BlockIndex();
    for (const [name, ref] of pages) index.addPage(name, ref);
    let first = 0;
    for (const count of timePages) index.addTimePage(first += count);
    for (const { startMs, spanMs, length } of columns) index.addColumn(startMs, startMs + spanMs, length);
    const copy = BlockIndex.decode(index.encode());
    for (const each of [index, copy]) {
      assert.deepEqual([each.pages, each.timePages, each.columns], [
        pages.length,
        timePages.length,
        columns.length,
      ]);
    }
    pages.forEach(([name, ref], i) => assert.deepEqual([copy.firstNames[i], copy.firstRefs[i]], [name, ref]));
    columns.forEach(({ startMs, spanMs, length }, i) =>
      assert.deepEqual([copy.columnStarts[i], copy.columnEnds[i], copy.columnLengths[i]], [
        startMs,
        startMs + spanMs,
        length,
      ])
    );
  }));
});

Deno.test("timePageOf() is the page that the column is in", () => {
  const index = new BlockIndex();
  for (const first of [0, 3, 7]) index.addTimePage(first);
  assert.deepEqual([0, 2, 3, 6, 7, 99].map((column) => index.timePageOf(column)), [0, 0, 1, 1, 2, 2]);
});

Deno.test("mend() gives pages whose name is lost the first series of the page before", () => {
  const index = new BlockIndex();
  for (const [name, ref] of [[9, 1], [2, 5], [9, 7], [9, 8], [4, 2]]) index.addPage(name, ref);
  index.mend((name) => name === 9);
  assert.deepEqual([...index.firstNames.subarray(0, 5)], [0, 2, 2, 2, 4]);
  assert.deepEqual([...index.firstRefs.subarray(0, 5)], [0, 5, 5, 5, 2]);
  assert.equal(index.symbolsEnd, 4);
});
