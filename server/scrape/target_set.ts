import { Labels, quote } from "../../engine/labels/labels.ts";
import { LabelsBuilder } from "../../engine/labels/builder.ts";
import { formatDuration, parseDuration } from "../../engine/duration.ts";
import type { ServerScrapeConfig } from "../config/server_config.ts";
import type { ScrapeFeatures, ScrapePoolSpec, TargetSpec } from "./spec.ts";
import { fingerprint, scrapeOffsetMs, shardOf, targetId } from "./target_identity.ts";

/** Targets that one source of a discovery mechanism names; a later group of the same source replaces it. */
export interface TargetGroup {
  readonly source: string;
  /** Labels of each target, `__address__` among them. */
  readonly targets: readonly Readonly<Record<string, string>>[];
  /** Labels of all targets that do not have them themselves. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A target that is scraped. */
interface ActiveTarget {
  readonly spec: TargetSpec;
  /** Before relabelling. */
  readonly discoveredLabels: Labels;
}

/** The targets of one job. */
export interface TargetSet {
  readonly pool: ScrapePoolSpec;
  /** In the order of `pool.targets`. */
  readonly active: readonly ActiveTarget[];
  /** Labels, before relabelling, of targets that relabelling dropped; at most `keep_dropped_targets`. */
  readonly dropped: readonly Labels[];
  readonly droppedCount: number;
  /** Why targets could not be made of what was discovered. */
  readonly errors: readonly string[];
}

/** The groups of a job's `static_configs`. */
export function staticGroups(config: ServerScrapeConfig): TargetGroup[] {
  return config.staticConfigs.map(({ targets, labels }, i) => ({
    source: String(i),
    targets: targets.map((address) => ({ __address__: address })),
    labels,
  }));
}

/**
 * Makes the targets of a job from what was discovered.
 * @param seed Shifts the scrapes of this server against those of others, see `offsetSeed`.
 */
export function targetSet(
  config: ServerScrapeConfig,
  groups: readonly TargetGroup[],
  seed: bigint,
  features: ScrapeFeatures = {
    startTimestamps: { areStored: false, injectZeros: false },
    typeAndUnitLabels: false,
  },
): TargetSet {
  const active = new Map<string, ActiveTarget>();
  const dropped: Labels[] = [], errors: string[] = [];
  let droppedCount = 0;
  for (const group of groups) {
    for (const [i, own] of group.targets.entries()) {
      try {
        const discoveredLabels = discover(config, own, group.labels);
        const relabelled = relabelTarget(config, discoveredLabels);
        if (relabelled === undefined) {
          droppedCount++;
          if (config.keepDroppedTargets === 0 || dropped.length < config.keepDroppedTargets) {
            dropped.push(discoveredLabels);
          }
          continue;
        }
        const spec = targetSpec(config, relabelled, seed);
        if (!active.has(spec.id)) active.set(spec.id, { spec, discoveredLabels });
      } catch (error) {
        errors.push(`instance ${i} in group ${group.source}: ${(error as Error).message}`);
      }
    }
  }
  const targets = [...active.values()];
  const { targetLimit } = config;
  const poolError = targetLimit > 0 && targets.length > targetLimit
    ? `target_limit exceeded (number of targets: ${targets.length}, limit: ${targetLimit})`
    : "";
  const pool = poolSpec(config, features, poolError, targets.map(({ spec }) => spec));
  return { pool, active: targets, dropped, droppedCount, errors };
}

/** The pools with only those targets that belong to each shard. */
export function splitByShard(pools: readonly ScrapePoolSpec[], shards: number): ScrapePoolSpec[][] {
  return Array.from({ length: shards }, (_, shard) =>
    pools.map((pool) => ({
      ...pool,
      targets: pool.targets.filter(({ id }) => shardOf(id, shards) === shard),
    })));
}

/** The labels that relabelling starts from: the target's own, then the group's, then the job's. */
function discover(
  config: ServerScrapeConfig,
  own: TargetGroup["labels"],
  shared: TargetGroup["labels"],
): Labels {
  const params = Object.entries(config.params).filter(([, values]) => values.length > 0);
  return Labels.from({
    job: config.jobName,
    __scrape_interval__: formatDuration(config.intervalMs),
    __scrape_timeout__: formatDuration(config.timeoutMs),
    __metrics_path__: config.metricsPath,
    __scheme__: config.scheme,
    __scrape_native_histograms__: String(config.scrapeNativeHistograms),
    __convert_classic_histograms_to_nhcb__: String(config.convertClassicHistogramsToNhcb),
    __always_scrape_classic_histograms__: String(config.alwaysScrapeClassicHistograms),
    ...Object.fromEntries(params.map(([name, values]) => [`__param_${name}`, values[0]])),
    ...nonEmpty(shared),
    ...nonEmpty(own),
  });
}

/** Empty values count as absent. */
function nonEmpty(labels: TargetGroup["labels"]): TargetGroup["labels"] {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ""));
}

/** The labels after relabelling, undefined where the target is dropped. */
function relabelTarget(config: ServerScrapeConfig, discovered: Labels): Labels | undefined {
  const builder = new LabelsBuilder(discovered);
  for (const rule of config.relabelConfigs) if (!rule.apply(builder)) return undefined;
  const labels = builder.labels();
  return labels.size === 0 ? undefined : labels;
}

/** @throws {Error} If the labels do not make a target. */
function targetSpec(config: ServerScrapeConfig, labels: Labels, seed: bigint): TargetSpec {
  const unixSocket = labels.get("__unix_socket__");
  const address = labels.get("__address__") || (unixSocket === "" ? "" : "localhost");
  if (address === "") throw new TypeError("no address");
  if (address.includes("/")) throw new TypeError(`${quote(address)} is not a valid hostname`);
  const { intervalMs, timeoutMs } = schedule(labels);
  const isPublic = (name: string) => !name.startsWith("__");
  const shown = Labels.from(
    [...labels].filter(([name]) => isPublic(name) && name !== "instance").concat([
      ["instance", labels.get("instance") || address],
    ]),
  );
  for (const [name, value] of shown) {
    if (!value.isWellFormed()) throw new TypeError(`invalid label value for ${quote(name)}: ${quote(value)}`);
  }
  const url = targetUrl(config, labels, address);
  const id = targetId(shown, unixSocket === "" ? url : `${url} ${unixSocket}`);
  return {
    id,
    url,
    unixSocket,
    labels: shown.pairs,
    intervalMs,
    timeoutMs,
    offsetMs: scrapeOffsetMs(id, seed, intervalMs),
    scrapeNativeHistograms: flag(labels, "__scrape_native_histograms__", config.scrapeNativeHistograms),
    alwaysScrapeClassicHistograms: flag(
      labels,
      "__always_scrape_classic_histograms__",
      config.alwaysScrapeClassicHistograms,
    ),
    convertClassicHistogramsToNhcb: flag(
      labels,
      "__convert_classic_histograms_to_nhcb__",
      config.convertClassicHistogramsToNhcb,
    ),
  };
}

function schedule(labels: Labels): { intervalMs: number; timeoutMs: number } {
  const read = (label: string, what: string) => {
    let ms: number;
    try {
      ms = parseDuration(labels.get(label));
    } catch (cause) {
      throw new TypeError(`error parsing scrape ${what}: ${(cause as Error).message}`, { cause });
    }
    if (ms === 0) throw new RangeError(`scrape ${what} cannot be 0`);
    return ms;
  };
  const intervalMs = read("__scrape_interval__", "interval"),
    timeoutMs = read("__scrape_timeout__", "timeout");
  if (timeoutMs > intervalMs) {
    const found = `${quote(labels.get("__scrape_timeout__"))} > ${quote(labels.get("__scrape_interval__"))}`;
    throw new RangeError(`scrape timeout cannot be greater than scrape interval (${found})`);
  }
  return { intervalMs, timeoutMs };
}

const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"]);

function flag(labels: Labels, name: string, initial: boolean): boolean {
  const text = labels.get(name);
  if (text === "") return initial;
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new TypeError(`error parsing ${name}: ${quote(text)} is not a boolean: use "true" or "false"`);
}

const PARAM_PREFIX = "__param_";

function targetUrl(config: ServerScrapeConfig, labels: Labels, address: string): string {
  const params = new Map(Object.entries(config.params));
  for (const [name, value] of labels) {
    if (!name.startsWith(PARAM_PREFIX)) continue;
    const param = name.slice(PARAM_PREFIX.length);
    params.set(param, [value, ...(params.get(param) ?? []).slice(1)]);
  }
  const query = [...params].sort(([a], [b]) => a < b ? -1 : 1)
    .flatMap(([name, values]) => values.map((value) => `${escapeQuery(name)}=${escapeQuery(value)}`))
    .join("&");
  const path = labels.get("__metrics_path__");
  const rooted = path === "" || path.startsWith("/") ? path : `/${path}`;
  const escaped = encodeURI(rooted.toWellFormed()).replace(/[?#]/g, encodeURIComponent);
  const url = `${labels.get("__scheme__")}://${address}${escaped}${query === "" ? "" : `?${query}`}`;
  if (!URL.canParse(url)) {
    throw new TypeError(`${quote(url)} is not a valid URL: check scheme, address and path`);
  }
  return url;
}

/** As Go's `url.QueryEscape`. */
function escapeQuery(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

function poolSpec(
  config: ServerScrapeConfig,
  features: ScrapeFeatures,
  poolError: string,
  targets: readonly TargetSpec[],
): ScrapePoolSpec {
  const settings = {
    honorLabels: config.honorLabels,
    honorTimestamps: config.honorTimestamps,
    trackTimestampsStaleness: config.trackTimestampsStaleness,
    enableCompression: config.enableCompression,
    scrapeProtocols: config.scrapeProtocols,
    fallbackProtocol: config.fallbackScrapeProtocol,
    validationScheme: config.metricNameValidationScheme,
    escapingScheme: config.metricNameEscapingScheme,
    metricRelabelConfigs: config.metricRelabelConfigs,
    http: config.http,
    bodySizeLimit: config.bodySizeLimitBytes,
    sampleLimit: config.sampleLimit,
    labelLimit: config.labelLimit,
    labelNameLengthLimit: config.labelNameLengthLimit,
    labelValueLengthLimit: config.labelValueLengthLimit,
    nativeHistogramBucketLimit: config.nativeHistogramBucketLimit,
    nativeHistogramMinBucketFactor: config.nativeHistogramMinBucketFactor,
    extraScrapeMetrics: config.extraScrapeMetrics,
    ...features,
    scrapeFailureLogFile: config.scrapeFailureLogFile,
    poolError,
  };
  const text = JSON.stringify(settings, (_, value) => typeof value === "bigint" ? String(value) : value);
  return { jobName: config.jobName, fingerprint: fingerprint(text), ...settings, targets };
}
