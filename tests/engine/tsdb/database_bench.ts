import { Labels } from "../../../engine/labels/labels.ts";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { wordsOf } from "../../../engine/sample.ts";
import { Database, WINDOW_MS } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";

const pauses: number[] = [];
let resumed = performance.now();
const options = {
  pause: async () => {
    pauses.push(performance.now() - resumed);
    await Promise.resolve();
    resumed = performance.now();
  },
  headBytesMin: 1 << 30,
};

const METRICS = 500;

/** Groups of `slots` series each, METRICS metrics with 20 label values. */
function fill(database: Database, groups: number, slots: number): void {
  for (let g = 0; g < groups; g++) {
    const group = database.group(`target ${g}`);
    for (let i = 0; i < slots; i++) {
      database.slotFor(
        group,
        Labels.fromSortedPairs([
          "__name__",
          `metric_${i % METRICS}_total`,
          "code",
          `${200 + Math.floor(i / METRICS)}`,
          "instance",
          `10.0.0.${g}:9100`,
          "job",
          "node",
        ]),
      );
    }
  }
}

/** A row of counters and gauges as a scrape brings them. */
class Rows {
  readonly values: Float64Array;
  readonly words: Uint32Array;
  #state = 1;

  constructor(readonly slots: number) {
    this.values = new Float64Array(slots);
    this.words = wordsOf(this.values);
    for (let i = 0; i < slots; i++) this.values[i] = i * 1000;
  }

  next(): Uint32Array {
    for (let i = 0; i < this.slots; i++) {
      this.#state = Math.imul(this.#state, 1664525) + 1013904223 | 0;
      const kind = i & 3;
      if (kind === 0) this.values[i] += this.#state >>> 25; // a busy counter
      else if (kind === 1 && (this.#state & 0x1c0) === 0) this.values[i]++; // a quiet one
      else if (kind === 2) this.values[i] = (this.#state >>> 8) / 1000; // a gauge; the rest never changes
    }
    return this.words;
  }
}

function append(database: Database, groups: number, rows: Rows, timeMs: number): void {
  const words = rows.next();
  for (let g = 0; g < groups; g++) database.append(database.group(`target ${g}`), timeMs, words);
}

// --- Append: 10,000 slots a row, log record included ---

const appended = await Database.open(new MemoryStore(), options);
fill(appended, 1, 10_000);
const appendedGroup = appended.group("target 0");
const tenThousand = new Rows(10_000);
const prepared = Array.from({ length: 64 }, () => tenThousand.next().slice());
let at = 0;
Deno.bench("append 100 rows of 10,000 slots with their records (1 M samples)", async (b) => {
  b.start();
  for (let i = 0; i < 100; i++) appended.append(appendedGroup, ++at * 15_000, prepared[at & 63]);
  b.end();
  await appended.commit();
  if (at % 2000 === 0) await appended.flush();
});

// --- Flush: 500,000 series, 30 rows ---

const flushed = await Database.open(new MemoryStore(), options);
fill(flushed, 50, 10_000);
let flushTime = 0;
Deno.bench("flush 500,000 series of 30 rows (15 M samples)", { n: 2, warmup: 0 }, async (b) => {
  for (let i = 0; i < 30; i++) append(flushed, 50, tenThousand, flushTime += 15_000);
  await flushed.commit();
  resumed = performance.now();
  pauses.length = 0;
  b.start();
  await flushed.flush();
  b.end();
  const longest = pauses.sort((a, b) => b - a).slice(0, 4).map((ms) => ms.toFixed(0));
  console.log(`longest stretches between pauses, ms: ${longest.join(" ")}`);
});

// --- Select: 2,000 series, 6 h at 15 s, from blocks ---

const selected = await Database.open(new MemoryStore(), { ...options, headBytesMin: 0, cacheBytes: 1 << 30 });
fill(selected, 4, 2_000);
const twoThousand = new Rows(2_000);
for (let t = 0; t < 4 * WINDOW_MS; t += 15_000) {
  append(selected, 4, twoThousand, t);
  if (t % WINDOW_MS === WINDOW_MS - 15_000) await selected.flush();
}
await selected.maintain();
const matchers = [new Matcher("=", "instance", "10.0.0.1:9100")];
Deno.bench("select 2,000 series of 6 h at 15 s from blocks (2.88 M samples)", async () => {
  const found = await selected.select({ matchers, startMs: 0, endMs: 3 * WINDOW_MS - 1 });
  if (found.length !== 2_000 || found[0].times.length !== 1440) throw new Error("BUG: wrong answer");
});
Deno.bench("select 2,000 series of the last 5 min from blocks", async () => {
  const found = await selected.select({
    matchers,
    startMs: 3 * WINDOW_MS - 300_000,
    endMs: 3 * WINDOW_MS - 1,
  });
  if (found.length !== 2_000) throw new Error("BUG: wrong answer");
});
const one = [new Matcher("=", "instance", "10.0.0.1:9100"), new Matcher("=", "__name__", "metric_7_total")];
Deno.bench("select 4 series of the last 5 min from blocks", async () => {
  const found = await selected.select({
    matchers: one,
    startMs: 3 * WINDOW_MS - 300_000,
    endMs: 3 * WINDOW_MS - 1,
  });
  if (found.length !== 4) throw new Error("BUG: wrong answer");
});
// --- Open: 500,000 series in the catalog ---

Deno.bench("open with 500,000 series in the catalog", { n: 3, warmup: 1 }, async () => {
  const database = await Database.open(flushed.store, options);
  if (database.index.size !== 500_000) throw new Error("BUG: wrong answer");
});

// --- Postings ---

for (
  const [name, list] of [
    ["one metric of 500", [new Matcher("=", "__name__", "metric_7_total")]],
    ["a regexp on a label of 50 values", [
      new Matcher("=", "__name__", "metric_7_total"),
      new Matcher("=~", "instance", "10\\.0\\.0\\.[1-3].*"),
    ]],
    ["a regexp on a label of 500 values", [new Matcher("=~", "__name__", ".*_1.*_total")]],
    ["everything", [new Matcher("=~", "__name__", ".+")]],
    ["everything but one", [new Matcher("!=", "instance", "10.0.0.1:9100")]],
  ] as [string, Matcher[]][]
) {
  Deno.bench(`postings of 500,000 series: ${name}`, () => {
    if (flushed.index.select(list).length === 0) throw new Error("BUG: wrong answer");
  });
}
