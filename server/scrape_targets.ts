import type { Counter, Registry } from "../engine/instrument/mod.ts";
import { Labels } from "../engine/labels/labels.ts";
import type { Config } from "./config/config.ts";
import { formatDuration } from "./config/duration.ts";
import type { ActiveTarget, DroppedTarget, Targets } from "./http/deps.ts";
import { offsetSeed } from "./scrape/target_identity.ts";
import { staticGroups, type TargetSet, targetSet } from "./scrape/target_set.ts";
import type { Shards } from "./shard/shards.ts";

/** The targets that the configuration names, spread over the shards, and how they fare. */
export class ScrapeTargets implements Targets {
  #sets: readonly TargetSet[] = [];
  readonly #syncFailures: Counter<"scrape_job">;

  constructor(
    readonly shards: Shards,
    readonly hostname: string,
    registry: Registry,
    readonly onError: (job: string, error: string) => void,
  ) {
    this.#syncFailures = registry.counter({
      name: "prometheus_target_sync_failed_total",
      help: "Targets that could not be made of what was discovered.",
      labelNames: ["scrape_job"],
    });
  }

  /** Scrapes the targets of `config` from now on; those that stay are not disturbed. */
  async apply(config: Config): Promise<void> {
    const seed = offsetSeed(this.hostname, config.global.externalLabels);
    const sets = config.scrapeConfigs.map((scrape) => targetSet(scrape, staticGroups(scrape), seed));
    for (const { pool, errors } of sets) {
      this.#syncFailures.labels(pool.jobName).inc(errors.length);
      for (const error of errors) this.onError(pool.jobName, error);
    }
    await this.shards.setTargets(sets.map(({ pool }) => pool));
    this.#sets = sets;
  }

  async active(): Promise<ActiveTarget[]> {
    const states = new Map((await this.shards.targets()).map((state) => [`${state.jobName}\u0000${state.id}`, state]));
    return this.#sets.flatMap(({ pool, active }) =>
      active.map(({ spec, discoveredLabels }) => {
        const state = states.get(`${pool.jobName}\u0000${spec.id}`);
        return {
          scrapePool: pool.jobName,
          discoveredLabels,
          labels: Labels.fromSortedPairs(spec.labels),
          url: spec.url,
          scrapeInterval: formatDuration(spec.intervalMs),
          scrapeTimeout: formatDuration(spec.timeoutMs),
          health: state?.health ?? "unknown",
          lastError: state?.lastError ?? "",
          lastScrapeMs: state?.lastScrapeMs ?? 0,
          lastDurationSeconds: state?.lastDurationSeconds ?? 0,
          metadata: state?.metadata ?? [],
        };
      })
    );
  }

  dropped(): DroppedTarget[] {
    return this.#sets.flatMap(({ pool, dropped }) =>
      dropped.map((discoveredLabels) => ({ scrapePool: pool.jobName, discoveredLabels }))
    );
  }

  droppedCounts(): Record<string, number> {
    return Object.fromEntries(this.#sets.map(({ pool, droppedCount }) => [pool.jobName, droppedCount]));
  }
}
