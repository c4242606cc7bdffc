import assert from "node:assert/strict";
import fc from "fast-check";
import { Labels } from "../../../../engine/labels/labels.ts";
import { Matcher } from "../../../../engine/labels/matcher.ts";
import { Database } from "../../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../../engine/tsdb/memory_store.ts";
import type { SeriesColumns } from "../../../../engine/tsdb/select.ts";
import { SeriesIndex } from "../../../../engine/tsdb/series_index.ts";
import { arbitraryParts, INTERVAL_MS } from "./_arbitrary_parts.ts";

const name = fc.constantFrom("__name__", "a", "b", "c", "é");
const value = fc.oneof(
  fc.constantFrom("1", "2", "12", "a", "b", "é"),
  fc.string({ minLength: 1, maxLength: 5 }),
);
const labelSet = fc.dictionary(name, value, { minKeys: 1, maxKeys: 4 }).map((pairs) => Labels.from(pairs));
const labelSets = fc.uniqueArray(labelSet, { maxLength: 60, selector: (labels) => labels.key() });

Deno.test("identity() is the same in any index, and different for different label sets", () => {
  fc.assert(fc.property(
    labelSets.chain((sets) =>
      fc.tuple(fc.constant(sets), fc.shuffledSubarray(sets, { minLength: sets.length }))
    ),
    fc.array(labelSet, { maxLength: 10 }),
    ([sets, shuffled], further) => {
      const one = new SeriesIndex(), other = new SeriesIndex();
      for (const labels of sets) one.intern(labels);
      for (const labels of [...further, ...shuffled]) other.intern(labels);
      const identities = sets.map((labels) => one.identity(one.find(labels)));
      assert.deepEqual(identities, sets.map((labels) => other.identity(other.find(labels))));
      assert.equal(new Set(identities).size, sets.length, "two label sets have one identity");
      for (const identity of identities) assert.ok(Number.isSafeInteger(identity) && identity >= 0);
    },
  ));
});

Deno.test("identity() tells label sets apart that are made of the same texts", () => {
  const index = new SeriesIndex(), seen = new Map<number, string>();
  for (let i = 0; i < 300; i++) {
    for (let j = 0; j < 300; j++) {
      const labels = Labels.from({ __name__: "x", a: String(i), b: String(j) });
      const identity = index.identity(index.intern(labels));
      assert.equal(seen.get(identity), undefined, `${labels} and another one have one identity`);
      seen.set(identity, String(labels));
    }
  }
  const swapped: Record<string, string>[] = [{ a: "b", b: "a" }, { a: "a", b: "b" }, { a: "1", b: "2" }, {
    a: "2",
    b: "1",
  }, {
    "1": "a",
  }];
  const identities = swapped.map((labels) => index.identity(index.intern(Labels.from(labels))));
  assert.equal(new Set(identities).size, swapped.length);
});

/** What a series has, as text; the columns of a scan are gone when the next series comes. */
function textOf({ labels, times, values, histograms }: SeriesColumns): string {
  const words = new Uint32Array(values.slice().buffer);
  return [String(labels), times.join(), words.join(), JSON.stringify(histograms ?? [])].join(" | ");
}

Deno.test("scan() gives the series that select() gives", async () => {
  const range = fc.record({
    startMs: fc.integer({ min: -5, max: 50 }).map((i) => i * INTERVAL_MS),
    lengthMs: fc.integer({ min: 0, max: 50 }).map((i) => i * INTERVAL_MS),
    matcher: fc.constantFrom(
      new Matcher("=~", "__name__", ".+"),
      new Matcher("=", "a", "1"),
      new Matcher("=", "a", "nobody"),
    ),
  });
  await fc.assert(
    fc.asyncProperty(arbitraryParts, range, async (lists, { startMs, lengthMs, matcher }) => {
      const request = { matchers: [matcher], startMs, endMs: startMs + lengthMs };
      const database = await Database.open(new MemoryStore(), { pause: () => Promise.resolve() });
      for (const { labels, values } of lists.flat()) {
        const ref = database.refFor(labels);
        values.forEach((value, i) => {
          if (value.kind === "float") database.appendSample(ref, i * INTERVAL_MS, value.value);
          if (value.kind === "stale") database.appendStale(ref, i * INTERVAL_MS);
          if (value.kind === "histogram") database.appendHistogram(ref, i * INTERVAL_MS, value.histogram);
        });
      }
      const scanned: string[] = [];
      await database.scan(request, (series) => {
        assert.equal(series.get("a"), series.labels.get("a"));
        assert.equal(series.get("nobody"), "");
        assert.equal(series.labels, series.labels, "labels are made twice");
        const ids: number[] = [];
        series.symbolIds(ids);
        assert.deepEqual(ids.map((id) => series.symbolText(id)), series.labels.pairs);
        assert.equal(series.identity(), database.index.identity(database.index.find(series.labels)));
        scanned.push(textOf(series));
        return scanned.length % 3 === 0 ? Promise.resolve() : undefined;
      });
      assert.deepEqual(scanned, (await database.select(request)).map(textOf));
    }),
    { numRuns: 60 },
  );
});

Deno.test("the labels of a scanned series are made when they are asked for", async () => {
  const database = await Database.open(new MemoryStore(), { pause: () => Promise.resolve() });
  for (const a of ["1", "2"]) database.appendSample(database.refFor(Labels.from({ __name__: "x", a })), 1, 1);
  let made = 0;
  const { index } = database, labelsOf = index.labels;
  index.labels = (ref) => {
    made++;
    return labelsOf.call(index, ref);
  };
  const request = { matchers: [new Matcher("=", "__name__", "x")], startMs: 0, endMs: 9 };
  await database.scan(request, (series) => {
    series.get("a");
    series.identity();
    series.symbolIds([]);
    assert.equal(made, 0);
  });
  await database.scan(request, (series) => void [series.labels, series.labels]);
  assert.equal(made, 2);
});
