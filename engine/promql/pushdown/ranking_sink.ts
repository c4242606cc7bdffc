import { compareLabels, type Labels } from "../../labels/labels.ts";
import type { Aggregation } from "../ast.ts";
import { type Ranking, ValueHeap } from "../operators/select_elements.ts";
import type { Checkpoint } from "../operators/step_slices.ts";
import type { SampleAccount } from "../sample_account.ts";
import { FLOAT, HISTOGRAM, NONE, withoutMetadata } from "../value.ts";
import type { Fragment, Slab, SlabRows } from "./fragment.ts";
import { ScannedColumns, type SourceSeries } from "./fragment_source.ts";
import { LabelPacker, pickLabels } from "./packed_labels.ts";
import { GroupLabels, type Sink, type SinkRows } from "./sinks.ts";
import { readRow, releaseSlabs, Slabs } from "./slabs.ts";

/** Elements of all heaps at a time, about. */
const HEAP_ELEMENTS = 1 << 14;

/**
 * Keeps the series that may be among the k best of their group in all parts. Which of equal elements stay depends on how
 * a heap goes through all of them in the order of their labels. What a heap of some of them does not take, a heap of all
 * does not take either, as that has seen at least as good ones before: so what is taken here, though others may replace
 * it, is all that matters.
 */
export class RankingSink implements Sink {
  readonly #packer = new LabelPacker();
  /** As they are compared: those of the result. */
  readonly #labels: Labels[] = [];
  readonly #groupLabels: GroupLabels;
  readonly #op: Ranking;
  readonly #k: Float64Array;
  readonly #values: Float64Array;
  readonly #present: Uint8Array;
  /** Rows of each group. */
  readonly #groups = new Map<string, number[]>();
  #samples = 0;
  #ignoredHistograms = false;

  /** @param dropsName Whether what is aggregated is without the metric's name. */
  constructor(
    expr: Aggregation,
    readonly dropsName: boolean,
    readonly slabs: Slabs,
    readonly account: SampleAccount,
    readonly fragment: Fragment,
  ) {
    this.#op = expr.op as Ranking;
    this.#k = fragment.k!;
    this.#values = new Float64Array(this.#k.length);
    this.#present = new Uint8Array(this.#k.length);
    this.#groupLabels = new GroupLabels(expr, dropsName);
  }

  get bytes(): number {
    return this.slabs.bytes;
  }

  columnsFor(series: SourceSeries): ScannedColumns {
    this.#present.fill(NONE);
    return new ScannedColumns(series, { values: this.#values, present: this.#present });
  }

  keep(series: SourceSeries, columns: ScannedColumns): void {
    const { present } = columns;
    for (let step = 0; step < present.length; step++) {
      if (present[step] === FLOAT) this.#samples++;
      else if (present[step] === HISTOGRAM) {
        present[step] = NONE;
        if (this.#k[step]! >= 1) this.#ignoredHistograms = true;
      }
    }
    this.account.keeps(this.#samples);
    const row = this.slabs.add(columns);
    this.account.reserve((row + 1) * present.length);
    this.#packer.addSeries(series);
    this.#labels.push(this.dropsName ? withoutMetadata(series.labels) : series.labels);
    const key = this.#groupLabels.keyOf(series), group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, [row]);
    else group.push(row);
  }

  async finish(control: Checkpoint): Promise<SinkRows> {
    const rows = this.slabs.finish(), steps = this.#k.length;
    const taken = new Slabs(steps, Math.max(1, rows.count)), numbers: number[] = [];
    for (const [row, present] of await this.#taken(rows, control)) {
      taken.add({ values: readRow(rows, row, steps).values, present });
      numbers.push(row);
    }
    releaseSlabs(rows);
    const labels = pickLabels(this.#packer.finish(), numbers);
    return { labels, rows: taken.finish(), ignoredHistograms: this.#ignoredHistograms };
  }

  /** Of rows that heaps take, where they do. */
  async #taken(rows: SlabRows, control: Checkpoint): Promise<Map<number, Uint8Array>> {
    const taken = new Map<number, Uint8Array>(), steps = this.#k.length;
    const kMax = Math.min(this.#k.reduce((max, k) => Math.max(max, k), 0), rows.count);
    const slice = Math.max(1, Math.floor(HEAP_ELEMENTS / Math.max(1, kMax)));
    const { slabs, rowsPerSlab } = rows;
    for (const group of this.#groups.values()) {
      if (group.length > kMax) group.sort((a, b) => compareLabels(this.#labels[a]!, this.#labels[b]!));
      for (let from = 0; from < steps; from += slice) {
        const heaps = new StepHeaps(this.#op, this.#k.subarray(from, from + slice), steps);
        for (let i = 0; i < group.length; i++) {
          const row = group[i]!;
          const slab = slabs[Math.floor(row / rowsPerSlab)]!, start = row % rowsPerSlab * steps;
          const takenAt = heaps.offer(row, slab, start, from, taken.get(row));
          if (takenAt !== undefined) taken.set(row, takenAt);
          const pause = (i & 15) === 15 ? control.checkpoint() : undefined;
          if (pause !== undefined) await pause;
        }
        const pause = control.checkpoint();
        if (pause !== undefined) await pause;
      }
    }
    return taken;
  }
}

/** A heap for each of some steps. */
class StepHeaps {
  readonly #heaps: ValueHeap[];
  readonly #steps: number;
  readonly #isReverse: boolean;
  readonly #k: Float64Array;
  /** By step: the value that is the first to be replaced, once all others are as good. NaN where any may be taken. */
  readonly #bars: Float64Array;

  /**
   * @param k Of those steps.
   * @param steps How many a row has.
   */
  constructor(op: Ranking, k: Float64Array, steps: number) {
    this.#steps = steps;
    this.#isReverse = op === "bottomk";
    this.#k = k.map(Math.trunc);
    this.#heaps = Array.from(k, () => new ValueHeap(this.#isReverse));
    this.#bars = new Float64Array(k.length).fill(NaN);
  }

  /**
   * Offers what a row, which starts at index `start` of its slab, has from step `from` on.
   * @param takenAt FLOAT at steps where the row was taken before, if any.
   * @returns The same with the steps where it is taken now.
   */
  offer(
    row: number,
    { values, present }: Slab,
    start: number,
    from: number,
    takenAt: Uint8Array | undefined,
  ): Uint8Array | undefined {
    const bars = this.#bars, k = this.#k, isReverse = this.#isReverse;
    for (let i = 0, at = start + from; i < bars.length; i++, at++) {
      const value = values[at]!;
      if (present[at] !== FLOAT || k[i]! < 1) continue;
      if (isReverse ? value >= bars[i]! : value <= bars[i]!) continue;
      const heap = this.#heaps[i]!;
      if (!heap.offer(row, value, k[i]!)) continue;
      bars[i] = heap.isFull(k[i]!) ? heap.top : NaN;
      takenAt ??= new Uint8Array(this.#steps);
      takenAt[from + i] = FLOAT;
    }
    return takenAt;
  }
}
