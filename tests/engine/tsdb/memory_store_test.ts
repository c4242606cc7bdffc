import assert from "node:assert/strict";
import { keyBytes, MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { type Key, StoreFullError } from "../../../engine/tsdb/store.ts";
import { FaultyStore } from "../../faulty_store.ts";
import { testStore } from "../../store_suite.ts";

testStore("MemoryStore", () => {
  const store = new MemoryStore();
  return Promise.resolve({ store, dispose: () => store.close() });
});

testStore("FaultyStore without faults", () => {
  const store = new FaultyStore(new MemoryStore());
  return Promise.resolve({ store, dispose: () => store.close() });
});

const sizes: { key: Key; want: number }[] = [
  { key: [1], want: 9 },
  { key: [""], want: 2 },
  { key: ["abc", 1, -2.5], want: 5 + 18 },
  { key: ["a\0"], want: 5 },
  { key: ["é"], want: 4 },
  { key: ["\uffff"], want: 5 },
  { key: ["😀"], want: 6 },
];
for (const { key, want } of sizes) {
  Deno.test(`keyBytes() of ${JSON.stringify(key)} is ${want}`, () => {
    assert.equal(keyBytes(key), want);
  });
}

const at = (n: number) => ({ set: [{ key: ["k", n], value: new Uint8Array([n, n]) }] });

Deno.test("FaultyStore fails the nth commit, stored or not, and goes on", async () => {
  const store = new FaultyStore(new MemoryStore());
  store.failCommit(2, new StoreFullError("full"));
  store.failCommit(3, new Error("lost acknowledgement"), { stored: true });
  await store.commit(at(1));
  await assert.rejects(store.commit(at(2)), StoreFullError);
  await assert.rejects(store.commit(at(3)), /lost acknowledgement/);
  await store.commit(at(4));
  const keys = (await Array.fromAsync(store.list({ prefix: ["k"] }))).map((entry) => entry.key[1]);
  assert.deepEqual(keys, [1, 3, 4]);
  assert.equal(store.commits, 4);
});

Deno.test("FaultyStore refuses every commit while broken", async () => {
  const store = new FaultyStore(new MemoryStore());
  store.broken = new StoreFullError("full");
  await assert.rejects(store.commit(at(1)), StoreFullError);
  store.broken = undefined;
  await store.commit(at(1));
  assert.deepEqual(await store.get(["k", 1]), new Uint8Array([1, 1]));
});

Deno.test("FaultyStore flips, tears and loses what was stored", async () => {
  const store = new FaultyStore(new MemoryStore());
  await store.commit(at(1));
  await store.commit({ set: [{ key: ["k", 1], value: new Uint8Array([7, 8]) }, ...at(2).set] });
  await store.commit({ delete: [["k", 1]] });
  await store.loseTail(1);
  assert.deepEqual(await store.get(["k", 1]), new Uint8Array([7, 8]));
  await store.loseTail(1);
  assert.deepEqual(await store.get(["k", 1]), new Uint8Array([1, 1]));
  assert.equal(await store.get(["k", 2]), undefined);
  await store.flip(["k", 1], 9);
  assert.deepEqual(await store.get(["k", 1]), new Uint8Array([1, 3]));
  await store.tear(["k", 1], 1);
  assert.deepEqual(await store.get(["k", 1]), new Uint8Array([1]));
  await assert.rejects(store.loseTail(2), RangeError);
});
