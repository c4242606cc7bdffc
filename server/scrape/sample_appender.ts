import { parserFormat } from "../../engine/exposition/negotiation.ts";
import { createParser } from "../../engine/exposition/parser.ts";
import { type BodyParser, type ScrapeFormat, ScrapeRow } from "../../engine/exposition/scrape_row.ts";
import type { FloatHistogram } from "../../engine/histogram/float_histogram.ts";
import { Labels } from "../../engine/labels/labels.ts";
import type { RelabelRule } from "../../engine/labels/relabel.ts";
import { isTime } from "../../engine/tsdb/append_rules.ts";
import type { Database, SampleOutcome } from "../../engine/tsdb/database.ts";
import { BucketLimitError, limited, schemaMax } from "./histogram_limits.ts";
import { BodySizeLimitError } from "./http_fetcher.ts";
import { Report } from "./report.ts";
import { readsStartTimestamps, ScrapedStarts } from "./start_timestamps.ts";
import { LabelLimitError } from "./sample_labels.ts";
import type { ScrapeMetrics } from "./scrape_metrics.ts";
import type { SeriesBudget } from "./series_budget.ts";
import { TargetSeries } from "./series_resolver.ts";
import type { ScrapePoolSpec, TargetMetadata, TargetSpec } from "./spec.ts";

/** How far ahead of now a timestamp may be. */
const AHEAD_MS_MAX = 600_000;

/** More samples than the pool allows. */
class SampleLimitError extends Error {
  override readonly name = "SampleLimitError";
  constructor() {
    super("sample limit exceeded");
  }
}

/** When a scrape was made and how its transfer ended. */
export interface ScrapeTimes {
  /** What its samples get, in ms since the Unix epoch. */
  readonly timeMs: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** What is needed to append the samples of a target, beside the target itself. */
export interface AppenderDeps {
  readonly database: Database;
  /** Compiled `metricRelabelConfigs`. */
  readonly rules: readonly RelabelRule[];
  readonly metrics: ScrapeMetrics;
  readonly budget: SeriesBudget;
  /** Why nothing can be appended at the moment, "" where it can. */
  readonly refusal: () => string;
  /** Told of the end of each scrape whose samples were appended, in ms since the Unix epoch. */
  readonly onAppended: (endMs: number) => void;
}

/** Turns the bodies of one target into rows of its group. For each scrape: `begin`, `chunk`s, `finish`. */
export class SampleAppender {
  readonly #series: TargetSeries;
  readonly #report: Report;
  readonly #row = new ScrapeRow();
  readonly #starts = new ScrapedStarts();
  readonly #schemaMax: number;
  #parser: BodyParser | undefined;
  #format: ScrapeFormat | undefined;
  /** How far the body at hand is: "malformed" where the parser gave it up. */
  #body: "none" | "begun" | "malformed" = "none";

  constructor(
    identity: string,
    private readonly pool: ScrapePoolSpec,
    private readonly target: TargetSpec,
    private readonly deps: AppenderDeps,
  ) {
    const labels = Labels.fromSortedPairs(target.labels);
    this.#series = new TargetSeries(deps.database, identity, labels, pool, deps.rules, deps.budget);
    this.#report = new Report(this.#series, labels, pool.extraScrapeMetrics);
    this.#schemaMax = schemaMax(pool.nativeHistogramMinBucketFactor);
  }

  /**
   * Starts a body.
   * @throws {ContentTypeError} If no format can be told from the header.
   */
  begin(contentType: string | undefined): void {
    const { format } = parserFormat(contentType ?? "", this.pool.fallbackProtocol);
    if (this.#parser === undefined || format !== this.#format) {
      this.#format = format;
      this.#parser = createParser(format, this.#series, {
        honorTimestamps: this.pool.honorTimestamps,
        scrapeNativeHistograms: this.target.scrapeNativeHistograms,
        alwaysScrapeClassicHistograms: this.target.alwaysScrapeClassicHistograms,
        convertClassicHistogramsToNhcb: this.target.convertClassicHistogramsToNhcb,
        startTimestamps: readsStartTimestamps(this.pool.startTimestamps),
        typeAndUnitLabels: this.pool.typeAndUnitLabels,
      });
    }
    if (this.#series.mustForget()) this.#parser.resetCache();
    this.#series.begin();
    this.#parser.begin(this.#row);
    this.#body = "begun";
  }

  /** @throws {ExpositionError | TypeError | LabelLimitError | SeriesSizeError} If the body cannot be used. */
  chunk(bytes: Uint8Array): void {
    try {
      this.#parser!.write(bytes);
    } catch (error) {
      this.#body = "malformed";
      throw error;
    }
  }

  /**
   * Appends what was scraped, or, if that failed, staleness markers for what was there before.
   * @param failure Why there is no (whole) body.
   * @returns Why the scrape failed after all.
   * @throws What nobody foresaw; the appender may go on, also with `finish` for the same scrape and that failure.
   */
  finish({ timeMs, startMs, endMs }: ScrapeTimes, failure: Error | undefined): Error | undefined {
    const series = this.#series, row = this.#row, { database } = this.deps;
    const refusal = this.deps.refusal();
    if (refusal !== "") {
      if (this.#body !== "none") series.discard();
      this.#body = "none";
      return new Error(refusal);
    }
    if (this.#body === "none") {
      series.begin();
      row.reset();
    }
    // As upstream, which reads nothing of a body before all of it was received.
    const isReceived = failure === undefined || this.#body === "malformed";
    let histograms: FloatHistogram[] = [];
    if (failure === undefined) {
      try {
        this.#parser!.end();
        this.#checkSampleLimit();
        histograms = row.histograms.map(({ histogram }) =>
          limited(histogram, this.pool.nativeHistogramBucketLimit, this.#schemaMax)
        );
      } catch (error) {
        failure = error as Error;
      }
    }
    this.#body = "none";
    const scraped = isReceived ? row.samplesScraped + series.invalid : 0;
    const kept = isReceived ? row.samplesKept + series.beyondLimit : 0;
    const { bytes } = row;
    let added = 0, startTimes: Float64Array | undefined;
    if (failure === undefined) {
      added = series.keep(row);
      startTimes = this.#starts.read(row);
      if (this.pool.startTimestamps.injectZeros) this.#injectZeros(histograms, timeMs);
      if (!this.pool.startTimestamps.areStored) startTimes = undefined;
      this.#appendElsewhere(histograms, timeMs, endMs, startTimes);
      this.deps.metrics.duplicateTimestamp.inc(row.duplicates);
    } else {
      series.discard();
      row.reset();
      this.#countFailure(failure);
    }
    this.#reportRefused();
    this.#report.write(row, {
      up: failure === undefined ? 1 : 0,
      scrape_duration_seconds: (endMs - startMs) / 1000,
      scrape_samples_scraped: scraped,
      scrape_samples_post_metric_relabeling: kept,
      scrape_series_added: added,
      scrape_timeout_seconds: this.target.timeoutMs / 1000,
      scrape_sample_limit: this.pool.sampleLimit,
      scrape_body_size_bytes: failure === undefined ? bytes : failure instanceof BodySizeLimitError ? -1 : 0,
    });
    const { late, samples } = database.append(series.group, timeMs, row.words, true, startTimes);
    if (late !== undefined) {
      for (const [slot, outcome] of late) if (!this.#report.has(slot)) this.#count(outcome);
    } else if (failure === undefined && series.shrink(timeMs, row.words, samples, startTimes)) {
      this.#starts.forget();
      this.#report.locate();
      this.deps.metrics.cacheFlushForced.inc();
    }
    this.deps.onAppended(endMs);
    return failure;
  }

  /** Ends every series of the target with a staleness marker: it is no longer scraped. */
  end(timeMs: number): void {
    const { group } = this.#series;
    if (group.lastMs !== -Infinity) {
      // Where the clock was stepped back, the last samples may be of a time to come.
      const endMs = Math.max(timeMs, group.lastMs + 1);
      this.deps.database.append(group, endMs, new Uint32Array(0), true);
    }
    this.#series.retire();
  }

  /** Leaves the target's series to another appender. */
  release(): void {
    this.#series.release();
  }

  metadata(): TargetMetadata[] {
    return [...this.#parser?.metadata() ?? []];
  }

  #checkSampleLimit(): void {
    const { sampleLimit } = this.pool;
    if (sampleLimit > 0 && this.#row.samplesKept + this.#series.beyondLimit > sampleLimit) {
      throw new SampleLimitError();
    }
  }

  /** Appends what is not in the row: histograms, samples with times of their own, exemplars. */
  #appendElsewhere(
    histograms: readonly FloatHistogram[],
    timeMs: number,
    nowMs: number,
    startTimes: Float64Array | undefined,
  ): void {
    const { database, metrics } = this.deps;
    const { group } = this.#series;
    const row = this.#row;
    const { slotRefs } = group;
    const tracks = this.pool.trackTimestampsStaleness, { areStored } = this.pool.startTimestamps;
    const isAhead = (ownMs: number) => {
      if (ownMs <= nowMs + AHEAD_MS_MAX) return false;
      metrics.outOfBounds.inc();
      return true;
    };
    const startOf = (startMs: number) => areStored && isTime(startMs) ? startMs : 0;
    row.histograms.forEach(({ slot, timeMs: ownMs, startMs }, i) => {
      if (ownMs !== undefined && isAhead(ownMs)) return;
      const start = startOf(startMs);
      this.#count(database.appendHistogram(slotRefs[slot], ownMs ?? timeMs, histograms[i], start));
      if (ownMs === undefined || tracks) database.markElsewhere(group, row.words, slot);
    });
    const { timed } = row;
    for (let i = 0; i < timed.count; i++) {
      const slot = timed.slots[i], ownMs = timed.times[i];
      if (isAhead(ownMs)) continue;
      this.#count(database.appendSample(slotRefs[slot], ownMs, timed.values[i], startTimes?.[slot]));
      if (tracks && row.isAbsent(slot)) database.markElsewhere(group, row.words, slot);
    }
    for (const { slot, labels, value, timeMs: ownMs } of row.exemplars) {
      const exemplar = { timeMs: ownMs ?? timeMs, value, labels: labels.pairs };
      if (database.appendExemplar(slotRefs[slot], exemplar) === "out_of_order") {
        metrics.exemplarOutOfOrder.inc();
      }
    }
  }

  /**
   * Appends zeros at the start timestamps of the scrape's samples. Those that are too old, or of a series that has newer
   * samples, are left out in silence: that is so in all scrapes but the first of a process.
   */
  #injectZeros(histograms: readonly FloatHistogram[], timeMs: number): void {
    const { database } = this.deps;
    const row = this.#row, { timed } = row;
    const { slotRefs, lastMs } = this.#series.group;
    for (const { slot } of row.startTimes) {
      const startMs = this.#starts.of(slot);
      if (startMs === 0 || row.isAbsent(slot)) continue;
      if (startMs > lastMs || this.#starts.changed(slot)) {
        database.appendZero(slotRefs[slot], startMs, timeMs);
      }
    }
    for (let i = 0; i < timed.count; i++) {
      const slot = timed.slots[i], startMs = this.#starts.of(slot);
      if (startMs !== 0) database.appendZero(slotRefs[slot], startMs, timed.times[i]);
    }
    row.histograms.forEach(({ slot, timeMs: ownMs, startMs }, i) => {
      if (startMs !== 0) database.appendZero(slotRefs[slot], startMs, ownMs ?? timeMs, histograms[i]);
    });
  }

  #count(outcome: SampleOutcome): void {
    const { metrics } = this.deps;
    if (outcome === "duplicate") metrics.duplicateTimestamp.inc();
    else if (outcome === "out_of_order") metrics.outOfOrder.inc();
    else if (outcome === "out_of_bounds" || outcome === "too_old") metrics.outOfBounds.inc();
  }

  #countFailure(failure: Error): void {
    const { metrics } = this.deps;
    if (failure instanceof BodySizeLimitError) metrics.exceededBodySizeLimit.inc();
    else if (failure instanceof SampleLimitError) metrics.exceededSampleLimit.inc();
    else if (failure instanceof LabelLimitError) metrics.exceededLabelLimits.inc();
    else if (failure instanceof BucketLimitError) metrics.exceededBucketLimit.inc();
  }

  #reportRefused(): void {
    const { refused } = this.#series;
    if (refused.series === 0) return;
    const { jobName } = this.pool;
    this.deps.metrics.seriesRefused.labels(jobName).inc(refused.series);
    this.deps.budget.onRefused({
      jobName,
      targetId: this.target.id,
      series: refused.series,
      ...refused.largest(),
    });
  }
}
