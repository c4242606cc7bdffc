import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import type { Key, Store } from "../../../engine/tsdb/store.ts";
import { WriteAheadLog } from "../../../engine/tsdb/write_ahead_log.ts";
import { FaultyStore } from "../../faulty_store.ts";

const records = (text: string, length = 10) => new Uint8Array(length).fill(text.charCodeAt(0));

async function replayed(store: Store, floor = 0) {
  const log = new WriteAheadLog(store), damage: Key[] = [];
  let text = "";
  for await (const batch of log.replay(floor, (key) => damage.push(key))) {
    text += (batch.follows ? "" : "|") + String.fromCharCode(batch.records[0]);
  }
  return { text, damage, log };
}

/** Generations of batches a, b, c … */
async function filled(store: Store, ...generations: string[]): Promise<WriteAheadLog> {
  const log = new WriteAheadLog(store);
  for (const [i, generation] of generations.entries()) {
    if (i > 0) log.rotate();
    for (const letter of generation) log.add(records(letter));
    await log.commit(log.queued);
  }
  return log;
}

Deno.test("replay() gives batches in order, and says where one does not follow the one before", async () => {
  const store = new MemoryStore();
  await filled(store, "abc", "de");
  assert.deepEqual((await replayed(store)).text, "|abc|de");
  const { text, log } = await replayed(store, 1);
  assert.equal(text, "|de");
  assert.equal(log.generation, 2, "a process has generations of its own");
});

for (
  const { name, change, want, damaged } of [
    { name: "missing", change: { delete: [["wal", 0, 1, 0]] }, want: "|a|c|de", damaged: 1 },
    {
      name: "damaged",
      change: { set: [{ key: ["wal", 0, 1, 0], value: new Uint8Array(9) }] },
      want: "|a|c|de",
      damaged: 1,
    },
    { name: "missing at the start", change: { delete: [["wal", 0, 0, 0]] }, want: "|bc|de", damaged: 1 },
    {
      name: "missing at the end, which nobody can tell",
      change: { delete: [["wal", 0, 2, 0]] },
      want: "|ab|de",
      damaged: 0,
    },
  ]
) {
  Deno.test(`replay() leaves out a batch that is ${name}`, async () => {
    const store = new MemoryStore();
    await filled(store, "abc", "de");
    await store.commit(change);
    const { text, damage } = await replayed(store);
    assert.deepEqual([text, damage.length], [want, damaged]);
  });
}

Deno.test("a batch of several parts is whole or not there", async () => {
  const store = new MemoryStore();
  const log = new WriteAheadLog(store);
  log.add(records("a"));
  const large = crypto.getRandomValues(new Uint8Array(60_000)); // does not compress
  const whole = new Uint8Array(150_000);
  for (let at = 0; at < whole.length; at += 60_000) whole.set(large.subarray(0, whole.length - at), at);
  log.add(whole);
  log.add(records("c"));
  await log.commit(log.queued);
  const batches: Uint8Array[] = [];
  for await (const batch of new WriteAheadLog(store).replay(0, assert.fail)) batches.push(batch.records);
  assert.deepEqual(batches.map(({ length }) => length), [10, 150_000, 10]);
  assert.deepEqual(batches[1], whole);
  for (const part of [0, 1, 2]) {
    const left = new MemoryStore();
    for await (const entry of store.list({ prefix: ["wal"] })) {
      if (entry.key[2] !== 1 || entry.key[3] !== part) await left.commit({ set: [entry] });
    }
    const { text, damage } = await replayed(left);
    assert.deepEqual([text, damage.length > 0], ["|a|c", true], `without part ${part}`);
  }
  // At the end of a generation it is one that was never acknowledged.
  await store.commit({ delete: [["wal", 0, 2, 0], ["wal", 0, 1, 2]] });
  const { text, damage } = await replayed(store);
  assert.deepEqual([text, damage], ["|a", []]);
});

Deno.test("commit() keeps what it could not make durable, and bytes count what is in the store", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({ letter: fc.constantFrom("a", "b", "c"), fails: fc.boolean(), stored: fc.boolean() }),
        {
          maxLength: 20,
        },
      ),
      async (steps) => {
        const inner = new MemoryStore(), store = new FaultyStore(inner), log = new WriteAheadLog(store);
        let want = "";
        for (const { letter, fails, stored } of steps) {
          if (fails) store.failCommit(1, new Error("failed"), { stored });
          log.add(records(letter));
          want += letter;
          await log.commit(log.queued).then(() => assert.ok(!fails), () => assert.ok(fails));
        }
        await log.commit(log.queued);
        assert.equal((await replayed(inner)).text, want === "" ? "" : `|${want}`);
        let bytes = 0;
        for await (const { value } of inner.list({ prefix: ["wal"] })) bytes += value.length;
        assert.equal(log.bytes, bytes);
        assert.equal(log.queuedBytes, 0);
        log.rotate();
        await log.deleteBefore(1);
        assert.equal(log.bytes, 0);
        assert.equal((await replayed(inner)).text, "");
      },
    ),
  );
});
