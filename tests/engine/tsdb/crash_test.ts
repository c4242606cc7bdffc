import assert from "node:assert/strict";
import fc from "fast-check";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { Database, type DatabaseOptions, WINDOW_MS } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import type { Batch, Store } from "../../../engine/tsdb/store.ts";
import { FaultyStore } from "../../faulty_store.ts";
import { contents, labelsOf, options as plain, row, type Value } from "./_samples.ts";

/** A store whose process dies with its `n`th commit, which may have been stored. */
class DyingStore extends FaultyStore {
  constructor(inner: Store, readonly n: number, stored: boolean) {
    super(inner);
    this.failCommit(n, dead, { stored });
  }

  override commit(batch: Batch): Promise<void> {
    const result = super.commit(batch);
    if (this.commits >= this.n) this.broken = dead;
    return result;
  }
}

const dead = new Error("The process died");

type Step =
  | { do: "row"; group: number; values: (number | undefined)[]; gapMs: number }
  | { do: "sample" | "histogram"; series: number; value: number; gapMs: number }
  | { do: "commit" | "flush" | "maintain" | "clean" }
  | { do: "delete"; group: number };

const gapMs = fc.oneof(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 1, max: 2 * WINDOW_MS }));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("row" as const),
      group: fc.integer({ min: 0, max: 2 }),
      values: fc.array(fc.option(fc.integer({ min: -9, max: 9 }), { nil: undefined }), {
        minLength: 1,
        maxLength: 5,
      }),
      gapMs,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("sample" as const, "histogram" as const),
      series: fc.integer({ min: 0, max: 2 }),
      value: fc.integer({ min: 1, max: 99 }),
      gapMs,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom("commit" as const, "flush" as const, "maintain" as const) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "clean" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("delete" as const), group: fc.integer({ min: 0, max: 2 }) }),
  },
);

/** Every run tries each commit of its steps, so that a few do; more for a long soak. */
const RUNS = Number(Deno.env.get("CRASH_RUNS") ?? 6);

const options: DatabaseOptions = { ...plain, headBytesMin: 1500, outOfOrderWindowMs: 1 };

/** What a sample may be after a crash. */
interface Fate {
  readonly value: Value;
  /** Its append was acknowledged, so it is there unless deleted. */
  isDurable: boolean;
  /** Its deletion was asked for, so it may be gone; or acknowledged, so it is. */
  isMarked: boolean;
  isDeleted: boolean;
}

/** What a database was asked to keep. */
class Model {
  readonly fates = new Map<string, Map<number, Fate>>();

  put(key: string, timeMs: number, value: Value): void {
    const series = this.fates.get(key) ?? new Map<number, Fate>();
    this.fates.set(key, series.set(timeMs, { value, isDurable: false, isMarked: false, isDeleted: false }));
  }

  *all(keyHas = ""): IterableIterator<Fate> {
    for (const [key, series] of this.fates) if (key.includes(keyHas)) yield* series.values();
  }

  check(found: Record<string, [number, Value][]>, isDead: boolean): void {
    for (const [key, list] of Object.entries(found)) {
      for (const [timeMs, value] of list) {
        const fate = this.fates.get(key)?.get(timeMs);
        assert.ok(fate !== undefined, `${key} at ${timeMs} was never appended`);
        assert.equal(value, fate.value, `${key} at ${timeMs}`);
        assert.ok(!fate.isDeleted, `${key} at ${timeMs} was deleted`);
      }
    }
    for (const [key, series] of this.fates) {
      const times = new Set(found[key]?.map(([timeMs]) => timeMs));
      for (const [timeMs, { isDurable, isMarked }] of series) {
        if ((isDurable || !isDead) && !isMarked) assert.ok(times.has(timeMs), `${key} at ${timeMs} is lost`);
      }
    }
  }
}

/** Does the steps until one fails, which `onFailure` may answer by true to have it done again. */
async function run(
  database: Database,
  steps: readonly Step[],
  model: Model,
  onFailure: (error: unknown) => boolean,
): Promise<void> {
  let nowMs = 1_000_000;
  const present = new Map<number, Set<number>>();
  for (const action of steps) {
    if ("gapMs" in action) nowMs += action.gapMs;
    switch (action.do) {
      case "row": {
        const name = (i: number) => labelsOf("m", { group: `${action.group}`, i: `${i}` });
        const group = database.group(`group ${action.group}`);
        action.values.forEach((_, i) => database.slotFor(group, name(i)));
        assert.ok(database.append(group, nowMs, row(...action.values)).accepted);
        const now = new Set<number>();
        action.values.forEach((value, i) => {
          if (value === undefined) return;
          now.add(i);
          model.put(name(i).toString(), nowMs, value);
        });
        for (const i of present.get(action.group) ?? []) {
          if (!now.has(i)) model.put(name(i).toString(), nowMs, "stale");
        }
        present.set(action.group, now);
        break;
      }
      case "sample":
      case "histogram": {
        const labels = labelsOf(action.do, { series: `${action.series}` });
        const ref = database.refFor(labels);
        const histogram = new FloatHistogram({ schema: 0, count: action.value, sum: 1 });
        const outcome = action.do === "sample"
          ? database.appendSample(ref, nowMs, action.value)
          : database.appendHistogram(ref, nowMs, histogram);
        assert.equal(outcome, "stored");
        model.put(
          labels.toString(),
          nowMs,
          action.do === "sample" ? action.value : `histogram ${action.value}`,
        );
        break;
      }
      default: {
        const matching = action.do === "delete" ? `group="${action.group}"` : "";
        const appended = [...model.all()], meant = [...model.all(matching)];
        if (action.do === "delete") { for (const fate of meant) fate.isMarked = true; }
        for (;;) {
          try {
            if (action.do === "commit") await database.commit();
            else if (action.do === "flush") await database.flush();
            else if (action.do === "maintain") await database.maintain();
            else if (action.do === "clean") await database.cleanTombstones();
            else if (action.do === "delete") {
              const matchers = [new Matcher("=", "group", `${action.group}`)];
              await database.deleteSeries(matchers, -Infinity, Infinity);
            }
            break;
          } catch (error) {
            if (!onFailure(error)) return;
          }
        }
        if (action.do === "commit" || action.do === "flush") {
          for (const fate of appended) fate.isDurable = true;
        }
        if (action.do === "delete") { for (const fate of meant) fate.isDeleted = true; }
      }
    }
  }
}

async function reopened(store: Store): Promise<Database> {
  const damage: string[] = [];
  const database = await Database.open(store, {
    ...options,
    onDamage: (key, error) => damage.push(`${JSON.stringify(key)}: ${error.message}`),
  });
  assert.deepEqual(damage, []);
  return database;
}

Deno.test("whenever the process dies, what commit() acknowledged is there once, and what was deleted is not", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const counting = new FaultyStore(new MemoryStore());
      await run(await Database.open(counting, options), steps, new Model(), () => false);
      for (let n = 1; n <= counting.commits; n++) {
        for (const stored of [false, true]) {
          const inner = new MemoryStore(), model = new Model();
          await run(
            await Database.open(new DyingStore(inner, n, stored), options),
            steps,
            model,
            () => false,
          );
          const database = await reopened(inner);
          model.check(await contents(database), true);
          // Life goes on from there.
          for (const fate of model.all()) fate.isDurable = false;
          const left = await contents(database);
          await database.flush();
          await database.maintain();
          await database.cleanTombstones();
          assert.deepEqual(await contents(await reopened(inner)), left);
        }
      }
    }),
    { numRuns: RUNS },
  );
});

Deno.test("whichever commit fails, stored or not, doing it again loses nothing, and no garbage stays", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const counting = new FaultyStore(new MemoryStore());
      await run(await Database.open(counting, options), steps, new Model(), () => false);
      for (let n = 1; n <= counting.commits; n++) {
        for (const stored of [false, true]) {
          const inner = new MemoryStore(), model = new Model();
          const store = new FaultyStore(inner);
          store.failCommit(n, dead, { stored });
          const database = await Database.open(store, options);
          await run(database, steps, model, (error) => error === dead);
          model.check(await contents(database), false);
          await database.commit();
          await database.maintain();
          for await (const { key } of inner.list({ prefix: ["garbage"] })) assert.fail(`${key} stayed`);
          model.check(await contents(await reopened(inner)), false);
        }
      }
    }),
    { numRuns: RUNS },
  );
});

Deno.test("a commit that fails but was stored, and death a little later, lose nothing either", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
      const counting = new FaultyStore(new MemoryStore());
      await run(await Database.open(counting, options), steps, new Model(), () => false);
      for (let n = 1; n <= counting.commits; n++) {
        const inner = new MemoryStore(), model = new Model();
        const store = new DyingStore(inner, n + 1 + n % 6, n % 4 < 2);
        store.failCommit(n, new Error("failed once"), { stored: true });
        await run(await Database.open(store, options), steps, model, (error) => error !== dead);
        model.check(await contents(await reopened(inner)), true);
      }
    }),
    { numRuns: 4 * RUNS },
  );
});
