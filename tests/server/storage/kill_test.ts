import assert from "node:assert/strict";
import { join } from "node:path";
import { openDirectory } from "../../../server/storage/directory.ts";
import { DirectoryError } from "../../../server/storage/directory_error.ts";
import { openKvStore } from "../../../server/storage/kv_store.ts";

const ACKNOWLEDGED_MIN = 100;
const options = { defaultShardCount: 1, nowMs: 0 };

Deno.test("kill -9 loses no acknowledged commit, tears none, and leaves the directory to the next process", async () => {
  const parent = await Deno.makeTempDir();
  const path = join(parent, "data");
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--unstable-kv", new URL("./_committing_child.ts", import.meta.url).pathname, path],
      stdout: "piped",
    }).spawn();
    let printed = "", refused: unknown;
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      if (printed === "") refused = await openDirectory(path, options).catch((error) => error);
      printed += text;
      if (printed.split("\n").length > ACKNOWLEDGED_MIN) break; // the child is still committing
    }
    child.kill("SIGKILL");
    assert.equal((await child.status).signal, "SIGKILL");

    assert.ok(refused instanceof DirectoryError, String(refused));
    assert.equal(refused.reason, "in-use");
    assert.match(refused.message, new RegExp(`process ${child.pid} is using it: stop that process`));

    const directory = await openDirectory(path, options);
    assert.equal(directory.wasClosed, false);
    const store = await openKvStore(directory.shardPath(0));
    const numbers: unknown[] = [], twins: unknown[] = [];
    for await (const { key: [name, n], value } of store.list({ prefix: [], batchSize: 16 })) {
      (name === "n" ? numbers : twins).push(n);
      assert.ok(value.length === 60_000 && value.every((byte) => byte === (n as number & 0xff)));
    }
    await store.close();
    directory.close(); // by a command that only looked
    const again = await openDirectory(path, options);
    assert.equal(again.wasClosed, false);
    again.close(true); // by a server
    const last = await openDirectory(path, options);
    assert.equal(last.wasClosed, true);
    last.close();
    const acknowledged = printed.slice(0, printed.lastIndexOf("\n")).split("\n").length;
    assert.ok(acknowledged >= ACKNOWLEDGED_MIN);
    assert.ok(numbers.length >= acknowledged, `${numbers.length} stored, ${acknowledged} acknowledged`);
    assert.deepEqual(numbers, Array.from(numbers, (_, n) => n));
    assert.deepEqual(twins, numbers);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});
