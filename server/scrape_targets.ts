import type { Registry } from "../engine/instrument/mod.ts";
import { Labels } from "../engine/labels/labels.ts";
import { formatDuration } from "../engine/duration.ts";
import type { ActiveTarget, DroppedTarget, Targets } from "./http/deps.ts";
import type { ServerConfig, ServerScrapeConfig } from "./config/server_config.ts";
import { PoolMetrics } from "./scrape/scrape_metrics.ts";
import { offsetSeed } from "./scrape/target_identity.ts";
import type { ScrapeFeatures } from "./scrape/spec.ts";
import { staticGroups, type TargetSet, targetSet } from "./scrape/target_set.ts";
import type { Shards } from "./shard/shards.ts";

/** The targets that the configuration names, spread over the shards, and how they fare. */
export class ScrapeTargets implements Targets {
  #sets: readonly TargetSet[] = [];
  readonly #metrics: PoolMetrics;

  constructor(
    readonly shards: Shards,
    readonly hostname: string,
    readonly features: ScrapeFeatures,
    registry: Registry,
    readonly onError: (job: string, error: string) => void,
  ) {
    this.#metrics = new PoolMetrics(registry);
  }

  /** Scrapes the targets of `config` from now on; those that stay are not disturbed. */
  async apply(config: ServerConfig): Promise<void> {
    const seed = offsetSeed(this.hostname, config.global.externalLabels);
    const sets = config.scrapeConfigs.map((scrape) => this.#targetSet(scrape, seed));
    const before = new Map(this.#sets.map(({ pool }) => [pool.jobName, pool.fingerprint]));
    const made = sets.filter(({ pool }) => !before.has(pool.jobName));
    const changed = config.scrapeConfigs.filter(({ jobName }, i) =>
      before.has(jobName) && before.get(jobName) !== sets[i].pool.fingerprint
    );
    const endTimers = changed.map(({ intervalMs }) =>
      this.#metrics.reloadLength.labels(formatDuration(intervalMs)).startTimer()
    );
    this.#metrics.pools.inc(made.length);
    this.#metrics.reloads.inc(changed.length);
    try {
      await this.shards.setTargets(sets.map(({ pool }) => pool));
    } catch (error) {
      this.#metrics.poolsFailed.inc(made.length);
      this.#metrics.reloadsFailed.inc(changed.length);
      throw error;
    }
    endTimers.forEach((end) => end());
    config.scrapeConfigs.forEach((scrape, i) => this.#show(scrape, sets[i]));
    this.#metrics.forget([...before.keys()].filter((job) => !sets.some(({ pool }) => pool.jobName === job)));
    this.#sets = sets;
  }

  #targetSet(scrape: ServerScrapeConfig, seed: bigint): TargetSet {
    const { jobName } = scrape;
    const endTimer = this.#metrics.syncLength.labels(jobName).startTimer();
    const set = targetSet(scrape, staticGroups(scrape), seed, this.features);
    endTimer();
    this.#metrics.syncs.labels(jobName).inc();
    this.#metrics.syncFailed.labels(jobName).inc(set.errors.length);
    for (const error of set.errors) this.onError(jobName, error);
    return set;
  }

  #show(scrape: ServerScrapeConfig, { active }: TargetSet): void {
    const { jobName, targetLimit } = scrape;
    const discovered = scrape.staticConfigs.reduce((sum, { targets }) => sum + targets.length, 0);
    this.#metrics.discovered.labels("scrape", jobName).set(discovered);
    this.#metrics.targets.labels(jobName).set(active.length);
    this.#metrics.targetLimit.labels(jobName).set(targetLimit);
  }

  /** Targets that are scraped. */
  get count(): number {
    return this.#sets.reduce((sum, { active }) => sum + active.length, 0);
  }

  async active(): Promise<ActiveTarget[]> {
    const states = new Map(
      (await this.shards.targets()).map((state) => [`${state.jobName}\u0000${state.id}`, state]),
    );
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
