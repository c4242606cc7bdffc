import assert from "node:assert/strict";
import { diskBytes } from "../../server/storage/disk_size.ts";
import { Server, temporaryDirectory, until } from "./_server.ts";

/** Names of dashboards and alerts for Prometheus, of the parts that there are. */
const NAMES = [
  "prometheus_build_info",
  "prometheus_config_last_reload_successful",
  "prometheus_config_last_reload_success_timestamp_seconds",
  "prometheus_engine_queries",
  "prometheus_engine_queries_concurrent_max",
  "prometheus_engine_query_duration_seconds_count",
  "prometheus_engine_query_duration_histogram_seconds_bucket",
  "prometheus_engine_query_log_enabled",
  "prometheus_engine_query_log_failures_total",
  "prometheus_engine_query_samples_total",
  "prometheus_http_request_duration_seconds_count",
  "prometheus_http_requests_total",
  "prometheus_ready",
  "prometheus_sd_discovered_targets",
  "prometheus_target_interval_length_seconds_count",
  "prometheus_target_metadata_cache_entries",
  "prometheus_target_reload_length_seconds_count",
  "prometheus_target_scrape_pool_exceeded_target_limit_total",
  "prometheus_target_scrape_pool_targets",
  "prometheus_target_scrapes_sample_out_of_order_total",
  "prometheus_target_sync_failed_total",
  "prometheus_target_sync_length_seconds_sum",
  "prometheus_tsdb_blocks_loaded",
  "prometheus_tsdb_clean_start",
  "prometheus_tsdb_compaction_duration_seconds_count",
  "prometheus_tsdb_compactions_failed_total",
  "prometheus_tsdb_compactions_total",
  "prometheus_tsdb_data_replay_duration_seconds",
  "prometheus_tsdb_exemplar_exemplars_in_storage",
  "prometheus_tsdb_head_chunks",
  "prometheus_tsdb_head_max_time_seconds",
  "prometheus_tsdb_head_out_of_order_samples_appended_total",
  "prometheus_tsdb_head_samples_appended_total",
  "prometheus_tsdb_head_series",
  "prometheus_tsdb_head_series_created_total",
  "prometheus_tsdb_head_series_removed_total",
  "prometheus_tsdb_head_stale_series",
  "prometheus_tsdb_lowest_timestamp_seconds",
  "prometheus_tsdb_out_of_bound_samples_total",
  "prometheus_tsdb_out_of_order_samples_total",
  "prometheus_tsdb_reloads_failures_total",
  "prometheus_tsdb_reloads_total",
  "prometheus_tsdb_retention_limit_bytes",
  "prometheus_tsdb_retention_limit_percentage",
  "prometheus_tsdb_retention_limit_seconds",
  "prometheus_tsdb_size_retentions_total",
  "prometheus_tsdb_storage_blocks_bytes",
  "prometheus_tsdb_symbol_table_size_bytes",
  "prometheus_tsdb_time_retentions_total",
  "prometheus_tsdb_tombstone_cleanup_seconds_count",
  "prometheus_tsdb_too_old_samples_total",
  "prometheus_tsdb_wal_corruptions_total",
  "prometheus_tsdb_wal_fsync_duration_seconds_count",
  "prometheus_tsdb_wal_segment_current",
  "prometheus_web_federation_errors_total",
  "process_start_time_seconds",
  "promhttp_metric_handler_requests_total",
];

Deno.test("the server shows the figures that dashboards and alerts for Prometheus ask for", async () => {
  await using directory = await temporaryDirectory();
  const config = (honorLabels: boolean) => `
global: { scrape_interval: 100ms, scrape_timeout: 100ms }
storage: { tsdb: { retention: { time: 1d, percentage: 12.5 } } }
scrape_configs:
- job_name: self
  honor_labels: ${honorLabels}
  static_configs: [{ targets: [SELF, "127.0.0.1:1"] }]
  relabel_configs: [{ source_labels: [__address__], regex: ".*:1", action: drop }]
`;
  const storagePath = `${directory.path}/data`;
  {
    await using server = await Server.start({
      storagePath,
      config: config(false),
      args: ["--web.enable-lifecycle"],
    });
    await server.ready();
    const address = new URL(server.url).host;
    const configFile = (await server.api("status/flags"))["config.file"];
    await Deno.writeTextFile(configFile, config(true).replaceAll("SELF", address));
    assert.equal((await fetch(`${server.url}/-/reload`, { method: "POST" })).status, 200);
    await until(async () => (await server.query("up == 1")).size === 1, () => server.log);
    await until(
      async () => await server.metric("prometheus_target_interval_length_seconds_count") > 0,
      () => server.log,
    );

    const text = await (await fetch(`${server.url}/metrics`)).text();
    const found = new Set(text.split("\n").map((line) => /^\w+/.exec(line)?.[0]));
    assert.deepEqual(NAMES.filter((name) => !found.has(name)), []);
    for (
      const [name, want] of [
        ["prometheus_tsdb_clean_start", 1],
        ["prometheus_tsdb_retention_limit_percentage", 12.5],
        ["prometheus_tsdb_retention_limit_bytes", Math.floor(diskBytes(directory.path) / 8)],
        ["prometheus_tsdb_retention_limit_seconds", 86_400],
        ["prometheus_sd_discovered_targets", 2],
        ["prometheus_target_scrape_pool_targets", 1],
        ["prometheus_target_scrape_pool_reloads_total", 1],
        ["prometheus_target_reload_length_seconds_count", 1],
      ] as const
    ) assert.equal(await server.metric(name), want, name);
    await until(
      async () => await server.metric("prometheus_tsdb_wal_fsync_duration_seconds_count") > 0,
      () => "nothing was committed",
    );
    const { storageRetention, corruptionCount } = await server.api("status/runtimeinfo");
    assert.deepEqual([storageRetention, corruptionCount], ["1d or 12.5%", 0]);
    assert.doesNotMatch(server.log, /not active/);
    await server.stop("SIGKILL");
  }
  for (const clean of [0, 1]) {
    await using server = await Server.start({ storagePath, config: "scrape_configs: []" });
    await server.ready();
    assert.equal(await server.metric("prometheus_tsdb_clean_start"), clean);
    assert.equal(await server.stop(), 0, server.log);
  }
});
