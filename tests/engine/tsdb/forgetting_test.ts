import assert from "node:assert/strict";
import { Database, WINDOW_MS } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { contents, everything, labelsOf, options as plain, row } from "./_samples.ts";

const options = { ...plain, headBytesMin: 1, retentionMs: 3 * WINDOW_MS };

async function catalogBytes(store: MemoryStore): Promise<number> {
  let bytes = 0;
  for await (const { value } of store.list({ prefix: ["catalog"] })) bytes += value.length;
  return bytes;
}

Deno.test("under churn, series that nothing has any more are forgotten; those that are there keep all samples", async () => {
  const store = new MemoryStore();
  let database = await Database.open(store, options);
  const rounds = 24, each = 500;
  let forgotten = 0, bytesMost = 0, namesMost = 0;
  for (let round = 0; round < rounds; round++) {
    const stays = database.group("stays");
    database.slotFor(stays, labelsOf("stays"));
    const group = database.group(`pod ${round}`);
    for (let i = 0; i < each; i++) {
      database.slotFor(group, labelsOf("churns", { pod: `${round}`, i: `${round}-${i}` }));
    }
    for (let t = round * WINDOW_MS; t < (round + 1) * WINDOW_MS; t += WINDOW_MS / 4) {
      database.append(stays, t, row(t));
      database.append(group, t, row(...Array.from({ length: each }, (_, i) => i)));
      await database.commit();
      await database.maintain();
    }
    database.head.retire(group);
    await database.maintain();
    forgotten += database.counters.seriesForgotten;
    database.counters.seriesForgotten = 0;
    bytesMost = Math.max(bytesMost, await catalogBytes(store));
    namesMost = Math.max(namesMost, database.index.select(everything).length);
    if (round % 5 === 4) {
      const before = await contents(database);
      database = await Database.open(store, {
        ...options,
        onDamage: (key) => assert.fail(JSON.stringify(key)),
      });
      assert.deepEqual(await contents(database), before);
    }
  }
  assert.ok(forgotten > (rounds - 12) * each, `forgot ${forgotten}`);
  assert.ok(namesMost < 10 * each, `knew ${namesMost} series at once`);
  const found = await contents(database);
  assert.ok(found['{__name__="stays"}'].length >= 12);
  assert.equal(found['{__name__="stays"}'].at(-1)![0], rounds * WINDOW_MS - WINDOW_MS / 4);

  // A forgotten series comes back under another ref, with nothing of what was.
  const labels = labelsOf("churns", { pod: "0", i: "0-0" });
  assert.equal(database.index.find(labels), -1);
  assert.equal(database.refFor(labels), database.index.size - 1);
});

Deno.test("samples of a ref that was forgotten are refused, not lost", async () => {
  const database = await Database.open(new MemoryStore(), options);
  const refs = Array.from({ length: 3000 }, (_, i) => database.refFor(labelsOf("never", { i: `${i}` })));
  await database.maintain();
  assert.equal(database.counters.seriesForgotten, 3000);
  assert.throws(() => database.appendSample(refs[0], 1, 1), /BUG/);
  const again = database.refFor(labelsOf("never", { i: "0" }));
  assert.equal(database.appendSample(again, 1, 1), "stored");
});

Deno.test("a series that is asked for while others are forgotten stays", async () => {
  const store = new MemoryStore();
  let database: Database | undefined;
  let asked = -1;
  const pause = () => {
    // The pauses of maintenance: the last one is in the copy of the index.
    if (database !== undefined) asked = database.refFor(labelsOf("never", { i: "7" }));
    return Promise.resolve();
  };
  const opened = await Database.open(store, { ...options, pause });
  for (let i = 0; i < 20_000; i++) opened.refFor(labelsOf("never", { i: `${i}` }));
  database = opened;
  await opened.maintain();
  database = undefined;
  assert.equal(asked, 7);
  assert.equal(opened.appendSample(asked, 5, 1), "stored");
  assert.deepEqual(await contents(opened), { '{__name__="never", i="7"}': [[5, 1]] });
});
