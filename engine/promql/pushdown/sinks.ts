import { HistogramPacker } from "../../histogram/packed_histograms.ts";
import { type Labels, METRIC_NAME } from "../../labels/labels.ts";
import type { Aggregation } from "../ast.ts";
import { REDUCERS, type Reduction, type ScratchColumns } from "../operators/aggregate.ts";
import { type HistogramSum, newHistogramSum } from "../operators/aggregate_histograms.ts";
import { keyBy } from "../operators/grouping.ts";
import type { Checkpoint } from "../operators/step_slices.ts";
import { histogramSize, type SampleAccount } from "../sample_account.ts";
import { FLOAT, HISTOGRAM, type InstantSeries, METADATA_LABELS, NONE } from "../value.ts";
import type { Fragment, FragmentRows, SlabRows } from "./fragment.ts";
import { ScannedColumns, type SourceSeries, UnsupportedSeries } from "./fragment_source.ts";
import { LabelPacker } from "./packed_labels.ts";
import { PartialPacker } from "./packed_partials.ts";
import type { Slabs } from "./slabs.ts";

/** Entries of columns that take as much memory as the sum of histograms does for each sample that one of them counts for. */
const CELLS_PER_SAMPLE = 4;

/** What an entry of columns takes at most. */
const CELL_BYTES = 8;

export type SinkRows = Pick<FragmentRows, "labels" | "rows" | "ignoredHistograms">;

/** Takes what a fragment gives for one series after the other. */
export interface Sink {
  /** Empty columns for a series. */
  columnsFor(series: SourceSeries): ScannedColumns;
  /** Takes those columns, once they are filled. @throws {UnsupportedSeries|QueryLimitError} */
  keep(series: SourceSeries, columns: ScannedColumns): void;
  /** What is kept takes, about. */
  readonly bytes: number;
  finish(control: Checkpoint): SinkRows | Promise<SinkRows>;
}

/** The labels that an aggregation tells its groups apart by. */
export class GroupLabels {
  /** Equal for series of the same group. */
  readonly keyOf: (series: SourceSeries) => string;
  readonly of: (series: SourceSeries) => Labels;

  /** @param dropsName Whether what is aggregated is without the metric's name. */
  constructor({ grouping, isWithout }: Aggregation, dropsName: boolean) {
    const names = new Set(grouping);
    if (isWithout) {
      names.add(METRIC_NAME);
      if (dropsName) { for (const name of METADATA_LABELS) names.add(name); }
      this.of = ({ labels }) => labels.drop(names);
      this.keyOf = ({ labels }) => labels.drop(names).key();
    } else {
      if (dropsName) { for (const name of METADATA_LABELS) names.delete(name); }
      this.of = ({ labels }) => labels.keep(names);
      this.keyOf = keyBy([...names]);
    }
  }
}

/** Keeps each series as a row. */
export class RowSink implements Sink {
  readonly #labels = new LabelPacker();
  readonly #histograms = new HistogramPacker();
  /** What the histograms count for. */
  #histogramSamples = 0;

  constructor(readonly slabs: Slabs, readonly account: SampleAccount, readonly fragment: Fragment) {}

  get bytes(): number {
    return this.slabs.bytes + CELL_BYTES * this.#histograms.cellCount;
  }

  columnsFor(series: SourceSeries): ScannedColumns {
    return new ScannedColumns(series, this.slabs.next());
  }

  keep(series: SourceSeries, { present, histograms }: ScannedColumns): void {
    const rows = this.slabs.keep() + 1;
    if (histograms !== undefined) {
      for (let step = 0; step < present.length; step++) {
        if (present[step] !== HISTOGRAM) continue;
        this.#histograms.add(histograms[step]!);
        this.#histogramSamples += histogramSize(histograms[step]!);
      }
    }
    this.account.reserve(rows * this.fragment.steps.count + this.#histograms.cellCount);
    this.#labels.addSeries(series);
  }

  finish() {
    const rows = { ...this.slabs.finish(), histograms: this.#histograms.finish() };
    this.#checkSamples(rows);
    return { labels: this.#labels.finish(), rows, ignoredHistograms: false };
  }

  /** Counts samples only where there may be too many. @throws {QueryLimitError} */
  #checkSamples({ slabs, count }: SlabRows): void {
    let samples = this.#histogramSamples;
    if (samples + count * this.fragment.steps.count > this.account.limits.maxSamples) {
      for (const { present } of slabs) for (const kind of present) if (kind === FLOAT) samples++;
    }
    this.account.keeps(samples);
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
  readonly #labelsOf: GroupLabels;
  readonly #values: Float64Array;
  readonly #present: Uint8Array;
  #ignoredHistograms = false;
  /** What sums of histograms take, in entries of columns. */
  #sumCells = 0;

  /** @param dropsName Whether what is aggregated is without the metric's name. */
  constructor(
    expr: Aggregation,
    dropsName: boolean,
    readonly slabs: Slabs,
    readonly account: SampleAccount,
    readonly fragment: Fragment,
  ) {
    const { count } = fragment.steps;
    this.#op = expr.op as Reduction;
    this.#values = new Float64Array(count);
    this.#present = new Uint8Array(count);
    this.#labelsOf = new GroupLabels(expr, dropsName);
  }

  get bytes(): number {
    return this.slabs.bytes + CELL_BYTES * this.#sumCells;
  }

  columnsFor(series: SourceSeries): ScannedColumns {
    this.#present.fill(NONE);
    return new ScannedColumns(series, { values: this.#values, present: this.#present });
  }

  keep(series: SourceSeries, columns: ScannedColumns): void {
    const key = this.#labelsOf.keyOf(series);
    let group = this.#groups.get(key);
    if (group === undefined) {
      const columns = this.slabs.next(), row = this.slabs.keep();
      this.account.reserve((row + 1) * this.fragment.steps.count);
      group = { columns, scratch: this.slabs.scratch(row) };
      this.#groups.set(key, group);
      this.#labels.add(this.#labelsOf.of(series));
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
    return {
      labels: this.#labels.finish(),
      rows,
      ignoredHistograms: this.#ignoredHistograms,
    };
  }
}
