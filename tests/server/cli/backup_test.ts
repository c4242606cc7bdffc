import assert from "node:assert/strict";
import { join } from "node:path";
import { backup } from "../../../server/cli/backup.ts";
import { importSamples } from "../../../server/cli/import.ts";
import { restore } from "../../../server/cli/restore.ts";
import { writeSnapshot } from "../../../server/cli/snapshot.ts";
import { openDirectory } from "../../../server/storage/directory.ts";
import { openKvStore } from "../../../server/storage/kv_store.ts";
import { Output, read, readerOf, withTempDir } from "./_cli.ts";

const URL_UNUSED = "http://localhost:9090";

async function filled(path: string): Promise<void> {
  const text = Array.from({ length: 500 }, (_, i) => `m{i="${i % 50}"} ${i} ${i}\n`).join("") + "# EOF\n";
  const io = new Output();
  assert.equal(
    await importSamples({ file: "-", storagePath: path, labels: {} }, io, { stdin: readerOf(text) }),
    0,
    io.err,
  );
}

async function run(
  work: (io: Output) => Promise<number>,
): Promise<{ code: number; out: string; err: string }> {
  const io = new Output();
  const code = await work(io);
  return { code, out: io.out, err: io.err };
}

async function namesIn(path: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).sort();
}

/** A server that writes real snapshots of `path`, as far as `backup` asks for anything. */
function serveSnapshots(path: string, enabled: boolean): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async ({ url, method }) => {
    const success = (data: unknown) => Response.json({ status: "success", data });
    switch (`${method} ${new URL(url).pathname}`) {
      case "GET /api/v1/status/runtimeinfo":
        return success({ CWD: join(path, "..") });
      case "GET /api/v1/status/flags":
        return success({ "storage.path": "data/" });
      case "POST /api/v1/admin/tsdb/snapshot": {
        if (!enabled) {
          return Response.json({ status: "error", errorType: "unavailable", error: "admin APIs disabled" }, {
            status: 503,
          });
        }
        const directory = await openDirectory(path, { defaultShardCount: 1, nowMs: 0 });
        try {
          await writeSnapshot(directory, join(path, "snapshots", "20260102T030405Z-1a2b"));
        } finally {
          directory.close();
        }
        return success({ name: "20260102T030405Z-1a2b" });
      }
    }
    return new Response("404 page not found\n", { status: 404 });
  });
}

Deno.test("backup --url, then restore, gives the same samples; the server's own copy goes", async () => {
  await withTempDir(async (parent) => {
    const path = join(parent, "data"), copy = join(parent, "copy"), fresh = join(parent, "fresh");
    await filled(path);
    const server = serveSnapshots(path, true);
    try {
      const url = `http://127.0.0.1:${server.addr.port}`;
      const backedUp = await run((io) => backup({ url, directory: copy }, io));
      assert.equal(backedUp.err, "");
      assert.equal(backedUp.code, 0);
      assert.match(backedUp.out, /^Backed up http.* to /);
    } finally {
      await server.shutdown();
    }
    assert.deepEqual(await namesIn(join(path, "snapshots")), []);
    const shards = (await namesIn(copy)).filter((name) => name.startsWith("shard-"));
    assert.ok(shards.length >= 1);
    assert.deepEqual(await namesIn(copy), ["format.json", ...shards]);
    const restored = await run((io) => restore({ directory: copy, storagePath: fresh }, io));
    assert.equal(restored.err, "");
    assert.equal(restored.code, 0);
    assert.deepEqual(await namesIn(fresh), await namesIn(copy));
    assert.deepEqual(await read(fresh), await read(path));
    assert.deepEqual(await read(copy), await read(path), "the copy is a data directory itself");
  });
});

Deno.test("backup --url says how to enable snapshots, and what to do when they are elsewhere", async () => {
  await withTempDir(async (parent) => {
    const path = join(parent, "data"), directory = join(parent, "copy");
    await filled(path);
    const disabled = serveSnapshots(path, false);
    const { code, err } = await run((io) =>
      backup({ url: `http://127.0.0.1:${disabled.addr.port}`, directory }, io)
    );
    await disabled.shutdown();
    assert.equal(code, 1);
    assert.match(err, /takes no snapshots: admin APIs disabled: start it with --web.enable-admin-api/);

    const remote = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, ({ url }) => {
      const data = url.endsWith("flags")
        ? { "storage.path": "data/" }
        : { CWD: "/far/away", name: "../there" };
      return Response.json({
        status: "success",
        data: url.endsWith("snapshot") && parent ? { name: snapshotName } : data,
      });
    });
    let snapshotName = "there";
    const url = `http://127.0.0.1:${remote.addr.port}`;
    assert.match(
      (await run((io) => backup({ url, directory }, io))).err,
      /wrote its snapshot to \/far\/away\/data\/snapshots\/there, which cannot be reached from here: run this/,
    );
    snapshotName = "../..";
    assert.match(
      (await run((io) => backup({ url, directory }, io))).err,
      /gave its snapshot the name "..\/.."/,
    );
    await remote.shutdown();
  });
});

Deno.test("backup of a stopped server's directory has all its stores; one in use is refused", async () => {
  await withTempDir(async (parent) => {
    const path = join(parent, "data"), directory = join(parent, "copy");
    await filled(path);
    const held = await openDirectory(path, { defaultShardCount: 1, nowMs: 0 });
    const refused = await run((io) => backup({ url: URL_UNUSED, storagePath: path, directory }, io));
    held.close();
    assert.equal(refused.code, 1);
    assert.match(refused.err, /is using it/);

    const { code, err } = await run((io) => backup({ url: URL_UNUSED, storagePath: path, directory }, io));
    assert.equal(code, 0, err);
    const fresh = join(parent, "fresh");
    assert.equal((await run((io) => restore({ directory, storagePath: fresh }, io))).code, 0);
    assert.deepEqual(await read(fresh), await read(path));
  });
});

Deno.test("restore brings back a copy that was opened and killed, over what an empty directory may hold", async () => {
  await withTempDir(async (parent) => {
    const copy = join(parent, "copy"), killed = join(parent, "killed"), fresh = join(parent, "fresh");
    await filled(copy);
    const want = await read(copy);
    const open = await openKvStore(join(copy, "shard-0.kv"));
    await open.commit({ set: [{ key: ["late"], value: Uint8Array.of(7) }] });
    await new Deno.Command("cp", { args: ["-r", copy, killed] }).output(); // as it is while it is open
    await open.close();
    assert.ok((await namesIn(killed)).includes("shard-0.kv-wal"));

    await Deno.mkdir(join(fresh, "lost+found"), { recursive: true });
    await Deno.mkdir(join(fresh, "incomplete"));
    await Deno.writeTextFile(join(fresh, "incomplete", "shard-9.kv"), "half");
    const { code, err } = await run((io) => restore({ directory: killed, storagePath: fresh }, io));
    assert.equal(code, 0, err);
    assert.ok(!(await namesIn(fresh)).includes("incomplete"));
    assert.deepEqual(await read(fresh), want);
    const store = await openKvStore(join(fresh, "shard-0.kv"));
    assert.deepEqual(await store.get(["late"]), Uint8Array.of(7), "what was only in the log is there too");
    await store.close();
  });
});

Deno.test("restore refuses what it cannot restore and leaves nothing behind", async () => {
  await withTempDir(async (parent) => {
    const copy = join(parent, "copy"), storagePath = join(parent, "fresh");
    await Deno.mkdir(copy);
    const attempt = (to = storagePath) => run((io) => restore({ directory: copy, storagePath: to }, io));
    assert.match((await attempt()).err, /No data directory at .*copy: it has no format.json/);
    await Deno.remove(copy);
    await filled(copy);

    const held = await openDirectory(copy, { defaultShardCount: 1, nowMs: 0 });
    assert.match(
      (await attempt()).err,
      /Cannot restore .*: a server is using it: copy its data with backup --url first/,
    );
    held.close();

    assert.match((await attempt(copy)).err, /copy is not empty: it holds /);
    const file = join(parent, "file");
    await Deno.writeTextFile(file, "");
    assert.match(
      (await attempt(file)).err,
      /Cannot write to .*file: .*: give a directory that is empty or absent/,
    );

    const format = JSON.parse(await Deno.readTextFile(join(copy, "format.json")));
    await Deno.writeTextFile(join(copy, "format.json"), JSON.stringify({ ...format, version: 99 }));
    assert.match(
      (await attempt()).err,
      /Cannot copy .*: its format is version 99, this program knows up to 1/,
    );
    await Deno.writeTextFile(join(copy, "format.json"), JSON.stringify({ ...format, shardCount: 30 }));
    const incomplete = await attempt();
    assert.match(
      incomplete.err,
      /copy is not complete: it has no shard-\d+.kv, and format.json tells of 30 shards/,
    );
    assert.equal(incomplete.code, 1);
    await Deno.writeTextFile(join(copy, "format.json"), JSON.stringify(format));
    await Deno.writeTextFile(join(copy, "shard-0.kv"), "not a database at all");
    assert.match((await attempt()).err, /shard-0.kv is damaged: it is no SQLite file/);
    assert.deepEqual(await namesIn(storagePath), []);
  });
});

Deno.test("restore takes a plain copy of a directory with a shard that was never used", async () => {
  await withTempDir(async (parent) => {
    const copy = join(parent, "copy"), storagePath = join(parent, "fresh");
    await filled(copy);
    const format = JSON.parse(await Deno.readTextFile(join(copy, "format.json")));
    await Deno.writeTextFile(
      join(copy, "format.json"),
      JSON.stringify({ ...format, shardCount: format.shardCount + 1 }),
    );
    await Deno.writeTextFile(join(copy, `shard-${format.shardCount}.kv`), "");
    const { code, err } = await run((io) => restore({ directory: copy, storagePath }, io));
    assert.equal(code, 0, err);
    assert.deepEqual(await read(storagePath), await read(copy));
  });
});

Deno.test("restore reads everything back, and refuses a copy with damaged values", async () => {
  await withTempDir(async (parent) => {
    const copy = join(parent, "copy"), storagePath = join(parent, "fresh");
    await filled(copy);
    const sound = await run((io) => restore({ directory: copy, storagePath: join(parent, "sound") }, io));
    assert.match(sound.out, /Restored .* to .*sound: read back 500 samples/);

    let store = await openKvStore(join(copy, "shard-0.kv"));
    const pages = await Array.fromAsync(store.list({ prefix: ["page"] }));
    const { key, value } = pages.find(({ key }) => key[2] === "v")!;
    value[value.length - 1] ^= 1;
    await store.commit({ set: [{ key, value }] });
    await store.close();
    const damaged = await run((io) => restore({ directory: copy, storagePath }, io));
    assert.equal(damaged.code, 1);
    assert.match(
      damaged.err,
      /shard-0.kv is damaged: it cannot be read at \["page",.*use another copy, or start the/,
    );
    assert.deepEqual(await namesIn(storagePath), []);

    store = await openKvStore(join(copy, "shard-0.kv"));
    value[value.length - 1] ^= 1;
    await store.commit({ set: [{ key, value }] });
    await store.close();
    assert.equal((await run((io) => restore({ directory: copy, storagePath }, io))).code, 0);
    assert.deepEqual(await read(storagePath), await read(copy));
  });
});
