import assert from "node:assert/strict";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { setStale } from "../../../engine/sample.ts";
import { Database, WINDOW_MS } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { contents, labelsOf, options, row } from "./_samples.ts";

const HOUR_MS = 3_600_000;
const histogram = (count: number) => new FloatHistogram({ schema: 0, count, sum: 1 });

Deno.test("samples with times of their own follow the rules, wherever the newest sample of their series is", async () => {
  const database = await Database.open(new MemoryStore(), options);
  const group = database.group("target");
  database.slotFor(group, labelsOf("a"));
  const a = database.refFor(labelsOf("a")),
    b = database.refFor(labelsOf("b")),
    h = database.refFor(labelsOf("h"));
  database.append(group, 5000, row(1));
  database.append(group, 6000, row(undefined), false);
  assert.equal(database.appendSample(a, 5000, 1), "same", "as in the row");
  assert.equal(database.appendSample(a, 5000, 2), "duplicate");
  assert.equal(database.appendSample(a, 4000, 2), "out_of_order");
  assert.equal(database.appendSample(b, 4000, NaN), "stored");
  assert.equal(database.appendSample(b, 4000, NaN), "same");
  assert.equal(database.appendStale(b, 4000), "duplicate");
  assert.equal(database.appendStale(b, 4500), "stored");
  assert.equal(database.appendStale(b, 4500), "same");
  assert.equal(database.appendHistogram(h, 4000, histogram(1)), "stored");
  assert.equal(database.appendHistogram(h, 4000, histogram(1)), "same");
  assert.equal(database.appendHistogram(h, 4000, histogram(2)), "duplicate");
  assert.equal(database.appendSample(h, 4000, 0), "duplicate");
  await database.flush();
  assert.equal(database.appendSample(b, 4500, 1), "duplicate", "what is in a block still counts");
  assert.equal(database.appendSample(b, 4400, 1), "out_of_order");
  assert.equal(database.appendSample(b, 6000 - WINDOW_MS, 1), "out_of_bounds");
  assert.deepEqual(await contents(database), {
    '{__name__="a"}': [[5000, 1]],
    '{__name__="b"}': [[4000, NaN], [4500, "stale"]],
    '{__name__="h"}': [[4000, "histogram 1"]],
  });
});

Deno.test("in a window, late samples and late rows are stored, merged, and survive flush and compaction", async () => {
  const store = new MemoryStore();
  const late = { ...options, outOfOrderWindowMs: 10 * HOUR_MS };
  let database = await Database.open(store, late);
  const group = database.group("target");
  for (const name of ["a", "b", "c"]) database.slotFor(group, labelsOf(name));
  const want: Record<string, [number, number | string][]> = {
    '{__name__="a"}': [],
    '{__name__="b"}': [],
    '{__name__="c"}': [],
  };
  for (let hour = 1; hour <= 12; hour++) {
    database.append(group, hour * HOUR_MS, row(hour, -hour));
    want['{__name__="a"}'].push([hour * HOUR_MS, hour]);
    want['{__name__="b"}'].push([hour * HOUR_MS, -hour]);
  }
  await database.flush();
  await database.maintain();
  const words = row(99, undefined, 7);
  setStale(words, 1);
  const { accepted, samples } = database.append(group, 5.5 * HOUR_MS, words);
  assert.deepEqual([accepted, samples], [true, 2]);
  want['{__name__="a"}'].push([5.5 * HOUR_MS, 99]);
  want['{__name__="b"}'].push([5.5 * HOUR_MS, "stale"]);
  want['{__name__="c"}'].push([5.5 * HOUR_MS, 7]);
  assert.equal(database.append(group, HOUR_MS, row(1, 2, 3)).accepted, false, "older than the window");
  const a = database.refFor(labelsOf("a"));
  assert.equal(database.appendSample(a, 1.9 * HOUR_MS, 1), "too_old");
  assert.equal(database.appendSample(a, 2.1 * HOUR_MS, 1), "stored");
  want['{__name__="a"}'].push([2.1 * HOUR_MS, 1]);
  for (const list of Object.values(want)) list.sort((x, y) => x[0] - y[0]);
  assert.deepEqual(await contents(database), want);
  await database.commit();
  database = await Database.open(store, late);
  assert.deepEqual(await contents(database), want, "from the log");
  await database.flush();
  assert.deepEqual(await contents(database), want, "from blocks that overlap");
  await database.maintain();
  assert.ok(database.counters.compactions > 0);
  assert.deepEqual(await contents(database), want, "merged");
});

Deno.test("a clock that steps back, or ahead and back, refuses rows until time catches up", async () => {
  const database = await Database.open(new MemoryStore(), { ...options, headBytesMin: 1 });
  const group = database.group("target");
  database.slotFor(group, labelsOf("a"));
  const taken: [number, number][] = [];
  for (const hour of [1, 2, 1.5, 1.75, 2.25, 500, 2.5, 3, 499, 501]) {
    if (database.append(group, hour * HOUR_MS, row(hour)).accepted) taken.push([hour * HOUR_MS, hour]);
    await database.commit();
    await database.maintain();
  }
  assert.deepEqual(taken.map(([, hour]) => hour), [1, 2, 2.25, 500, 501]);
  assert.deepEqual(await contents(database), { '{__name__="a"}': taken });
  assert.equal(database.appendSample(database.refFor(labelsOf("b")), 3 * HOUR_MS, 1), "out_of_bounds");
});

Deno.test("append() refuses times that cannot be stored", async () => {
  const database = await Database.open(new MemoryStore(), options);
  const group = database.group("target");
  database.slotFor(group, labelsOf("a"));
  for (const timeMs of [0.5, NaN, Infinity, 2 ** 60]) {
    assert.throws(() => database.append(group, timeMs, row(1)), RangeError);
    assert.equal(database.appendSample(database.refFor(labelsOf("b")), timeMs, 1), "out_of_bounds");
  }
});

// --- When the process starts again ---------------------------------------------------------------------------------

const T = 1000 * HOUR_MS;

/** Where everything is in blocks, the log is empty, and the database is opened again. */
async function reopened(store: MemoryStore, outOfOrderWindowMs = 0): Promise<Database> {
  const database = await Database.open(store, { ...options, outOfOrderWindowMs });
  assert.equal(database.head.minMs, Infinity, "nothing in memory");
  return database;
}

async function filled(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const database = await Database.open(store, options);
  const group = database.group("target");
  for (const name of ["a", "b"]) database.slotFor(group, labelsOf(name));
  database.append(group, T - 60_000, row(1, 1));
  database.append(group, T, row(2, 2));
  database.appendSample(database.refFor(labelsOf("timed")), T - 5_000, 3);
  database.appendHistogram(database.refFor(labelsOf("h")), T - 5_000, histogram(4));
  await database.flush();
  return store;
}

for (
  const { name, timeMs, counted } of [
    { name: "an hour", timeMs: T - HOUR_MS, counted: "out_of_order" },
    { name: "ten seconds", timeMs: T - 10_000, counted: "out_of_order" },
    { name: "three hours", timeMs: T - 3 * HOUR_MS, counted: "out_of_bounds" },
  ] as const
) {
  Deno.test(`a row ${name} older than what its series have in blocks is ${counted} after a start, too`, async () => {
    const store = await filled();
    const before = await contents(await reopened(store));
    for (let opened = 0; opened < 2; opened++) { // of a flush with nothing to write, too
      const database = await reopened(store);
      const group = database.group("target");
      for (const label of ["a", "b"]) database.slotFor(group, labelsOf(label));
      const { accepted, late } = database.append(group, timeMs, row(5, 6));
      assert.equal(accepted, false);
      assert.deepEqual([...late!], [[0, counted], [1, counted]]);
      assert.equal(database.counters.refusedSamples[counted].float, 2);
      assert.deepEqual(await contents(database), before);
      await database.flush();
    }
    const database = await reopened(store);
    const group = database.group("target");
    for (const label of ["a", "b"]) database.slotFor(group, labelsOf(label));
    const again = database.append(group, T, row(2, 2));
    assert.deepEqual([again.accepted, [...again.late!]], [false, [[0, "same"], [1, "same"]]]);
    const { accepted, samples, late } = database.append(group, T + 1, row(7, 8));
    assert.deepEqual([accepted, samples, late], [true, 2, undefined]);
  });
}

Deno.test("single samples that are older than what their series has in blocks are refused after a start, too", async () => {
  const database = await reopened(await filled());
  const timed = database.refFor(labelsOf("timed")), h = database.refFor(labelsOf("h"));
  assert.equal(database.appendSample(timed, T - 6_000, 1), "out_of_order");
  assert.equal(database.appendSample(timed, T - 5_000, 3), "same");
  assert.equal(
    database.appendSample(timed, T - 4_000, 1),
    "stored",
    "newer than its own, though not than all",
  );
  assert.equal(database.appendHistogram(h, T - 6_000, histogram(1)), "out_of_order");
  assert.equal(database.appendHistogram(h, T - 4_000, histogram(1)), "stored");
});

Deno.test("after a start, new series may be behind the newest sample, but not out of bounds", async () => {
  const database = await reopened(await filled());
  const group = database.group("new target");
  database.slotFor(group, labelsOf("new"));
  assert.equal(database.append(group, T - HOUR_MS - 1, row(1)).accepted, false);
  assert.equal(database.counters.refusedSamples.out_of_bounds.float, 1);
  assert.equal(database.appendSample(database.refFor(labelsOf("newer")), T - HOUR_MS, 1), "stored");
  const { accepted, late } = database.append(group, T - HOUR_MS, row(1));
  assert.deepEqual([accepted, late], [true, undefined]);
});

Deno.test("after a start, a window takes late rows of series that are in blocks", async () => {
  const store = await filled();
  const database = await reopened(store, 2 * HOUR_MS);
  const group = database.group("target");
  for (const label of ["a", "b"]) database.slotFor(group, labelsOf(label));
  const old = database.append(group, T - 3 * HOUR_MS, row(4, 4));
  assert.deepEqual([old.accepted, [...old.late!]], [false, [[0, "too_old"], [1, "too_old"]]]);
  assert.equal(database.append(group, T - 1.5 * HOUR_MS, row(5, 5)).samples, 2);
  assert.equal(database.append(group, T - 30_000, row(6, undefined)).samples, 1);
  assert.equal(database.counters.outOfOrderSamples.float, 3);
  const { '{__name__="a"}': a } = await contents(database);
  assert.deepEqual(a, [[T - 1.5 * HOUR_MS, 5], [T - 60_000, 1], [T - 30_000, 6], [T, 2]]);
});

Deno.test("what deleteSeries deleted stays deleted after a start, and nothing older comes after it", async () => {
  const store = await filled();
  let database = await reopened(store);
  await database.deleteSeries([new Matcher("=", "__name__", "a")], -Infinity, Infinity);
  database = await reopened(store);
  assert.equal((await contents(database))['{__name__="a"}'], undefined);
  assert.equal(database.appendSample(database.refFor(labelsOf("a")), T - 1, 1), "out_of_order");
});

Deno.test("a row that is far behind other groups is out of bounds, whatever its own group has", async () => {
  const database = await Database.open(new MemoryStore(), options);
  const slow = database.group("slow"), fast = database.group("fast");
  database.slotFor(slow, labelsOf("slow"));
  database.slotFor(fast, labelsOf("fast"));
  database.append(slow, T - 5 * HOUR_MS, row(1));
  database.append(fast, T, row(1));
  assert.equal(database.append(slow, T - 4 * HOUR_MS, row(2)).accepted, false);
  assert.equal(database.counters.refusedSamples.out_of_bounds.float, 1);
  assert.equal(database.append(slow, T - HOUR_MS, row(3)).accepted, true);
});

Deno.test("the first row of a group follows what its series have elsewhere, which may be that row", async () => {
  const database = await Database.open(new MemoryStore(), options);
  const [first, second] = ["first", "second"].map((identity) => {
    const group = database.group(identity);
    for (const name of ["a", "b"]) database.slotFor(group, labelsOf(name));
    return group;
  });
  database.append(first, T, row(1, 3));
  const older = database.append(second, T - 1, row(5, 5));
  assert.deepEqual([...older.late!], [[0, "out_of_order"], [1, "out_of_order"]]);
  const other = database.append(second, T, row(5, 3));
  assert.deepEqual([...other.late!], [[0, "duplicate"], [1, "same"]]);
  const moved = database.append(second, T, row(1, 3), false);
  assert.deepEqual([moved.accepted, moved.late], [true, undefined]);
  assert.equal(database.append(second, T + 1, row(2, undefined)).stale, 1);
  assert.deepEqual(await contents(database), {
    '{__name__="a"}': [[T, 1], [T + 1, 2]],
    '{__name__="b"}': [[T, 3], [T + 1, "stale"]],
  });
});
