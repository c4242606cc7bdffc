import assert from "node:assert/strict";
import { Catalog } from "../../../engine/tsdb/catalog.ts";
import { Journal } from "../../../engine/tsdb/journal.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { SeriesIndex } from "../../../engine/tsdb/series_index.ts";
import type { Batch } from "../../../engine/tsdb/store.ts";
import { labelsOf } from "./_samples.ts";

async function keysOf(store: MemoryStore, prefix: string): Promise<number> {
  let keys = 0;
  for await (const _ of store.list({ prefix: [prefix] })) keys++;
  return keys;
}

Deno.test("commit() never makes a record durable before the series that it names", async () => {
  const index = new SeriesIndex();
  /** Meanwhile a series comes, and a flush ends the generation with its record. */
  class BusyStore extends MemoryStore {
    meanwhile: (() => void) | undefined;
    override async commit(batch: Batch): Promise<void> {
      await super.commit(batch);
      this.meanwhile?.();
      this.meanwhile = undefined;
    }
  }
  const store = new BusyStore();
  const journal = new Journal(store, new Catalog(index));
  journal.records.float(index.intern(labelsOf("a")), 1, 1);
  store.meanwhile = () => {
    journal.records.float(index.intern(labelsOf("b")), 2, 2);
    journal.rotate();
  };
  let stored = 0;
  const commit = store.commit.bind(store);
  store.commit = async (batch) => {
    await commit(batch);
    const found = new SeriesIndex();
    await new Catalog(found).load(store, 0, assert.fail);
    stored = await keysOf(store, "wal");
    assert.ok(found.size >= stored, `${stored} records and ${found.size} series are durable`);
  };
  assert.equal(await journal.commit(), true);
  await journal.commit();
  assert.equal(await keysOf(store, "wal"), 2);
  assert.equal(journal.uncommittedBytes, 0);
  assert.equal(await journal.commit(), false);
});

Deno.test("commits that are asked for together share the work", async () => {
  const index = new SeriesIndex(), store = new MemoryStore();
  const journal = new Journal(store, new Catalog(index));
  const ref = index.intern(labelsOf("a"));
  const results: Promise<boolean>[] = [];
  for (let i = 0; i < 10; i++) {
    journal.records.float(ref, i, i);
    results.push(journal.commit());
  }
  assert.deepEqual(await Promise.all(results), [true, ...new Array(9).fill(false)]);
  assert.equal(await keysOf(store, "wal"), 1);
});
