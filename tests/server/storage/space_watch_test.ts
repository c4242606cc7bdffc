import assert from "node:assert/strict";
import { join } from "node:path";
import { Registry } from "../../../engine/instrument/mod.ts";
import { SpaceWatch } from "../../../server/storage/space_watch.ts";

Deno.test("a disk that cannot be looked at is reported once, and everything stays as it was", async () => {
  const parent = await Deno.makeTempDir();
  const directory = join(parent, "data"), away = join(parent, "away");
  await Deno.mkdir(directory);
  const registry = new Registry({ now: () => 0 });
  const logged: string[] = [], paused: string[] = [];
  const watch = new SpaceWatch(
    directory,
    registry,
    (reason) => Promise.resolve(void paused.push(reason)),
    (level, message, { err }) => void logged.push(`${level}: ${message}: ${err}`),
  );
  const figures = () => registry.gather();
  try {
    await watch.start();
    const before = figures();
    watch.stop();
    await Deno.rename(directory, away);
    for (let i = 0; i < 3; i++) {
      await watch.start();
      watch.stop();
    }
    assert.equal(logged.length, 1, logged.join("\n"));
    assert.match(logged[0], /^error: Cannot look after free space: .*(ENOENT|os error 2)/);
    assert.deepEqual(figures(), before);
    assert.deepEqual(paused, []);

    await Deno.rename(away, directory);
    await watch.start();
    watch.stop();
    await Deno.rename(directory, away);
    await watch.start();
    assert.equal(logged.length, 2, "it was there in between");
  } finally {
    watch.stop();
    await Deno.remove(parent, { recursive: true });
  }
});
