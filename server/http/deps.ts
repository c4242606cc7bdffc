import type { Logger } from "@logtape/logtape";
import type { Registry } from "../../engine/instrument/mod.ts";
import type { MetricFamily } from "../../engine/exposition/metric_family.ts";
import type { Labels } from "../../engine/labels/labels.ts";
import type { Queryable } from "../../engine/tsdb/select.ts";
import type { ServerConfig } from "../config/server_config.ts";
import type { TargetHealth, TargetMetadata } from "../scrape/spec.ts";
import type {
  BlockSummary,
  SeriesExemplars,
  SeriesRequest,
  ShardHealth,
  StorageStatistics,
} from "../shard/shard.ts";
import type { QueryService } from "./query_service.ts";

/** What the HTTP API is made of. */
export interface AppDeps {
  readonly shards: Shards;
  readonly targets: Targets;
  readonly queries: QueryService;
  /** How far back `/federate` looks for samples, in ms. */
  readonly lookbackDeltaMs: number;
  readonly configuration: ConfigurationSource;
  readonly lifecycle: Lifecycle;
  readonly options: WebOptions;
  /** Every command line flag by name without dashes, as text. */
  readonly flags: Readonly<Record<string, string>>;
  /** Names given to `--enable-feature`. */
  readonly features: ReadonlySet<string>;
  readonly buildInfo: BuildInfo;
  runtimeInfo(): RuntimeInfo;
  /** Metrics of this thread; those of the API itself are registered here. */
  readonly registry: Registry;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  readonly log: Logger;
}

/** All shards as one. Lists are in any order, and have no duplicates. */
export interface Shards extends Pick<Queryable, "select"> {
  /** Label pairs (name, value, …) of each series. */
  series(request: SeriesRequest): Promise<readonly (readonly string[])[]>;
  labelNames(request: SeriesRequest): Promise<readonly string[]>;
  labelValues(name: string, request: SeriesRequest): Promise<readonly string[]>;
  /** One entry per series, its exemplars by time. */
  exemplars(request: SeriesRequest): Promise<readonly SeriesExemplars[]>;
  statistics(limit: number): Promise<StorageStatistics>;
  blocks(): Promise<readonly BlockSummary[]>;
  /** One entry per shard; answers before the shards are ready, too. */
  health(): Promise<readonly ShardHealth[]>;
  /** One list per shard; empty before the shards are ready. */
  metrics(): Promise<readonly (readonly MetricFamily[])[]>;

  deleteSeries(request: SeriesRequest): Promise<void>;
  cleanTombstones(): Promise<void>;
  /** Copies all data, recent samples included unless `skipHead`, to the snapshot `name`. */
  snapshot(name: string, skipHead: boolean): Promise<void>;
}

/** What is scraped, and how it fares. */
export interface Targets {
  active(): Promise<readonly ActiveTarget[]>;
  /** Those that relabelling dropped, as far as they are kept. */
  dropped(): readonly DroppedTarget[];
  /** Number of all dropped targets by scrape pool, pools without any included. */
  droppedCounts(): Readonly<Record<string, number>>;
}

export interface ActiveTarget {
  readonly scrapePool: string;
  /** Before relabelling. */
  readonly discoveredLabels: Labels;
  /** Those that its series get. */
  readonly labels: Labels;
  readonly url: string;
  /** As Prometheus durations. */
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
  readonly health: TargetHealth;
  readonly lastError: string;
  /** Milliseconds since the Unix epoch, 0 where it was never scraped. */
  readonly lastScrapeMs: number;
  readonly lastDurationSeconds: number;
  readonly metadata: readonly TargetMetadata[];
}

export interface DroppedTarget {
  readonly scrapePool: string;
  readonly discoveredLabels: Labels;
}

export interface ConfigurationSource {
  /** The configuration in force. */
  current(): ServerConfig;
  /**
   * Reads the configuration again and applies it.
   * @throws {Error} If it cannot be used; what was in force stays so.
   */
  reload(): Promise<void>;
}

export type ServerState = "starting" | "ready" | "stopping";

export interface Lifecycle {
  state(): ServerState;
  /** Asks for an orderly end; returns at once. */
  quit(): void;
}

/** What flags say about the web server. */
export interface WebOptions {
  /** As given; the first one tells which targets are this server itself. */
  readonly listenAddresses: readonly string[];
  /** Where the outside reaches this server. Its path has no slash at its end, but that of the root. */
  readonly externalUrl: URL;
  /** Path that all routes are below: "" or `/prefix`. */
  readonly routePrefix: string;
  readonly pageTitle: string;
  /** RE2, fully anchored. */
  readonly corsOrigin: string;
  readonly isLifecycleEnabled: boolean;
  readonly isAdminEnabled: boolean;
  /** Longest time to read the body of a request, in ms. */
  readonly readTimeoutMs: number;
}

/** As `/api/v1/status/buildinfo` has it. */
export interface BuildInfo {
  /** Of Prometheus, as clients know it. */
  readonly version: string;
  /** This program's own version. */
  readonly revision: string;
  readonly branch: string;
  readonly buildUser: string;
  readonly buildDate: string;
  readonly goVersion: string;
}

/** As `/api/v1/status/runtimeinfo` has it, but for the time. Times are in ms since the Unix epoch. */
export interface RuntimeInfo {
  readonly startTimeMs: number;
  readonly cwd: string;
  readonly hostname: string;
  readonly reloadConfigSuccess: boolean;
  readonly lastConfigTimeMs: number;
  /** When a reload failed last, 0 for never. */
  readonly lastReloadFailureMs: number;
  /** Threads of this process that run JavaScript. */
  readonly threads: number;
  readonly cores: number;
  /** In bytes. */
  readonly memoryLimit: number;
  /** Of the configuration in force: sections without effect, for one. */
  readonly configWarnings: readonly string[];
  /** Such as `15d or 1GiB`. */
  readonly storageRetention: string;
}
