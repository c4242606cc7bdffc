import assert from "node:assert/strict";
import fc from "fast-check";
import { DamagedValueError } from "../../../engine/tsdb/block/framed_value.ts";
import { Tombstones } from "../../../engine/tsdb/tombstones.ts";

const tombstone = fc.record({
  refs: fc.uniqueArray(fc.nat(30), { minLength: 1 }).map((refs) => Uint32Array.from(refs).sort()),
  interval: fc.record({
    startMs: fc.oneof(fc.integer(), fc.constant(-Infinity)),
    endMs: fc.oneof(fc.integer(), fc.constant(Infinity)),
  }, { noNullPrototype: true }),
  blocksEnd: fc.nat(10),
}, { noNullPrototype: true });

Deno.test("of() gives what was deleted from a series in a block, before and after a reload, until it is forgotten", () => {
  fc.assert(fc.property(fc.array(tombstone, { maxLength: 8 }), fc.nat(7), (all, forgotten) => {
    const first = new Tombstones(), second = new Tombstones();
    for (const each of all) {
      for (const entry of first.entries(each)) {
        first.load(entry);
        second.load(entry);
      }
    }
    const check = (tombstones: Tombstones, left: typeof all) => {
      for (let ref = 0; ref <= 30; ref++) {
        for (let block = 0; block <= 10; block++) {
          const want = left.filter(({ refs, blocksEnd }) => refs.includes(ref) && block < blocksEnd);
          assert.deepEqual(
            tombstones.of(ref, block),
            want.length === 0 ? undefined : want.map(({ interval }) => interval),
          );
        }
      }
      assert.equal(tombstones.isEmpty, left.length === 0);
      assert.equal(tombstones.count, new Set(left.flatMap(({ refs }) => [...refs])).size);
    };
    check(first, all);
    check(second, all);
    second.forget([...second.all()].slice(0, forgotten).map(([key]) => key));
    check(second, all.slice(forgotten));
  }));
});

Deno.test("a deletion of many series takes several values, each with a key of its own", () => {
  const tombstones = new Tombstones();
  const refs = Uint32Array.from({ length: 25_000 }, (_, i) => i * 3);
  const entries = tombstones.entries({ refs, interval: { startMs: 1, endMs: 2 }, blocksEnd: 5 });
  assert.deepEqual(entries.map(({ key }) => key), [["tombstone", 0], ["tombstone", 1], ["tombstone", 2]]);
  for (const entry of entries) tombstones.load(entry);
  assert.deepEqual(tombstones.of(3 * 24_999, 4), [{ startMs: 1, endMs: 2 }]);
  assert.equal(tombstones.of(1, 4), undefined);
  const later = tombstones.entries({
    refs: refs.slice(0, 1),
    interval: { startMs: 1, endMs: 2 },
    blocksEnd: 6,
  });
  assert.deepEqual(later[0].key, ["tombstone", 3]);
});

Deno.test("load() refuses a damaged value and keeps nothing of it", () => {
  const tombstones = new Tombstones();
  const [entry] = tombstones.entries({
    refs: Uint32Array.of(1),
    interval: { startMs: 1, endMs: 2 },
    blocksEnd: 1,
  });
  entry.value[entry.value.length - 1] ^= 1;
  assert.throws(() => tombstones.load(entry), DamagedValueError);
  assert.ok(tombstones.isEmpty);
});
