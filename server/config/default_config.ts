import { stringify } from "yaml";
import { type ConfigHost, type ConfigOptions, type LoadedConfig, parseConfig } from "./load.ts";

/**
 * The configuration of a server that was given none: it scrapes itself every 5 seconds.
 * @param address Where the server listens, `host:port`; its metrics are at `metricsPath`.
 */
export async function defaultConfig(
  address: string,
  { metricsPath = "/metrics", scheme = "http", ...options }: ConfigOptions & {
    metricsPath?: string;
    scheme?: string;
  } = {},
): Promise<LoadedConfig> {
  const text = stringify({
    scrape_configs: [{
      job_name: "narthex",
      scrape_interval: "5s",
      scrape_timeout: "5s",
      metrics_path: metricsPath,
      scheme,
      static_configs: [{ targets: [address] }],
    }],
  });
  return await parseConfig("(built-in configuration)", text, NO_FILES, options);
}

const NO_FILES: ConfigHost = {
  readFile: (path) => Promise.reject(new Error(`BUG: the built-in configuration reads ${path}`)),
  glob: () => Promise.resolve([]),
  env: () => undefined,
};
