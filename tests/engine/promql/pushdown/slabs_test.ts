import assert from "node:assert/strict";
import fc from "fast-check";
import type { SlabRows } from "../../../../engine/promql/pushdown/fragment.ts";
import {
  buffersOf,
  readPartial,
  readRow,
  releaseSlabs,
  Slabs,
} from "../../../../engine/promql/pushdown/slabs.ts";

/** Entries of a slab that has several rows, at the most. */
const SLAB_ENTRIES_MAX = 1 << 13;

/** Rows are numbered by their values; those that are not kept are drawn over. */
function filled(steps: number, rowsMax: number, kept: readonly boolean[]): SlabRows {
  const slabs = new Slabs(steps, rowsMax);
  let row = 0;
  for (const isKept of kept) {
    const { values, present } = slabs.next();
    assert.equal(values.length, steps);
    assert.ok(present.every((kind) => kind === 0), "a row is not empty");
    values.fill(isKept ? row + 1 : -1);
    if (!isKept) continue;
    present.fill(1);
    assert.equal(slabs.keep(), row);
    row++;
  }
  return slabs.finish();
}

Deno.test("rows of slabs are what was kept, whatever their number and length", () => {
  fc.assert(fc.property(
    fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constantFrom(2_731, 8_191, 8_192, 8_193, 11_000)),
    fc.constantFrom(1, 64, 1 << 16),
    fc.array(fc.boolean(), { maxLength: 200 }),
    (steps, rowsMax, kept) => {
      const rows = filled(steps, rowsMax, kept);
      assert.equal(rows.count, kept.filter(Boolean).length);
      for (let row = 0; row < rows.count; row++) {
        const { values, present } = readRow(rows, row, steps);
        assert.ok(values.length === steps && values.every((value) => value === row + 1));
        assert.ok(present.length === steps && present.every((kind) => kind === 1));
      }
    },
  ));
});

for (
  const { name, steps, rowsMax, rows, want } of [
    { name: "no row", steps: 10, rowsMax: 64, rows: 0, want: [] },
    { name: "rows that fill a slab", steps: 128, rowsMax: 64, rows: 64, want: [8192] },
    { name: "one row more than fits a slab", steps: 128, rowsMax: 64, rows: 65, want: [8192, 128] },
    { name: "a row as long as a slab", steps: 8192, rowsMax: 64, rows: 2, want: [8192, 8192] },
    { name: "rows longer than a slab", steps: 8193, rowsMax: 64, rows: 2, want: [8193, 8193] },
    { name: "fewer rows than there may be", steps: 10, rowsMax: 1 << 16, rows: 3, want: [30] },
    { name: "rows of one step", steps: 1, rowsMax: 1 << 16, rows: SLAB_ENTRIES_MAX + 1, want: [8192, 1] },
  ]
) {
  Deno.test(`slabs of ${name} take as much memory as they need`, () => {
    const { slabs } = filled(steps, rowsMax, new Array(rows).fill(true));
    assert.deepEqual(slabs.map(({ values }) => values.length), want);
    assert.deepEqual(slabs.map(({ present }) => present.length), want);
  });
}

Deno.test("what an aggregation keeps beside a row is read back, each column made when asked for", () => {
  const slabs = new Slabs(3, 2);
  for (let row = 0; row < 3; row++) {
    slabs.next();
    const scratch = slabs.scratch(slabs.keep());
    scratch.errors.fill(10 + row);
    if (row !== 1) scratch.counts.fill(20 + row);
    assert.equal(scratch.hasIncremental, false);
    if (row === 2) scratch.incremental[1] = 1;
  }
  const rows = slabs.finish();
  assert.deepEqual(rows.slabs.map((slab) => Object.keys(slab).sort()), [
    ["counts", "errors", "present", "values"],
    ["counts", "errors", "incremental", "present", "values"],
  ]);
  const read = [0, 1, 2].map((row) => readPartial(rows, row, 3).scratch);
  assert.deepEqual(read.map(({ errors }) => [...errors]), [[10, 10, 10], [11, 11, 11], [12, 12, 12]]);
  assert.deepEqual(read.map(({ counts }) => [...counts]), [[20, 20, 20], [0, 0, 0], [22, 22, 22]]);
  assert.deepEqual(read.map(({ hasIncremental }) => hasIncremental), [false, false, true]);
  assert.deepEqual([...read[2]!.incremental], [0, 1, 0]);
});

Deno.test("slabs that went to another thread are read there, and released", () => {
  const rows = filled(5, 4, new Array(10).fill(true));
  const buffers = buffersOf(rows);
  assert.equal(new Set(buffers).size, buffers.length);
  const received = structuredClone(rows, { transfer: buffers });
  assert.ok(buffers.every(({ detached }) => detached));
  assert.deepEqual([...readRow(received, 9, 5).values], [10, 10, 10, 10, 10]);
  const theirs = buffersOf(received);
  releaseSlabs(received);
  assert.ok(theirs.length > 0 && theirs.every(({ detached }) => detached));
});
