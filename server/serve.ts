import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { PROTO_FIRST_SCRAPE_PROTOCOLS } from "../engine/exposition/negotiation.ts";
import { ProcessMetrics, Registry } from "../engine/instrument/mod.ts";
import { ActiveQueries } from "./active_queries.ts";
import { BUILD_INFO, BUILD_LABELS, NARTHEX_VERSION } from "./build_info.ts";
import { Configuration } from "./configuration.ts";
import { messageOf } from "./message_of.ts";
import { ConfigError } from "./config/config_error.ts";
import { watchFiles } from "./file_watch.ts";
import { formatDuration } from "../engine/duration.ts";
import type { Flags } from "./config/flags.ts";
import { type LoadedServerConfig, loadInWorker, type LoadRequest } from "./config/load_in_worker.ts";
import { EXIT, type ServeRequest } from "./config/requests.ts";
import type { ServerConfig } from "./config/server_config.ts";
import { UnreadableFileError } from "./config/unreadable_file_error.ts";
import { formatSize } from "./config/size.ts";
import { createApp } from "./http/app.ts";
import type { RuntimeInfo, ServerState, WebOptions } from "./http/deps.ts";
import { plainMatchers } from "./http/params/form.ts";
import { listen, type Listening } from "./http/server.ts";
import { webOptions } from "./http/web_options.ts";
import { configureLog, logger, type LogSettings } from "./log.ts";
import { processReader } from "./process_reader.ts";
import { PromqlQueries } from "./promql_queries.ts";
import { QueryLog } from "./query_log.ts";
import { retentionGauges, storageFamilies } from "./storage_metrics.ts";
import { readsStartTimestamps, startTimestampUse } from "./scrape/start_timestamps.ts";
import { ScrapeTargets } from "./scrape_targets.ts";
import { SharedSeriesBudget } from "./shard/series_budget.ts";
import type { ShardLimits } from "./shard/shard.ts";
import { Shards, shareOf } from "./shard/shards.ts";
import { WorkerShard } from "./shard/worker_shard.ts";
import { type DataDirectory, openDirectory } from "./storage/directory.ts";
import { DirectoryError } from "./storage/directory_error.ts";
import { diskBytes } from "./storage/disk_size.ts";
import { RETENTION_DEFAULT_MS, retentionBytes } from "./storage/retention.ts";
import { writeServerSnapshot } from "./storage/server_snapshot.ts";
import { SpaceWatch } from "./storage/space_watch.ts";
import { nextTurn } from "./turns.ts";

/** Runs the server until it is asked to end; resolves to the exit code. */
export async function serve({ flags, features, warnings }: ServeRequest): Promise<number> {
  const startTimeMs = Date.now();
  const logSettings: LogSettings = { level: flags.logLevel, format: flags.logFormat };
  configureLog(logSettings);
  const log = logger("main");
  // From here on a signal ends it in order, or has its effect once everything runs.
  const { promise: ended, resolve: quit } = Promise.withResolvers<void>();
  const { promise: listens, resolve: beginReloads } = Promise.withResolvers<() => void>();
  const onReload = () => void listens.then((reload) => reload());
  const onEnd = () => quit();
  Deno.addSignalListener("SIGHUP", onReload);
  Deno.addSignalListener("SIGINT", onEnd);
  Deno.addSignalListener("SIGTERM", onEnd);
  log.info("Starting Narthex", { version: NARTHEX_VERSION });
  for (const warning of warnings) log.warn(warning);
  let options: WebOptions;
  try {
    options = webOptions(flags);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    log.error("Cannot use the flags of the web server", { err: error.message });
    return EXIT.failure;
  }

  const registry = new Registry({ now: () => performance.timeOrigin + performance.now() });
  registry.register(new ProcessMetrics(processReader()));
  registry.info({
    name: "prometheus_build_info",
    help: "What this server was built from.",
    labels: BUILD_LABELS,
  });

  let directory: DataDirectory;
  let loaded: LoadedServerConfig;
  try {
    loaded = await loadInWorker(loadRequest(flags, features, options));
  } catch (error) {
    if (
      !(error instanceof ConfigError || error instanceof UnreadableFileError ||
        error instanceof Deno.errors.NotFound)
    ) {
      throw error;
    }
    log.error("Error loading config", { file: flags.configFile, err: error.message });
    return EXIT.usage;
  }
  const queryLog = new QueryLog(registry, (file, error) => {
    log.error("Cannot write the query log: lines are lost", { file, err: error.message });
  });
  try {
    queryLog.open(loaded.config.global.queryLogFile);
  } catch (error) {
    log.error("Error loading config", { file: flags.configFile, err: messageOf(error) });
    return EXIT.usage;
  }
  try {
    directory = await openDirectory(flags.storagePath, {
      ...(flags.given.has("storage.shards") && flags.storageShards > 0
        ? { shardCount: flags.storageShards }
        : {}),
      defaultShardCount: flags.storageShards || navigator.hardwareConcurrency,
      nowMs: startTimeMs,
    });
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    log.error("Cannot open the data directory", { err: error.message });
    return EXIT.failure;
  }

  registry.gauge({
    name: "prometheus_tsdb_clean_start",
    help: "Whether the data directory was closed in order before: 1 if so, 0 if not.",
  }).set(directory.wasClosed ? 1 : 0);

  // What the configuration asks the shards to keep.
  const keptBytes = (storage: ServerConfig["storage"]) => retentionBytes(storage, diskBytes(directory.path));
  const limitsOf = ({ storage }: ServerConfig): ShardLimits => ({
    retentionMs: storage.retentionMs,
    retentionBytes: keptBytes(storage),
    outOfOrderWindowMs: storage.outOfOrderWindowMs,
    exemplarsMax: features.has("exemplar-storage") ? storage.maxExemplars : 0,
  });

  // Shards first: they scrape from now on, while the rest of the server still comes up.
  const deaths = registry.counter({
    name: "narthex_shard_restarts_total",
    help: "Times that a shard's worker died and was started anew.",
  });
  const shardCount = directory.format.shardCount;
  const seriesCounts = SharedSeriesBudget.memory(shardCount);
  const workers = Array.from({ length: shardCount }, (_, number) =>
    new WorkerShard({
      number,
      path: directory.shardPath(number),
      flushIntervalMs: flags.storageFlushIntervalMs,
      limits: shareOf(limitsOf(loaded.config), shardCount),
      seriesMax: flags.storageMaxActiveSeries,
      seriesCounts,
      log: logSettings,
      version: NARTHEX_VERSION,
    }, (shard, error) => {
      deaths.inc();
      log.error("A shard died and is started anew", { shard, err: error });
    }));
  const shards = new Shards(workers);
  const targets = new ScrapeTargets(
    shards,
    hostname(),
    {
      startTimestamps: startTimestampUse(features),
      typeAndUnitLabels: features.has("type-and-unit-labels"),
    },
    registry,
    (job, error) => {
      log.error("Creating target failed", { scrape_pool: job, err: error });
    },
  );
  const space = new SpaceWatch(
    directory.path,
    registry,
    (reason) => shards.pauseIngest(reason),
    (level, message, fields) => log[level](message, fields),
  );

  const { active: activeQueries, unfinished } = ActiveQueries.open(
    join(directory.path, "queries.active"),
    2 * flags.queryMaxConcurrency,
  );
  for (const { query, beganMs } of unfinished) {
    log.warn("A query was running when the server ended", { query, began: new Date(beganMs).toISOString() });
  }
  const retention = retentionGauges(registry, keptBytes);
  retention(loaded.config);
  for (const warning of loaded.warnings) log.warn(warning);
  await targets.apply(loaded.config);
  if (!workers.some(({ isStarted }) => isStarted)) workers[0].start(); // the figures of storage are shown always
  const start = {
    scrape_jobs: loaded.config.scrapeConfigs.length,
    targets: targets.count,
    data_directory: resolve(directory.path),
    shards: shardCount,
  };
  if (loaded.isBuiltIn) {
    log.warn("Using the built-in configuration, which scrapes this server alone: there is no file", {
      file: flags.configFile,
      ...start,
    });
  } else log.info("Using configuration", { file: loaded.files[0], ...start });
  const configuration = new Configuration(loaded, {
    load: () => loadInWorker(loadRequest(flags, features, options)),
    apply: [
      ({ warnings }) => {
        for (const warning of warnings) log.warn(warning);
      },
      ({ config }) => queryLog.open(config.global.queryLogFile),
      ({ config }) => retention(config),
      ({ config }) => targets.apply(config),
      // Last, as it waits for shards that still replay their logs.
      ({ config }) => shards.setLimits(limitsOf(config)),
    ],
    registry,
    now: () => Date.now(),
    log,
  });

  let state: ServerState = "starting";
  const queries = new PromqlQueries(shards, {
    flags,
    features,
    registry,
    subqueryStepMs: () => configuration.current().global.evaluationIntervalMs,
    limits: () => configuration.current().global.queryLimits,
    pause: nextTurn,
    costs: {
      countSeries: ({ matchers, startMs, endMs }) =>
        shards.countSeries({ matcherSets: [plainMatchers(matchers)], startMs, endMs, limit: 0 }),
      get sampleIntervalMs() {
        return configuration.current().global.scrapeIntervalMs;
      },
    },
    onStart: (query) => activeQueries.start(query, Date.now()),
    onQuery: (query) => queryLog.write(query),
  });
  let listening: Listening;
  try {
    const app = createApp({
      shards: {
        select: (request) => shards.select(request),
        series: (request) => shards.series(request),
        labelNames: (request) => shards.labelNames(request),
        labelValues: (name, request) => shards.labelValues(name, request),
        exemplars: (request) => shards.exemplars(request),
        statistics: (limit) => shards.statistics(limit),
        blocks: () => shards.blocks(),
        health: () => shards.health(),
        metrics: async () => [...await shards.metrics(), storageFamilies(await shards.health())],
        deleteSeries: (request) => shards.deleteSeries(request),
        cleanTombstones: () => shards.cleanTombstones(),
        snapshot: (name, skipHead) =>
          writeServerSnapshot(directory, name, (pathOf) => shards.snapshot(pathOf, skipHead)),
      },
      targets,
      queries,
      lookbackDeltaMs: flags.queryLookbackDeltaMs,
      configuration,
      lifecycle: { state: () => state, quit },
      options,
      flags: flags.asTable(),
      features,
      buildInfo: BUILD_INFO,
      runtimeInfo: () => runtimeInfo(startTimeMs, configuration, shardCount),
      registry,
      now: () => Date.now(),
      log: logger("web"),
    });
    listening = await listen(app, options, flags, {
      verifyPassword: async (password, hash) => (await import("bcryptjs")).compare(password, hash),
      log: logger("web"),
    });
  } catch (error) {
    log.error("Cannot start the web server", { err: messageOf(error) });
    await shards.close();
    directory.close();
    return EXIT.failure;
  }
  beginReloads(() => void configuration.reload().catch(() => {})); // it is logged
  for (const address of listening.addresses) log.info("Listening", { address });
  const autoReload = flags.configAutoReload || features.has("auto-reload-config")
    ? watchFiles(() => configuration.loaded.files, flags.configAutoReloadIntervalMs, onReload)
    : undefined;

  const opened = Promise.all(workers.map((worker) => worker.opened()));
  opened.then(
    async () => {
      await space.start();
      if (state !== "starting") return;
      state = "ready";
      log.info("Server is ready to receive web requests", { after_ms: Date.now() - startTimeMs });
    },
    (error) => {
      log.error("Cannot open the stored data", {
        err: messageOf(error),
      });
      quit();
    },
  );

  await ended;
  let failed = state === "starting" &&
    await Promise.race([opened.then(() => false, () => true), Promise.resolve(false)]);
  state = "stopping";
  log.info("Ending: committing what was scraped");
  Deno.removeSignalListener("SIGHUP", onReload);
  autoReload?.stop();
  space.stop();
  await listening.shutdown();
  let inOrder = true;
  try {
    await shards.close();
  } catch (error) {
    log.error("A shard did not close in order", {
      err: messageOf(error),
    });
    inOrder = false;
    failed = true;
  }
  activeQueries[Symbol.dispose]();
  directory.close(inOrder);
  log.info("See you next time!");
  return failed ? EXIT.failure : EXIT.ok;
}

/** The configuration that the flags name, or the built-in one where they name none. */
function loadRequest(
  flags: Flags,
  features: ReadonlySet<string>,
  { externalUrl, routePrefix }: WebOptions,
): LoadRequest {
  return {
    file: flags.configFile,
    options: {
      retentionDefaults: {
        timeMs: flags.storageTsdbRetentionTimeMs ||
          (flags.storageTsdbRetentionSizeBytes > 0 ? 0 : RETENTION_DEFAULT_MS),
        sizeBytes: flags.storageTsdbRetentionSizeBytes,
      },
      storesStartTimestamps: startTimestampUse(features).areStored,
      limitsQueryCost: features.has("query-cost"),
      globalDefaults: {
        extraScrapeMetrics: features.has("extra-scrape-metrics"),
        ...(readsStartTimestamps(startTimestampUse(features)) &&
          { scrapeProtocols: PROTO_FIRST_SCRAPE_PROTOCOLS }),
      },
    },
    ...(!flags.given.has("config.file") && {
      builtIn: {
        address: ownAddress(flags),
        metricsPath: `${routePrefix}/metrics`,
        scheme: externalUrl.protocol === "https:" && flags.webConfigFile !== "" ? "https" : "http",
      },
    }),
  };
}

/** An address at which this server reaches itself. */
function ownAddress(flags: Flags): string {
  const [first] = flags.webListenAddress;
  const colon = first.lastIndexOf(":");
  const host = first.slice(0, colon), port = first.slice(colon + 1);
  return ["", "0.0.0.0", "[::]"].includes(host) ? `localhost:${port}` : first;
}

function runtimeInfo(startTimeMs: number, configuration: Configuration, shardCount: number): RuntimeInfo {
  const { retentionMs, retentionBytes, retentionPercentage } = configuration.current().storage;
  return {
    startTimeMs,
    cwd: Deno.cwd(),
    hostname: hostname(),
    reloadConfigSuccess: configuration.lastReloadSucceeded,
    lastConfigTimeMs: configuration.lastConfigTimeMs,
    lastReloadFailureMs: configuration.lastFailureMs,
    threads: shardCount + 1,
    cores: navigator.hardwareConcurrency,
    memoryLimit: Deno.systemMemoryInfo().total,
    configWarnings: configuration.loaded.warnings,
    storageRetention: [
      ...(retentionMs > 0 ? [formatDuration(retentionMs)] : []),
      ...(retentionPercentage > 0
        ? [`${retentionPercentage}%`]
        : retentionBytes > 0
        ? [formatSize(retentionBytes)]
        : []),
    ].join(" or "),
  };
}
