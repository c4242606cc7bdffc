import assert from "node:assert/strict";
import { join } from "node:path";
import type { Entry, Key } from "../../engine/tsdb/store.ts";
import { openKvStore } from "../../server/storage/kv_store.ts";
import { Server, temporaryDirectory } from "../integration/_server.ts";
import { CountingTargets, type Histories, historiesOf, scrapedMore } from "./_counting_targets.ts";

interface Damage {
  readonly name: string;
  /** Which stored values are candidates; the one in the middle of them is damaged. */
  readonly isMeant: (key: Key) => boolean;
  /** Part of the samples that must still be there. */
  readonly keptMin: number;
}

const damages: readonly Damage[] = [
  { name: "a batch of the log", isMeant: ([first]) => first === "wal", keptMin: 0.5 },
  { name: "a page of values", isMeant: ([first, , kind]) => first === "page" && kind === "v", keptMin: 0.5 },
  { name: "a page of times", isMeant: ([first, , kind]) => first === "page" && kind === "t", keptMin: 0.5 },
  {
    name: "the index of a block",
    isMeant: ([first, , kind]) => first === "page" && kind === "i",
    keptMin: 0.5,
  },
  { name: "the meta of a block", isMeant: ([first]) => first === "block", keptMin: 0.5 },
  { name: "a segment of the catalog", isMeant: ([first]) => first === "catalog", keptMin: 0.3 },
  { name: "the state of the database", isMeant: ([first]) => first === "state", keptMin: 1 },
];

const args = ["--storage.shards=1", "--storage.flush-interval=50ms", "--web.enable-admin-api"];

Deno.test("damage to stored values is counted and logged, and everything else is served", async (t) => {
  await using directory = await temporaryDirectory();
  await using targets = new CountingTargets({ targets: 4, series: 100 });
  const original = join(directory.path, "original");
  const before = await fill(original, targets);
  for (const { name, isMeant, keptMin } of damages) {
    await t.step(name, async () => {
      const path = join(directory.path, name);
      await Deno.mkdir(path);
      for await (const { name } of Deno.readDir(original)) {
        await Deno.copyFile(join(original, name), join(path, name));
      }
      const key = await damage(join(path, "shard-0.kv"), isMeant);
      await using server = await Server.start({ storagePath: path, config: targets.config(100), args });
      await server.ready();
      const after = await historiesOf(server);
      const kept = countKept(before, after);
      assert.ok(kept >= keptMin, `${JSON.stringify(key)}: ${kept} of the samples are left`);
      assert.ok(await server.metric("prometheus_tsdb_wal_corruptions_total") >= 1, server.log);
      assert.match(server.log, /level=ERROR .*set aside: it cannot be read/);
      await scrapedMore(server, 3);
      assert.equal(await server.stop(), 0, server.log);
    });
  }
});

/** Makes several blocks, several segments of the catalog, and a log after the last block. */
async function fill(path: string, targets: CountingTargets): Promise<Histories> {
  for (const count of [1, 2, 4]) {
    const jobs = Array.from({ length: count }, (_, i) => targets.group(String(i)));
    const config = targets.config(100).replace(/static_configs: .*/, `static_configs: [${jobs}]`);
    await using server = await Server.start({ storagePath: path, config, args });
    await server.ready();
    await scrapedMore(server, 8);
    // Flushes the head.
    await server.post("admin/tsdb/delete_series", { "match[]": "victim" });
    await server.post("admin/tsdb/clean_tombstones");
    await scrapedMore(server, 8);
    await server.stop();
  }
  await using server = await Server.start({ storagePath: path, config: "scrape_configs: []\n", args });
  await server.ready();
  const histories = await historiesOf(server);
  await server.stop();
  return histories;
}

/** Changes a byte of a stored value; its key. */
async function damage(path: string, isMeant: (key: Key) => boolean): Promise<Key> {
  const store = await openKvStore(path);
  try {
    const candidates: Entry[] = [];
    for await (const entry of store.list({ prefix: [] })) if (isMeant(entry.key)) candidates.push(entry);
    assert.ok(candidates.length > 0, "nothing of the kind is stored");
    const { key, value } = candidates[candidates.length >>> 1];
    value[value.length >>> 1] ^= 0x10;
    await store.commit({ set: [{ key, value }] });
    return key;
  } finally {
    await store.close();
  }
}

/** Which part of the samples is still there; all that is there must be as it was, or newer. */
function countKept(before: Histories, after: Histories): number {
  let all = 0, kept = 0;
  for (const [target, series] of before) {
    for (const [s, samples] of series) {
      const known = new Map(samples), lastMs = samples.at(-1)![0];
      all += samples.length;
      for (const [timeMs, value] of after.get(target)?.get(s) ?? []) {
        if (timeMs > lastMs) continue;
        assert.equal(value, known.get(timeMs), `series ${s} of target ${target} at ${timeMs}`);
        kept++;
      }
    }
  }
  return kept / all;
}
