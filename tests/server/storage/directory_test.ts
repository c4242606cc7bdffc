import assert from "node:assert/strict";
import { join } from "node:path";
import { openDirectory } from "../../../server/storage/directory.ts";
import { DirectoryError, type DirectoryErrorReason } from "../../../server/storage/directory_error.ts";
import { tmpfsTest, withTmpfs } from "./_tmpfs.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const options = { defaultShardCount: 2, nowMs: NOW_MS };

async function withParent(body: (parent: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    await body(parent);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

async function refuses(
  path: string,
  reason: DirectoryErrorReason,
  message: RegExp,
  shardCount?: number,
): Promise<void> {
  await assert.rejects(openDirectory(path, { ...options, shardCount }), (error) => {
    assert.ok(error instanceof DirectoryError, String(error));
    assert.equal(error.reason, reason);
    assert.equal(error.path, path);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("openDirectory() creates a directory once and keeps its format", async () => {
  await withParent(async (parent) => {
    const path = join(parent, "deep", "data");
    const created = await openDirectory(path, options);
    assert.deepEqual(created.format, {
      format: "narthex-data-directory",
      version: 1,
      created: "2026-01-02T03:04:05.000Z",
      shardCount: 2,
    });
    assert.equal(created.shardPath(1), join(path, "shard-1.kv"));
    assert.throws(() => created.shardPath(2), /BUG/);
    assert.equal(created.wasClosed, true);
    created.close();
    const again = await openDirectory(path, { defaultShardCount: 8, nowMs: NOW_MS + 1 });
    assert.deepEqual([again.format, again.wasClosed], [created.format, true]);
    again.close();
  });
});

Deno.test("the number of shards is asked for at creation and fixed from then on", async () => {
  await withParent(async (parent) => {
    const path = join(parent, "data");
    (await openDirectory(path, { ...options, shardCount: 4 })).close();
    (await openDirectory(path, { ...options, shardCount: 4 })).close();
    await refuses(path, "shard-count", /created with 4 shards, found a request for 3: ask for 4 or leave/, 3);
    await assert.rejects(openDirectory(join(parent, "other"), { ...options, shardCount: 0 }), RangeError);
    (await openDirectory(path, options)).close();
  });
});

Deno.test("a directory in use is refused with the pid of its user, and free once closed", async () => {
  await withParent(async (parent) => {
    const path = join(parent, "data");
    const first = await openDirectory(path, options);
    await refuses(
      path,
      "in-use",
      new RegExp(`process ${Deno.pid} is using it: stop that process or use another`),
    );
    first.close();
    (await openDirectory(path, options)).close();
  });
});

for (const name of ["wal", "chunks_head", "01BX5ZZKBKACTAV9WEVGEMMVRZ"]) {
  Deno.test(`the data directory of Prometheus, with ${name}, is refused and left alone`, async () => {
    await withParent(async (parent) => {
      const path = join(parent, "data");
      await Deno.mkdir(join(path, name), { recursive: true });
      await Deno.writeTextFile(join(path, "lock"), "");
      await refuses(path, "foreign", new RegExp(`it holds ${name}, which Prometheus .* dump-openmetrics`));
      assert.deepEqual([...Deno.readDirSync(path)].map((entry) => entry.name).sort(), [name, "lock"].sort());
    });
  });
}

Deno.test("directories of other names, or beside a format.json, are no data of Prometheus", async () => {
  await withParent(async (parent) => {
    const path = join(parent, "data");
    await Deno.mkdir(join(path, "snapshots"), { recursive: true });
    (await openDirectory(path, options)).close();
    await Deno.mkdir(join(path, "wal"));
    (await openDirectory(path, options)).close();
  });
});

Deno.test({
  name: "a directory that the system refuses to create is refused, with the system's reason",
  ignore: Deno.build.os !== "linux", // which has /proc
  fn: () =>
    refuses("/proc/nosuch", "not-writable", /the operating system refuses it \(ENOENT\): use another path/),
});

Deno.test("a lock file that was left behind blocks nobody", async () => {
  await withParent(async (parent) => {
    await Deno.writeTextFile(join(parent, "lock"), "1234567890\n");
    const directory = await openDirectory(parent, options);
    assert.equal(await Deno.readTextFile(join(parent, "lock")), `${Deno.pid}\n`);
    directory.close();
  });
});

const formats: { title: string; text: string; reason: DirectoryErrorReason; message: RegExp }[] = [
  {
    title: "that is cut off",
    text: '{"format": "nar',
    reason: "damaged",
    message: /format\.json is not JSON: restore/,
  },
  {
    title: "of something else",
    text: '{"format": "x"}',
    reason: "damaged",
    message: /not valid at "format"/,
  },
  {
    title: "without shards",
    text: '{"format":"narthex-data-directory","version":1,"created":"2026-01-02T03:04:05Z","shardCount":0}',
    reason: "damaged",
    message: /not valid at "shardCount"/,
  },
  {
    title: "of a newer version with other fields",
    text: '{"format":"narthex-data-directory","version":7}',
    reason: "newer-version",
    message: /version 7, this program knows up to 1: run the newer/,
  },
  {
    title: "of a newer version with the same fields",
    text: '{"format":"narthex-data-directory","version":2,"created":"2026-01-02T03:04:05Z","shardCount":2}',
    reason: "newer-version",
    message: /version 2, this program knows up to 1/,
  },
];
for (const { title, text, reason, message } of formats) {
  Deno.test(`a format.json ${title} is refused as ${reason}, and the lock is released`, async () => {
    await withParent(async (parent) => {
      await Deno.writeTextFile(join(parent, "format.json"), text);
      await refuses(parent, reason, message);
      await refuses(parent, reason, message);
    });
  });
}

Deno.test("stores without a format.json are left alone", async () => {
  await withParent(async (parent) => {
    await Deno.writeTextFile(join(parent, "shard-3.kv"), "");
    await refuses(parent, "damaged", /holds shard-3\.kv but no format\.json: restore format\.json/);
  });
});

Deno.test("a file in place of the directory or above it is refused", async () => {
  await withParent(async (parent) => {
    const file = join(parent, "file");
    await Deno.writeTextFile(file, "");
    await refuses(file, "not-a-directory", /a file is in its place/);
    await refuses(join(file, "data"), "not-a-directory", /a file is in its place/);
  });
});

tmpfsTest("a directory on a read-only file system is refused", async () => {
  await withTmpfs("ro", async (path) => {
    await refuses(path, "not-writable", /may not write there \(EROFS\): make it writable/);
    await refuses(join(path, "data"), "not-writable", /EROFS/);
  });
});

Deno.test({
  name: "a directory without write permission is refused (skipped for root, whom permissions do not bind)",
  ignore: Deno.uid() === 0,
  fn: () =>
    withParent(async (parent) => {
      await Deno.chmod(parent, 0o555);
      await refuses(parent, "not-writable", /EACCES/);
    }),
});
