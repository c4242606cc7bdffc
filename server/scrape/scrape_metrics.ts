import type { Counter, Gauge, Histogram, Registry, Summary } from "../../engine/instrument/mod.ts";

const OBJECTIVES = { 0.01: 0.001, 0.05: 0.005, 0.5: 0.05, 0.9: 0.01, 0.99: 0.001 };

/** What the scrapes of a shard count. */
export class ScrapeMetrics {
  readonly exceededTargetLimit: Counter<never>;
  readonly exceededLabelLimits: Counter<never>;
  readonly exceededBodySizeLimit: Counter<never>;
  readonly exceededSampleLimit: Counter<never>;
  readonly exceededBucketLimit: Counter<never>;
  readonly duplicateTimestamp: Counter<never>;
  readonly outOfOrder: Counter<never>;
  readonly outOfBounds: Counter<never>;
  readonly exemplarOutOfOrder: Counter<never>;
  readonly cacheFlushForced: Counter<never>;
  readonly intervalLength: Summary<"interval">;
  readonly scrapeDuration: Histogram<never>;
  readonly seriesRefused: Counter<"scrape_job">;
  readonly heldDropped: Counter<never>;
  readonly metadataEntries: Gauge<"scrape_job">;
  readonly metadataBytes: Gauge<"scrape_job">;

  /** @param collect Brings the metadata gauges up to date. */
  constructor(registry: Registry, collect: (metrics: ScrapeMetrics) => void = () => {}) {
    const counter = (name: string, help: string) =>
      registry.counter({ name: `prometheus_target_${name}_total`, help });
    this.exceededTargetLimit = counter(
      "scrape_pool_exceeded_target_limit",
      "Scrapes that failed because their pool has more targets than its limit.",
    );
    this.exceededLabelLimits = counter(
      "scrape_pool_exceeded_label_limits",
      "Scrapes that failed because a series exceeded a limit on labels.",
    );
    this.exceededBodySizeLimit = counter(
      "scrapes_exceeded_body_size_limit",
      "Scrapes that failed because the body was too long.",
    );
    this.exceededSampleLimit = counter(
      "scrapes_exceeded_sample_limit",
      "Scrapes that failed because there were more samples than the limit.",
    );
    this.exceededBucketLimit = counter(
      "scrapes_exceeded_native_histogram_bucket_limit",
      "Scrapes that failed because a native histogram had more buckets than the limit.",
    );
    this.duplicateTimestamp = counter(
      "scrapes_sample_duplicate_timestamp",
      "Samples dropped because their series had another value at the same time.",
    );
    this.outOfOrder = counter(
      "scrapes_sample_out_of_order",
      "Samples dropped because newer ones were there.",
    );
    this.outOfBounds = counter(
      "scrapes_sample_out_of_bounds",
      "Samples dropped because their time was too far in the past or the future.",
    );
    this.exemplarOutOfOrder = counter(
      "scrapes_exemplar_out_of_order",
      "Exemplars dropped because newer ones were there.",
    );
    this.cacheFlushForced = counter(
      "scrapes_cache_flush_forced",
      "Times that what was known of a target's series was forgotten because most of it was out of use.",
    );
    this.intervalLength = registry.summary({
      name: "prometheus_target_interval_length_seconds",
      help: "Actual times between scrapes, by planned interval.",
      labelNames: ["interval"],
      objectives: OBJECTIVES,
    });
    this.scrapeDuration = registry.histogram({
      name: "prometheus_target_scrape_duration_seconds",
      help: "How long scrapes took.",
    });
    this.seriesRefused = registry.counter({
      name: "narthex_scrape_series_refused_total",
      help: "Samples of new series dropped because the limit on active series was reached.",
      labelNames: ["scrape_job"],
    });
    this.heldDropped = registry.counter({
      name: "narthex_scrape_held_dropped_total",
      help: "Scrapes given up because the database took too long to open.",
    });
    this.metadataEntries = registry.gauge({
      name: "prometheus_target_metadata_cache_entries",
      help: "Metric families whose metadata are known.",
      labelNames: ["scrape_job"],
      collect: () => collect(this),
    });
    this.metadataBytes = registry.gauge({
      name: "prometheus_target_metadata_cache_bytes",
      help: "Characters of the metadata that are known.",
      labelNames: ["scrape_job"],
    });
  }
}

/** What is counted where the targets are computed. */
export class PoolMetrics {
  readonly pools: Counter<never>;
  readonly poolsFailed: Counter<never>;
  readonly reloads: Counter<never>;
  readonly reloadsFailed: Counter<never>;
  readonly syncs: Counter<"scrape_job">;
  readonly syncFailed: Counter<"scrape_job">;
  readonly syncLength: Summary<"scrape_job">;
  readonly reloadLength: Summary<"interval">;
  readonly discovered: Gauge<"name" | "config">;
  readonly targets: Gauge<"scrape_job">;
  readonly targetLimit: Gauge<"scrape_job">;

  constructor(registry: Registry) {
    const counter = (name: string, help: string) =>
      registry.counter({ name: `prometheus_target_${name}_total`, help });
    this.pools = counter("scrape_pools", "Scrape pools that were made.");
    this.poolsFailed = counter("scrape_pools_failed", "Scrape pools that could not be made.");
    this.reloads = counter("scrape_pool_reloads", "Scrape pools whose settings were changed.");
    this.reloadsFailed = counter(
      "scrape_pool_reloads_failed",
      "Scrape pools whose settings could not be changed.",
    );
    const ofJob = (name: string, help: string) => ({
      name: `prometheus_target_${name}`,
      help,
      labelNames: ["scrape_job"] as const,
    });
    this.syncs = registry.counter(
      ofJob("scrape_pool_sync_total", "Times that the targets of a pool were computed."),
    );
    this.syncFailed = registry.counter(ofJob("sync_failed_total", "Discovered targets that are none."));
    this.syncLength = registry.summary({
      ...ofJob("sync_length_seconds", "How long it took to compute the targets of a pool."),
      objectives: OBJECTIVES,
    });
    this.reloadLength = registry.summary({
      name: "prometheus_target_reload_length_seconds",
      help: "How long it took to change the settings of a pool, by its interval.",
      labelNames: ["interval"],
      objectives: OBJECTIVES,
    });
    this.discovered = registry.gauge({
      name: "prometheus_sd_discovered_targets",
      help: "Targets that were found, before relabelling.",
      labelNames: ["name", "config"],
    });
    this.targets = registry.gauge(ofJob("scrape_pool_targets", "Targets of a pool."));
    this.targetLimit = registry.gauge(
      ofJob("scrape_pool_target_limit", "Most targets that a pool may have; 0 for any number."),
    );
  }

  /** Shows nothing of these jobs any more. */
  forget(jobNames: readonly string[]): void {
    for (const job of jobNames) {
      this.syncs.remove(job);
      this.syncFailed.remove(job);
      this.syncLength.remove(job);
      this.discovered.remove("scrape", job);
      this.targets.remove(job);
      this.targetLimit.remove(job);
    }
  }
}
