import { posix } from "node:path";
import { quote } from "../../engine/labels/labels.ts";
import type { ValidationScheme } from "../../engine/labels/names.ts";
import type { AlertingConfig, AlertingSection } from "./alerting_config.ts";
import { type Config, type ConfigSection, configSection, scrapeConfigFileSection } from "./config.ts";
import type { ConfigError, KeyPath } from "./config_error.ts";
import { discoveryFields } from "./discovery/mechanisms.ts";
import {
  completeGlobal,
  expandExternalLabels,
  type GlobalDefaults,
  type GlobalSection,
  resolveGlobal,
} from "./global_config.ts";
import { checkTranslation } from "./otlp_config.ts";
import { compileRelabelRules } from "./relabel_config.ts";
import { resolveScrapeConfig, type ScrapeConfig, scrapeSection } from "./scrape_config.ts";
import { camelCase } from "./section.ts";
import { completeStorage, resolveStorage, type RetentionDefaults } from "./storage_config.ts";
import { YamlDocument } from "./yaml_document.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** The world outside a configuration file. */
export interface ConfigHost {
  /** The text of a file. Rejects where it cannot be read, where the system says so with an `UnreadableFileError`. */
  readFile(path: string): Promise<string>;
  /** The files that match a pattern, sorted; `*` occurs only in the last path element. Rejects as `readFile`. */
  glob(pattern: string): Promise<readonly string[]>;
  /** The value of an environment variable. */
  env(name: string): string | undefined;
}

/** What flags decide about a configuration. */
export interface ConfigOptions {
  readonly agentMode?: boolean;
  readonly globalDefaults?: GlobalDefaults;
  /** Applies where the file has no `storage.tsdb.retention`; 15 days by default. */
  readonly retentionDefaults?: RetentionDefaults;
  /** Whether start timestamps are to be stored, for which upstream's older chunk encoding has no place. */
  readonly storesStartTimestamps?: boolean;
  /** Whether the limits of what a query may cost have an effect; undefined where nobody knows. */
  readonly limitsQueryCost?: boolean;
}

/** A configuration and what its author should know about it. */
export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
  /** Every file that was read: the main file and the scrape config files. */
  readonly files: readonly string[];
}

/**
 * Reads a configuration file and the scrape config files it names.
 * @throws {ConfigError} If a file is not a valid configuration.
 * @throws What `host.readFile` rejects with.
 */
export async function loadConfig(
  file: string,
  host: ConfigHost,
  options: ConfigOptions = {},
): Promise<LoadedConfig> {
  return await parseConfig(file, await host.readFile(file), host, options);
}

/** As `loadConfig`, of a main file whose text is at hand. */
export async function parseConfig(
  file: string,
  text: string,
  host: ConfigHost,
  options: ConfigOptions = {},
): Promise<LoadedConfig> {
  const document = new YamlDocument(file, text);
  const written = document.root === null ? configSection.initial : document.parse(configSection.schema);
  const warnings: string[] = [];
  const source = complete(configSection.located(written, posix.dirname(file)), host, options, warnings);
  const global = source.global!;
  const scheme = global.metricNameValidationScheme || "utf8";

  const jobs = source.scrapeConfigs.map((job, i) =>
    resolveScrapeConfig(job, global, document, ["scrape_configs", i])
  );
  checkUnique(document, "scrape_configs", "job_name", jobs.map((job) => job.jobName), "scrape");
  const alerting = resolveAlerting(source.alerting, scheme, document);
  checkUnique(document, "remote_write", "name", source.remoteWrite.map(({ name }) => name), "remote write");
  const remoteWrite = source.remoteWrite.map((endpoint, i) => {
    const at = ["remote_write", i, "write_relabel_configs"];
    return {
      writeRelabelConfigs: compileRelabelRules(endpoint.writeRelabelConfigs, scheme, document, at),
      source: endpoint,
    };
  });
  checkUnique(document, "remote_read", "name", source.remoteRead.map(({ name }) => name), "remote read");
  const translation = checkTranslation(source.otlp, scheme);
  if (translation !== undefined) {
    const fix = "use an Underscore strategy, or metric_name_validation_scheme: utf8";
    throw document.error(["otlp", "translation_strategy"], translation, { fix });
  }
  if (options.storesStartTimestamps && source.storage.tsdb?.chunkEncoding.floats === "xor") {
    throw document.error(
      ["storage", "tsdb", "chunk_encoding", "floats"],
      'float chunk encoding "xor" is incompatible with start-timestamp storage; XOR chunks do not store start ' +
        'timestamps, use "xor2"',
      { fix: "use xor2, or run without --enable-feature=st-storage" },
    );
  }
  if (options.agentMode) checkAgentMode(source, document);

  const included = await loadScrapeConfigFiles(source.scrapeConfigFiles, global, jobs, host);
  const config: Config = {
    global: resolveGlobal(global),
    alerting,
    ruleFiles: source.ruleFiles,
    scrapeConfigFiles: source.scrapeConfigFiles,
    scrapeConfigs: [...jobs, ...included.jobs],
    storage: resolveStorage(source.storage),
    tracing: source.tracing,
    remoteWrite,
    remoteRead: source.remoteRead,
    otlp: source.otlp,
    source: { ...source, scrapeConfigs: jobs.map((job) => job.source) },
  };
  warnings.push(...inactiveSections(config, document));
  if (options.limitsQueryCost === false) warnings.push(...inactiveLimits(config));
  return { config, warnings, files: [file, ...included.files] };
}

function complete(
  source: ConfigSection,
  host: ConfigHost,
  { globalDefaults = {}, retentionDefaults = { timeMs: 15 * DAY_MS, sizeBytes: 0 } }: ConfigOptions,
  warnings: string[],
): ConfigSection {
  const global = completeGlobal(source.global, globalDefaults);
  return {
    ...source,
    global: expandExternalLabels(global, host.env, (warning) => warnings.push(warning)),
    storage: completeStorage(source.storage, retentionDefaults),
  };
}

function resolveAlerting(
  alerting: AlertingSection,
  scheme: ValidationScheme,
  document: YamlDocument,
): AlertingConfig {
  const compile = (rules: Parameters<typeof compileRelabelRules>[0], ...at: KeyPath) =>
    compileRelabelRules(rules, scheme, document, ["alerting", ...at]);
  return {
    alertRelabelConfigs: compile(alerting.alertRelabelConfigs, "alert_relabel_configs"),
    alertmanagers: alerting.alertmanagers.map((source, i) => ({
      relabelConfigs: compile(source.relabelConfigs, "alertmanagers", i, "relabel_configs"),
      alertRelabelConfigs: compile(source.alertRelabelConfigs, "alertmanagers", i, "alert_relabel_configs"),
      source,
    })),
  };
}

/** Refuses a name that occurs twice in a list; empty names are no names. */
function checkUnique(
  document: YamlDocument,
  key: string,
  nameKey: string,
  names: readonly string[],
  kind: string,
) {
  const index = names.findIndex((name, i) => name !== "" && names.indexOf(name) < i);
  if (index < 0) return;
  const reason = `found multiple ${kind} configs with job name ${quote(names[index])}`;
  throw document.error([key, index, nameKey], reason, { fix: "rename one of them" });
}

function checkAgentMode(source: ConfigSection, document: YamlDocument): void {
  const { alertRelabelConfigs, alertmanagers } = source.alerting;
  const present = {
    alerting: alertRelabelConfigs.length + alertmanagers.length > 0,
    rule_files: source.ruleFiles.length > 0,
    remote_read: source.remoteRead.length > 0,
  };
  for (const [key, isPresent] of Object.entries(present)) {
    if (!isPresent) continue;
    throw document.error([key], `field ${key} is not allowed in agent mode`, {
      fix: "remove it, or run as a server",
    });
  }
}

async function loadScrapeConfigFiles(
  patterns: readonly string[],
  global: GlobalSection,
  mainJobs: readonly ScrapeConfig[],
  host: ConfigHost,
): Promise<{ jobs: ScrapeConfig[]; files: string[] }> {
  const jobs: ScrapeConfig[] = [], files: string[] = [];
  const definedIn = new Map(mainJobs.map((job) => [job.jobName, "main config file"]));
  for (const pattern of patterns) {
    for (const file of await host.glob(pattern)) {
      const document = new YamlDocument(file, await host.readFile(file));
      files.push(file);
      if (document.root === null) continue;
      const { scrapeConfigs } = document.parse(scrapeConfigFileSection.schema);
      for (const [i, written] of scrapeConfigs.entries()) {
        const job = scrapeSection.located(written, posix.dirname(file));
        jobs.push(resolveScrapeConfig(job, global, document, ["scrape_configs", i]));
        const first = definedIn.get(job.jobName);
        if (first !== undefined) throw duplicateJob(document, i, job.jobName, first);
        definedIn.set(job.jobName, quote(file));
      }
    }
  }
  return { jobs, files };
}

function duplicateJob(document: YamlDocument, index: number, name: string, first: string): ConfigError {
  const reason = `found multiple scrape configs with job name ${quote(name)}, first found in ${first}`;
  return document.error(["scrape_configs", index, "job_name"], reason, { fix: "rename one of the jobs" });
}

/** A warning for each limit that only the feature `query-cost` puts in force. */
function inactiveLimits({ global: { queryLimits } }: Config): string[] {
  const { maxSeries, maxSamplesRead, maxDurationMs } = queryLimits;
  return Object.entries({
    query_max_series: maxSeries,
    query_max_samples_read: maxSamplesRead,
    query_max_duration: maxDurationMs,
  }).filter(([, limit]) => limit !== undefined)
    .map(([key]) => `global ${key}: not active without --enable-feature=query-cost`);
}

/** A warning for each section that is read and checked but has no effect yet. */
function inactiveSections(config: Config, document: YamlDocument): string[] {
  const { source } = config;
  const isSet = (key: string) =>
    typeof document.root === "object" && document.root !== null && key in document.root;
  const discovery = Object.keys(discoveryFields).flatMap((key) => {
    if (key === "static_configs") return [];
    const property = camelCase(key) as keyof ScrapeConfig["source"];
    const jobs = config.scrapeConfigs.filter((job) =>
      (job.source[property] as readonly unknown[]).length > 0
    );
    if (jobs.length === 0) return [];
    const names = jobs.map(({ jobName }) => quote(jobName)).join(", ");
    return [`section ${key}: not active in this version: it gives no targets to ${names}`];
  });
  const sections = {
    rule_files: source.ruleFiles.length > 0,
    alerting: config.alerting.alertmanagers.length + config.alerting.alertRelabelConfigs.length > 0,
    remote_write: config.remoteWrite.length > 0,
    remote_read: config.remoteRead.length > 0,
    tracing: source.tracing.endpoint !== "",
    otlp: isSet("otlp"),
  };
  const threshold = source.storage.tsdb?.staleSeriesCompactionThreshold ?? 0;
  const set = Object.entries({ ...sections, "storage.tsdb.stale_series_compaction_threshold": threshold > 0 })
    .filter(([, present]) => present).map(([key]) => key);
  return [...set.map((key) => `section ${key}: not active in this version`), ...discovery];
}
