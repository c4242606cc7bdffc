import type { Registry } from "../../engine/instrument/mod.ts";
import { compileRelabelRule } from "../../engine/labels/relabel.ts";
import type { Database } from "../../engine/tsdb/database.ts";
import type { ScrapeClock } from "./clock.ts";
import { HeldBodies } from "./held_bodies.ts";
import type { BodyFetcher } from "./http_fetcher.ts";
import { type LoopDeps, ScrapeLoop } from "./scrape_loop.ts";
import { ScrapeMetrics } from "./scrape_metrics.ts";
import type { SeriesBudget } from "./series_budget.ts";
import { StepWatch } from "./step_watch.ts";
import type { ScrapePoolSpec, TargetSpec, TargetStatus } from "./spec.ts";

/** Bytes of bodies that are held until the database is open, unless told otherwise. */
const HELD_BYTES_MAX = 64 << 20;

export interface ScrapeManagerDeps {
  /** The database, once it is open. Scrapes begin before. */
  readonly ready: Promise<Database>;
  readonly registry: Registry;
  readonly clock: ScrapeClock;
  readonly budget: SeriesBudget;
  readonly createFetcher: (pool: ScrapePoolSpec) => BodyFetcher;
  /** Lets other work run. */
  readonly pause: () => Promise<void>;
  readonly heldBytesMax?: number;
  readonly logFailure?: LoopDeps["logFailure"];
  /** Told once of each time that the clock was stepped, by how many ms; below 0 where it was back. */
  readonly onClockStep?: (stepMs: number) => void;
  /** Told of errors that nobody foresaw; without a target where they are none's. */
  readonly onUnexpected: (error: Error, target?: { readonly jobName: string; readonly url: string }) => void;
  readonly refusal: LoopDeps["refusal"];
  readonly onAppended: LoopDeps["onAppended"];
}

interface Pool {
  readonly spec: ScrapePoolSpec;
  readonly fetcher: BodyFetcher;
  readonly loopDeps: LoopDeps;
  readonly loops: Map<string, ScrapeLoop>;
}

/** Scrapes the targets of a shard. */
export class ScrapeManager {
  readonly #metrics: ScrapeMetrics;
  readonly #held: HeldBodies;
  readonly #steps: StepWatch;
  readonly #pools = new Map<string, Pool>();
  /** Loops of targets that are gone and may come back, by job and target. */
  readonly #leaving = new Map<string, ScrapeLoop>();
  /** Work that goes on after it was asked for. */
  readonly #closing = new Set<Promise<void>>();
  #database: Database | undefined;
  #isStopped = false;

  constructor(private readonly deps: ScrapeManagerDeps) {
    this.#metrics = new ScrapeMetrics(deps.registry, (metrics) => this.#collectMetadata(metrics));
    this.#held = new HeldBodies(deps.heldBytesMax ?? HELD_BYTES_MAX, () => this.#metrics.heldDropped.inc());
    this.#steps = new StepWatch(deps.clock, (stepMs) => deps.onClockStep?.(stepMs));
    this.#background(this.#open());
  }

  /** Replaces what is scraped. Targets that stay, of pools that do not change, are not disturbed. */
  setTargets(specs: readonly ScrapePoolSpec[]): void {
    if (this.#isStopped) return;
    const wanted = new Set(specs.map(({ jobName }) => jobName));
    for (const [jobName, pool] of this.#pools) {
      if (wanted.has(jobName)) continue;
      this.#pools.delete(jobName);
      for (const loop of pool.loops.values()) this.#leave(loop);
      this.#background(pool.fetcher.close());
    }
    for (const spec of specs) this.#setPool(spec);
  }

  /** How every target fares. */
  status(): TargetStatus[] {
    return [...this.#pools.values()].flatMap(({ loops }) => [...loops.values()].map((loop) => loop.status()));
  }

  /** Ends all scrapes; no staleness markers are written. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const loops = [...this.#pools.values()].flatMap((pool) => [...pool.loops.values()]);
    await Promise.all([...loops, ...this.#leaving.values()].map((loop) => loop.stop()));
    await Promise.all([...this.#pools.values()].map(({ fetcher }) => fetcher.close()));
    this.#pools.clear();
    this.#leaving.clear();
    await Promise.all(this.#closing);
  }

  async #open(): Promise<void> {
    const database = await this.deps.ready.catch(() => undefined); // whoever opens it reports why it cannot be
    if (database === undefined) return;
    // A scrape may end between the last step of draining and this function going on.
    do await this.#held.drain(database, this.deps.pause); while (!this.#held.isEmpty);
    this.#database = database;
  }

  #setPool(spec: ScrapePoolSpec): void {
    const old = this.#pools.get(spec.jobName);
    const isSame = old?.spec.fingerprint === spec.fingerprint;
    const pool: Pool = isSame ? { ...old!, spec } : this.#newPool(spec, old);
    this.#pools.set(spec.jobName, pool);

    const loops = old?.loops ?? new Map<string, ScrapeLoop>();
    const wanted = new Map(spec.targets.map((target) => [target.id, target]));
    for (const [id, loop] of loops) {
      if (wanted.has(id)) continue;
      loops.delete(id);
      this.#leave(loop);
    }
    for (const [id, target] of wanted) {
      const running = loops.get(id);
      if (running !== undefined && isSame && isSameTarget(running.target, target)) continue;
      this.#start(pool, target, running);
    }
    if (old !== undefined && old.fetcher !== pool.fetcher) this.#background(old.fetcher.close());
  }

  #newPool(spec: ScrapePoolSpec, old: Pool | undefined): Pool {
    const { clock, budget, createFetcher, logFailure, onUnexpected, refusal, onAppended } = this.deps;
    const keepsFetcher = old !== undefined && JSON.stringify(old.spec.http) === JSON.stringify(spec.http);
    const fetcher = keepsFetcher ? old.fetcher : createFetcher(spec);
    const rules = spec.metricRelabelConfigs.map((rule) => compileRelabelRule(rule, spec.validationScheme));
    const loopDeps = {
      clock,
      steps: this.#steps,
      budget,
      fetcher,
      rules,
      metrics: this.#metrics,
      held: this.#held,
      refusal,
      onAppended,
      database: () => this.#database,
      logFailure,
      onUnexpected,
    };
    return { spec, fetcher, loopDeps, loops: old?.loops ?? new Map() };
  }

  /** @param before The loop of the same target with other settings. */
  #start(pool: Pool, target: TargetSpec, before: ScrapeLoop | undefined): void {
    const key = leavingKey(pool.spec.jobName, target.id);
    const earlier = before ?? this.#leaving.get(key);
    this.#leaving.delete(key);
    if (earlier !== undefined) this.#background(earlier.stop());
    const loop = new ScrapeLoop(pool.spec, target, pool.loopDeps);
    pool.loops.set(target.id, loop);
    loop.start(earlier?.status());
  }

  #leave(loop: ScrapeLoop): void {
    const key = leavingKey(loop.pool.jobName, loop.target.id);
    this.#leaving.set(key, loop);
    loop.leave(() => this.#leaving.delete(key));
  }

  #background(work: Promise<void>): void {
    const guarded: Promise<void> = work
      .catch((error) => this.deps.onUnexpected(error))
      .then(() => void this.#closing.delete(guarded));
    this.#closing.add(guarded);
  }

  #collectMetadata(metrics: ScrapeMetrics): void {
    for (const { spec: { jobName }, loops } of this.#pools.values()) {
      let entries = 0, size = 0;
      for (const loop of loops.values()) {
        for (const { family, help, unit } of loop.status().metadata) {
          entries++;
          size += family.length + help.length + unit.length;
        }
      }
      metrics.metadataEntries.labels(jobName).set(entries);
      metrics.metadataBytes.labels(jobName).set(size);
    }
  }
}

function leavingKey(jobName: string, id: string): string {
  return `${id} ${jobName}`;
}

function isSameTarget(a: TargetSpec, b: TargetSpec): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
