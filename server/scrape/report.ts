import { Labels, METRIC_NAME } from "../../engine/labels/labels.ts";
import type { ScrapeRow } from "../../engine/exposition/scrape_row.ts";
import type { TargetSeries } from "./series_resolver.ts";

/** What a scrape says about itself, by the names of its series. */
interface ReportValues {
  readonly up: number;
  readonly scrape_duration_seconds: number;
  readonly scrape_samples_scraped: number;
  readonly scrape_samples_post_metric_relabeling: number;
  readonly scrape_series_added: number;
  readonly scrape_timeout_seconds: number;
  readonly scrape_sample_limit: number;
  /** -1 where the body was too long, 0 after any other failure. */
  readonly scrape_body_size_bytes: number;
}

const NAMES: readonly (keyof ReportValues)[] = [
  "up",
  "scrape_duration_seconds",
  "scrape_samples_scraped",
  "scrape_samples_post_metric_relabeling",
  "scrape_series_added",
];
const EXTRA_NAMES: readonly (keyof ReportValues)[] = [
  "scrape_timeout_seconds",
  "scrape_sample_limit",
  "scrape_body_size_bytes",
];

/** The series that a scrape reports itself in: slots of the row that its samples are in. */
export class Report {
  readonly #names: readonly (keyof ReportValues)[];
  #slots: readonly number[] = [];

  constructor(private readonly series: TargetSeries, private readonly targetLabels: Labels, extra: boolean) {
    this.#names = extra ? [...NAMES, ...EXTRA_NAMES] : NAMES;
    this.locate();
  }

  /** Looks its slots up, as is needed once the series are in another group. */
  locate(): void {
    const pairs = this.targetLabels.pairs;
    this.#slots = this.#names.map((name) => {
      const entries: [string, string][] = [[METRIC_NAME, name]];
      for (let i = 0; i < pairs.length; i += 2) entries.push([pairs[i], pairs[i + 1]]);
      return this.series.reportSlot(Labels.from(entries));
    });
  }

  has(slot: number): boolean {
    return this.#slots.includes(slot);
  }

  /** Writes the values where the body has no sample of these series itself. */
  write(row: ScrapeRow, values: ReportValues): void {
    row.reserve(this.series.slotCount);
    this.#slots.forEach((slot, i) => row.put(slot, values[this.#names[i]]));
  }
}
