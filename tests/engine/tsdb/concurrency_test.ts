import assert from "node:assert/strict";
import fc from "fast-check";
import { Database, WINDOW_MS } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { contents, labelsOf, options as plain, row } from "./_samples.ts";

type Step =
  | { do: "row"; group: number; gapMs: number; series: number }
  | { do: "commit" | "flush" | "maintain" | "clean" | "select" | "refs" | "idle" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("row" as const),
      group: fc.nat(2),
      gapMs: fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: WINDOW_MS })),
      series: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "commit" as const,
        "flush" as const,
        "maintain" as const,
        "clean" as const,
        "select" as const,
        "refs" as const,
        "idle" as const,
      ),
    }),
  },
);

Deno.test("whatever runs at the same time, a select has everything appended before it, and nothing twice", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 0, max: 30 }),
      fc.infiniteStream(fc.nat(12)),
      async (steps, pauseTurns, turns) => {
        const store = new MemoryStore();
        const pause = async () => {
          for (let i = 0; i < pauseTurns; i++) await undefined;
        };
        const options = {
          ...plain,
          pause,
          headBytesMin: 300,
          onDamage: (key: unknown) => assert.fail(JSON.stringify(key)),
        };
        const database = await Database.open(store, options);
        const model: Record<string, [number, number][]> = {};
        const running: Promise<unknown>[] = [];
        let nowMs = 0;
        for (const action of steps) {
          switch (action.do) {
            case "row": {
              nowMs += action.gapMs;
              const group = database.group(`${action.group}`);
              const values = Array.from(
                { length: Math.max(action.series, group.slotCount) },
                (_, i) => nowMs + i,
              );
              values.forEach((value, i) => {
                const labels = labelsOf("m", { group: `${action.group}`, i: `${i}` });
                database.slotFor(group, labels);
                (model[labels.toString()] ??= []).push([nowMs, value]);
              });
              database.append(group, nowMs, row(...values));
              break;
            }
            case "select": {
              const before = Object.entries(model).map(([key, list]) => [key, list.length] as const);
              running.push(
                contents(database).then((found) => {
                  for (const [key, count] of before) {
                    assert.deepEqual(found[key]?.slice(0, count), model[key].slice(0, count));
                  }
                  for (const [key, list] of Object.entries(found)) {
                    assert.deepEqual(list, model[key].slice(0, list.length));
                  }
                }),
              );
              break;
            }
            case "refs": {
              const size = database.index.size;
              running.push(
                database.refsIn(-Infinity, Infinity).then((refs) => assert.ok(refs.length >= size)),
              );
              break;
            }
            case "clean":
              running.push(database.cleanTombstones());
              break;
            case "idle":
              for (let i = turns.next().value * 20; i > 0; i--) await undefined;
              break;
            default:
              running.push(database[action.do]());
          }
          for (let i = turns.next().value; i > 0; i--) await undefined;
        }
        await Promise.all(running);
        assert.deepEqual(await contents(database), model);
        await database.commit();
        assert.deepEqual(await contents(await Database.open(store, options)), model);
      },
    ),
    { numRuns: 150 },
  );
});
