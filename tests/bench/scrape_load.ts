/** A load generator and the configuration that scrapes it. */
import type { Bench } from "./bench.ts";
import type { Child } from "./children.ts";
import type { LoadStats } from "./load_generator.ts";
import { type Usage, usageOf } from "./process_usage.ts";

/** Series that the scraper itself adds for each target: up and the scrape_… ones. */
export const SERIES_ADDED_PER_TARGET = 5;

/** Of the load generator; the same in every run: which targets share a shard depends on their addresses. */
export const LOAD_PORT = 29_100;

export interface LoadShape {
  readonly targets: number;
  readonly seriesPerTarget: number;
}

export class ScrapeLoad {
  constructor(
    readonly shape: LoadShape,
    readonly child: Child,
    readonly bench: Bench,
  ) {}

  get activeSeries(): number {
    return this.shape.targets * (this.shape.seriesPerTarget + SERIES_ADDED_PER_TARGET);
  }

  stats(): Promise<LoadStats> {
    return this.#get("/stats");
  }

  /** Forgets what was served. */
  reset(): Promise<LoadStats> {
    return this.#get("/reset");
  }

  usage(): Usage {
    return usageOf(this.child.pid);
  }

  async #get(path: string): Promise<LoadStats> {
    return await (await fetch(`http://127.0.0.1:${LOAD_PORT}${path}`)).json();
  }

  /** A configuration that scrapes every target as job `load`. */
  config(intervalMs: number): string {
    const targets = Array.from(
      { length: this.shape.targets },
      (_, target) =>
        `      - targets: ["127.0.0.1:${LOAD_PORT}"]\n` +
        `        labels: {__metrics_path__: "/t/${target}/metrics", instance: "host-${target}:9100"}\n`,
    );
    return `global: {scrape_interval: ${intervalMs}ms, scrape_timeout: ${intervalMs}ms}\n` +
      `scrape_configs:\n  - job_name: load\n    static_configs:\n${targets.join("")}`;
  }
}

/** Starts a generator, hands it to `use` and stops it. */
export async function withScrapeLoad<T>(
  bench: Bench,
  shape: LoadShape,
  use: (load: ScrapeLoad) => Promise<T>,
): Promise<T> {
  const child = bench.children.spawn(Deno.execPath(), [
    "run",
    "--no-config",
    "--allow-net=127.0.0.1",
    `${import.meta.dirname}/load_generator.ts`,
    `--targets=${shape.targets}`,
    `--series=${shape.seriesPerTarget}`,
    `--port=${LOAD_PORT}`,
  ], { stdin: "piped", stdout: "piped" });
  try {
    const reader = child.process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    if (value === undefined) throw new Error(`The load generator did not start:\n${child.lastErrors()}`);
    return await use(new ScrapeLoad(shape, child, bench));
  } finally {
    await bench.children.kill(child);
  }
}
