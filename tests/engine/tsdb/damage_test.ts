import assert from "node:assert/strict";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { Database, WINDOW_MS } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import type { Entry, Key } from "../../../engine/tsdb/store.ts";
import { contents, labelsOf, options as plain, row, type Value } from "./_samples.ts";

const options = { ...plain, headBytesMin: 1 << 20 };

async function entriesOf(store: MemoryStore): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const prefix of ["block", "catalog", "catalog-copy", "garbage", "page", "state", "tombstone", "wal"]) {
    for await (const entry of store.list({ prefix: [prefix] })) entries.push(entry);
  }
  return entries;
}

async function storeOf(entries: readonly Entry[]): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (const entry of entries) await store.commit({ set: [entry] });
  return store;
}

/** A store with something of everything, and what it holds; `deleted` is what tombstones hide. */
async function sound() {
  const store = new MemoryStore();
  const database = await Database.open(store, options);
  const group = database.group("target"), late = database.group("late");
  for (const name of ["a", "b", "c"]) database.slotFor(group, labelsOf(name));
  for (let t = 0; t < 3 * WINDOW_MS; t += WINDOW_MS / 4) {
    if (t === WINDOW_MS) database.slotFor(group, labelsOf("d")); // a catalog segment of its own
    database.append(group, t, row(t, t + 1, t + 2, t + 3).subarray(0, 2 * group.slotCount));
    database.appendSample(database.refFor(labelsOf("solo")), t, t);
    await database.commit();
    if (t === WINDOW_MS + WINDOW_MS / 4) await database.flush();
  }
  await database.flush();
  await database.maintain();
  await database.deleteSeries([new Matcher("=", "__name__", "a")], 0, WINDOW_MS);
  database.slotFor(late, labelsOf("e"));
  for (let t = 3 * WINDOW_MS; t < 3 * WINDOW_MS + 6000; t += 1000) {
    database.append(group, t, row(t, t + 1, t + 2, t + 3));
    database.append(late, t, row(t));
    database.appendHistogram(
      database.refFor(labelsOf("h")),
      t,
      new FloatHistogram({ schema: 0, count: t, sum: 1 }),
    );
    await database.commit();
  }
  return { entries: await entriesOf(store), samples: await contents(database) };
}

const damages: { name: string; change: (value: Uint8Array) => Uint8Array | undefined }[] = [
  { name: "missing", change: () => undefined },
  { name: "empty", change: () => new Uint8Array() },
  { name: "torn in half", change: (value) => value.slice(0, value.length >> 1) },
  { name: "cut by a byte", change: (value) => value.slice(0, -1) },
  ...[0, 1, 2, 5, 6, 7, 20, -1].map((at) => ({
    name: `flipped in byte ${at}`,
    change: (value: Uint8Array) => {
      const copy = value.slice();
      copy[at < 0 ? copy.length + at : Math.min(at, copy.length - 1)] ^= 0x10;
      return copy;
    },
  })),
  { name: "another value", change: () => new Uint8Array(100).fill(7) },
];

/** Whether a missing value of this key cannot be told from one that never was. */
function isUnnoticed([kind]: Key): boolean {
  return kind !== "page" && kind !== "catalog";
}

Deno.test("whatever value is damaged, it is counted, nothing wrong is answered, and the rest is served", async (t) => {
  const { entries, samples } = await sound();
  const wanted = new Map(Object.entries(samples).map(([key, list]) => [key, new Map(list)]));
  const kinds = Map.groupBy(entries, ({ key }) => key[0]);
  assert.deepEqual([...kinds.keys()].sort(), [
    "block",
    "catalog",
    "catalog-copy",
    "page",
    "state",
    "tombstone",
    "wal",
  ]);
  for (const { name, change } of damages) {
    await t.step(name, async () => {
      for (const damaged of entries) {
        const value = change(damaged.value);
        const where = `${name}: ${JSON.stringify(damaged.key)}`;
        const store = await storeOf(
          entries.flatMap((entry) =>
            entry !== damaged ? [entry] : value === undefined ? [] : [{ key: entry.key, value }]
          ),
        );
        const [kind, id, part] = damaged.key;
        const check = (found: Record<string, [number, Value][]>) => {
          for (const [key, list] of Object.entries(found)) {
            for (const [timeMs, sample] of list) {
              const isDeleted = key.includes(`"a"`) && timeMs <= WINDOW_MS;
              if (isDeleted && kind === "tombstone") continue;
              assert.equal(sample, wanted.get(key)?.get(timeMs), `${where}: ${key} at ${timeMs}`);
            }
          }
        };
        const reported: Key[] = [];
        const database = await Database.open(store, { ...options, onDamage: (key) => reported.push(key) });
        const block = database.blocks.find((other) => other.id === id);
        let found = await contents(database);
        await database.refsIn(-Infinity, Infinity);
        check(found);
        if (kind !== "catalog-copy" && !(name === "missing" && isUnnoticed(damaged.key))) {
          assert.equal(database.counters.damagedValues, reported.length);
          assert.ok(reported.length > 0, `${where} was not reported`);
        }
        const lost = (test: (timeMs: number, key: string) => boolean) => {
          for (const [key, list] of wanted) {
            const times = new Set(found[key]?.map(([timeMs]) => timeMs));
            for (const timeMs of list.keys()) {
              if (!times.has(timeMs)) assert.ok(test(timeMs, key), `${where} lost ${key} at ${timeMs}`);
            }
          }
        };
        if (kind === "wal") lost((timeMs) => timeMs >= 3 * WINDOW_MS);
        else if (kind === "block" && name !== "missing") lost(() => false);
        else if (kind === "page" && part === "r") lost(() => false);
        else if (kind === "page" && block !== undefined) {
          lost((timeMs) => timeMs >= block.minMs && timeMs <= block.maxMs);
        } else if (kind === "page") lost((timeMs) => timeMs < 3 * WINDOW_MS);
        else if (kind !== "block") lost(() => false);

        // New series get nothing of the lost ones, and everything works.
        const fresh = labelsOf("fresh");
        const group = database.group("fresh");
        database.slotFor(group, fresh);
        database.append(group, 4 * WINDOW_MS, row(1));
        await database.commit();
        const again = await Database.open(store, options);
        for (const each of [database, again]) {
          await each.maintain();
          await each.flush();
          await each.cleanTombstones();
          await each.maintain();
          found = await contents(each);
          assert.deepEqual(found[fresh.toString()], [[4 * WINDOW_MS, 1]], where);
          delete found[fresh.toString()];
          check(found);
        }
        if (kind === "page" && block === undefined) {
          const left = (await entriesOf(store)).filter(({ key }) => key[0] === "page" && key[1] === id);
          assert.ok(left.length > 0, `${where}: the block that cannot be read is gone`);
        }
      }
    });
  }
});

Deno.test("where a catalog segment and its copy are lost, the other series are served, through maintenance", async () => {
  const { entries, samples } = await sound();
  const segments = entries.filter(({ key }) => key[0] === "catalog");
  assert.ok(segments.length > 1);
  let served = 0;
  for (const { key: [, , segment] } of segments) {
    const isSegment = ({ key }: Entry) => String(key[0]).startsWith("catalog") && key[2] === segment;
    const store = await storeOf(entries.filter((entry) => !isSegment(entry)));
    const database = await Database.open(store, options);
    const check = async (database: Database) => {
      const found = await contents(database);
      for (const [key, list] of Object.entries(found)) assert.deepEqual(list, samples[key]);
      return Object.keys(found).sort();
    };
    const left = await check(database);
    served += left.length;
    const group = database.group("target");
    database.slotFor(group, labelsOf("fresh"));
    await database.flush();
    await database.cleanTombstones();
    await database.maintain();
    assert.deepEqual(await check(database), left);
    assert.deepEqual(await check(await Database.open(store, options)), left);
  }
  assert.ok(served > 0);
});
