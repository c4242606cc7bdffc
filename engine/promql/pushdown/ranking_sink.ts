import { compareLabels, type Labels } from "../../labels/labels.ts";
import type { ScannedSeries } from "../../tsdb/scanned_series.ts";
import type { Aggregation } from "../ast.ts";
import type { Columns } from "../operators/aggregate.ts";
import { type Ranking, ValueHeap } from "../operators/select_elements.ts";
import type { Checkpoint } from "../operators/step_slices.ts";
import type { SampleAccount } from "../sample_account.ts";
import { FLOAT, HISTOGRAM, NONE, withoutMetadata } from "../value.ts";
import type { Fragment } from "./fragment.ts";
import { ScannedColumns } from "./fragment_source.ts";
import { LabelPacker, pickLabels } from "./packed_labels.ts";
import { GroupLabels, type Sink, type SinkRows } from "./sinks.ts";
import { releaseSlabs, Slabs } from "./slabs.ts";

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
  readonly #rows: Columns[] = [];
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
    this.#groupLabels = new GroupLabels(expr, dropsName);
  }

  get bytes(): number {
    return this.slabs.bytes;
  }

  columnsFor(series: ScannedSeries): ScannedColumns {
    return new ScannedColumns(series, this.slabs.next());
  }

  keep(series: ScannedSeries, { values, present }: ScannedColumns): void {
    for (let step = 0; step < present.length; step++) {
      if (present[step] === FLOAT) this.#samples++;
      else if (present[step] === HISTOGRAM) {
        present[step] = NONE;
        if (this.#k[step]! >= 1) this.#ignoredHistograms = true;
      }
    }
    this.account.keeps(this.#samples);
    const row = this.slabs.keep();
    this.account.reserve((row + 1) * present.length);
    this.#rows.push({ values, present });
    this.#packer.addSeries(series);
    this.#labels.push(this.dropsName ? withoutMetadata(series.labels) : series.labels);
    const key = this.#groupLabels.keyOf(series), group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, [row]);
    else group.push(row);
  }

  async finish(control: Checkpoint): Promise<SinkRows> {
    const rows = this.slabs.finish();
    const taken = new Slabs(this.#k.length, this.#rows.length), numbers: number[] = [];
    for (const [row, present] of await this.#taken(control)) {
      const columns = taken.next();
      taken.keep();
      columns.values.set(this.#rows[row]!.values);
      columns.present.set(present);
      numbers.push(row);
    }
    releaseSlabs(rows);
    const labels = pickLabels(this.#packer.finish(), numbers);
    return { labels, rows: taken.finish(), ignoredHistograms: this.#ignoredHistograms };
  }

  /** Of rows that heaps take, where they do. */
  async #taken(control: Checkpoint): Promise<Map<number, Uint8Array>> {
    const taken = new Map<number, Uint8Array>(), steps = this.#k.length;
    const kMax = this.#k.reduce((max, k) => Math.max(max, k), 0);
    for (const group of this.#groups.values()) {
      if (group.length > kMax) group.sort((a, b) => compareLabels(this.#labels[a]!, this.#labels[b]!));
      for (let step = 0; step < steps; step++) {
        const k = Math.min(Math.trunc(this.#k[step]!), this.#rows.length);
        if (k < 1) continue;
        const pause = control.checkpoint();
        if (pause !== undefined) await pause;
        const heap = new ValueHeap(this.#op === "bottomk");
        for (const row of group) {
          const { values, present } = this.#rows[row]!;
          if (present[step] !== FLOAT || !heap.offer(row, values[step]!, k)) continue;
          let takenAt = taken.get(row);
          if (takenAt === undefined) taken.set(row, takenAt = new Uint8Array(steps));
          takenAt[step] = FLOAT;
        }
      }
    }
    return taken;
  }
}
