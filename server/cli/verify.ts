import { isAbsent, wordsOf } from "../../engine/sample.ts";
import { Database } from "../../engine/tsdb/database.ts";
import type { SeriesColumns } from "../../engine/tsdb/select.ts";
import { openKvStore } from "../storage/kv_store.ts";
import { CommandError, reasonOf } from "./io.ts";

/**
 * Reads everything that a shard's store holds, with its checksums.
 * @param name What the store is called in errors.
 * @returns The number of samples, staleness markers included.
 * @throws {CommandError} If anything cannot be read.
 */
export async function verifyStore(path: string, name: string): Promise<number> {
  const damages: string[] = [];
  let samples = 0;
  try {
    const store = await openKvStore(path);
    try {
      const database = await Database.open(store, {
        pause: () => Promise.resolve(), // nothing else waits
        onDamage: (key, error) => void damages.push(`${JSON.stringify(key)}: ${error.message}`),
      });
      await database.scan(
        { matchers: [], startMs: -Infinity, endMs: Infinity },
        (series) => void (samples += samplesIn(series)),
      );
    } finally {
      await store.close();
    }
  } catch (cause) {
    throw damaged(name, reasonOf(cause), cause);
  }
  if (damages.length === 0) return samples;
  const more = damages.length > 1 ? `, and ${damages.length - 1} more` : "";
  throw damaged(name, `it cannot be read at ${damages[0]}${more}`);
}

/** Samples of a series, histograms among them; its columns have gaps where others that were scraped with it have none. */
function samplesIn({ values, histograms }: SeriesColumns): number {
  const words = wordsOf(values);
  let samples = 0;
  for (let i = 0; i < values.length; i++) {
    if (!isAbsent(words, i) || histograms?.[i] !== undefined) samples++;
  }
  return samples;
}

function damaged(name: string, reason: string, cause?: unknown): CommandError {
  return new CommandError(
    `${name} is damaged: ${reason}: use another copy, or start the server on this one, which serves what is readable`,
    { cause },
  );
}
