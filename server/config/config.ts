import type { AlertingConfig } from "./alerting_config.ts";
import { alertingSection } from "./alerting_config.ts";
import { int, list, path } from "./field.ts";
import { type GlobalConfig, globalSection } from "./global_config.ts";
import { type OtlpConfig, otlpSection } from "./otlp_config.ts";
import {
  type RemoteReadConfig,
  remoteReadSection,
  type RemoteWriteConfig,
  remoteWriteSection,
} from "./remote_config.ts";
import { type ScrapeConfig, scrapeSection } from "./scrape_config.ts";
import { nested, optional, section } from "./section.ts";
import { type StorageConfig, storageSection } from "./storage_config.ts";
import { type TracingConfig, tracingSection } from "./tracing_config.ts";

const GOGC_DEFAULT = 75;

/** A list of file patterns; `*` only in the last path element. */
function patterns(kind: string) {
  const pattern = path();
  return list({
    ...pattern,
    schema: pattern.schema.superRefine((text, ctx) => {
      if (/^[^*]*(\*[^/]*)?$/.test(text)) return;
      const params = { expected: "a path with * only after the last /", fix: "move the * to the file name" };
      ctx.addIssue({ code: "custom", message: `invalid ${kind} file path ${JSON.stringify(text)}`, params });
    }),
  });
}

const scrapeConfigs = list(scrapeSection, { nullItem: "empty or null scrape config section" });

/** The whole of `prometheus.yml`. */
export const configSection = section("config.Config", {
  global: optional(globalSection),
  runtime: nested(section("config.RuntimeConfig", { gogc: int({ initial: GOGC_DEFAULT }) }, (runtime) => {
    runtime.gogc ||= GOGC_DEFAULT;
  })),
  alerting: nested(alertingSection),
  rule_files: patterns("rule"),
  scrape_config_files: patterns("scrape config"),
  scrape_configs: scrapeConfigs,
  storage: nested(storageSection),
  tracing: nested(tracingSection, "zero"),
  remote_write: list(remoteWriteSection, { nullItem: "empty or null remote write config section" }),
  remote_read: list(remoteReadSection, { nullItem: "empty or null remote read config section" }),
  otlp: nested(otlpSection),
});

/** `prometheus.yml` as written; every default filled in once it is loaded. */
export type ConfigSection = typeof configSection.initial;

/** A file named by `scrape_config_files`. */
export const scrapeConfigFileSection = section("config.ScrapeConfigs", { scrape_configs: scrapeConfigs });

/** The configuration of the server: checked, defaults filled in, paths resolved, rules compiled. */
export interface Config {
  readonly global: GlobalConfig;
  readonly alerting: AlertingConfig;
  /** Patterns. */
  readonly ruleFiles: readonly string[];
  /** Patterns. */
  readonly scrapeConfigFiles: readonly string[];
  /** Of the main file and then of the scrape config files; job names are unique. */
  readonly scrapeConfigs: readonly ScrapeConfig[];
  readonly storage: StorageConfig;
  readonly tracing: TracingConfig;
  readonly remoteWrite: readonly RemoteWriteConfig[];
  readonly remoteRead: readonly RemoteReadConfig[];
  readonly otlp: OtlpConfig;
  /** The main file, for `printConfig`. */
  readonly source: ConfigSection;
}
