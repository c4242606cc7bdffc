import assert from "node:assert/strict";
import fc from "fast-check";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { isAbsent, isStale, wordsOf } from "../../../engine/sample.ts";
import { Database, type DatabaseOptions, WINDOW_MS } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { mergeSeries } from "../../../engine/tsdb/merge_series.ts";
import type { SeriesColumns } from "../../../engine/tsdb/select.ts";
import { StartTimes } from "../../../engine/tsdb/start_times.ts";
import type { Key } from "../../../engine/tsdb/store.ts";
import { always, contents, everything, labelsOf, options, row } from "./_samples.ts";

const late: DatabaseOptions = { ...options, outOfOrderWindowMs: 1e12 };
const histogram = (count: number) => new FloatHistogram({ schema: 0, count, sum: 1 });

/** Start timestamps by label set and time, of samples that are no staleness markers; 0 where none is known. */
function startsOf(series: readonly SeriesColumns[]): Record<string, [number, number][]> {
  return Object.fromEntries(series.map(({ labels, times, values, histograms, startTimes }) => {
    if (startTimes !== undefined) assert.equal(startTimes.length, times.length);
    const words = wordsOf(values);
    const list: [number, number][] = [];
    times.forEach((timeMs, i) => {
      if (histograms?.[i] === undefined && (isAbsent(words, i) || isStale(words, i))) return;
      list.push([timeMs, startTimes?.[i] ?? 0]);
    });
    return [labels.get("__name__"), list];
  }));
}

const allOf = async (database: Database) =>
  startsOf(await database.select({ matchers: everything, ...always }));

Deno.test("StartTimes give what was set, before and after what is no longer needed is dropped", () => {
  const change = fc.record({
    slot: fc.nat(3),
    gapMs: fc.nat(2),
    startMs: fc.constantFrom(0, 0, 1, 2, 3),
  });
  fc.assert(fc.property(fc.array(change, { maxLength: 30 }), fc.nat(60), (changes, sinceMs) => {
    const times = Float64Array.from({ length: 70 }, (_, i) => i);
    const startTimes = new StartTimes(), want = Array.from({ length: 4 }, () => new Float64Array(70));
    let timeMs = 0;
    const set = new Set<string>();
    for (const { slot, gapMs, startMs } of changes) {
      timeMs += gapMs;
      if (set.has(`${slot} ${timeMs}`)) continue; // a row has one
      set.add(`${slot} ${timeMs}`);
      startTimes.set(slot, timeMs, startMs);
      want[slot].fill(startMs, timeMs);
    }
    for (const [slot, column] of want.entries()) {
      const read = (from: StartTimes | undefined, first: number, end: number) => {
        const out = new Float64Array(end - first);
        const any = from?.read(slot, times, first, end, () => out, 0) ?? false;
        assert.equal(any, out.some((startMs) => startMs !== 0));
        return out;
      };
      assert.deepEqual(read(startTimes, 0, 70), column);
      assert.deepEqual(read(startTimes, 10, 20), column.slice(10, 20));
      assert.deepEqual(read(startTimes.since(sinceMs), sinceMs, 70), column.slice(sinceMs));
      assert.equal(startTimes.since(Number.MAX_VALUE)?.newestOf(slot) ?? 0, column[69]);
    }
  }));
});

Deno.test("start timestamps of rows, samples and histograms are there from the head, the log, blocks and longer blocks", async () => {
  const store = new MemoryStore();
  let database = await Database.open(store, late);
  const group = database.group("target");
  for (const name of ["a", "b", "plain"]) database.slotFor(group, labelsOf(name));
  const h = database.refFor(labelsOf("h"));
  const want: Record<string, [number, number][]> = { a: [], b: [], plain: [], h: [] };
  const rows = 500, everyMs = WINDOW_MS / 200;
  for (let i = 0; i < rows; i++) {
    const timeMs = i * everyMs, start = i < 130 ? 11 : i < 135 ? 0 : 22;
    database.append(group, timeMs, row(i, i, i), true, Float64Array.of(start, i % 7 === 0 ? i : 5));
    database.appendHistogram(h, timeMs, histogram(i), i === 3 ? 0 : 33);
    want.a.push([timeMs, start]);
    want.b.push([timeMs, i % 7 === 0 ? i : 5]);
    want.plain.push([timeMs, 0]);
    want.h.push([timeMs, i === 3 ? 0 : 33]);
    if (i === 250) await database.commit();
  }
  database.appendSample(database.refFor(labelsOf("plain")), 1, 7, 44); // late
  want.plain.splice(1, 0, [1, 44]);
  assert.deepEqual(await allOf(database), want, "from the head");
  await database.commit();
  database = await Database.open(store, late);
  assert.deepEqual(await allOf(database), want, "from the log");
  await database.flush();
  assert.deepEqual(await allOf(database), want, "from blocks");
  database = await Database.open(store, late);
  assert.deepEqual(await allOf(database), want, "reopened");
  assert.deepEqual(
    startsOf(await database.select({ matchers: everything, startMs: 128 * everyMs, endMs: 136 * everyMs })).a,
    want.a.slice(128, 137),
    "a part",
  );
  database.append(database.group("other"), 1e9, row());
  const { compactions } = database.counters;
  await database.maintain();
  assert.ok(database.counters.compactions > compactions);
  assert.deepEqual(await allOf(database), want, "compacted");
});

type Step =
  | { do: "row"; group: number; gapMs: number; values: (number | undefined)[]; starts: number[] | undefined }
  | { do: "flush" | "reopen" };

Deno.test("whatever is appended, reads give the start timestamps that came with each sample", async () => {
  const starts = fc.array(fc.constantFrom(0, 0, 7, 7, 7, 1_700_000_000_000), { maxLength: 3 });
  const values = fc.array(fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }), {
    minLength: 1,
    maxLength: 3,
  });
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant("row" as const),
        group: fc.nat(1),
        gapMs: fc.oneof(fc.integer({ min: -20_000, max: 60_000 }), fc.integer({ min: 1, max: WINDOW_MS })),
        values,
        starts: fc.option(starts, { nil: undefined }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("flush" as const, "reopen" as const) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const store = new MemoryStore();
      let database = await Database.open(store, late);
      const want = new Map<string, Map<number, number>>();
      const touched = new Set<string>(); // series and times that have a sample or a staleness marker
      let nowMs = 1e9;
      for (const step of steps) {
        if (step.do !== "row") {
          if (step.do === "flush") {
            await database.flush();
            await database.maintain();
          } else {
            await database.commit();
            database = await Database.open(store, late);
          }
        } else {
          nowMs += step.gapMs;
          const group = database.group(`group ${step.group}`);
          // The middle series is in both groups.
          const names = [`${step.group}`, "both", `${step.group} too`].slice(0, step.values.length);
          for (const name of names) database.slotFor(group, labelsOf(name));
          const places = [`${step.group}`, "both", `${step.group} too`].map((name) => `${name} ${nowMs}`);
          if (places.some((place) => touched.has(place))) continue; // which of two counts is another test's matter
          for (const place of places) touched.add(place);
          const words = row(...step.values);
          const column = step.starts && Float64Array.from(step.starts);
          database.append(group, nowMs, words, true, column);
          names.forEach((name, i) => {
            if (step.values[i] === undefined) return;
            const series = want.get(name) ?? new Map<number, number>();
            want.set(name, series.set(nowMs, column?.[i] ?? 0));
          });
        }
      }
      const sorted = Object.fromEntries(
        [...want].map(([name, series]) => [name, [...series].sort((a, b) => a[0] - b[0])]),
      );
      assert.deepEqual(await allOf(database), sorted);
      await database.commit();
      database = await Database.open(store, late);
      assert.deepEqual(await allOf(database), sorted, "reopened");
      await database.flush();
      assert.deepEqual(await allOf(database), sorted, "flushed");
    }),
    { numRuns: 60 },
  );
});

Deno.test("a lost batch of the log costs start timestamps of no other rows", async () => {
  const store = new MemoryStore();
  const damaged: Key[] = [];
  let database = await Database.open(store, options);
  const group = database.group("target");
  database.slotFor(group, labelsOf("a"));
  for (let i = 0; i < 40; i++) {
    database.append(group, i, row(i), true, Float64Array.of(i < 3 ? 7 : 9));
    await database.commit();
  }
  await store.commit({ delete: [["wal", 0, 3, 0]] }); // the one that said 9
  database = await Database.open(store, { ...options, onDamage: (key) => damaged.push(key) });
  assert.equal(damaged.length, 1);
  const want = [0, 1, 2].map((timeMs) => [timeMs, 7]);
  for (let i = 16; i < 40; i++) want.push([i, 9]);
  assert.deepEqual(await allOf(database), { a: want });
});

Deno.test("append() keeps no start timestamps where there are none, and refuses those that are no times", async () => {
  const database = await Database.open(new MemoryStore(), options);
  const group = database.group("target");
  database.slotFor(group, labelsOf("a"));
  database.append(group, 1, row(1));
  assert.equal(group.startTimes, undefined);
  const [series] = await database.select({ matchers: everything, ...always });
  assert.equal("startTimes" in series, false);
  const ref = group.slotRefs[0];
  for (const startMs of [0.5, NaN, Infinity, 2 ** 50]) {
    assert.throws(() => database.append(group, 2, row(1), true, Float64Array.of(startMs)), RangeError);
    assert.throws(() => database.appendSample(ref, 2, 1, startMs), RangeError);
    assert.throws(() => database.appendHistogram(ref, 2, histogram(1), startMs), RangeError);
  }
  assert.deepEqual(await contents(database), { '{__name__="a"}': [[1, 1]] });
});

Deno.test("appendZero() stores nothing but a newest sample, within the bounds for new series", async () => {
  const database = await Database.open(new MemoryStore(), late);
  const group = database.group("target");
  database.slotFor(group, labelsOf("a"));
  const ref = group.slotRefs[0], h = database.refFor(labelsOf("h"));
  assert.equal(database.appendZero(ref, 5, 5), "out_of_bounds", "not before its sample");
  assert.equal(
    database.appendZero(ref, 5, WINDOW_MS),
    "out_of_bounds",
    "too long before the first sample of all",
  );
  database.append(group, WINDOW_MS, row(3));
  assert.equal(database.appendZero(ref, WINDOW_MS - 1, WINDOW_MS), "out_of_order");
  assert.equal(database.appendZero(ref, WINDOW_MS, WINDOW_MS + 1), "same");
  assert.equal(database.appendZero(ref, WINDOW_MS + 5, WINDOW_MS + 6), "stored");
  assert.equal(database.appendZero(h, WINDOW_MS / 2 + 4, WINDOW_MS, histogram(5)), "out_of_bounds");
  assert.equal(database.appendZero(h, WINDOW_MS / 2 + 5, WINDOW_MS, histogram(5)), "stored");
  assert.deepEqual(await contents(database), {
    '{__name__="a"}': [[WINDOW_MS, 3], [WINDOW_MS + 5, 0]],
    '{__name__="h"}': [[WINDOW_MS / 2 + 5, "histogram 0"]],
  });
  assert.equal(database.counters.outOfOrderSamples.float, 0);
});

function series(name: string, times: number[], starts?: number[]): SeriesColumns {
  const columns = {
    labels: labelsOf(name),
    times: Float64Array.from(times),
    values: Float64Array.from(times),
  };
  return starts === undefined ? columns : { ...columns, startTimes: Float64Array.from(starts) };
}

Deno.test("mergeSeries() keeps the start timestamps of the samples that it keeps", () => {
  const merged = mergeSeries([[series("a", [10, 20], [1, 2])], [series("a", [20, 30])], [
    series("a", [5], [5]),
    series("b", [1]),
  ]]);
  assert.deepEqual(startsOf(merged), { a: [[5, 5], [10, 1], [20, 2], [30, 0]], b: [[1, 0]] });
  assert.equal("startTimes" in merged.find(({ labels }) => labels.get("__name__") === "b")!, false);
});
