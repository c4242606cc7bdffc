import type { RelabelConfig, RelabelRule } from "../../engine/labels/relabel.ts";
import { revealSecrets } from "../scrape/plain_http.ts";
import type { Config } from "./config.ts";
import { printConfig, printScrapeConfig } from "./print.ts";
import type { ScrapeConfig } from "./scrape_config.ts";
import type { PlainConfig, PlainScrapeConfig } from "./server_config.ts";

/** What the server needs of a configuration, as plain data that crosses threads. */
export function plainConfig(config: Config): PlainConfig {
  const { global, storage, scrapeConfigs } = config;
  return {
    global: { ...global, externalLabels: global.externalLabels.toObject() },
    storage,
    scrapeConfigs: scrapeConfigs.map(plainScrapeConfig),
    yaml: printConfig(config),
  };
}

function plainScrapeConfig({ source, ...job }: ScrapeConfig): PlainScrapeConfig {
  return {
    ...job,
    http: revealSecrets(job.http),
    relabelConfigs: job.relabelConfigs.map(givenRule),
    metricRelabelConfigs: job.metricRelabelConfigs.map(givenRule),
    yaml: printScrapeConfig(source),
  };
}

/** A rule that compiles again: some actions refuse fields that are given, even at their defaults. */
function givenRule({ config: { sourceLabels, regex, ...rest } }: RelabelRule): RelabelConfig {
  return {
    ...rest,
    ...(sourceLabels.length > 0 && { sourceLabels }),
    ...(regex !== "(.*)" && { regex }),
  };
}
