import assert from "node:assert/strict";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { Database, type TimedWork } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { everything, labelsOf, options, row } from "./_samples.ts";

const HOUR_MS = 3_600_000, NOW_MS = 1000 * HOUR_MS;
const HISTOGRAM = new FloatHistogram({ count: 1, zeroCount: 1 });

Deno.test("samples that come late are counted by type and by what became of them", async () => {
  const database = await Database.open(new MemoryStore(), options);
  const { counters } = database;
  const float = database.refFor(labelsOf("float")), histogram = database.refFor(labelsOf("histogram"));
  database.appendSample(float, NOW_MS, 1);
  database.appendHistogram(histogram, NOW_MS, HISTOGRAM);

  assert.equal(database.appendSample(float, NOW_MS - 1, 1), "out_of_order");
  assert.equal(database.appendStale(float, NOW_MS - 1), "out_of_order");
  assert.equal(database.appendHistogram(histogram, NOW_MS - 1, HISTOGRAM), "out_of_order");
  assert.equal(database.appendHistogram(histogram, NOW_MS - 2 * HOUR_MS, HISTOGRAM), "out_of_bounds");
  assert.equal(database.appendSample(float, NOW_MS, 2), "duplicate");
  assert.equal(database.appendSample(float, NOW_MS, 1), "same");
  database.options = { ...options, outOfOrderWindowMs: HOUR_MS };
  assert.equal(database.appendSample(float, NOW_MS - HOUR_MS, 1), "stored");
  assert.equal(database.appendSample(float, NOW_MS - HOUR_MS - 1, 1), "too_old");
  assert.equal(database.appendSample(float, NOW_MS + 1, 1), "stored");
  assert.deepEqual([counters.outOfOrderSamples, counters.refusedSamples], [
    { float: 1, histogram: 0 },
    {
      out_of_order: { float: 2, histogram: 1 },
      too_old: { float: 1, histogram: 0 },
      out_of_bounds: { float: 0, histogram: 1 },
    },
  ]);
});

Deno.test("series that their group has no sample of any more are stale", async () => {
  const database = await Database.open(new MemoryStore(), options);
  const group = database.group("target"), other = database.group("other");
  for (const name of ["a", "b", "c"]) database.slotFor(group, labelsOf(name));
  database.slotFor(other, labelsOf("d"));
  assert.deepEqual([database.headSeries, database.staleSeries], [4, 0]);
  database.append(other, 500, row(1));
  database.append(group, 1000, row(1, 2, 3));
  assert.equal(database.staleSeries, 0);
  database.append(group, 2000, row(1, undefined, 3)); // a staleness marker
  database.append(group, 3000, row(1, undefined, 3)); // nothing at all
  assert.equal(database.staleSeries, 1);
  await database.flush();
  assert.equal(database.staleSeries, 1);
  database.slotFor(group, labelsOf("e"));
  database.append(group, 4000, row(undefined, 5, undefined, 1));
  assert.equal(database.staleSeries, 2);
});

Deno.test("series whose samples have times of their own count once, and are not stale while they go on", async () => {
  const database = await Database.open(new MemoryStore(), options);
  const group = database.group("target");
  const refs = ["up", "a", "b"].map((name) => group.slotRefs[database.slotFor(group, labelsOf(name))]);
  const alone = database.refFor(labelsOf("alone"));
  const scrape = (timeMs: number) => {
    for (const ref of refs.slice(1)) database.appendSample(ref, timeMs - 100, timeMs);
    database.appendSample(alone, timeMs, 1);
    database.append(group, timeMs, row(1, undefined, undefined));
  };
  for (let i = 1; i <= 3; i++) {
    scrape(i * 1000);
    assert.deepEqual([database.headSeries, database.staleSeries], [4, 0]);
  }
  await database.flush();
  assert.equal(database.staleSeries, 0);
  scrape(4000);
  assert.deepEqual([database.headSeries, database.staleSeries], [4, 0]);
  database.appendStale(refs[1], 5000);
  assert.equal(database.staleSeries, 1);
  database.append(group, 6000, row(1, undefined, 2));
  database.append(group, 7000, row(1, undefined, undefined)); // a marker, newer than its loose samples
  assert.equal(database.staleSeries, 2);
  const other = database.group("other");
  for (const name of ["a", "b"]) database.slotFor(other, labelsOf(name));
  assert.equal(database.headSeries, 4, "of two groups, too");
  database.append(other, 8000, row(1));
  assert.equal(database.staleSeries, 1, "it goes on in the other group");
});

Deno.test("native histograms count with their buckets, so that they are written to blocks in time", async () => {
  const headBytesMin = 1 << 20, buckets = 40;
  const database = await Database.open(new MemoryStore(), { ...options, headBytesMin });
  const histogram = (count: number) =>
    new FloatHistogram({
      count,
      positiveSpans: [{ offset: 0, length: buckets }],
      positiveBuckets: new Float64Array(buckets).fill(count / buckets),
    });
  const ref = database.refFor(labelsOf("h"));
  database.appendHistogram(ref, NOW_MS, histogram(1));
  const first = database.head.openBytes;
  database.appendHistogram(ref, NOW_MS + 1, histogram(2));
  const second = database.head.openBytes - first;
  assert.ok(first > 600 && first < 1000, `${first} bytes`);
  assert.ok(second > 600 && second < first, `${second} bytes: it shares the spans`);
  const most = Math.ceil(headBytesMin / 600);
  for (let i = 2; i < most; i++) database.appendHistogram(ref, NOW_MS + i, histogram(i + 1));
  await database.maintain();
  assert.equal(database.counters.flushes, 1);
  assert.equal(database.head.openBytes, 0);
});

Deno.test("commits, compactions and clean-ups that do something are timed", async () => {
  const timed: TimedWork[] = [];
  const database = await Database.open(new MemoryStore(), {
    ...options,
    startTimer: (work) => () => void timed.push(work),
  });
  const ref = database.refFor(labelsOf("a"));
  await database.commit();
  const created = timed.splice(0); // the series, which is to be stored
  assert.deepEqual(created, ["commit"]);
  await database.commit();
  await database.maintain();
  await database.cleanTombstones();
  assert.deepEqual(timed, []);
  for (const timeMs of [1000, 2000]) {
    database.appendSample(ref, timeMs, 1);
    await database.flush();
  }
  timed.length = 0;
  await database.deleteSeries(everything, 1000, 1000);
  await database.cleanTombstones();
  assert.deepEqual(timed, ["tombstone_cleanup"]);
  timed.length = 0;
  for (let hour = 1; hour < 12; hour++) {
    database.appendSample(ref, hour * HOUR_MS, 1);
    await database.flush();
  }
  await database.maintain();
  assert.equal(timed.filter((work) => work === "compaction").length, database.counters.compactions);
  assert.ok(database.counters.compactions > 0);
});
