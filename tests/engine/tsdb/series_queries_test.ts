import assert from "node:assert/strict";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { cardinality } from "../../../engine/tsdb/cardinality.ts";
import { Database, WINDOW_MS } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { findSeries, labelNames, labelValues } from "../../../engine/tsdb/series_queries.ts";
import { labelsOf, options, row } from "./_samples.ts";

/** Series a in a block of the first window, b of two jobs in the head of the third. */
async function filled(): Promise<Database> {
  const database = await Database.open(new MemoryStore(), options);
  const old = database.group("old"), young = database.group("young");
  database.slotFor(old, labelsOf("a", { zone: "z1" }));
  database.append(old, 1000, row(1));
  await database.flush();
  database.head.retire(old);
  for (const job of ["é", "x"]) database.slotFor(young, labelsOf("b", { job }));
  database.append(young, 2 * WINDOW_MS, row(1, 2));
  return database;
}

const all = { matcherSets: [], startMs: -Infinity, endMs: Infinity, limit: 0 };
const b = [[new Matcher("=", "__name__", "b")]];

Deno.test("series, label names and values are those of the blocks and groups of the range that matchers accept", async () => {
  const database = await filled();
  const names = async (query: typeof all) =>
    (await findSeries(database, query)).map((labels) => labels.toString());
  const [a, e, x] = ['{__name__="a", zone="z1"}', '{__name__="b", job="é"}', '{__name__="b", job="x"}'];
  assert.deepEqual(await names(all), [a, x, e]);
  assert.deepEqual(await names({ ...all, limit: 2 }), [a, x]);
  assert.deepEqual(await names({ ...all, endMs: WINDOW_MS }), [a]);
  assert.deepEqual(await names({ ...all, startMs: WINDOW_MS }), [x, e]);
  assert.deepEqual(await names({ ...all, startMs: WINDOW_MS, endMs: WINDOW_MS + 1 }), []);
  assert.deepEqual(await labelNames(database, all), ["__name__", "job", "zone"]);
  assert.deepEqual(await labelNames(database, { ...all, limit: 1 }), ["__name__"]);
  assert.deepEqual(await labelNames(database, { ...all, startMs: WINDOW_MS }), ["__name__", "job"]);
  assert.deepEqual(await labelValues(database, "job", all), ["x", "é"]);
  assert.deepEqual(await labelValues(database, "job", { ...all, endMs: WINDOW_MS }), []);
  assert.deepEqual(await labelValues(database, "nobody", all), []);
  assert.deepEqual(await labelValues(database, "__name__", { ...all, matcherSets: b as never }), ["b"]);
});

Deno.test("series are listed while something of them is left in the range", async () => {
  const database = await filled();
  const found = async (query: typeof all) => (await findSeries(database, query)).length;
  await database.deleteSeries([new Matcher("=", "__name__", "a")], 2000, WINDOW_MS);
  assert.equal(await found({ ...all, endMs: WINDOW_MS }), 1);
  await database.deleteSeries([new Matcher("=", "__name__", "a")], -Infinity, Infinity);
  assert.equal(await found({ ...all, endMs: WINDOW_MS }), 0);
  assert.equal(await found(all), 2);
  assert.deepEqual(await labelNames(database, all), ["__name__", "job"]);
});

Deno.test("cardinality() counts the series of the head", async () => {
  const { series, labelPairs, seriesByMetricName, valuesByLabelName, seriesByLabelPair } = cardinality(
    await filled(),
    10,
  );
  assert.deepEqual([series, labelPairs], [2, 3]);
  assert.deepEqual(seriesByMetricName, [{ name: "b", value: 2 }]);
  assert.deepEqual(valuesByLabelName, [{ name: "job", value: 2 }, { name: "__name__", value: 1 }]);
  assert.deepEqual(seriesByLabelPair[0], { name: "__name__=b", value: 2 });
});
