import { hashLabels } from "../../../engine/labels/hash.ts";
import { fillAbsent, setStale, wordsOf } from "../../../engine/sample.ts";
import { Database } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { mergeSeries } from "../../../engine/tsdb/merge_series.ts";
import type { Queryable, SelectRequest, SeriesColumns } from "../../../engine/tsdb/select.ts";
import { convertClassicHistograms } from "./nhcb.ts";
import { withStoredHints } from "./reset_hints.ts";
import type { LoadCommand, LoadedSeries } from "./script.ts";

/** `memory`: one database. `sharded`: three, with the loads of one series spread over them. */
export type StoreKind = "memory" | "sharded";

const SHARDS: Record<StoreKind, number> = { memory: 1, sharded: 3 };

/** Samples may come in any order: far more than the time that any script spans. */
const OUT_OF_ORDER_MS = 1e15;

/** What the `load` commands of a script have stored. */
export class ScriptStore implements Queryable {
  readonly #shards: readonly Database[];
  /** Start timestamps by key of the label set and by time: the databases do not keep any. */
  readonly #startTimes = new Map<string, Map<number, number>>();
  #loads = 0;

  private constructor(shards: readonly Database[]) {
    this.#shards = shards;
  }

  static async open(kind: StoreKind): Promise<ScriptStore> {
    const options = { pause: () => Promise.resolve(), outOfOrderWindowMs: OUT_OF_ORDER_MS };
    const opening = Array.from({ length: SHARDS[kind] }, () => Database.open(new MemoryStore(), options));
    return new ScriptStore(await Promise.all(opening));
  }

  /** Appends the series of one `load` as rows of one group per shard, histograms beside them. */
  load(command: LoadCommand): void {
    // Of a series that is there twice the last one counts, as upstream has it.
    const given = [...new Map(command.series.map((series) => [series.labels.key(), series])).values()];
    const all = [...given, ...(command.withNhcb ? convertClassicHistograms(given) : [])];
    const count = BigInt(this.#shards.length);
    for (const [i, database] of this.#shards.entries()) {
      const series = all.filter(({ labels }) =>
        Number((hashLabels(labels) + BigInt(this.#loads)) % count) === i
      );
      appendRows(database, `load ${this.#loads}`, series, command.intervalMs);
    }
    for (const { labels, startOffsetsMs } of given) {
      if (startOffsetsMs === undefined) continue;
      const starts = this.#startTimes.get(labels.key()) ?? new Map<number, number>();
      this.#startTimes.set(labels.key(), starts);
      for (const [i, offsetMs] of startOffsetsMs.entries()) {
        const timeMs = i * command.intervalMs;
        if (offsetMs !== undefined) starts.set(timeMs, timeMs + offsetMs);
      }
    }
    this.#loads++;
  }

  async select(request: SelectRequest): Promise<SeriesColumns[]> {
    const merged = mergeSeries(await Promise.all(this.#shards.map((shard) => shard.select(request))));
    return merged.map((series) => {
      const starts = this.#startTimes.get(series.labels.key());
      return starts === undefined
        ? series
        : { ...series, startTimes: series.times.map((timeMs) => starts.get(timeMs) ?? 0) };
    });
  }
}

function appendRows(
  database: Database,
  identity: string,
  loaded: readonly LoadedSeries[],
  intervalMs: number,
): void {
  const group = database.group(identity);
  const series = loaded.map(({ labels, values }) => ({
    values: withStoredHints(values),
    slot: database.slotFor(group, labels),
    ref: database.refFor(labels),
  }));
  const rows = Math.max(0, ...series.map(({ values }) => values.length));
  const row = new Float64Array(group.slotCount), words = wordsOf(row);
  for (let i = 0; i < rows; i++) {
    const timeMs = i * intervalMs;
    fillAbsent(words, 0, row.length);
    for (const { values, slot, ref } of series) {
      const value = values[i];
      if (value?.kind === "float") row[slot] = value.value;
      else if (value?.kind === "stale") setStale(words, slot);
      else if (value?.kind === "histogram") {
        database.markElsewhere(group, words, slot);
        const outcome = database.appendHistogram(ref, timeMs, value.histogram);
        if (outcome !== "stored") throw new Error(`BUG: histogram at ${timeMs} ms was ${outcome}`);
      }
    }
    const { accepted } = database.append(group, timeMs, words, false);
    if (!accepted) throw new Error(`BUG: row at ${timeMs} ms was refused`);
  }
}
