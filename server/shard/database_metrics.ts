import type { MetricFamily, MetricType } from "../../engine/exposition/metric_family.ts";
import { type Collector, constFamily, Desc } from "../../engine/instrument/mod.ts";
import type { DatabaseCounters, SampleCount } from "../../engine/tsdb/counters.ts";
import type { Database } from "../../engine/tsdb/database.ts";

/** The database's figures, under upstream's names where the meaning is the same; shards are added up when shown. */
export class DatabaseMetrics implements Collector {
  constructor(readonly database: Database) {}

  describe(): readonly Desc[] {
    return [...SAMPLES.map(({ desc }) => desc), ...FIGURES.map(({ desc }) => desc)];
  }

  collect(): readonly MetricFamily[] {
    return [
      ...SAMPLES.map(({ desc, read }) => {
        const { float, histogram } = read(this.database.counters);
        return constFamily(desc, "counter", [
          { labelValues: ["float"], value: float },
          { labelValues: ["histogram"], value: histogram },
        ]);
      }),
      ...FIGURES.map(({ desc, type, read }) => constFamily(desc, type, [{ value: read(this.database) }])),
    ];
  }
}

interface Figure {
  readonly desc: Desc;
  readonly type: MetricType;
  readonly read: (database: Database) => number;
}

function figure(type: MetricType, name: string, help: string, read: (database: Database) => number): Figure {
  return { desc: new Desc({ name, help }), type, read };
}

const FIGURES: readonly Figure[] = [
  figure(
    "counter",
    "prometheus_tsdb_head_series_created_total",
    "Series created in the head.",
    (db) => db.counters.seriesCreated,
  ),
  figure(
    "counter",
    "prometheus_tsdb_head_series_removed_total",
    "Series forgotten, as no sample is left.",
    (db) => db.counters.seriesForgotten,
  ),
  figure("gauge", "prometheus_tsdb_head_series", "Series in the head.", (db) => db.headSeries),
  figure(
    "gauge",
    "prometheus_tsdb_head_stale_series",
    "Series in the head that their target does not expose any more.",
    (db) => db.staleSeries,
  ),
  figure("gauge", "prometheus_tsdb_head_chunks", "Stretches of series in the head.", (db) => db.headSeries),
  figure("gauge", "narthex_tsdb_head_bytes", "Bytes of samples in the head.", (db) => db.head.openBytes),
  figure(
    "gauge",
    "prometheus_tsdb_symbol_table_size_bytes",
    "Bytes of interned strings.",
    (db) => db.index.symbols.bytes,
  ),
  figure("gauge", "prometheus_tsdb_blocks_loaded", "Blocks that are open.", (db) => db.blocks.length),
  figure("gauge", "prometheus_tsdb_storage_blocks_bytes", "Bytes of all blocks.", (db) => db.blockBytes),
  figure(
    "gauge",
    "prometheus_tsdb_wal_segment_current",
    "Generation of the write-ahead log that is written to.",
    (db) => db.logGeneration,
  ),
  figure("gauge", "narthex_tsdb_wal_bytes", "Bytes of the write-ahead log.", (db) => db.logBytes),
  figure(
    "gauge",
    "narthex_tsdb_uncommitted_bytes",
    "Bytes appended and not durable yet.",
    (db) => db.uncommittedBytes,
  ),
  figure("gauge", "narthex_tsdb_page_cache_bytes", "Bytes of pages kept in memory.", (db) => db.cacheBytes),
  figure(
    "counter",
    "narthex_tsdb_commits_total",
    "Commits of the write-ahead log.",
    (db) => db.counters.commits,
  ),
  figure(
    "counter",
    "narthex_tsdb_commit_failures_total",
    "Commits that failed and were tried again.",
    (db) => db.counters.commitFailures,
  ),
  figure(
    "counter",
    "narthex_tsdb_flushes_total",
    "Times the head was written to blocks.",
    (db) => db.counters.flushes,
  ),
  figure("counter", "prometheus_tsdb_compactions_total", "Compactions.", (db) => db.counters.compactions),
  figure(
    "counter",
    "prometheus_tsdb_compactions_failed_total",
    "Compactions that failed.",
    (db) => db.counters.compactionFailures,
  ),
  figure(
    "counter",
    "prometheus_tsdb_reloads_total",
    "Times that the blocks were looked through for what retention removes.",
    (db) => db.counters.reloads,
  ),
  figure(
    "counter",
    "prometheus_tsdb_reloads_failures_total",
    "Times that blocks could not be looked through or removed.",
    (db) => db.counters.reloadFailures,
  ),
  figure(
    "counter",
    "prometheus_tsdb_time_retentions_total",
    "Times that blocks were removed for their age.",
    (db) => db.counters.timeRetentions,
  ),
  figure(
    "counter",
    "prometheus_tsdb_size_retentions_total",
    "Times that blocks were removed for space.",
    (db) => db.counters.sizeRetentions,
  ),
  figure(
    "counter",
    "prometheus_tsdb_wal_corruptions_total",
    "Stored values that were set aside as damaged.",
    (db) => db.counters.damagedValues,
  ),
  figure(
    "counter",
    "narthex_tsdb_lost_rows_total",
    "Rows that damage to the log made unreadable.",
    (db) => db.counters.lostRows,
  ),
  figure(
    "gauge",
    "prometheus_tsdb_exemplar_exemplars_in_storage",
    "Exemplars that are kept.",
    (db) => db.exemplars.size,
  ),
  figure(
    "gauge",
    "prometheus_tsdb_exemplar_series_with_exemplars_in_storage",
    "Series with exemplars.",
    (db) => db.exemplars.seriesCount,
  ),
];

interface SampleFigure {
  readonly desc: Desc;
  readonly read: (counters: DatabaseCounters) => SampleCount;
}

function sampleFigure(name: string, help: string, read: SampleFigure["read"]): SampleFigure {
  return { desc: new Desc({ name: `prometheus_tsdb_${name}_total`, help, labelNames: ["type"] }), read };
}

/** Counters of samples, by type. */
const SAMPLES: readonly SampleFigure[] = [
  sampleFigure(
    "head_samples_appended",
    "Samples appended to the head.",
    ({ samplesAppended, histogramsAppended }) => ({ float: samplesAppended, histogram: histogramsAppended }),
  ),
  sampleFigure(
    "head_out_of_order_samples_appended",
    "Samples appended behind the newest one of their series.",
    ({ outOfOrderSamples }) => outOfOrderSamples,
  ),
  sampleFigure(
    "out_of_order_samples",
    "Samples refused as their series has newer ones.",
    ({ refusedSamples }) => refusedSamples.out_of_order,
  ),
  sampleFigure(
    "too_old_samples",
    "Samples refused as they are older than the out-of-order window.",
    ({ refusedSamples }) => refusedSamples.too_old,
  ),
  sampleFigure(
    "out_of_bound_samples",
    "Samples refused as they are far behind all others.",
    ({ refusedSamples }) => refusedSamples.out_of_bounds,
  ),
];
