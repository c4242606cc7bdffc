import { stringify } from "yaml";
import { type Config, configSection } from "./config.ts";
import { type ScrapeSection, scrapeSection } from "./scrape_config.ts";

/** The main file as YAML, in upstream's order: defaults filled in, paths resolved, secrets masked. */
export function printConfig(config: Config): string {
  return toYaml(configSection.print(config.source));
}

/** One job as YAML, in the same way. */
export function printScrapeConfig(job: ScrapeSection): string {
  return toYaml(scrapeSection.print(job));
}

function toYaml(value: unknown): string {
  return stringify(value, {
    version: "1.1", // so that texts such as "yes" are quoted for readers of YAML 1.1
    indentSeq: false,
    flowCollectionPadding: false,
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
}
