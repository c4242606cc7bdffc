import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Key } from "../../../engine/tsdb/store.ts";
import { type KvStore, openKvStore } from "../../../server/storage/kv_store.ts";
import { testStore } from "../../store_suite.ts";

testStore("KvStore", async () => {
  const directory = await Deno.makeTempDir();
  const path = join(directory, "test.kv");
  let store = await openKvStore(path);
  return {
    store,
    async reopen(): Promise<KvStore> {
      await store.close();
      return store = await openKvStore(path);
    },
    async dispose() {
      await store.close();
      await Deno.remove(directory, { recursive: true });
    },
  };
});

async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("openKvStore() creates files with pages of 8 KiB that can be returned one by one", async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, "a.kv");
    await (await openKvStore(path)).close();
    const db = new DatabaseSync(path, { readOnly: true });
    const settings = ["page_size", "auto_vacuum", "journal_mode"].map((name) =>
      db.prepare(`PRAGMA ${name}`).get()![name]
    );
    db.close();
    assert.deepEqual(settings, [8_192, 2, "wal"]);
  });
});

Deno.test("openKvStore() takes over an empty file, as an interrupted creation leaves it", async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, "a.kv");
    await Deno.writeFile(path, new Uint8Array(0));
    const store = await openKvStore(path);
    await store.commit({ set: [{ key: ["k"], value: new Uint8Array([1]) }] });
    assert.deepEqual(await store.get(["k"]), new Uint8Array([1]));
    await store.close();
  });
});

Deno.test("openKvStore() says which file it cannot open, and why", async () => {
  await withDirectory(async (directory) => {
    const garbage = join(directory, "garbage.kv");
    await Deno.writeTextFile(garbage, "not a database ".repeat(2_000));
    await assert.rejects(openKvStore(garbage), /garbage\.kv: file is not a database: check/);
    await assert.rejects(
      openKvStore(join(directory, "none", "a.kv")),
      /none\/a\.kv: unable to open database file/,
    );
  });
});

Deno.test("openKvStore() refuses a file whose tables cannot be read, which would end the process in Deno", async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, "a.kv");
    const store = await openKvStore(path);
    await store.commit({ set: [{ key: ["a"], value: new Uint8Array(40_000) }] });
    await store.close();
    const bytes = await Deno.readFile(path);
    bytes.fill(0x5a, 2 * 8192); // the first pages name the tables
    await Deno.writeFile(path, bytes);
    await assert.rejects(openKvStore(path), (error: Error) => {
      assert.match(
        error.message,
        /^Cannot open the store .*a\.kv: .*malformed: .* or restore it from a backup$/,
      );
      return true;
    });
  });
});

Deno.test("get() and list() refuse a value that is not bytes", async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, "a.kv");
    const store = await openKvStore(path);
    const foreign = await Deno.openKv(path);
    await foreign.set(["k"], "text");
    foreign.close();
    await assert.rejects(store.get(["k"]), /\["k"\].*holds a string instead of bytes/);
    await assert.rejects(Array.fromAsync(store.list({ prefix: [] })), /holds a string instead of bytes/);
    await store.close();
  });
});

Deno.test("a list under way fails clearly when its store is closed", async () => {
  await withDirectory(async (directory) => {
    const store = await openKvStore(join(directory, "a.kv"));
    const keys: Key[] = [["k", 1], ["k", 2], ["k", 3]];
    await store.commit({ set: keys.map((key) => ({ key, value: new Uint8Array(1) })) });
    const list = store.list({ prefix: [], batchSize: 1 });
    await list.next();
    await store.close();
    await assert.rejects(list.next(), /is closed/);
  });
});
