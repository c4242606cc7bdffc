import { Labels } from "../labels/labels.ts";
import { BlockReader } from "./block/block_reader.ts";
import type { BlockSet } from "./block/block_set.ts";
import type { Head } from "./head.ts";
import { HeadSelection } from "./head_selection.ts";
import { ScannedSeries } from "./scanned_series.ts";
import { type SelectRequest, SelectSizeError, type SeriesColumns } from "./select.ts";
import { SeriesCollector } from "./series_collector.ts";
import type { SeriesIndex } from "./series_index.ts";
import type { SeriesOrder } from "./series_order.ts";
import type { Tombstones } from "./tombstones.ts";

/** Series that a select reads at a time, so that it holds few pages at once. */
const SELECT_SLICE = 4096;
/** Samples that a select reads between pauses: some 10 ms. */
const SELECT_SAMPLES_PER_PAUSE = 500_000;

/** What a database has of series in memory. */
export interface SeriesSources {
  readonly index: SeriesIndex;
  readonly order: SeriesOrder;
  readonly head: Head;
  readonly tombstones: Tombstones;
}

/** Puts the series of a select together, from blocks and head. */
export class SeriesReader {
  readonly #of: SeriesSources;
  readonly #blocks: BlockSet;
  readonly #pause: () => Promise<void>;

  /** @param pause Lets other work run; called now and then. */
  constructor(of: SeriesSources, blocks: BlockSet, pause: () => Promise<void>) {
    this.#of = of;
    this.#blocks = blocks;
    this.#pause = pause;
  }

  /** @see Queryable.select */
  async select(request: SelectRequest): Promise<SeriesColumns[]> {
    const result: SeriesColumns[] = [];
    const { startMs, endMs, maxSamples = Infinity } = request;
    const collector = new SeriesCollector(startMs, endMs);
    let samples = 0;
    await this.#read(request, collector, (ref) => {
      const series = collector.take(this.#of.index.labels(ref));
      if (series === undefined) return 0;
      samples += series.times.length;
      if (samples > maxSamples) throw new SelectSizeError(maxSamples);
      result.push(series);
      return series.times.length;
    });
    return result;
  }

  /** @see Scannable.scan */
  async scan(
    request: SelectRequest,
    visit: (series: ScannedSeries) => Promise<void> | void,
  ): Promise<void> {
    const collector = new SeriesCollector(request.startMs, request.endMs, true);
    await this.#read(request, collector, (ref) => {
      const columns = collector.take(Labels.empty);
      return columns === undefined ? 0 : visit(new ScannedSeries(this.#of.index, ref, columns)) ?? 0;
    });
  }

  /**
   * Collects the stretches of one series after the other.
   * @param take What is done with each: gives the number of samples that were read, after which other work may be due,
   *   or a promise to wait for, which sees to that itself.
   */
  async #read(
    { matchers, startMs, endMs, signal }: SelectRequest,
    collector: SeriesCollector,
    take: (ref: number) => Promise<void> | number,
  ): Promise<void> {
    const { index, order, head, tombstones } = this.#of;
    const { refs, names } = order.sort(index.select(matchers));
    const headSelection = new HeadSelection(head, refs, collector);
    const blocks = this.#blocks.all.filter(({ meta }) => meta.minMs <= endMs && meta.maxMs >= startMs)
      .map((block) => new BlockReader(block, order, collector, tombstones, startMs, endMs));
    for (const { block } of blocks) block.readers++;
    try {
      let samples = 0;
      for (let from = 0; from < refs.length; from += SELECT_SLICE) {
        signal?.throwIfAborted();
        const to = Math.min(refs.length, from + SELECT_SLICE);
        for (const reader of blocks) await reader.load(refs, names, from, to);
        for (let i = from; i < to; i++) {
          for (const reader of blocks) reader.collect(refs[i], i - from);
          headSelection.collect(i);
          if (collector.isEmpty) continue;
          const taken = take(refs[i]);
          if (typeof taken !== "number") await taken;
          else samples += taken;
          if (samples < SELECT_SAMPLES_PER_PAUSE) continue;
          samples = 0;
          await this.#pause();
          signal?.throwIfAborted();
        }
        if (to < refs.length) await this.#pause();
      }
    } finally {
      for (const { block } of blocks) block.release();
    }
  }
}
