import assert from "node:assert/strict";
import { join } from "node:path";
import { Matcher } from "../../engine/labels/matcher.ts";
import { isAbsent, wordsOf } from "../../engine/sample.ts";
import { Database } from "../../engine/tsdb/database.ts";
import { openKvStore } from "../../server/storage/kv_store.ts";
import { temporaryDirectory } from "../integration/_server.ts";
import { KILL_ROUNDS, randomMs } from "./_kill_rounds.ts";
import { beginOf, GROUPS, LOOSE, looseTimeOf, SERIES_MAX, timeOf, valueOf } from "./_step_series.ts";

Deno.test(`a database that is killed ${KILL_ROUNDS} times while it writes, flushes and compacts loses nothing committed`, async () => {
  await using data = await temporaryDirectory();
  const path = join(data.path, "shard.kv");
  let next = 0, flushes = 0, compactions = 0;
  for (let round = 0; round < KILL_ROUNDS; round++) {
    const said = await writeUntilKilled(path, next);
    flushes += said.flushes;
    compactions += said.compactions;
    const newest = await check(path, round);
    assert.ok(
      newest >= said.step,
      `round ${round}: step ${said.step} was committed, ${newest} is the newest`,
    );
    next = newest + 1;
  }
  assert.ok(
    flushes > 0 && compactions > 0,
    `${flushes} flushes, ${compactions} compactions: nothing was tested`,
  );
});

/** What the child said last. */
async function writeUntilKilled(path: string, from: number) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "--unstable-kv",
      new URL("./_writing_child.ts", import.meta.url).pathname,
      path,
      String(from),
    ],
    stdout: "piped",
  }).spawn();
  let said = "", killer: ReturnType<typeof setTimeout> | undefined;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    killer ??= setTimeout(() => child.kill("SIGKILL"), randomMs(0, 500));
    said += text;
  }
  clearTimeout(killer);
  assert.equal((await child.status).signal, "SIGKILL", "the child failed by itself");
  const [step, flushes, compactions] = said.slice(0, said.lastIndexOf("\n")).split("\n").at(-1)!.split(" ")
    .map(Number);
  return { step, flushes, compactions };
}

/** Opens the database and checks every sample; the newest step of it. */
async function check(path: string, round: number): Promise<number> {
  const store = await openKvStore(path);
  try {
    const database = await Database.open(store, {
      pause: () => Promise.resolve(),
      onDamage: (key, error) =>
        assert.fail(`round ${round}: damaged ${JSON.stringify(key)}: ${error.message}`),
    });
    const all = await database.select({
      matchers: [new Matcher("=~", "__name__", ".+")],
      startMs: 0,
      endMs: 4e12,
    });
    const newest = new Set<number>();
    let stepped = 0;
    for (const { labels, times, values } of all) {
      const isLoose = labels.get("__name__") === LOOSE.__name__;
      const group = Number(labels.get("group")), series = Number(labels.get("series"));
      const words = wordsOf(values);
      let step = isLoose ? 0 : beginOf(series);
      for (let i = 0; i < times.length; i++) {
        if (isAbsent(words, i)) continue; // the column of times is that of the whole group
        const [timeMs, value] = isLoose
          ? [looseTimeOf(step), step]
          : [timeOf(step), valueOf(step, group, series)];
        if (times[i] !== timeMs || values[i] !== value) {
          assert.fail(
            `round ${round}: ${labels.pairs}: expected ${value} at ${timeMs}, found ${values[i]} at ${
              times[i]
            }`,
          );
        }
        step++;
      }
      newest.add(step - 1);
      if (!isLoose) stepped++;
    }
    // The steps of a commit are stored together, so that all series end at the same one.
    assert.equal(newest.size, 1, `round ${round}: series end at steps ${[...newest]}`);
    const [last] = newest;
    const begun = Array.from({ length: SERIES_MAX }, (_, s) => s).filter((s) => beginOf(s) <= last).length;
    assert.equal(stepped, begun * GROUPS, `round ${round}`);
    return last;
  } finally {
    await store.close();
  }
}
