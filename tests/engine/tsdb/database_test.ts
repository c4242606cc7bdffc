import assert from "node:assert/strict";
import fc from "fast-check";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { Database, WINDOW_MS } from "../../../engine/tsdb/database.ts";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { always as all, everything, labelsOf, options, row, samples } from "./_samples.ts";

Deno.test("select() gives back rows from the head, after a flush, after a reopen", async () => {
  const store = new MemoryStore();
  let database = await Database.open(store, options);
  const group = database.group("target");
  assert.deepEqual([database.slotFor(group, labelsOf("a")), database.slotFor(group, labelsOf("b"))], [0, 1]);
  database.append(group, 1000, row(1, 10));
  database.append(group, 2000, row(2, undefined));
  const want = { '{__name__="a"}': [[1000, 1], [2000, 2]], '{__name__="b"}': [[1000, 10], [2000, "stale"]] };
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), want);
  await database.commit();
  database = await Database.open(store, options);
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), want, "from the log");
  await database.flush();
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), want, "from a block");
  database = await Database.open(store, options);
  assert.deepEqual(
    samples(await database.select({ matchers: everything, ...all })),
    want,
    "from a block, reopened",
  );
  assert.deepEqual(
    samples(
      await database.select({ matchers: [new Matcher("=", "__name__", "b")], startMs: 1500, endMs: 2000 }),
    ),
    { '{__name__="b"}': [[2000, "stale"]] },
  );
});

Deno.test("select() gives up where there are more samples than are wanted", async () => {
  const database = await Database.open(new MemoryStore(), options);
  const group = database.group("target");
  for (const name of ["a", "b", "c"]) database.slotFor(group, labelsOf(name));
  database.append(group, 1000, row(1, 10, 100));
  database.append(group, 2000, row(2, 20, 200));
  const request = { matchers: everything, ...all };
  assert.equal((await database.select({ ...request, maxSamples: 6 })).length, 3);
  await assert.rejects(database.select({ ...request, maxSamples: 5 }), {
    name: "SelectSizeError",
    message: "found more than 5 samples: select fewer series or a shorter range",
  });
});

Deno.test("append() refuses a row that is not newer and carries on after it", async () => {
  const database = await Database.open(new MemoryStore(), options);
  const group = database.group("target");
  database.slotFor(group, labelsOf("a"));
  assert.equal(database.append(group, 2000, row(1)).accepted, true);
  assert.equal(database.append(group, 2000, row(2)).accepted, false);
  assert.equal(database.append(group, 1000, row(2)).accepted, false);
  assert.equal(database.append(group, 3000, row(3)).accepted, true);
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), {
    '{__name__="a"}': [[2000, 1], [3000, 3]],
  });
});

Deno.test("a series in two groups is one series, merged by time", async () => {
  const store = new MemoryStore();
  const database = await Database.open(store, options);
  const first = database.group("old"), second = database.group("new");
  database.slotFor(first, labelsOf("a"));
  database.slotFor(second, labelsOf("b"));
  const slot = database.slotFor(second, labelsOf("a"));
  assert.equal(slot, 1);
  database.append(first, 1000, row(1));
  database.append(second, 1500, row(5, 2));
  database.append(first, 2000, row(3));
  const want = { '{__name__="a"}': [[1000, 1], [1500, 2], [2000, 3]], '{__name__="b"}': [[1500, 5]] };
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), want);
  await database.flush();
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), want);
});

Deno.test("histograms and samples with their own times are kept beside rows", async () => {
  const store = new MemoryStore();
  let database = await Database.open(store, options);
  const group = database.group("target");
  const slot = database.slotFor(group, labelsOf("h"));
  const ref = database.refFor(labelsOf("h"));
  const words = row(undefined);
  database.markElsewhere(group, words, slot);
  database.append(group, 1000, words);
  assert.equal(
    database.appendHistogram(ref, 1000, new FloatHistogram({ schema: 0, count: 3, sum: 4 })),
    "stored",
  );
  database.append(group, 2000, row(undefined));
  const solo = database.refFor(labelsOf("solo"));
  assert.equal(database.appendSample(solo, 1700, 7), "stored");
  const want = {
    '{__name__="h"}': [[1000, "histogram 3"], [2000, "stale"]],
    '{__name__="solo"}': [[1700, 7]],
  };
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), want);
  await database.commit();
  database = await Database.open(store, options);
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), want);
  await database.flush();
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), want);
});

Deno.test("blocks are compacted window by window and lose nothing", async () => {
  const store = new MemoryStore();
  let database = await Database.open(store, { ...options, headBytesMin: 1 });
  const group = database.group("target");
  const want: [number, number][] = [];
  database.slotFor(group, labelsOf("a"));
  for (let t = 0; t < 10 * WINDOW_MS; t += WINDOW_MS / 40) {
    database.append(group, t, row(t / 1000));
    want.push([t, t / 1000]);
    if (t % (WINDOW_MS / 4) === 0) await database.maintain();
  }
  await database.commit();
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), {
    '{__name__="a"}': want,
  });
  assert.ok(database.counters.compactions > 0);
  assert.ok(database.blocks.some(({ level }) => level >= 2), "windows were merged into longer ones");
  const compacted = database.blocks.filter(({ level }) => level > 0);
  for (let i = 1; i < compacted.length; i++) assert.ok(compacted[i].minMs > compacted[i - 1].maxMs);
  database = await Database.open(store, options);
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), {
    '{__name__="a"}': want,
  });
});

Deno.test("retention removes blocks by age and by size", async () => {
  const store = new MemoryStore();
  const database = await Database.open(store, { ...options, retentionMs: 3 * WINDOW_MS, headBytesMin: 1 });
  const group = database.group("target");
  database.slotFor(group, labelsOf("a"));
  for (let t = 0; t < 10 * WINDOW_MS; t += WINDOW_MS / 8) {
    database.append(group, t, row(t));
    await database.maintain();
  }
  const oldest = samples(await database.select({ matchers: everything, ...all }))['{__name__="a"}'][0][0];
  assert.ok(oldest >= 5 * WINDOW_MS, `oldest sample at ${oldest}`);
  database.options = { ...options, retentionBytes: 1 };
  await database.maintain();
  assert.equal(database.blocks.length, 0);
});

Deno.test("deleteSeries() hides samples at once, and cleanTombstones() removes them for good", async () => {
  const store = new MemoryStore();
  let database = await Database.open(store, options);
  const group = database.group("target");
  database.slotFor(group, labelsOf("a"));
  database.slotFor(group, labelsOf("b"));
  for (let t = 1000; t <= 5000; t += 1000) database.append(group, t, row(t, -t));
  await database.deleteSeries([new Matcher("=", "__name__", "a")], 2000, 4000);
  const want = {
    '{__name__="a"}': [[1000, 1000], [5000, 5000]],
    '{__name__="b"}': [1000, 2000, 3000, 4000, 5000].map((t) => [t, -t]),
  };
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), want);
  database = await Database.open(store, options);
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), want);
  await database.cleanTombstones();
  assert.ok(database.tombstones.isEmpty);
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), want);
  database = await Database.open(store, options);
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), want);
});

// --- Against a model -----------------------------------------------------------------------------------------------

type Step =
  | { do: "row"; group: number; values: (number | undefined)[]; gapMs: number }
  | { do: "sample"; series: number; value: number }
  | { do: "commit" | "flush" | "maintain" | "reopen" };

const value = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true }), fc.constant(undefined));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("row" as const),
      group: fc.integer({ min: 0, max: 2 }),
      values: fc.array(value, { maxLength: 6 }),
      gapMs: fc.oneof(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 1, max: WINDOW_MS })),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("sample" as const),
      series: fc.integer({ min: 0, max: 2 }),
      value: fc.integer(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom("commit", "flush", "maintain", "reopen" as const) }),
  },
);

Deno.test("whatever is appended, flushed, compacted and reopened, select() agrees with a map of samples", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const store = new MemoryStore();
      let database = await Database.open(store, { ...options, headBytesMin: 1000 });
      const model = new Map<string, Map<number, number | string>>();
      const put = (key: string, timeMs: number, sample: number | string) => {
        if (!model.has(key)) model.set(key, new Map());
        const series = model.get(key)!;
        if (!series.has(timeMs)) series.set(timeMs, sample);
      };
      let nowMs = 1_000_000;
      const present = new Map<number, Set<number>>();
      for (const action of steps) {
        if (action.do === "row") {
          nowMs += action.gapMs;
          const group = database.group(`group ${action.group}`);
          action.values.forEach((_, i) =>
            database.slotFor(group, labelsOf("m", { group: `${action.group}`, i: `${i}` }))
          );
          database.append(group, nowMs, row(...action.values));
          const before = present.get(action.group) ?? new Set<number>(), now = new Set<number>();
          action.values.forEach((sample, i) => {
            if (sample === undefined) return;
            now.add(i);
            put(labelsOf("m", { group: `${action.group}`, i: `${i}` }).toString(), nowMs, sample);
          });
          for (const i of before) {
            if (!now.has(i)) {
              put(labelsOf("m", { group: `${action.group}`, i: `${i}` }).toString(), nowMs, "stale");
            }
          }
          present.set(action.group, now);
        } else if (action.do === "sample") {
          nowMs++;
          const labels = labelsOf("solo", { series: `${action.series}` });
          assert.equal(database.appendSample(database.refFor(labels), nowMs, action.value), "stored");
          put(labels.toString(), nowMs, action.value);
        } else if (action.do === "reopen") {
          await database.commit();
          const flushed = database.head.maxMs !== -Infinity && database.head.minMs === Infinity;
          database = await Database.open(store, { ...options, headBytesMin: 1000 });
          // A group whose rows are all in blocks starts anew: what vanished meanwhile gets no marker.
          if (flushed) present.clear();
        } else await database[action.do]();
        // So does one that nobody has asked for since the database was opened.
        for (const id of present.keys()) {
          if (database.head.find(`group ${id}`) === undefined) present.delete(id);
        }
      }
      const want: Record<string, [number, number | string][]> = {};
      for (const [key, series] of model) want[key] = [...series].sort((a, b) => a[0] - b[0]);
      assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), want);
    }),
    { numRuns: 150 },
  );
});

// --- Single promises -----------------------------------------------------------------------------------------------

Deno.test("exemplars survive a flush and a reopen, in order", async () => {
  const store = new MemoryStore();
  let database = await Database.open(store, options);
  const ref = database.refFor(labelsOf("a"));
  const exemplar = (timeMs: number) => ({ timeMs, value: timeMs, labels: ["trace_id", `${timeMs}`] });
  for (let t = 1; t <= 4; t++) {
    assert.equal(database.appendExemplar(ref, exemplar(t)), "stored");
    const flushing = t % 2 === 0 ? database.flush() : database.commit();
    await flushing;
  }
  await database.commit();
  database = await Database.open(store, options);
  assert.deepEqual([...database.exemplars.inOrder()].map(({ exemplar }) => exemplar.timeMs), [1, 2, 3, 4]);
});

Deno.test("samples that come after a deletion of their time are not deleted", async () => {
  const store = new MemoryStore();
  let database = await Database.open(store, { ...options, outOfOrderWindowMs: WINDOW_MS });
  const ref = database.refFor(labelsOf("a"));
  for (const t of [1000, 2000, 9000]) database.appendSample(ref, t, 1);
  await database.deleteSeries([new Matcher("=", "__name__", "a")], 0, 5000);
  assert.equal(database.appendSample(ref, 1000, 2), "stored");
  const want = { '{__name__="a"}': [[1000, 2], [9000, 1]] };
  const select = async () => samples(await database.select({ matchers: everything, ...all }));
  assert.deepEqual(await select(), want);
  await database.flush();
  assert.deepEqual(await select(), want);
  database = await Database.open(store, options);
  assert.deepEqual(await select(), want);
  await database.cleanTombstones();
  assert.ok(database.tombstones.isEmpty);
  assert.deepEqual(await select(), want);
});

Deno.test("size retention counts what is there, not what was", async () => {
  const database = await Database.open(new MemoryStore(), {
    ...options,
    headBytesMin: 1,
    retentionBytes: 100_000,
  });
  const group = database.group("target");
  database.slotFor(group, labelsOf("a"));
  for (let t = 0; t < 400; t++) {
    database.append(group, t * 60_000, row(t));
    await database.commit();
    if (t % 10 === 0) await database.maintain();
  }
  assert.equal(database.counters.sizeRetentions, 0);
  assert.ok(database.blockBytes + database.logBytes < 100_000);
  assert.equal(
    samples(await database.select({ matchers: everything, ...all }))['{__name__="a"}'].length,
    400,
  );
});

Deno.test("a histogram that fits no page is refused and leaves the rest alone", async () => {
  const database = await Database.open(new MemoryStore(), options);
  const size = 40_000;
  const huge = new FloatHistogram({
    schema: 8,
    count: 1,
    sum: 1,
    positiveSpans: [{ offset: 0, length: size }],
    positiveBuckets: Float64Array.from({ length: size }, (_, i) => i / 7),
  });
  const ref = database.refFor(labelsOf("h"));
  assert.throws(() => database.appendHistogram(ref, 1000, huge), RangeError);
  assert.equal(
    database.appendHistogram(ref, 1000, new FloatHistogram({ schema: 0, count: 3, sum: 4 })),
    "stored",
  );
  await database.flush();
  assert.deepEqual(samples(await database.select({ matchers: everything, ...all })), {
    '{__name__="h"}': [[1000, "histogram 3"]],
  });
});

Deno.test("a group that gets series with every row takes little more memory than its samples", async () => {
  const database = await Database.open(new MemoryStore(), options);
  const group = database.group("target");
  for (let i = 0; i < 1000; i++) database.slotFor(group, labelsOf("a", { i: `${i}` }));
  for (let t = 0; t < 50; t++) {
    database.slotFor(group, labelsOf("b", { t: `${t}` }));
    database.append(group, t, row(...new Array(1001 + t).fill(t)));
  }
  assert.ok(database.head.openBytes < 3 * 50 * 1050 * 8, `${database.head.openBytes} bytes`);
});

Deno.test("of two samples of one time, the one that was stored first counts, whatever blocks they are in", async () => {
  const store = new MemoryStore();
  const database = await Database.open(store, { ...options, outOfOrderWindowMs: 100 * WINDOW_MS });
  const ref = database.refFor(labelsOf("a"));
  const put = async (...list: [number, number][]) => {
    for (const [timeMs, value] of list) database.backfill(ref, timeMs, value);
    await database.flush();
  };
  await put([5000, 1], [6000, 1]);
  await put([1000, 2], [5000, 2]); // begins earlier
  await put([3 * WINDOW_MS, 3]); // completes the window
  const want = { '{__name__="a"}': [[1000, 2], [5000, 1], [6000, 1], [3 * WINDOW_MS, 3]] };
  const select = async () => samples(await database.select({ matchers: everything, ...all }));
  assert.deepEqual(await select(), want);
  await database.maintain();
  assert.ok(database.counters.compactions > 0);
  assert.deepEqual(await select(), want);
  await put([500, 4], [5000, 4]);
  assert.deepEqual((await select())['{__name__="a"}'].slice(0, 3), [[500, 4], [1000, 2], [5000, 1]]);
});
