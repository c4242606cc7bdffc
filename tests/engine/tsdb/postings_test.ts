import assert from "node:assert/strict";
import fc from "fast-check";
import { gallop, intersect, PostingsArena, subtract, union } from "../../../engine/tsdb/postings.ts";

const refs = fc.oneof(
  fc.uniqueArray(fc.nat(60), { maxLength: 40 }),
  fc.uniqueArray(fc.nat(100_000), { maxLength: 40 }),
).map((list) => Uint32Array.from(list).sort());
const ascending = (set: Set<number>) => [...set].sort((a, b) => a - b);

Deno.test("intersect(), subtract() and union() agree with Set for any sorted lists", () => {
  fc.assert(fc.property(refs, refs, fc.array(refs, { maxLength: 6 }), (a, b, lists) => {
    assert.deepEqual([...intersect(a, b)], ascending(new Set(a).intersection(new Set(b))));
    assert.deepEqual([...subtract(a, b)], ascending(new Set(a).difference(new Set(b))));
    assert.deepEqual([...union(lists)], ascending(new Set(lists.flatMap((list) => [...list]))));
  }));
});

Deno.test("gallop() finds the first element that is at least the value", () => {
  fc.assert(fc.property(refs, fc.nat(70), fc.nat(10), (list, value, from) => {
    const start = Math.min(from, list.length);
    const found = list.subarray(start).findIndex((ref) => ref >= value);
    assert.equal(gallop(list, value, start), found < 0 ? list.length : start + found);
  }));
});

Deno.test("PostingsArena keeps what was pushed to each list, whatever the order", () => {
  fc.assert(fc.property(fc.array(fc.nat(20), { maxLength: 2_000 }), (pushes) => {
    const arena = new PostingsArena();
    const model: number[][] = [];
    for (let i = 0; i <= 20; i++) assert.equal(arena.addList(), model.push([]) - 1);
    pushes.forEach((list, ref) => {
      arena.push(list, ref);
      model[list].push(ref);
    });
    model.forEach((want, list) => {
      assert.deepEqual([...arena.get(list)], want);
      assert.equal(arena.lengthOf(list), want.length);
    });
  }));
});
