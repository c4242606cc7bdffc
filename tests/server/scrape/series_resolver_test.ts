import assert from "node:assert/strict";
import { type ExposedSeries, ScrapeRow } from "../../../engine/exposition/scrape_row.ts";
import { Labels } from "../../../engine/labels/labels.ts";
import type { Database } from "../../../engine/tsdb/database.ts";
import { TargetSeries } from "../../../server/scrape/series_resolver.ts";
import { openDatabase, poolOf, START_MS, UNLIMITED } from "./_fakes.ts";

const target = Labels.from({ instance: "i", job: "j" });
const kept = (name: string) => Labels.from({ __name__: name, instance: "i", job: "j" });

function exposed(name: string): ExposedSeries {
  const labels = Labels.from({ __name__: name });
  return { labels, emptyNames: [], kind: "float", type: "gauge", unit: "", family: name };
}

function seriesOf(database: Database, identity = "t"): TargetSeries {
  return new TargetSeries(database, identity, target, poolOf(), [], UNLIMITED);
}

/** How often `work` looks a series up in the index. */
function lookups(database: Database, work: () => void): number {
  const { index } = database;
  let count = 0;
  const find = index.find;
  index.find = (labels) => {
    count++;
    return find.call(index, labels);
  };
  try {
    work();
  } finally {
    index.find = find;
  }
  return count;
}

Deno.test("series of a new target are not looked for in the index, and share slots with its report", async () => {
  const database = await openDatabase();
  database.refFor(kept("a")); // of another target with the same labels
  const series = seriesOf(database);
  series.begin();
  const up = series.reportSlot(kept("up")), duration = series.reportSlot(kept("scrape_duration_seconds"));
  assert.deepEqual([up, duration], [0, 1]);
  const asked = lookups(database, () => {
    assert.equal(series.resolve(exposed("a")), 2);
    assert.equal(series.resolve(exposed("up")), up, "as the report");
    assert.equal(series.resolve(exposed("b")), 3);
    assert.equal(series.resolve(exposed("a")), 2, "again");
  });
  assert.equal(asked, 0);
  series.keep(new ScrapeRow());
  assert.equal(series.group.slotCount, 4);
  assert.equal(lookups(database, () => assert.equal(series.resolve(exposed("a")), 2)), 1);
  assert.equal(series.resolve(exposed("scrape_duration_seconds")), duration);
  assert.equal(series.resolve(exposed("c")), 4);
});

Deno.test("series of a target that the log knows are looked for in the index", async () => {
  const database = await openDatabase();
  const first = seriesOf(database);
  first.reportSlot(kept("up"));
  first.resolve(exposed("a"));
  first.keep(new ScrapeRow());
  const again = seriesOf(database);
  assert.equal(again.reportSlot(kept("up")), 0);
  const asked = lookups(database, () => {
    assert.equal(again.resolve(exposed("a")), 1);
    assert.equal(again.resolve(exposed("b")), 2);
  });
  assert.equal(asked, 2);
});

Deno.test("in the smaller group that a target moved to, its report is where it is located anew", async () => {
  const database = await openDatabase();
  const series = seriesOf(database);
  series.begin();
  for (let i = 0; i < 3000; i++) series.resolve(exposed(`m${i}`));
  series.keep(new ScrapeRow());
  const up = series.reportSlot(kept("up"));
  const row = new ScrapeRow();
  row.reserve(series.slotCount);
  row.put(up, 1);
  row.put(2999, 7);
  database.append(series.group, START_MS, row.words);
  assert.ok(series.shrink(START_MS, row.words, 2, undefined));
  assert.equal(series.group.slotCount, 2);
  assert.ok(series.mustForget());
  // Before the report is located the group's slots are not all of the report: nothing is to be taken for new.
  assert.equal(series.resolve(exposed("up")), series.reportSlot(kept("up")));
  assert.equal(series.resolve(exposed("m2999")), 0);
  assert.equal(series.resolve(exposed("m1")), 2, "a new one");
});
