import assert from "node:assert/strict";
import { join } from "node:path";
import { FreeSpace } from "../../../server/storage/free_space.ts";

async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const states = [
  { free: 0, want: "full" },
  { free: 99, want: "full" },
  { free: 100, want: "low" },
  { free: 199, want: "low" },
  { free: 200, want: "ok" },
];
for (const { free, want } of states) {
  Deno.test(`check() of ${free} free bytes is ${want} with fullBytes 100 and lowBytes 200`, () => {
    const space = new FreeSpace("/", { fullBytes: 100, lowBytes: 200, freeBytesOf: () => free });
    assert.deepEqual(space.check(), { freeBytes: free, state: want });
  });
}

Deno.test("check() asks the file system of the directory", async () => {
  await withDirectory((directory) => {
    const { freeBytes } = new FreeSpace(directory).check();
    assert.ok(Number.isSafeInteger(freeBytes) && freeBytes > 0);
    assert.throws(() => new FreeSpace(join(directory, "none")).check(), /ENOENT/);
    return Promise.resolve();
  });
});

Deno.test("the ballast takes real blocks, is kept while whole, and is removed on release", async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, "ballast");
    const space = new FreeSpace(directory, { ballastBytes: 300_000, lowBytes: 0, fullBytes: 0 });
    assert.equal(await space.hasBallast(), false);
    assert.equal(await space.acquireBallast(), true);
    const { size, blocks, mtime } = await Deno.stat(path);
    assert.equal(size, 300_000);
    assert.ok(blocks! * 512 >= 300_000);
    assert.equal(await space.acquireBallast(), true);
    assert.deepEqual((await Deno.stat(path)).mtime, mtime, "a whole ballast is not written again");
    await space.releaseBallast();
    await space.releaseBallast();
    assert.equal(await space.hasBallast(), false);
  });
});

Deno.test("a ballast that is short or has holes is written anew", async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, "ballast");
    const space = new FreeSpace(directory, { ballastBytes: 300_000, lowBytes: 0, fullBytes: 0 });
    await Deno.writeFile(path, new Uint8Array(10));
    assert.equal(await space.hasBallast(), false);
    assert.equal(await space.acquireBallast(), true);
    await Deno.truncate(path, 0);
    await Deno.truncate(path, 300_000); // all hole
    assert.equal(await space.hasBallast(), false);
    assert.equal(await space.acquireBallast(), true);
    assert.equal(await space.hasBallast(), true);
  });
});

Deno.test("acquireBallast() leaves the last space to the stores", async () => {
  await withDirectory(async (directory) => {
    const options = { ballastBytes: 1_000, fullBytes: 1_000, lowBytes: 2_000 };
    const free = (bytes: number) => new FreeSpace(directory, { ...options, freeBytesOf: () => bytes });
    assert.equal(await free(2_999).acquireBallast(), false);
    assert.equal(await free(2_999).hasBallast(), false);
    assert.equal(await free(3_000).acquireBallast(), true);
  });
});

Deno.test("limits out of order are refused", () => {
  assert.throws(() => new FreeSpace("/", { fullBytes: 2, lowBytes: 1 }), RangeError);
  assert.throws(() => new FreeSpace("/", { ballastBytes: 0 }), RangeError);
});
