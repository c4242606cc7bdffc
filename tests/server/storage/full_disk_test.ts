import assert from "node:assert/strict";
import { join } from "node:path";
import { type Store, StoreFullError } from "../../../engine/tsdb/store.ts";
import { FreeSpace } from "../../../server/storage/free_space.ts";
import { openKvStore } from "../../../server/storage/kv_store.ts";
import { tmpfsTest, withTmpfs } from "./_tmpfs.ts";

const MIB = 1_048_576;

tmpfsTest(
  "on a full disk reads go on, commits throw StoreFullError, and the ballast lets deletes run",
  async () => {
    await withTmpfs("size=16m", async (path) => {
      const space = new FreeSpace(path, { ballastBytes: 2 * MIB, lowBytes: 6 * MIB, fullBytes: 4 * MIB });
      assert.equal(await space.acquireBallast(), true);
      assert.equal(space.check().state, "ok");
      const store = await openKvStore(join(path, "a.kv"));

      const stored = await fill(store);
      assert.ok(stored > 100, `${stored} values of 30,000 bytes`);
      assert.equal(space.check().state, "full");
      assert.equal((await store.get(["p", stored - 1]))?.length, 30_000);
      assert.equal(await count(store), stored);
      await assert.rejects(store.commit({ set: [page(stored), page(stored + 1)] }), StoreFullError);
      assert.equal(await count(store), stored, "nothing of a failed batch is stored");

      await space.releaseBallast();
      const keys = Array.from({ length: 50 }, (_, n) => ["p", n]);
      await store.commit({ delete: keys });
      await store.commit({ set: [page(1_000), page(1_001)] });
      assert.equal(await count(store), stored - 50 + 2);
      assert.equal(await space.acquireBallast(), false, "not while space is low");
      await store.close();
    });
  },
);

tmpfsTest("a store that was filled to the last byte opens again and is whole", async () => {
  await withTmpfs("size=8m", async (path) => {
    let store = await openKvStore(join(path, "a.kv"));
    const stored = await fill(store);
    await store.close();
    await Deno.writeFile(join(path, "filler"), new Uint8Array(8 * MIB)).catch(() => {});
    const opened = await openKvStore(join(path, "a.kv")).catch((error) => error);
    if (opened instanceof Error) assert.ok(opened instanceof StoreFullError, String(opened));
    else await opened.close();
    await Deno.remove(join(path, "filler"));
    store = await openKvStore(join(path, "a.kv"));
    assert.equal(await count(store), stored);
    await store.close();
  });
});

/** Commits values of 30,000 bytes until the disk is full. */
async function fill(store: Store): Promise<number> {
  for (let n = 0;; n++) {
    try {
      await store.commit({ set: [page(n)] });
    } catch (error) {
      assert.ok(error instanceof StoreFullError, String(error));
      return n;
    }
  }
}

function page(n: number) {
  return { key: ["p", n], value: new Uint8Array(30_000).fill(n) };
}

async function count(store: Store): Promise<number> {
  return (await Array.fromAsync(store.list({ prefix: ["p"], batchSize: 16 }))).length;
}
