import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { Labels } from "../../../engine/labels/labels.ts";
import { fillAbsent, setStale, wordsOf } from "../../../engine/sample.ts";
import { evaluateFragment } from "../../../engine/promql/pushdown/evaluate_fragment.ts";
import type { Fragment, FragmentResult } from "../../../engine/promql/pushdown/fragment.ts";
import { Database } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import type { SelectRequest, SeriesColumns } from "../../../engine/tsdb/select.ts";
import type { LoadedSeries } from "./script.ts";
import type { SequenceValue } from "./series_values.ts";

/** Samples may come in any order: far more than the time that any script spans. */
const OUT_OF_ORDER_MS = 1e15;

/** A series in a form that can be sent to another thread. */
export interface PlainSeries {
  /** Name and value in turn, as labels have them. */
  readonly pairs: readonly string[];
  readonly values: readonly SequenceValue[];
  /** As `LoadedSeries.startOffsetsMs`. */
  readonly startOffsetsMs?: readonly (number | undefined)[];
}

/** Series from another thread, whose histograms are mere fields. */
export function revived({ values, ...rest }: PlainSeries): PlainSeries {
  const histogramOf = (value: SequenceValue): SequenceValue =>
    value.kind === "histogram" ? { ...value, histogram: new FloatHistogram(value.histogram) } : value;
  return { ...rest, values: values.map(histogramOf) };
}

export function plainSeries({ labels, values, startOffsetsMs }: LoadedSeries): PlainSeries {
  return { pairs: labels.pairs, values, startOffsetsMs };
}

/** A database that takes the loads of a script. */
export class ScriptShard {
  #database: Database;
  readonly #store: MemoryStore;
  #changed = false;

  private constructor(store: MemoryStore, database: Database, readonly reopens: boolean) {
    this.#store = store;
    this.#database = database;
  }

  /** @param options.reopens Whether samples are read only after they went to blocks and the database was opened again. */
  static async open({ reopens = false } = {}): Promise<ScriptShard> {
    const store = new MemoryStore();
    return new ScriptShard(store, await openDatabase(store), reopens);
  }

  /** Appends series as rows of one group, histograms beside them. */
  load(identity: string, plain: readonly PlainSeries[], intervalMs: number): void {
    this.#changed = true;
    const database = this.#database;
    const group = database.group(identity);
    const hasStarts = plain.some(({ startOffsetsMs }) => startOffsetsMs !== undefined);
    const series = plain.map(({ pairs, values, startOffsetsMs }) => {
      const labels = Labels.fromSortedPairs([...pairs]);
      return {
        values,
        startOffsetsMs,
        slot: database.slotFor(group, labels),
        ref: database.refFor(labels),
      };
    });
    const rows = Math.max(0, ...series.map(({ values }) => values.length));
    const row = new Float64Array(group.slotCount), words = wordsOf(row);
    const starts = hasStarts ? new Float64Array(group.slotCount) : undefined;
    for (let i = 0; i < rows; i++) {
      const timeMs = i * intervalMs;
      fillAbsent(words, 0, row.length);
      for (const { values, startOffsetsMs, slot, ref } of series) {
        const value = values[i], offsetMs = startOffsetsMs?.[i];
        const startMs = offsetMs === undefined ? 0 : timeMs + offsetMs;
        if (starts !== undefined) starts[slot] = startMs;
        if (value?.kind === "float") row[slot] = value.value;
        else if (value?.kind === "stale") setStale(words, slot);
        else if (value?.kind === "histogram") {
          database.markElsewhere(group, words, slot);
          const outcome = database.appendHistogram(ref, timeMs, value.histogram, startMs);
          if (outcome !== "stored") throw new Error(`BUG: histogram at ${timeMs} ms was ${outcome}`);
        }
      }
      const { accepted } = database.append(group, timeMs, words, false, starts);
      if (!accepted) throw new Error(`BUG: row at ${timeMs} ms was refused`);
    }
  }

  async select(request: SelectRequest): Promise<SeriesColumns[]> {
    return await (await this.#readable()).select(request);
  }

  async evaluateFragment(fragment: Fragment): Promise<FragmentResult> {
    const context = { now: () => performance.now(), pause: () => Promise.resolve() };
    return await evaluateFragment(await this.#readable(), fragment, context);
  }

  async #readable(): Promise<Database> {
    if (this.reopens && this.#changed) {
      this.#changed = false;
      await this.#database.commit();
      await this.#database.flush();
      this.#database = await openDatabase(this.#store);
    }
    return this.#database;
  }
}

function openDatabase(store: MemoryStore): Promise<Database> {
  return Database.open(store, { pause: () => Promise.resolve(), outOfOrderWindowMs: OUT_OF_ORDER_MS });
}
