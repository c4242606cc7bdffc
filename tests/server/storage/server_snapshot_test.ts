import assert from "node:assert/strict";
import { join } from "node:path";
import { writeServerSnapshot } from "../../../server/storage/server_snapshot.ts";

Deno.test("a snapshot has the stores of all shards and the format, and one that fails leaves nothing", async () => {
  const path = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(path, "format.json"), "{}");
    const copy = async (pathOf: (shard: number) => string) => {
      for (const shard of [0, 1]) await Deno.writeTextFile(pathOf(shard), `${shard}`);
    };
    await writeServerSnapshot({ path }, "whole", copy);
    await assert.rejects(
      writeServerSnapshot({ path }, "half", async (pathOf) => {
        await copy(pathOf);
        throw new Error("shard 1 failed");
      }),
      /shard 1 failed/,
    );
    const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(names(join(path, "snapshots")), ["whole"]);
    assert.deepEqual(names(join(path, "snapshots", "whole")), ["format.json", "shard-0.kv", "shard-1.kv"]);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});
