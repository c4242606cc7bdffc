import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { copyKv, freePagesBytes, vacuum } from "../../../server/storage/backup.ts";
import { type KvStore, openKvStore } from "../../../server/storage/kv_store.ts";

async function withStore(body: (store: KvStore, directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  const store = await openKvStore(join(directory, "live.kv"));
  try {
    await body(store, directory);
  } finally {
    await store.close();
    await Deno.remove(directory, { recursive: true });
  }
}

/** Commits numbers `[from, to)`, each together with its twin. */
async function commitNumbers(store: KvStore, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) {
    const value = new Uint8Array(30_000).fill(n);
    await store.commit({ set: [{ key: ["n", n], value }, { key: ["twin", n], value }] });
  }
}

async function numbers(store: KvStore, name: string): Promise<number[]> {
  return (await Array.fromAsync(store.list({ prefix: [name] }))).map((entry) => entry.key[1] as number);
}

Deno.test("copyKv() copies a live store with all that was acknowledged before it, and only whole commits", async () => {
  await withStore(async (store, directory) => {
    await commitNumbers(store, 0, 100);
    let copying = true;
    const destination = join(directory, "copy.kv");
    const copied = copyKv(store.path, destination).finally(() => copying = false);
    let n = 100;
    while (copying) await commitNumbers(store, n, ++n);
    assert.equal(await copied, (await Deno.stat(destination)).size);
    const copy = await openKvStore(destination);
    const found = await numbers(copy, "n");
    assert.ok(found.length >= 100 && found.length <= n, `${found.length} of ${n}`);
    assert.deepEqual(found, Array.from(found, (_, i) => i));
    assert.deepEqual(await numbers(copy, "twin"), found);
    await commitNumbers(copy, n, n + 1); // a copy is a store like any other
    await copy.close();
    assert.equal((await numbers(store, "n")).length, n);
    const names = await Array.fromAsync(Deno.readDir(directory), (entry) => entry.name);
    assert.ok(!names.some((name) => name.includes("partial")), names.join());
  });
});

Deno.test("copyKv() leaves out the keys that it is told to, and gives their space back", async () => {
  await withStore(async (store, directory) => {
    await commitNumbers(store, 0, 20);
    const small = { value: Uint8Array.of(1) };
    await store.commit({ set: [["twi"], ["twin2", 1], ["twi", "n"], [2]].map((key) => ({ key, ...small })) });
    const whole = join(directory, "whole.kv"), part = join(directory, "part.kv");
    const bytes = await copyKv(store.path, whole);
    assert.ok(await copyKv(store.path, part, { without: "twin" }) < bytes * 0.6);
    assert.deepEqual(
      (await Array.fromAsync(Deno.readDir(directory), ({ name }) => name)).filter((name) =>
        /part/.test(name)
      ),
      ["part.kv"],
    );
    const copy = await openKvStore(part);
    assert.deepEqual(await numbers(copy, "n"), await numbers(store, "n"));
    assert.deepEqual(await numbers(copy, "twin"), []);
    for (const key of [["twi"], ["twin2", 1], ["twi", "n"], [2]]) {
      assert.deepEqual(await copy.get(key), small.value);
    }
    await commitNumbers(copy, 0, 1);
    assert.deepEqual(await numbers(copy, "twin"), [0]);
    await copy.close();
  });
});

Deno.test("copyKv() overwrites nothing and leaves nothing behind when it fails", async () => {
  await withStore(async (store, directory) => {
    const taken = join(directory, "taken");
    await Deno.writeTextFile(taken, "mine");
    await assert.rejects(copyKv(store.path, taken), /the file exists: remove it/);
    assert.equal(await Deno.readTextFile(taken), "mine");
    await assert.rejects(copyKv(store.path, join(directory, "none", "copy.kv")), /Cannot copy .*none/);
    const garbage = join(directory, "garbage");
    await Deno.writeTextFile(garbage, "no database ".repeat(1_000));
    await assert.rejects(copyKv(garbage, join(directory, "copy")), /not a database/);
    await assert.rejects(copyKv(join(directory, "missing"), join(directory, "copy")), /No such file/);
    await assert.rejects(Deno.stat(join(directory, "copy.partial")), Deno.errors.NotFound);
    await assert.rejects(Deno.stat(join(directory, "missing")), Deno.errors.NotFound);
  });
});

Deno.test("copyKv() of an empty file is a store like any other", async () => {
  await withStore(async (_, directory) => {
    const empty = join(directory, "empty.kv"), copy = join(directory, "copy.kv");
    await Deno.writeTextFile(empty, "");
    assert.ok(await copyKv(empty, copy) > 0);
    const store = await openKvStore(copy);
    await commitNumbers(store, 0, 1);
    assert.deepEqual(await numbers(store, "n"), [0]);
    await vacuum(copy); // only what `openKvStore` made can be
    await store.close();
  });
});

Deno.test("vacuum() returns the free pages of a live store while it commits", async () => {
  await withStore(async (store) => {
    await commitNumbers(store, 0, 200);
    await store.commit({
      delete: Array.from({ length: 180 }, (_, n) => [["n", n], ["twin", n]]).flat(),
    });
    const free = freePagesBytes(store.path);
    assert.ok(free > 360 * 30_000 && free < 360 * 45_000, `${free} bytes free`);
    let running = true;
    const vacuumed = vacuum(store.path).finally(() => running = false);
    while (running) await commitNumbers(store, 199, 200);
    const returned = await vacuumed;
    assert.ok(returned > free / 2 && returned <= free, `${returned} of ${free} bytes returned`);
    assert.ok(freePagesBytes(store.path) < free / 2);
    assert.deepEqual(await numbers(store, "n"), Array.from({ length: 20 }, (_, i) => i + 180));
    assert.deepEqual(await numbers(store, "twin"), await numbers(store, "n"));
    await store.close();
    assert.ok((await Deno.stat(store.path)).size < free / 2, "the file has shrunk");
    const db = new DatabaseSync(store.path, { readOnly: true });
    assert.equal(db.prepare("PRAGMA integrity_check").get()!.integrity_check, "ok");
    db.close();
  });
});

Deno.test("vacuum() stops when told", async () => {
  await withStore(async (store) => {
    await commitNumbers(store, 0, 50);
    await store.commit({ delete: Array.from({ length: 50 }, (_, n) => ["n", n]) });
    const free = freePagesBytes(store.path);
    assert.equal(await vacuum(store.path, { signal: AbortSignal.abort() }), 0);
    assert.equal(freePagesBytes(store.path), free);
  });
});

Deno.test("vacuum() and freePagesBytes() refuse files that are not ours, and create none", async () => {
  await withStore(async (_store, directory) => {
    const foreign = join(directory, "foreign.kv");
    (await Deno.openKv(foreign)).close();
    await assert.rejects(vacuum(foreign), /not created by Narthex: stop Narthex and run sqlite3/);
    const missing = join(directory, "missing.kv");
    await assert.rejects(vacuum(missing), Deno.errors.NotFound);
    assert.throws(() => freePagesBytes(missing), Deno.errors.NotFound);
    await assert.rejects(Deno.stat(missing), Deno.errors.NotFound);
  });
});
