import assert from "node:assert/strict";
import fc from "fast-check";
import { Labels } from "../../../engine/labels/labels.ts";
import { Catalog } from "../../../engine/tsdb/catalog.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { SeriesIndex, SYMBOL_BYTES_MAX } from "../../../engine/tsdb/series_index.ts";
import type { Key } from "../../../engine/tsdb/store.ts";
import { FaultyStore } from "../../faulty_store.ts";

async function loaded(store: MemoryStore, epoch: number | "lost" = 0) {
  const index = new SeriesIndex(), catalog = new Catalog(index), damage: Key[] = [];
  await catalog.load(store, epoch === "lost" ? undefined : epoch, (key) => damage.push(key));
  return { index, catalog, damage };
}

function assertSame(found: SeriesIndex, want: SeriesIndex): void {
  assert.equal(found.size, want.size);
  assert.equal(found.symbols.size, want.symbols.size);
  for (let ref = 0; ref < want.size; ref++) {
    assert.ok(found.labels(ref).equals(want.labels(ref)), `ref ${ref}`);
  }
}

const series = (i: number) => Labels.from({ __name__: "m", i: `${i}`, text: "x".repeat(i % 50) });

/** A catalog of several segments, a few of them small. */
async function sound() {
  const store = new MemoryStore(), index = new SeriesIndex(), catalog = new Catalog(index);
  for (const size of [1, 2, 5_000, 20_000, 20_001]) {
    while (index.size < size) index.intern(series(index.size));
    await catalog.write(store);
  }
  const segments: Key[] = [];
  for await (const { key } of store.list({ prefix: ["catalog"] })) segments.push(key);
  assert.ok(segments.length > 6);
  return { store, index, segments };
}

const copyOf = ([, ...rest]: Key): Key => ["catalog-copy", ...rest];

Deno.test("load() gives back what write() wrote, and both go on from there", async () => {
  const { store, index } = await sound();
  const again = await loaded(store);
  assertSame(again.index, index);
  assert.deepEqual(again.damage, []);
  assert.equal(again.catalog.hasNews, false);
  again.index.intern(series(99_999));
  await again.catalog.write(store);
  const third = await loaded(store);
  assertSame(third.index, again.index);
  assert.ok(!third.catalog.isMended);
});

Deno.test("load() takes segments that are damaged or missing from their copies", async () => {
  const { store, index, segments } = await sound();
  const faulty = new FaultyStore(store);
  await faulty.flip(segments[0], 100);
  await store.commit({ delete: [segments[2], segments.at(-1)!, copyOf(segments[3])] });
  const { index: found, damage, catalog } = await loaded(store);
  assertSame(found, index);
  assert.deepEqual(damage, [segments[0], segments[2], segments.at(-1)!]);
  assert.ok(catalog.isMended);
  catalog.restart();
  await catalog.write(store);
  await catalog.deleteObsolete(store);
  const mended = await loaded(store, catalog.epoch);
  assertSame(mended.index, index);
  assert.deepEqual(mended.damage, []);
});

Deno.test("a segment that is lost with its copy takes its series with it and no other, whichever it is", async () => {
  const { store, index, segments } = await sound();
  for (const segment of segments) {
    const left = new MemoryStore();
    for (const prefix of ["catalog", "catalog-copy"]) {
      for await (const entry of store.list({ prefix: [prefix] })) {
        if (entry.key[2] !== segment[2]) await left.commit({ set: [entry] });
      }
    }
    const { index: found, catalog } = await loaded(left);
    assert.ok(!catalog.isMended);
    catalog.reserve(index.size, index.symbols.size); // as blocks and log say
    assert.equal(found.size, index.size);
    let lost = 0;
    for (let ref = 0; ref < index.size; ref++) {
      if (found.isLost(ref)) lost++;
      else assert.ok(found.labels(ref).equals(index.labels(ref)));
    }
    assert.ok(lost > 0);
    assert.equal(found.intern(series(99_999)), index.size, "refs are not given out again");
    await catalog.write(left);
    assertSame((await loaded(left)).index, found);
  }
});

Deno.test("whatever commits fail, stored or not, what a later write() made durable is whole", async () => {
  const added = fc.array(fc.nat(6_000), { minLength: 1, maxLength: 5 });
  const failures = fc.array(fc.record({ n: fc.integer({ min: 1, max: 12 }), stored: fc.boolean() }), {
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(added, failures, async (counts, failures) => {
      const inner = new MemoryStore(), store = new FaultyStore(inner);
      for (const { n, stored } of failures) store.failCommit(n, new Error("failed"), { stored });
      const index = new SeriesIndex(), catalog = new Catalog(index);
      for (const count of counts) {
        for (let i = 0; i < count; i++) index.intern(series(index.size));
        await catalog.write(store).catch(() => {});
        const { index: found, damage } = await loaded(inner);
        assert.deepEqual(damage, []);
        for (let ref = 0; ref < found.size; ref++) assert.ok(found.labels(ref).equals(index.labels(ref)));
      }
      while (catalog.hasNews) await catalog.write(store).catch(() => {});
      assertSame((await loaded(inner)).index, index);
    }),
    { numRuns: 15 },
  );
});

Deno.test("an epoch counts once it is named; without the state, the first whole one does", async () => {
  const store = new MemoryStore(), index = new SeriesIndex(), catalog = new Catalog(index);
  for (let i = 0; i < 10_000; i++) index.intern(series(i));
  await catalog.write(store);
  const few = await index.without(
    Uint8Array.from({ length: 10_000 }, (_, i) => i % 2),
    () => Promise.resolve(),
  );
  assert.ok(index.replaceBy(few));
  catalog.restart();
  await catalog.write(store);
  assert.equal(catalog.epoch, 1);
  assert.equal((await loaded(store, 0)).index.isLost(1), false);
  assert.equal((await loaded(store, "lost")).index.isLost(1), false);
  assertSame((await loaded(store, 1)).index, index);

  // A process that never named epoch 1 does not mistake it for its own.
  const other = await loaded(store, 0);
  other.catalog.restart();
  assert.equal(other.catalog.epoch, 2);

  // The first epoch goes from its first segment on: what a crash leaves of it does not look whole.
  await catalog.deleteObsolete(store);
  assertSame((await loaded(store, "lost")).index, index);
  for await (const { key } of store.list({ prefix: ["catalog"] })) assert.equal(key[1], 1);
});

Deno.test("labels of the largest size fit", async () => {
  const store = new MemoryStore(), index = new SeriesIndex(), catalog = new Catalog(index);
  const random = (seed: number) =>
    Array.from(
      { length: SYMBOL_BYTES_MAX },
      (_, i) => String.fromCharCode(33 + (Math.imul(i + seed, 2654435761) >>> 8) % 90),
    )
      .join("");
  for (let i = 0; i < 5; i++) {
    index.intern(Labels.from({ a: random(i), b: random(-i - 1) }));
    index.intern(
      Labels.from(Array.from({ length: 1000 }, (_, l): [string, string] => [`label_${l}`, `${i} ${l}`])),
    );
  }
  await catalog.write(store);
  assertSame((await loaded(store)).index, index);
});
