/**
 * Writes steps to the database in the file named by the first argument, from the step in the second one on, for ever.
 * Prints each step once it and all before it are committed. The head is small, so that it flushes and compacts often.
 */
import { Labels } from "../../engine/labels/labels.ts";
import { fillAbsent, wordsOf } from "../../engine/sample.ts";
import { Database } from "../../engine/tsdb/database.ts";
import { openKvStore } from "../../server/storage/kv_store.ts";
import {
  beginOf,
  GROUPS,
  labelsOf,
  LOOSE,
  looseTimeOf,
  SERIES_MAX,
  timeOf,
  valueOf,
} from "./_step_series.ts";

const STEPS_PER_COMMIT = 4;
const STEPS_PER_MAINTENANCE = 20;

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
const database = await Database.open(await openKvStore(Deno.args[0]), { pause, headBytesMin: 16_384 });
const groups = Array.from({ length: GROUPS }, (_, g) => database.group(`group ${g}`));
const slots: number[][] = groups.map(() => []);
const loose = database.refFor(Labels.from(LOOSE));
const row = new Float64Array(SERIES_MAX), words = wordsOf(row);
const encoder = new TextEncoder();

for (let step = Number(Deno.args[1]);; step++) {
  for (let g = 0; g < GROUPS; g++) {
    while (slots[g].length < SERIES_MAX && beginOf(slots[g].length) <= step) {
      slots[g].push(database.slotFor(groups[g], Labels.from(labelsOf(g, slots[g].length))));
    }
    fillAbsent(words, 0, SERIES_MAX);
    for (let s = 0; s < slots[g].length; s++) row[slots[g][s]] = valueOf(step, g, s);
    const { accepted } = database.append(groups[g], timeOf(step), words.subarray(0, 2 * slots[g].length));
    if (!accepted) throw new Error(`BUG: step ${step} was not accepted`);
  }
  if (database.appendSample(loose, looseTimeOf(step), step) !== "stored") {
    throw new Error(`BUG: loose ${step}`);
  }
  // Maintenance is under way while steps are committed, as in the server; a failure ends the child.
  if (step % STEPS_PER_MAINTENANCE === 0) void database.maintain();
  if (step % STEPS_PER_COMMIT !== 0) continue;
  await database.commit();
  await pause(); // samples come at intervals, and maintenance works in them
  Deno.stdout.writeSync(
    encoder.encode(`${step} ${database.counters.flushes} ${database.counters.compactions}\n`),
  );
}
