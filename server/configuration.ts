import { dirname } from "node:path";
import type { Gauge, Registry } from "../engine/instrument/mod.ts";
import type { Config } from "./config/config.ts";
import type { ConfigHost, LoadedConfig } from "./config/load.ts";

/** Reads files for configurations as the program sees them. */
export const fileHost: ConfigHost = {
  readFile: (path) => Deno.readTextFile(path),
  glob: async (pattern) => {
    const folder = dirname(pattern), name = pattern.slice(folder === "." ? 0 : folder.length + 1);
    const wanted = new RegExp(
      `^${name.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join(".*")}$`,
    );
    const found: string[] = [];
    try {
      for await (const entry of Deno.readDir(folder)) {
        if (wanted.test(entry.name)) found.push(`${folder}/${entry.name}`);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return found.sort();
  },
  env: (name) => Deno.env.get(name),
};

/** The configuration in force, and how the last attempt to change it went. */
export class Configuration {
  #loaded: LoadedConfig;
  #lastConfigTimeMs: number;
  readonly #successful: Gauge;
  readonly #successTime: Gauge;

  /**
   * @param loaded In force already.
   * @param apply Puts another one in force.
   */
  constructor(
    loaded: LoadedConfig,
    readonly load: () => Promise<LoadedConfig>,
    readonly apply: (loaded: LoadedConfig) => Promise<void>,
    registry: Registry,
    readonly now: () => number,
  ) {
    this.#loaded = loaded;
    this.#lastConfigTimeMs = now();
    this.#successful = registry.gauge({
      name: "prometheus_config_last_reload_successful",
      help: "Whether the last configuration reload attempt was successful.",
    });
    this.#successTime = registry.gauge({
      name: "prometheus_config_last_reload_success_timestamp_seconds",
      help: "Timestamp of the last successful configuration reload.",
    });
    this.#succeeded();
  }

  current(): Config {
    return this.#loaded.config;
  }

  get loaded(): LoadedConfig {
    return this.#loaded;
  }

  get lastConfigTimeMs(): number {
    return this.#lastConfigTimeMs;
  }

  get lastReloadSucceeded(): boolean {
    return this.#successful.value === 1;
  }

  /** Reads the configuration again and applies it. @throws If it cannot be used; what was in force stays so. */
  async reload(): Promise<void> {
    try {
      const loaded = await this.load();
      await this.apply(loaded);
      this.#loaded = loaded;
      this.#succeeded();
    } catch (error) {
      this.#successful.set(0);
      throw error;
    }
  }

  #succeeded(): void {
    this.#lastConfigTimeMs = this.now();
    this.#successful.set(1);
    this.#successTime.set(this.#lastConfigTimeMs / 1000);
  }
}
