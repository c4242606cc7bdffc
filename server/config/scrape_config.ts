import {
  DEFAULT_SCRAPE_PROTOCOLS,
  PROTO_FIRST_SCRAPE_PROTOCOLS,
  type ScrapeProtocol,
} from "../../engine/exposition/negotiation.ts";
import { quote } from "../../engine/labels/labels.ts";
import { type EscapingScheme, isEscapingScheme, type ValidationScheme } from "../../engine/labels/names.ts";
import type { RelabelRule } from "../../engine/labels/relabel.ts";
import type { KeyPath } from "./config_error.ts";
import { discoveryFields, type StaticConfig } from "./discovery/mechanisms.ts";
import { bool, duration, float, list, map, maybeBool, maybeList, path, string, uint } from "./field.ts";
import { type GlobalSection, limitFields, validationSchemeField } from "./global_config.ts";
import {
  checkHttpClient,
  type HttpClientConfig,
  httpClientFields,
  httpClientOf,
} from "./http_client_config.ts";
import { compileRelabelRules, relabelRules } from "./relabel_config.ts";
import { checkScrapeProtocol, checkScrapeProtocols } from "./scrape_protocol.ts";
import { type Report, section } from "./section.ts";
import type { YamlDocument } from "./yaml_document.ts";

const always = { printed: "always" } as const;

export const scrapeSection = section("config.ScrapeConfig", {
  job_name: string(always),
  honor_labels: bool(),
  honor_timestamps: bool({ initial: true, printed: "always" }),
  track_timestamps_staleness: bool(always),
  params: map(list(string())),
  scrape_interval: duration(),
  scrape_timeout: duration(),
  scrape_protocols: maybeList(string()),
  fallback_scrape_protocol: string(),
  scrape_native_histograms: maybeBool(),
  always_scrape_classic_histograms: maybeBool(),
  convert_classic_histograms_to_nhcb: maybeBool(),
  scrape_failure_log_file: path(),
  metrics_path: string({ initial: "/metrics" }),
  scheme: string({ initial: "http" }),
  enable_compression: bool({ initial: true, printed: "always" }),
  ...limitFields,
  native_histogram_bucket_limit: uint(),
  native_histogram_min_bucket_factor: float(),
  keep_dropped_targets: uint(),
  metric_name_validation_scheme: validationSchemeField(),
  metric_name_escaping_scheme: string(),
  extra_scrape_metrics: maybeBool(),
  ...httpClientFields(),
  relabel_configs: relabelRules("empty or null target relabeling rule in scrape config"),
  metric_relabel_configs: relabelRules("empty or null metric relabeling rule in scrape config"),
  ...discoveryFields,
}, (job, report) => {
  if (job.jobName === "") report("job_name", "job_name is empty", "give the job a name");
  checkHttpClient(job, report);
  if (job.relabelConfigs.length === 0) checkStaticTargets(job.staticConfigs, report);
});

/** A scrape config as written; complete once `resolveScrapeConfig` has seen it. */
export type ScrapeSection = typeof scrapeSection.initial;

/** Refuses URLs where addresses belong. */
export function checkStaticTargets(groups: readonly StaticConfig[], report: Report): void {
  for (const [i, { targets }] of groups.entries()) {
    const wrong = targets.findIndex((target) => target.includes("/"));
    if (wrong < 0) continue;
    const reason = `${quote(targets[wrong])} is not a valid hostname`;
    const fix = "write host:port; scheme and path belong in scheme and metrics_path";
    return report(["static_configs", i, "targets", wrong], reason, fix);
  }
}

/** How one job is scraped. */
export interface ScrapeConfig {
  readonly jobName: string;
  readonly intervalMs: number;
  /** At most `intervalMs`. */
  readonly timeoutMs: number;
  /** Asked for in this order; undefined leaves it to whether the target's native histograms are scraped. */
  readonly scrapeProtocols: readonly ScrapeProtocol[] | undefined;
  /** For answers without a known Content-Type; undefined fails them. */
  readonly fallbackScrapeProtocol: ScrapeProtocol | undefined;
  readonly metricsPath: string;
  readonly scheme: string;
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly enableCompression: boolean;
  /** Limits: 0 is none. */
  readonly bodySizeLimitBytes: number;
  readonly sampleLimit: number;
  readonly targetLimit: number;
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
  readonly nativeHistogramBucketLimit: number;
  readonly nativeHistogramMinBucketFactor: number;
  readonly keepDroppedTargets: number;
  readonly scrapeNativeHistograms: boolean;
  readonly alwaysScrapeClassicHistograms: boolean;
  readonly convertClassicHistogramsToNhcb: boolean;
  readonly extraScrapeMetrics: boolean;
  readonly metricNameValidationScheme: ValidationScheme;
  readonly metricNameEscapingScheme: EscapingScheme;
  /** "" for none. */
  readonly scrapeFailureLogFile: string;
  readonly http: HttpClientConfig;
  readonly relabelConfigs: readonly RelabelRule[];
  readonly metricRelabelConfigs: readonly RelabelRule[];
  readonly staticConfigs: readonly StaticConfig[];
  /** As written, with defaults filled in and paths resolved; holds the other discovery lists. */
  readonly source: ScrapeSection;
}

/** What a scrape config takes from its completed section as it stands. */
const AS_WRITTEN = [
  "jobName",
  "metricsPath",
  "scheme",
  "params",
  "honorLabels",
  "honorTimestamps",
  "trackTimestampsStaleness",
  "enableCompression",
  "bodySizeLimitBytes",
  "sampleLimit",
  "targetLimit",
  "labelLimit",
  "labelNameLengthLimit",
  "labelValueLengthLimit",
  "nativeHistogramBucketLimit",
  "nativeHistogramMinBucketFactor",
  "keepDroppedTargets",
  "scrapeFailureLogFile",
  "staticConfigs",
] as const;

function pick<T, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>;
}

/**
 * Fills in what the job leaves to the global section, checks it and compiles its rules.
 * @param at Where the job stands in `document`.
 * @throws {ConfigError} If the job contradicts itself or the global section.
 */
export function resolveScrapeConfig(
  job: ScrapeSection,
  global: GlobalSection,
  document: YamlDocument,
  at: KeyPath,
): ScrapeConfig {
  const named = `for scrape config with job name ${quote(job.jobName)}`;
  const fail = (key: string, reason: string, fix: string) => document.error([...at, key], reason, { fix });

  const intervalMs = job.scrapeIntervalMs || global.scrapeIntervalMs;
  if (job.scrapeTimeoutMs > intervalMs) {
    const reason = `scrape timeout greater than scrape interval ${named}`;
    throw fail("scrape_timeout", reason, "lower scrape_timeout or raise scrape_interval");
  }
  const timeoutMs = job.scrapeTimeoutMs || Math.min(global.scrapeTimeoutMs, intervalMs);
  const scrapeNativeHistograms = job.scrapeNativeHistograms ?? global.scrapeNativeHistograms ?? false;
  const wanted = job.scrapeProtocols ?? global.scrapeProtocols;
  if (wanted !== undefined) {
    const wrong = checkScrapeProtocols(wanted);
    if (wrong !== undefined) {
      throw fail("scrape_protocols", `${wrong.reason} ${named}`, "list each known protocol at most once");
    }
  }
  const fallback = job.fallbackScrapeProtocol;
  const wrongFallback = fallback === "" ? undefined : checkScrapeProtocol(fallback);
  if (wrongFallback !== undefined) {
    const reason = `invalid fallback_scrape_protocol ${named}: ${wrongFallback}`;
    throw fail("fallback_scrape_protocol", reason, "use one of the supported protocols");
  }
  const names = resolveNaming(job, global, fail);
  const histograms = {
    scrapeNativeHistograms,
    alwaysScrapeClassicHistograms: job.alwaysScrapeClassicHistograms ?? global.alwaysScrapeClassicHistograms,
    convertClassicHistogramsToNhcb: job.convertClassicHistogramsToNhcb ??
      global.convertClassicHistogramsToNhcb,
    extraScrapeMetrics: job.extraScrapeMetrics ?? global.extraScrapeMetrics ?? false,
  };
  const source: ScrapeSection = {
    ...job,
    ...histograms,
    ...names,
    scrapeIntervalMs: intervalMs,
    scrapeTimeoutMs: timeoutMs,
    scrapeProtocols: wanted ??
      (scrapeNativeHistograms ? PROTO_FIRST_SCRAPE_PROTOCOLS : DEFAULT_SCRAPE_PROTOCOLS),
    scrapeFailureLogFile: job.scrapeFailureLogFile || global.scrapeFailureLogFile,
    bodySizeLimitBytes: job.bodySizeLimitBytes || global.bodySizeLimitBytes,
    sampleLimit: job.sampleLimit || global.sampleLimit,
    targetLimit: job.targetLimit || global.targetLimit,
    labelLimit: job.labelLimit || global.labelLimit,
    labelNameLengthLimit: job.labelNameLengthLimit || global.labelNameLengthLimit,
    labelValueLengthLimit: job.labelValueLengthLimit || global.labelValueLengthLimit,
    keepDroppedTargets: job.keepDroppedTargets || global.keepDroppedTargets,
  };
  const compile = (key: "relabel_configs" | "metric_relabel_configs") => {
    const rules = key === "relabel_configs" ? job.relabelConfigs : job.metricRelabelConfigs;
    return compileRelabelRules(rules, names.metricNameValidationScheme, document, [...at, key]);
  };
  return {
    ...pick(source, AS_WRITTEN),
    ...histograms,
    ...names,
    intervalMs,
    timeoutMs,
    scrapeProtocols: wanted as readonly ScrapeProtocol[] | undefined,
    fallbackScrapeProtocol: fallback === "" ? undefined : fallback as ScrapeProtocol,
    http: httpClientOf(source),
    relabelConfigs: compile("relabel_configs"),
    metricRelabelConfigs: compile("metric_relabel_configs"),
    source,
  };
}

/** Validation and escaping of names: what the job says, else what follows from its validation, else the global. */
function resolveNaming(
  job: ScrapeSection,
  global: GlobalSection,
  fail: (key: string, reason: string, fix: string) => Error,
): { metricNameValidationScheme: ValidationScheme; metricNameEscapingScheme: EscapingScheme } {
  const derived = (scheme: string) => scheme === "legacy" ? "underscores" : "allow-utf-8";
  const key = "metric_name_escaping_scheme";
  const unknown = (scope: string, found: string) => {
    const reason =
      `unknown ${scope} name escaping method specified, must be one of 'allow-utf-8', 'underscores', ` +
      `'dots', or 'values', got ${quote(found)}`;
    return fail(key, reason, "use one of these");
  };

  const validation = job.metricNameValidationScheme || global.metricNameValidationScheme || "utf8";
  const globalEscaping = global.metricNameEscapingScheme || derived(global.metricNameValidationScheme);
  if (!isEscapingScheme(globalEscaping)) throw unknown("global", globalEscaping);
  const escaping = job.metricNameEscapingScheme ||
    (job.metricNameValidationScheme === "" ? globalEscaping : derived(job.metricNameValidationScheme));
  if (!isEscapingScheme(escaping)) throw unknown("scrape config", escaping);
  if (escaping === "allow-utf-8" && validation !== "utf8") {
    const reason = "utf8 metric names requested but validation scheme is not set to UTF8";
    throw fail(key, reason, "set metric_name_validation_scheme: utf8, or another escaping scheme");
  }
  return { metricNameValidationScheme: validation, metricNameEscapingScheme: escaping };
}
