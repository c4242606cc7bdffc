import { getLogger } from "@logtape/logtape";
import { Registry } from "../../../engine/instrument/mod.ts";
import { Labels } from "../../../engine/labels/labels.ts";
import type { SeriesRequest, ShardHealth, StorageStatistics } from "../../../server/shard/shard.ts";
import { parseConfig } from "../../../server/config/load.ts";
import { plainConfig } from "../../../server/config/plain_config.ts";
import { serverConfig } from "../../../server/config/server_config.ts";
import type {
  ActiveTarget,
  AppDeps,
  RuntimeInfo,
  ServerState,
  WebOptions,
} from "../../../server/http/deps.ts";
import type { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { FLOAT, HISTOGRAM, type InstantSeries } from "../../../engine/promql/value.ts";
import type { QueryResult, QueryStats, QueryValue } from "../../../engine/promql/query_result.ts";
import { createApp } from "../../../server/http/app.ts";

export const NOW_MS = Date.parse("2026-01-02T13:37:00Z");

const CONFIG = `
global: { scrape_interval: 15s }
scrape_configs:
  - job_name: node
    static_configs: [{ targets: ["localhost:9100"] }]
    relabel_configs:
      - { source_labels: [__address__], regex: "(.*):.*", target_label: host }
      - { source_labels: [host], regex: gone, action: drop }
  - job_name: api
    static_configs: [{ targets: ["localhost:8080"] }]
`;

export const STATS: QueryStats = {
  timings: {
    evalTotalTime: 0.5,
    resultSortTime: 0,
    queryPreparationTime: 0.1,
    innerEvalTime: 0.3,
    execQueueTime: 0.01,
    execTotalTime: 0.6,
  },
  samples: { total: 8, read: 4, peak: 2 },
};

/** A series of a vector: with one step, a float or a histogram. */
export function instantSeries(labels: Labels, sample: number | FloatHistogram): InstantSeries {
  return typeof sample === "number"
    ? { labels, dropName: false, values: Float64Array.of(sample), present: Uint8Array.of(FLOAT) }
    : {
      labels,
      dropName: false,
      values: new Float64Array(1),
      present: Uint8Array.of(HISTOGRAM),
      histograms: [sample],
    };
}

export function resultOf(value: QueryValue, more: Partial<QueryResult> = {}): QueryResult {
  return { value, warnings: [], infos: [], stats: STATS, ...more };
}

export const TARGET: ActiveTarget = {
  scrapePool: "node",
  discoveredLabels: Labels.from({ __address__: "localhost:9100", job: "node" }),
  labels: Labels.from({ instance: "localhost:9100", job: "node" }),
  url: "http://localhost:9100/metrics",
  scrapeInterval: "15s",
  scrapeTimeout: "10s",
  health: "up",
  lastError: "",
  lastScrapeMs: NOW_MS - 500,
  lastDurationSeconds: 0.006,
  metadata: [
    { family: "up", type: "gauge", help: "Whether it is up.", unit: "" },
    { family: "go_info", type: "info", help: "About Go.", unit: "" },
  ],
};

export const HEALTHY: ShardHealth = {
  ready: true,
  storage: "ok",
  detail: "",
  minMs: 0,
  headMinMs: 0,
  maxMs: 1,
  replayMs: 1,
  damagedValues: 0,
};

export const STATISTICS: StorageStatistics = {
  headSeries: 12,
  labelPairs: 30,
  chunks: 40,
  minMs: 1000,
  maxMs: 2000,
  seriesByMetricName: [{ name: "up", value: 2 }],
  valuesByLabelName: [{ name: "__name__", value: 5 }],
  bytesByLabelName: [{ name: "__name__", value: 50 }],
  seriesByLabelPair: [{ name: "job=node", value: 9 }],
};

export const RUNTIME_INFO: RuntimeInfo = {
  startTimeMs: NOW_MS - 3_600_000,
  cwd: "/data",
  hostname: "box",
  reloadConfigSuccess: true,
  lastConfigTimeMs: NOW_MS - 3_600_000,
  lastReloadFailureMs: 0,
  threads: 3,
  cores: 2,
  memoryLimit: 1 << 30,
  configWarnings: [],
  storageRetention: "15d",
};

export const OPTIONS: WebOptions = {
  listenAddresses: ["0.0.0.0:9090"],
  externalUrl: new URL("http://prom.example.org:9090/"),
  routePrefix: "",
  pageTitle: "Test <server>",
  corsOrigin: ".*",
  isLifecycleEnabled: true,
  isAdminEnabled: true,
  readTimeoutMs: 10_000,
};

/** What was asked of the parts behind the API, in order. */
export type Call = readonly [what: string, ...args: unknown[]];

export interface Fake {
  readonly app: ReturnType<typeof createApp>;
  readonly calls: Call[];
  state: ServerState;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(
    path: string,
    form?: Record<string, string> | string[][],
    headers?: Record<string, string>,
  ): Promise<Response>;
}

const host = {
  readFile: () => Promise.reject(new Error("no files")),
  glob: () => Promise.resolve([]),
  env: () => undefined,
};
const config = serverConfig(plainConfig((await parseConfig("prometheus.yml", CONFIG, host)).config));

/** An app over parts that answer with little and note what they are asked. */
export function fake(
  { options = {}, shards = {}, ...parts }: Partial<Omit<AppDeps, "options" | "shards">> & {
    readonly options?: Partial<WebOptions>;
    readonly shards?: Partial<AppDeps["shards"]>;
  } = {},
): Fake {
  const calls: Call[] = [];
  const note = <T>(what: string, answer: T) => (...args: unknown[]) => {
    calls.push([what, ...args]);
    return Promise.resolve(answer);
  };
  const world = { state: "ready" as ServerState };
  const app = createApp({
    shards: {
      select: note("select", []),
      series: note("series", [["__name__", "up", "job", "node"], ["__name__", "up", "job", "api"]]),
      labelNames: (request: SeriesRequest) => note("labelNames", ["job", "__name__"])(request),
      labelValues: note("labelValues", ["node", "api"]),
      exemplars: note("exemplars", [{
        labels: ["__name__", "up"],
        exemplars: [{ timeMs: 1500, value: 2, labels: ["trace_id", "abc"] }],
      }]),
      statistics: note("statistics", STATISTICS),
      blocks: note("blocks", [
        { shard: 1, id: 7, level: 1, samples: 3, series: 2, chunks: 2, bytes: 99, startMs: 10, endMs: 19 },
      ]),
      health: () => Promise.resolve([HEALTHY]),
      metrics: () => Promise.resolve([]),
      deleteSeries: note("deleteSeries", undefined),
      cleanTombstones: note("cleanTombstones", undefined),
      snapshot: note("snapshot", undefined),
      ...shards,
    },
    targets: {
      active: () => Promise.resolve([TARGET]),
      dropped: () => [{ scrapePool: "api", discoveredLabels: Labels.from({ job: "api" }) }],
      droppedCounts: () => ({ node: 0, api: 1 }),
    },
    queries: {
      instant: note("instant", resultOf({ type: "scalar", timeMs: 4000, value: 2 })),
      range: note("range", resultOf({ type: "matrix", series: [] })),
    },
    configuration: { current: () => config, reload: note("reload", undefined) },
    lifecycle: { state: () => world.state, quit: () => void calls.push(["quit"]) },
    lookbackDeltaMs: 300_000,
    flags: { "web.enable-lifecycle": "true" },
    features: new Set(),
    buildInfo: {
      version: "3.1.0",
      revision: "r",
      branch: "b",
      buildUser: "",
      buildDate: "",
      goVersion: "deno2",
    },
    runtimeInfo: () => RUNTIME_INFO,
    registry: new Registry({ now: () => NOW_MS }),
    now: () => NOW_MS,
    log: getLogger(["silent"]),
    ...parts,
    options: { ...OPTIONS, ...options },
  });
  return Object.assign(world, {
    app,
    calls,
    get: async (path: string, headers: Record<string, string> = {}) => await app.request(path, { headers }),
    post: async (
      path: string,
      form: Record<string, string> | string[][] = {},
      headers: Record<string, string> = {},
    ) => await app.request(path, { method: "POST", body: new URLSearchParams(form), headers }),
  });
}
