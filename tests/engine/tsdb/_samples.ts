import assert from "node:assert/strict";
import { Labels } from "../../../engine/labels/labels.ts";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { fillAbsent, isAbsent, isStale, wordsOf } from "../../../engine/sample.ts";
import type { Database, DatabaseOptions } from "../../../engine/tsdb/database.ts";
import type { SeriesColumns } from "../../../engine/tsdb/select.ts";

export const options: DatabaseOptions = { pause: () => Promise.resolve(), exemplarsMax: 10 };
export const everything = [new Matcher("=~", "__name__", ".+")];
export const always = { startMs: -Infinity, endMs: Infinity };

/** A sample's value, "stale" for a staleness marker, "histogram" and its count for a histogram. */
export type Value = number | string;

/** A row with these values, absent where undefined. */
export function row(...values: (number | undefined)[]): Uint32Array {
  const column = new Float64Array(values.length), words = wordsOf(column);
  values.forEach((value, i) => value === undefined ? fillAbsent(words, i, i + 1) : column[i] = value);
  return words;
}

/** Samples by label set; checks that each label set comes once, in order of time. */
export function samples(series: readonly SeriesColumns[]): Record<string, [number, Value][]> {
  const out: Record<string, [number, Value][]> = {};
  for (const { labels, times, values, histograms } of series) {
    assert.equal(out[labels.toString()], undefined, "a label set comes once");
    const words = wordsOf(values);
    const list: [number, Value][] = [];
    for (let i = 0; i < times.length; i++) {
      if (i > 0) assert.ok(times[i] > times[i - 1], "times ascend");
      if (histograms?.[i] !== undefined) list.push([times[i], `histogram ${histograms[i]!.count}`]);
      else if (!isAbsent(words, i)) list.push([times[i], isStale(words, i) ? "stale" : values[i]]);
    }
    out[labels.toString()] = list;
  }
  return out;
}

/** Everything that the database holds. */
export async function contents(database: Database): Promise<Record<string, [number, Value][]>> {
  return samples(await database.select({ matchers: everything, ...always }));
}

export function labelsOf(name: string, extra: Record<string, string> = {}): Labels {
  return Labels.from({ __name__: name, ...extra });
}
