import { HistogramPacker } from "../../histogram/packed_histograms.ts";
import { type Labels, METRIC_NAME } from "../../labels/labels.ts";
import type { ScannedSeries } from "../../tsdb/scanned_series.ts";
import type { Aggregation } from "../ast.ts";
import { REDUCERS, type Reduction, type ScratchColumns } from "../operators/aggregate.ts";
import { type HistogramSum, newHistogramSum } from "../operators/aggregate_histograms.ts";
import { keyBy } from "../operators/grouping.ts";
import { histogramSize, type SampleAccount } from "../sample_account.ts";
import { HISTOGRAM, type InstantSeries, METADATA_LABELS, NONE } from "../value.ts";
import type { Fragment, FragmentRows } from "./fragment.ts";
import { ScannedColumns, UnsupportedSeries } from "./fragment_source.ts";
import { LabelPacker } from "./packed_labels.ts";
import { PartialPacker } from "./packed_partials.ts";
import type { Slabs } from "./slabs.ts";

/** Entries of columns that take as much memory as the sum of histograms does for each sample that one of them counts for. */
const CELLS_PER_SAMPLE = 4;

/** Takes what a fragment gives for one series after the other. */
interface Sink {
  /** Empty columns for a series. */
  columnsFor(series: ScannedSeries): ScannedColumns;
  /** Takes those columns, once they are filled. @throws {UnsupportedSeries} */
  keep(series: ScannedSeries, columns: ScannedColumns): void;
  finish(): Pick<FragmentRows, "labels" | "rows" | "ignoredHistograms">;
}

/** Keeps each series as a row. */
export class RowSink implements Sink {
  readonly #labels = new LabelPacker();
  readonly #histograms = new HistogramPacker();

  constructor(readonly slabs: Slabs, readonly account: SampleAccount, readonly fragment: Fragment) {}

  columnsFor(series: ScannedSeries): ScannedColumns {
    return new ScannedColumns(series, this.slabs.next());
  }

  keep(series: ScannedSeries, { present, histograms }: ScannedColumns): void {
    const rows = this.slabs.keep() + 1;
    if (histograms !== undefined) {
      for (let step = 0; step < present.length; step++) {
        if (present[step] === HISTOGRAM) this.#histograms.add(histograms[step]!);
      }
    }
    this.account.reserve(rows * this.fragment.steps.count + this.#histograms.cellCount);
    this.#labels.addSeries(series);
  }

  finish() {
    const rows = { ...this.slabs.finish(), histograms: this.#histograms.finish() };
    return { labels: this.#labels.finish(), rows, ignoredHistograms: false };
  }
}

interface Group {
  readonly columns: Pick<InstantSeries, "values" | "present">;
  readonly scratch: ScratchColumns;
  /** By step. */
  sums?: (HistogramSum | undefined)[];
}

/** Keeps what an aggregation has added up of each group as a row. */
export class GroupSink implements Sink {
  readonly #op: Reduction;
  readonly #labels = new LabelPacker();
  readonly #groups = new Map<string, Group>();
  readonly #keyOf: (series: ScannedSeries) => string;
  readonly #labelsOf: (series: ScannedSeries) => Labels;
  readonly #values: Float64Array;
  readonly #present: Uint8Array;
  #ignoredHistograms = false;
  /** What sums of histograms take, in entries of columns. */
  #sumCells = 0;

  /** @param dropsName Whether what is aggregated is without the metric's name. */
  constructor(
    { op, grouping, isWithout }: Aggregation,
    dropsName: boolean,
    readonly slabs: Slabs,
    readonly account: SampleAccount,
    readonly fragment: Fragment,
  ) {
    const { count } = fragment.steps;
    this.#op = op as Reduction;
    this.#values = new Float64Array(count);
    this.#present = new Uint8Array(count);
    const names = new Set(grouping);
    if (isWithout) {
      names.add(METRIC_NAME);
      if (dropsName) { for (const name of METADATA_LABELS) names.add(name); }
      this.#labelsOf = ({ labels }) => labels.drop(names);
      this.#keyOf = ({ labels }) => labels.drop(names).key();
    } else {
      if (dropsName) { for (const name of METADATA_LABELS) names.delete(name); }
      this.#labelsOf = ({ labels }) => labels.keep(names);
      this.#keyOf = keyBy([...names]);
    }
  }

  columnsFor(series: ScannedSeries): ScannedColumns {
    this.#present.fill(NONE);
    return new ScannedColumns(series, { values: this.#values, present: this.#present });
  }

  keep(series: ScannedSeries, columns: ScannedColumns): void {
    const key = this.#keyOf(series);
    let group = this.#groups.get(key);
    if (group === undefined) {
      const columns = this.slabs.next(), row = this.slabs.keep();
      this.account.reserve((row + 1) * this.fragment.steps.count);
      group = { columns, scratch: this.slabs.scratch(row) };
      this.#groups.set(key, group);
      this.#labels.add(this.#labelsOf(series));
    }
    REDUCERS[this.#op](columns, group.columns, group.scratch);
    if (columns.histograms !== undefined) this.#addHistograms(columns, group);
  }

  #addHistograms({ present, histograms }: ScannedColumns, group: Group): void {
    const op = this.#op;
    if (op === "count" || op === "group" || !present.includes(HISTOGRAM)) return;
    if (op !== "sum" && op !== "avg") {
      this.#ignoredHistograms = true;
      return;
    }
    const sums = group.sums ??= new Array<HistogramSum | undefined>(present.length).fill(undefined);
    for (let step = 0; step < present.length; step++) {
      if (present[step] !== HISTOGRAM) continue;
      const sum = sums[step], histogram = histograms![step]!;
      if (sum === undefined) {
        sums[step] = newHistogramSum(op, histogram);
        this.#sumCells += CELLS_PER_SAMPLE * histogramSize(histogram);
        this.account.reserve(this.#sumCells);
      } else if (!sum.add(histogram)) {
        throw new UnsupportedSeries(); // what to remark depends on all series
      }
    }
  }

  /** @throws {UnsupportedSeries} */
  finish() {
    const packer = new PartialPacker();
    for (const { sums, columns: { present } } of this.#groups.values()) {
      sums?.forEach((sum, step) => {
        if (sum === undefined) return;
        if (!packer.add(sum)) throw new UnsupportedSeries();
        present[step]! |= HISTOGRAM;
      });
    }
    const rows = { ...this.slabs.finish(), ...packer.finish() };
    return { labels: this.#labels.finish(), rows, ignoredHistograms: this.#ignoredHistograms };
  }
}
