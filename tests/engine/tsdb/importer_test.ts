import assert from "node:assert/strict";
import fc from "fast-check";
import { Labels } from "../../../engine/labels/labels.ts";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { isAbsent, isStale, wordsOf } from "../../../engine/sample.ts";
import { Database, WINDOW_MS } from "../../../engine/tsdb/database.ts";
import { Importer } from "../../../engine/tsdb/importer.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";

const options = { pause: () => Promise.resolve() };
const everything = [new Matcher("=~", "__name__", ".+")];

type Samples = Record<string, [timeMs: number, value: number][]>;

async function read(database: Database): Promise<Samples> {
  const out: Samples = {};
  for (
    const { labels, times, values } of await database.select({
      matchers: everything,
      startMs: -Infinity,
      endMs: Infinity,
    })
  ) {
    const words = wordsOf(values);
    out[labels.toString()] = [...times].flatMap((timeMs, i): [number, number][] => {
      assert.ok(!isStale(words, i));
      return isAbsent(words, i) ? [] : [[timeMs, values[i]]];
    });
  }
  return out;
}

function labelsOf(series: number): Labels {
  return Labels.from({ __name__: `m${9 - series % 4}`, i: String(series) });
}

/** Adds the samples as far as they fit, writing whenever a batch is full. */
async function add(database: Database, samples: readonly Sample[], samplesMax: number): Promise<Importer> {
  const importer = new Importer(database, { samplesMax });
  for (const [series, timeMs, value] of samples) {
    importer.add(database.refFor(labelsOf(series)), timeMs, value);
    if (importer.isFull) await importer.write();
  }
  return importer;
}

async function keys(store: MemoryStore): Promise<string[]> {
  return (await Array.fromAsync(store.list({ prefix: [] }))).map(({ key }) => JSON.stringify(key))
    .filter((key) => key !== '["state"]');
}

type Sample = readonly [series: number, timeMs: number, value: number];
const sample: fc.Arbitrary<Sample> = fc.tuple(
  fc.nat({ max: 9 }),
  fc.oneof(
    fc.integer({ min: 0, max: 50 }).map((i) => i * 15_000),
    fc.integer({ min: -3 * WINDOW_MS, max: 100 * WINDOW_MS }),
    fc.constantFrom(-(2 ** 49), 2 ** 49, WINDOW_MS - 1, WINDOW_MS),
  ),
  fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -0)),
);

Deno.test("Importer stores what was added, the first of equal times, through reopening and compaction", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(sample, { maxLength: 300 }),
      fc.integer({ min: 1, max: 300 }),
      async (samples, samplesMax) => {
        const want = new Map<string, Map<number, number>>();
        for (const [series, timeMs, value] of samples) {
          const name = labelsOf(series).toString();
          const own = want.get(name) ?? new Map<number, number>();
          want.set(name, own);
          if (!own.has(timeMs)) own.set(timeMs, value);
        }
        const expected = Object.fromEntries(
          [...want].map(([name, own]) => [name, [...own].sort((a, b) => a[0] - b[0])]),
        );

        const store = new MemoryStore();
        let database = await Database.open(store, options);
        const importer = await add(database, samples, samplesMax);
        assert.deepEqual(await read(database), {}, "not before the end");
        await importer.finish();
        assert.deepEqual(await read(database), expected);
        database = await Database.open(store, options);
        assert.deepEqual(await read(database), expected);
        await database.maintain();
        assert.deepEqual(await read(database), expected);
        assert.ok(!(await keys(store)).some((key) => key.startsWith('["garbage"')));
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("Importer leaves nothing behind when it is given up, nor when the process dies", async () => {
  const samples: Sample[] = Array.from({ length: 100 }, (_, i) => [i % 5, i * 60_000, i]);
  const store = new MemoryStore();
  let database = await Database.open(store, options);
  await (await add(database, samples, 10)).abort();
  assert.deepEqual(await keys(store), []);
  await (await add(database, samples, 10)).write(); // and no more: the process dies
  assert.notDeepEqual(await keys(store), []);
  database = await Database.open(store, options);
  assert.deepEqual(await keys(store), []);
  assert.deepEqual(database.index.size, 0, "no series without samples");
});

Deno.test("Importer gives series of equal timestamps one column, whatever their order in the input", async () => {
  const samples: Sample[] = [];
  for (let series = 0; series < 8; series++) {
    for (let i = 0; i < 1000; i++) samples.push([series, i * 5000 + series % 2, i]);
  }
  for (const input of [samples, samples.toSorted((a, b) => a[1] - b[1]), samples.toReversed()]) {
    const database = await Database.open(new MemoryStore(), options);
    await (await add(database, input, 1e6)).finish();
    const selected = await database.select({ matchers: everything, startMs: 0, endMs: Infinity });
    assert.equal(selected.length, 8);
    assert.equal(new Set(selected.map(({ times }) => times)).size, 2);
    const [{ samples: count, timePages, minMs, maxMs }, ...rest] = database.blocks;
    assert.deepEqual([count, timePages, minMs, maxMs, rest.length], [8000, 1, 0, 4_995_001, 0]);
  }
});

Deno.test("Importer makes blocks of aligned windows, longer ones where samples are few", async () => {
  const dense = await Database.open(new MemoryStore(), options);
  const importer = new Importer(dense, { samplesMax: 1e9 });
  for (let series = 0; series < 300; series++) {
    const ref = dense.refFor(labelsOf(series));
    for (let i = 0; i < 2880; i++) importer.add(ref, i * 5000, i);
  }
  await importer.finish();
  assert.deepEqual(dense.blocks.map(({ minMs, maxMs }) => [minMs, maxMs]), [
    [0, WINDOW_MS - 5000],
    [WINDOW_MS, 2 * WINDOW_MS - 5000],
  ]);

  const sparse = await Database.open(new MemoryStore(), options);
  const daily: Sample[] = Array.from({ length: 365 }, (_, day) => [0, day * 24 * 3_600_000, day]);
  await (await add(sparse, daily, 1e6)).finish();
  assert.ok(sparse.blocks.length < 60, `${sparse.blocks.length} blocks`);
  for (const { minMs, maxMs } of sparse.blocks) {
    assert.equal(Math.floor(minMs / (81 * WINDOW_MS)), Math.floor(maxMs / (81 * WINDOW_MS)));
  }
});
