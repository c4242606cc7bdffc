import type { Logger } from "@logtape/logtape";
import type { Gauge, Registry } from "../engine/instrument/mod.ts";
import type { LoadedServerConfig } from "./config/load_in_worker.ts";
import type { ServerConfig } from "./config/server_config.ts";
import { messageOf } from "./message_of.ts";

/** Puts a configuration in force in one part of the server. */
export type Apply = (loaded: LoadedServerConfig) => void | Promise<void>;

export interface ConfigurationOptions {
  readonly load: () => Promise<LoadedServerConfig>;
  /** One for each part, in the order in which they are told. */
  readonly apply: readonly Apply[];
  readonly registry: Registry;
  readonly now: () => number;
  readonly log: Pick<Logger, "info" | "error">;
}

/** The configuration in force, and how the last attempt to change it went. */
export class Configuration {
  #loaded: LoadedServerConfig;
  #lastConfigTimeMs: number;
  #lastFailureMs = 0;
  /** Ends with the reload that was asked for last. */
  #last: Promise<void> = Promise.resolve();
  readonly #successful: Gauge;
  readonly #successTime: Gauge;

  /** @param loaded In force already. */
  constructor(loaded: LoadedServerConfig, readonly options: ConfigurationOptions) {
    const { registry, now } = options;
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

  current(): ServerConfig {
    return this.#loaded.config;
  }

  get loaded(): LoadedServerConfig {
    return this.#loaded;
  }

  get lastConfigTimeMs(): number {
    return this.#lastConfigTimeMs;
  }

  /** When a reload failed last, 0 for never. */
  get lastFailureMs(): number {
    return this.#lastFailureMs;
  }

  get lastReloadSucceeded(): boolean {
    return this.#successful.value === 1;
  }

  /**
   * Reads the configuration again and applies it, once every reload that was asked for before has ended.
   * @throws If it cannot be read, which leaves in force what was, or if a part of the server cannot apply it; the others
   * do so all the same. Either is logged.
   */
  reload(): Promise<void> {
    const reload = this.#last.then(() => this.#reload());
    this.#last = reload.catch(() => {}); // whoever asked for it learns of it
    return reload;
  }

  async #reload(): Promise<void> {
    const { load, now, log } = this.options;
    try {
      const loaded = await load();
      this.#loaded = loaded;
      await this.#apply(loaded);
      this.#succeeded();
      log.info("Completed loading of configuration file", {
        file: loaded.isBuiltIn ? "(built in)" : loaded.files[0],
      });
    } catch (error) {
      this.#successful.set(0);
      this.#lastFailureMs = now();
      log.error("Error reloading config", { err: messageOf(error) });
      throw error;
    }
  }

  async #apply(loaded: LoadedServerConfig): Promise<void> {
    const reasons: string[] = [];
    for (const apply of this.options.apply) {
      try {
        await apply(loaded);
      } catch (error) {
        reasons.push(messageOf(error));
      }
    }
    if (reasons.length > 0) {
      throw new Error(`the configuration is in force but for what failed: ${reasons.join("; ")}`);
    }
  }

  #succeeded(): void {
    this.#lastConfigTimeMs = this.options.now();
    this.#successful.set(1);
    this.#successTime.set(this.#lastConfigTimeMs / 1000);
  }
}
