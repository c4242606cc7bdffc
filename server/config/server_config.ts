import { Labels } from "../../engine/labels/labels.ts";
import { compileRelabelRule, type RelabelConfig, type RelabelRule } from "../../engine/labels/relabel.ts";
import type { PlainHttpClientConfig } from "../scrape/plain_http.ts";
import type { GlobalConfig } from "./global_config.ts";
import type { ScrapeConfig } from "./scrape_config.ts";
import type { StorageConfig } from "./storage_config.ts";

/**
 * A configuration as the running server keeps it: what it acts on, and its text for those who ask. The schemas that
 * it was checked with are not needed any more, and this file does not import them.
 */
export interface ServerConfig {
  readonly global: GlobalConfig;
  readonly storage: StorageConfig;
  readonly scrapeConfigs: readonly ServerScrapeConfig[];
  /** As `printConfig` prints it. */
  readonly yaml: string;
}

/** How one job is scraped. */
export interface ServerScrapeConfig
  extends Omit<ScrapeConfig, "source" | "http" | "relabelConfigs" | "metricRelabelConfigs"> {
  readonly http: PlainHttpClientConfig;
  readonly relabelConfigs: readonly RelabelRule[];
  /** For the shards, which compile them. */
  readonly metricRelabelConfigs: readonly RelabelConfig[];
  /** The job as written, with defaults filled in, paths resolved and secrets masked. */
  readonly yaml: string;
}

/** A server configuration on its way between threads. Its secrets are plain: not to be printed or logged. */
export interface PlainConfig extends Omit<ServerConfig, "global" | "scrapeConfigs"> {
  readonly global: Omit<GlobalConfig, "externalLabels"> & {
    readonly externalLabels: Readonly<Record<string, string>>;
  };
  readonly scrapeConfigs: readonly PlainScrapeConfig[];
}

export interface PlainScrapeConfig extends Omit<ServerScrapeConfig, "relabelConfigs"> {
  readonly relabelConfigs: readonly RelabelConfig[];
}

/** The configuration that `plainConfig` made plain. */
export function serverConfig(plain: PlainConfig): ServerConfig {
  return {
    ...plain,
    global: { ...plain.global, externalLabels: Labels.from(plain.global.externalLabels) },
    scrapeConfigs: plain.scrapeConfigs.map((job) => ({
      ...job,
      relabelConfigs: job.relabelConfigs.map((rule) =>
        compileRelabelRule(rule, job.metricNameValidationScheme)
      ),
    })),
  };
}
