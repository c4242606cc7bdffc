import { Labels } from "../../engine/labels/labels.ts";
import type { ScrapeProtocol } from "../../engine/exposition/negotiation.ts";
import { isValidLabelName, type ValidationScheme } from "../../engine/labels/names.ts";
import { expandEnvironment } from "./environment.ts";
import { bool, duration, map, maybeBool, maybeList, oneOf, path, size, string, uint } from "./field.ts";
import { quoteBytes } from "./relabel_config.ts";
import { checkScrapeProtocols } from "./scrape_protocol.ts";
import { section, type Shape } from "./section.ts";

const SECOND = 1000, MINUTE = 60 * SECOND;

/** The limits that a job takes over from the global section where it sets none (0). */
export const limitFields = {
  body_size_limit: size(),
  sample_limit: uint(),
  target_limit: uint(),
  label_limit: uint(),
  label_name_length_limit: uint(),
  label_value_length_limit: uint(),
} satisfies Shape;

export const validationSchemeField = () =>
  oneOf(["", "utf8", "legacy"], (found) => `unrecognized ValidationScheme: ${JSON.stringify(found)}`);

export const globalSection = section("config.GlobalConfig", {
  scrape_interval: duration(),
  scrape_timeout: duration(),
  scrape_protocols: maybeList(string()),
  evaluation_interval: duration(),
  rule_query_offset: duration(),
  query_log_file: path(),
  scrape_failure_log_file: path(),
  external_labels: map(string()),
  ...limitFields,
  keep_dropped_targets: uint(),
  query_max_series: uint(),
  query_max_samples_read: uint(),
  query_max_samples_scanned: uint(),
  query_max_duration: duration(),
  query_max_memory: size(),
  query_max_result_size: size(),
  metric_name_validation_scheme: validationSchemeField(),
  metric_name_escaping_scheme: string(),
  scrape_native_histograms: maybeBool(),
  convert_classic_histograms_to_nhcb: bool(),
  always_scrape_classic_histograms: bool(),
  extra_scrape_metrics: maybeBool(),
}, (global, report) => {
  global.metricNameValidationScheme ||= "utf8";
  for (const [name, value] of Object.entries(global.externalLabels)) {
    if (!isValidLabelName(name, global.metricNameValidationScheme)) {
      report(["external_labels", name], `${quoteBytes(name)} is not a valid label name`, "rename the label");
    } else if (!value.isWellFormed()) {
      const reason = `${quoteBytes(value)} is not a valid label value`;
      report(["external_labels", name], reason, "use UTF-8 text");
    }
  }
  global.scrapeIntervalMs ||= MINUTE;
  if (global.scrapeTimeoutMs > global.scrapeIntervalMs) {
    const reason = "global scrape timeout greater than scrape interval";
    report("scrape_timeout", reason, "lower scrape_timeout or raise scrape_interval");
  }
  global.scrapeTimeoutMs ||= Math.min(10 * SECOND, global.scrapeIntervalMs);
  global.evaluationIntervalMs ||= MINUTE;
  global.scrapeNativeHistograms ??= false;
  if (global.scrapeProtocols === undefined) return;
  const wrong = checkScrapeProtocols(global.scrapeProtocols);
  if (wrong !== undefined) {
    const at = wrong.index === undefined ? "scrape_protocols" : ["scrape_protocols", wrong.index];
    report(at, `${wrong.reason} for global config`, "list each known protocol at most once");
  }
});
export type GlobalSection = typeof globalSection.initial;

/** The global section of a file that has none. */
const globalDefault: GlobalSection = {
  ...globalSection.initial,
  scrapeIntervalMs: MINUTE,
  scrapeTimeoutMs: 10 * SECOND,
  evaluationIntervalMs: MINUTE,
  metricNameValidationScheme: "utf8",
  metricNameEscapingScheme: "allow-utf-8",
  scrapeNativeHistograms: false,
};

/** What feature flags change in the global defaults. */
export interface GlobalDefaults {
  /** Asked of targets unless the file says otherwise; undefined leaves it to each job. */
  readonly scrapeProtocols?: readonly ScrapeProtocol[];
  readonly extraScrapeMetrics?: boolean;
}

/** The global section with defaults filled in; undefined is a file without one. */
export function completeGlobal(given: GlobalSection | undefined, defaults: GlobalDefaults): GlobalSection {
  const global = given ?? globalDefault;
  return {
    ...global,
    scrapeProtocols: global.scrapeProtocols ?? defaults.scrapeProtocols,
    extraScrapeMetrics: global.extraScrapeMetrics ?? defaults.extraScrapeMetrics ?? false,
  };
}

/** What applies to the whole server. */
export interface GlobalConfig {
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
  readonly evaluationIntervalMs: number;
  readonly ruleQueryOffsetMs: number;
  /** "" where queries are not logged. */
  readonly queryLogFile: string;
  /** Environment variables expanded. */
  readonly externalLabels: Labels;
  readonly metricNameValidationScheme: ValidationScheme;
  readonly queryLimits: QueryLimits;
}

/** The most that one query may cost; undefined is no limit. */
export interface QueryLimits {
  /** Of the feature `query-cost`, as `maxSamplesRead` and `maxDurationMs` are: series of all its selects. */
  readonly maxSeries?: number;
  /** Samples, each counted once as windows slide over it. */
  readonly maxSamplesRead?: number;
  /** Instead of `--query.timeout`. */
  readonly maxDurationMs?: number;
  /** Bytes of the samples in memory. */
  readonly maxMemoryBytes?: number;
  /** Bytes of the result as JSON, by estimate. */
  readonly maxResultBytes?: number;
}

/** The global section as the server uses it. */
export function resolveGlobal(global: GlobalSection): GlobalConfig {
  return {
    scrapeIntervalMs: global.scrapeIntervalMs,
    scrapeTimeoutMs: global.scrapeTimeoutMs,
    evaluationIntervalMs: global.evaluationIntervalMs,
    ruleQueryOffsetMs: global.ruleQueryOffsetMs,
    queryLogFile: global.queryLogFile,
    externalLabels: Labels.from(global.externalLabels),
    metricNameValidationScheme: global.metricNameValidationScheme || "utf8",
    queryLimits: {
      maxSeries: global.queryMaxSeries || undefined,
      // Upstream's proposal has called it samples scanned; both names are known until one is settled.
      maxSamplesRead: lowest(global.queryMaxSamplesRead, global.queryMaxSamplesScanned),
      maxDurationMs: global.queryMaxDurationMs || undefined,
      maxMemoryBytes: global.queryMaxMemoryBytes || undefined,
      maxResultBytes: global.queryMaxResultSizeBytes || undefined,
    },
  };
}

/** The lowest of some limits, of which 0 is none. */
function lowest(...limits: readonly number[]): number | undefined {
  const set = limits.filter((limit) => limit > 0);
  return set.length === 0 ? undefined : Math.min(...set);
}

/** The section with environment variables in the values of external labels replaced. */
export function expandExternalLabels(
  global: GlobalSection,
  env: (name: string) => string | undefined,
  warn: (warning: string) => void,
): GlobalSection {
  const expand = (text: string) =>
    expandEnvironment(text, (name) => {
      const value = env(name) ?? "";
      if (value === "") {
        warn(`external_labels: environment variable ${JSON.stringify(name)} is empty or not set`);
      }
      return value;
    });
  const entries = Object.entries(global.externalLabels).map(([name, value]) => [name, expand(value)]);
  return { ...global, externalLabels: Object.fromEntries(entries) };
}
