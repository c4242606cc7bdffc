import type { Gauge, Registry } from "../engine/instrument/mod.ts";
import type { LoadedServerConfig } from "./config/load_in_worker.ts";
import type { ServerConfig } from "./config/server_config.ts";

/** The configuration in force, and how the last attempt to change it went. */
export class Configuration {
  #loaded: LoadedServerConfig;
  #lastConfigTimeMs: number;
  #lastFailureMs = 0;
  /** Ends with the reload that was asked for last. */
  #last: Promise<void> = Promise.resolve();
  readonly #successful: Gauge;
  readonly #successTime: Gauge;

  /**
   * @param loaded In force already.
   * @param apply Puts another one in force.
   */
  constructor(
    loaded: LoadedServerConfig,
    readonly load: () => Promise<LoadedServerConfig>,
    readonly apply: (loaded: LoadedServerConfig) => Promise<void>,
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
   * @throws If it cannot be read or applied. One that cannot be read leaves in force what was.
   */
  reload(): Promise<void> {
    const reload = this.#last.then(() => this.#reload());
    this.#last = reload.catch(() => {}); // whoever asked for it learns of it
    return reload;
  }

  async #reload(): Promise<void> {
    try {
      const loaded = await this.load();
      await this.apply(loaded);
      this.#loaded = loaded;
      this.#succeeded();
    } catch (error) {
      this.#successful.set(0);
      this.#lastFailureMs = this.now();
      throw error;
    }
  }

  #succeeded(): void {
    this.#lastConfigTimeMs = this.now();
    this.#successful.set(1);
    this.#successTime.set(this.#lastConfigTimeMs / 1000);
  }
}
