/** Opens the data directory named by the first argument and commits numbers for ever, printing each once it is acknowledged. */
import { openDirectory } from "../../../server/storage/directory.ts";
import { openKvStore } from "../../../server/storage/kv_store.ts";

const directory = await openDirectory(Deno.args[0], { defaultShardCount: 1, nowMs: Date.now() });
const store = await openKvStore(directory.shardPath(0));
const encoder = new TextEncoder();
for (let n = 0;; n++) {
  const value = new Uint8Array(60_000).fill(n);
  await store.commit({ set: [{ key: ["n", n], value }, { key: ["twin", n], value }] });
  Deno.stdout.writeSync(encoder.encode(`${n}\n`));
}
