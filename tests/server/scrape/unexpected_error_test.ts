import assert from "node:assert/strict";
import type { Database } from "../../../engine/tsdb/database.ts";
import { INTERVAL_MS, poolOf, Scene, settle, targetOf } from "./_fakes.ts";

const A = targetOf({ id: "000000000000000a", url: "http://a/", labels: ["instance", "a", "job", "j"] });
const B = targetOf({ id: "000000000000000b", url: "http://b/", labels: ["instance", "b", "job", "j"] });

/** Makes one method of the database throw `times` times where `isHit` says so. */
function sabotage(
  database: Database,
  method: "append" | "slotFor",
  isHit: (...args: unknown[]) => boolean,
  times = Infinity,
): void {
  const original = (database[method] as (...args: unknown[]) => unknown).bind(database);
  Object.assign(database, {
    [method]: (...args: unknown[]) => {
      if (isHit(...args) && times-- > 0) throw new RangeError("sabotaged");
      return original(...args);
    },
  });
}

const isOfA = (group: unknown) => (group as { identity: string }).identity.endsWith(A.id);

interface Case {
  readonly name: string;
  readonly sabotage: (database: Database) => void;
  readonly want: Record<string, string>;
}

const cases: Case[] = [
  {
    name: "the row cannot be appended",
    sabotage: (database) => sabotage(database, "append", isOfA, 1),
    want: {
      'a{instance="a"}': "1@10",
      'a{instance="b"}': "1@0 1@10",
      'up{instance="a"}': "0@0 1@10",
      'up{instance="b"}': "1@0 1@10",
    },
  },
  {
    name: "a series has no slot, the second of two",
    sabotage: (database) =>
      sabotage(
        database,
        "slotFor",
        (group, labels) => isOfA(group) && String(labels).startsWith('{__name__="z"'),
        1,
      ),
    want: {
      'a{instance="a"}': "1@10",
      'a{instance="b"}': "1@0 1@10",
      'up{instance="a"}': "0@0 1@10",
      'up{instance="b"}': "1@0 1@10",
    },
  },
  {
    name: "not even `up` can be appended",
    sabotage: (database) => sabotage(database, "append", isOfA, 2),
    want: {
      'a{instance="a"}': "1@10",
      'a{instance="b"}': "1@0 1@10",
      'up{instance="a"}': "1@10",
      'up{instance="b"}': "1@0 1@10",
    },
  },
];

for (const isHeld of [false, true]) {
  for (const { name, sabotage, want } of cases) {
    const when = isHeld ? " of a scrape from before the database was open" : "";
    Deno.test(`an unexpected error costs one target's scrape: ${name}${when}`, async () => {
      const errors: string[] = [];
      const { promise: ready, resolve } = Promise.withResolvers<Database>();
      const onUnexpected = (error: Error, target?: { url: string }) =>
        errors.push(`${error.message} ${target?.url}`);
      const scene = await Scene.open(isHeld ? { ready, onUnexpected } : { onUnexpected });
      sabotage(scene.database);
      scene.fetcher.answer = "a 1\nz 1\n";
      scene.manager.setTargets([poolOf({ targets: [A, B] })]);
      await scene.clock.advance(0);
      resolve(scene.database);
      await settle();
      const status = () => scene.manager.status().map(({ health, lastError }) => [health, lastError]);
      assert.deepEqual(status(), [["down", "sabotaged"], ["up", ""]]);
      assert.deepEqual([...new Set(errors)], ["sabotaged http://a/"]);
      await scene.clock.advance(INTERVAL_MS);
      assert.deepEqual(status(), [["up", ""], ["up", ""]]);
      assert.deepEqual(await scene.samples(/^(a|up)$/), want);
      await scene.manager.stop();
    });
  }
}

Deno.test("an unexpected error at the end of a target's series, or of a fetcher, is told of and no more", async () => {
  const errors: string[] = [];
  const scene = await Scene.open({ onUnexpected: (error) => errors.push(error.message) });
  scene.fetcher.answer = "a 1\n";
  scene.fetcher.close = () => Promise.reject(new Error("cannot close"));
  scene.manager.setTargets([poolOf({ targets: [A] })]);
  await scene.clock.advance(0);
  sabotage(scene.database, "append", isOfA);
  scene.manager.setTargets([]);
  await scene.clock.advance(4 * INTERVAL_MS);
  assert.deepEqual(errors, ["cannot close", "sabotaged"]);
  await scene.manager.stop();
});

Deno.test("an error that stays is told of once", async () => {
  const errors: string[] = [];
  const scene = await Scene.open({ onUnexpected: (error) => errors.push(error.message) });
  scene.fetcher.answer = "a 1\n";
  sabotage(scene.database, "slotFor", (_, labels) => String(labels).includes('"a"'));
  scene.manager.setTargets([poolOf({ targets: [A] })]);
  await scene.clock.advance(3 * INTERVAL_MS);
  assert.deepEqual(errors, ["sabotaged"]);
  await scene.manager.stop();
});
