import { messageOf } from "../message_of.ts";
import { encodeFamilies, type PlainFamily, Registry } from "../../engine/instrument/mod.ts";
import type { Fragment, FragmentResult } from "../../engine/promql/pushdown/fragment.ts";
import { Matcher } from "../../engine/labels/matcher.ts";
import { cardinality } from "../../engine/tsdb/cardinality.ts";
import { Database, type DatabaseOptions, type TimedWork } from "../../engine/tsdb/database.ts";
import {
  findSeries,
  labelNames,
  labelValues,
  selectRefs,
  type SeriesQuery,
} from "../../engine/tsdb/series_queries.ts";
import { type Key, type Store, StoreFullError } from "../../engine/tsdb/store.ts";
import type { ScrapePoolSpec, TargetStatus } from "../scrape/spec.ts";
import { systemClock } from "../scrape/clock.ts";
import type { BodyFetcher } from "../scrape/http_fetcher.ts";
import { FailureLogs } from "../scrape/failure_log.ts";
import { ScrapeManager } from "../scrape/scrape_manager.ts";
import { loadFragmentEvaluation } from "./fragment_evaluation.ts";
import { DatabaseMetrics } from "./database_metrics.ts";
import { packSeries, type SeriesBatch } from "./series_batch.ts";
import type {
  BlockSummary,
  PlainMatcher,
  SelectionRequest,
  SeriesExemplars,
  SeriesRequest,
  Shard,
  ShardHealth,
  ShardLimits,
  ShardStatistics,
  StorageState,
} from "./shard.ts";
import type { SeriesBudget } from "../scrape/series_budget.ts";
import { nextTurn } from "../turns.ts";

const MAINTAIN_EVERY_DEFAULT_MS = 5_000;
/** How long a shard whose disk is full waits before it tries again. */
const RETRY_MS = 1_000;

export interface LocalShardOptions {
  /** Number of the shard, from 0. */
  readonly number: number;
  readonly openStore: () => Promise<Store>;
  /** Copies the store, as it is now, to the file `path`; without its log where `skipsLog`. */
  readonly copyStore: (path: string, skipsLog: boolean) => Promise<void>;
  /** Gives space that the store no longer needs back to the file system, where that is worth it. */
  readonly reclaimSpace: () => Promise<void>;
  /** Longest time between an append and its commit, in ms. */
  readonly flushIntervalMs: number;
  /** Time between maintenance of stored data, in ms; 5 s by default. */
  readonly maintainEveryMs?: number;
  readonly limits: ShardLimits;
  readonly budget: SeriesBudget;
  readonly createFetcher: (pool: ScrapePoolSpec) => BodyFetcher;
  readonly log: (level: "info" | "warn" | "error", message: string, fields: Record<string, unknown>) => void;
}

/** A shard in this thread. Scraping begins at once; questions are answered when the log was replayed. */
export class LocalShard implements Shard {
  readonly #options: LocalShardOptions;
  readonly #registry = new Registry({ now: () => performance.timeOrigin + performance.now() });
  readonly #opened: Promise<Database>;
  readonly #scrapes: ScrapeManager;
  #limits: ShardLimits;
  #database: Database | undefined;
  #failure: Error | undefined;
  #storage: StorageState = "ok";
  #storageDetail = "";
  #isMaintaining = false;
  #paused = "";
  /** End of the oldest scrape that is not committed, in ms since the Unix epoch. */
  #oldestAppendMs = Infinity;
  readonly #failures: FailureLogs;
  readonly #commitDelays = this.#registry.histogram({
    name: "narthex_scrape_to_commit_seconds",
    help: "Time from the end of a scrape until its samples are on disk.",
    buckets: [0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 2.5],
  });
  readonly #maintenanceFailures = this.#registry.counter({
    name: "narthex_tsdb_maintenance_failures_total",
    help: "Times that retention, writing blocks or compaction failed and was left to the next time.",
  });
  readonly #timers: Record<TimedWork, { startTimer(): () => void }> = {
    commit: this.#registry.summary({
      name: "prometheus_tsdb_wal_fsync_duration_seconds",
      help: "How long commits of the write-ahead log took until they were on disk.",
      objectives: { 0.5: 0.05, 0.9: 0.01, 0.99: 0.001 },
    }),
    compaction: this.#registry.histogram({
      name: "prometheus_tsdb_compaction_duration_seconds",
      help: "How long compactions took.",
      buckets: Array.from({ length: 14 }, (_, i) => 2 ** i),
    }),
    tombstone_cleanup: this.#registry.histogram({
      name: "prometheus_tsdb_tombstone_cleanup_seconds",
      help: "How long it took to rewrite the blocks with deleted samples.",
    }),
  };
  /** Why maintenance failed last, "" where it did not. */
  #maintenanceError = "";
  #commitTimer: ReturnType<typeof setTimeout> | undefined;
  #maintainTimer: ReturnType<typeof setInterval> | undefined;
  #working: Promise<void> = Promise.resolve();
  #closed = false;
  /** Questions that are being worked on, by number of the call. */
  readonly #calls = new Map<number, AbortController>();

  constructor(options: LocalShardOptions) {
    this.#options = options;
    this.#limits = options.limits;
    this.#failures = new FailureLogs((file, error) =>
      options.log("error", "Cannot write the scrape failure log", { file, err: error.message })
    );
    this.#opened = this.#open();
    this.#opened.catch((error) => this.#failure = error);
    this.#scrapes = new ScrapeManager({
      ready: this.#opened,
      registry: this.#registry,
      clock: systemClock,
      budget: options.budget,
      createFetcher: options.createFetcher,
      pause,
      logFailure: (file, failure) => this.#failures.log(file, failure),
      onUnexpected: (error, target) =>
        options.log("error", "Unexpected error while scraping", {
          shard: options.number,
          ...(target && { scrape_pool: target.jobName, target: target.url }),
          err: error.stack ?? error.message,
        }),
      onClockStep: (stepMs) =>
        options.log("warn", "The clock was stepped, or the machine was suspended: samples get the new time", {
          shard: options.number,
          seconds: stepMs / 1000,
        }),
      refusal: () => this.#paused !== "" ? this.#paused : this.#storageDetail,
      onAppended: (endMs) => {
        this.#oldestAppendMs = Math.min(this.#oldestAppendMs, endMs);
        this.#scheduleCommit(this.#options.flushIntervalMs);
      },
    });
  }

  /** Resolves when the data can be read. @throws If the store cannot be opened. */
  async opened(): Promise<void> {
    await this.#opened;
  }

  async #open(): Promise<Database> {
    const store = await this.#options.openStore();
    const startMs = performance.now();
    const database = await Database.open(store, this.#databaseOptions());
    database.counters.replayMs = performance.now() - startMs;
    this.#database = database;
    this.#registry.register(new DatabaseMetrics(database));
    const { maintainEveryMs = MAINTAIN_EVERY_DEFAULT_MS } = this.#options;
    this.#maintainTimer = setInterval(() => this.#maintain(), maintainEveryMs);
    return database;
  }

  #databaseOptions(): DatabaseOptions {
    return {
      ...this.#limits,
      pause,
      startTimer: (work) => this.#timers[work].startTimer(),
      onDamage: (key: Key, error: Error) =>
        this.#options.log("error", "Stored value set aside: it cannot be read", {
          shard: this.#options.number,
          key: JSON.stringify(key),
          err: error.message,
        }),
    };
  }

  // --- Durability ------------------------------------------------------------------------------------------------

  #scheduleCommit(delayMs: number): void {
    if (this.#commitTimer !== undefined || this.#closed) return;
    this.#commitTimer = setTimeout(() => {
      this.#commitTimer = undefined;
      this.#work(async (database) => {
        const oldestMs = this.#oldestAppendMs;
        this.#oldestAppendMs = Infinity;
        await database.commit();
        if (oldestMs !== Infinity) this.#commitDelays.observe((systemClock.now() - oldestMs) / 1000);
        this.#storageIs("ok", "");
      }, (error) => this.#refuse(error));
    }, delayMs);
  }

  #maintain(): void {
    // Also on a full disk: retention may be what makes room.
    if (this.#isMaintaining) return;
    this.#isMaintaining = true;
    this.#work(async (database) => {
      try {
        const blocks = database.blocks;
        await database.maintain();
        if (database.blocks.some((block, i) => block.id !== blocks[i]?.id)) {
          await this.#options.reclaimSpace();
        }
        this.#maintenanceError = "";
      } finally {
        this.#isMaintaining = false;
      }
    }, (error) => {
      this.#maintenanceFailures.inc();
      if (error instanceof StoreFullError) this.#refuse(error);
      else this.#reportMaintenance(messageOf(error));
    });
  }

  /** Does storage work. */
  #work(work: (database: Database) => Promise<void>, onError: (error: unknown) => void): void {
    const database = this.#database;
    if (database === undefined) return;
    const running = work(database).catch(onError);
    this.#working = Promise.all([this.#working, running]).then(() => {});
  }

  /** Takes nothing more in until a commit succeeds. */
  #refuse(error: unknown): void {
    this.#storageIs(error instanceof StoreFullError ? "full" : "failing", messageOf(error));
    this.#scheduleCommit(RETRY_MS);
  }

  #reportMaintenance(message: string): void {
    if (message === this.#maintenanceError) return;
    this.#maintenanceError = message;
    const { number, log } = this.#options;
    log("error", "Maintenance of stored data failed; will try again", { shard: number, err: message });
  }

  #storageIs(state: StorageState, detail: string): void {
    if (state !== this.#storage) {
      const { number, log } = this.#options;
      if (state === "ok") log("info", "Storage accepts samples again", { shard: number });
      else log("error", "Storage accepts no samples; will try again", { shard: number, state, err: detail });
    }
    this.#storage = state;
    this.#storageDetail = detail;
  }

  // --- Shard -----------------------------------------------------------------------------------------------------

  setTargets(pools: readonly ScrapePoolSpec[]): Promise<void> {
    this.#scrapes.setTargets(pools);
    return Promise.resolve();
  }

  targets(): Promise<TargetStatus[]> {
    return Promise.resolve(this.#scrapes.status());
  }

  async setLimits(limits: ShardLimits): Promise<void> {
    this.#limits = limits;
    const database = await this.#opened;
    if (limits.exemplarsMax !== database.options.exemplarsMax) database.exemplars.resize(limits.exemplarsMax);
    database.options = this.#databaseOptions();
  }

  pauseIngest(reason: string): Promise<void> {
    this.#paused = reason;
    return Promise.resolve();
  }

  async select({ matchers, ...request }: SelectionRequest, call: number): Promise<SeriesBatch> {
    return await this.#cancellable(call, async (signal) => {
      const database = await this.#opened;
      signal.throwIfAborted();
      const series = await database.select({ ...request, matchers: matchers.map(matcherOf), signal });
      return packSeries(series);
    });
  }

  async evaluateFragment(fragment: Fragment, call: number): Promise<FragmentResult> {
    const now = () => performance.now();
    return await this.#cancellable(call, async (signal) => {
      const database = await this.#opened;
      const { evaluateFragment } = await loadFragmentEvaluation();
      signal.throwIfAborted();
      return await evaluateFragment(database, fragment, { now, pause: nextTurn, signal });
    });
  }

  cancel(call: number): Promise<void> {
    this.#calls.get(call)?.abort();
    return Promise.resolve();
  }

  async #cancellable<T>(call: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.#calls.set(call, controller);
    try {
      return await work(controller.signal);
    } finally {
      this.#calls.delete(call);
    }
  }

  async series(request: SeriesRequest): Promise<string[][]> {
    const found = await findSeries(await this.#opened, queryOf(request));
    return found.map((labels) => [...labels.pairs]);
  }

  async countSeries(request: SeriesRequest): Promise<number> {
    return (await selectRefs(await this.#opened, queryOf(request))).length;
  }

  async labelNames(request: SeriesRequest): Promise<string[]> {
    return await labelNames(await this.#opened, queryOf(request));
  }

  async labelValues(name: string, request: SeriesRequest): Promise<string[]> {
    return await labelValues(await this.#opened, name, queryOf(request));
  }

  async exemplars(request: SeriesRequest): Promise<SeriesExemplars[]> {
    const database = await this.#opened;
    const refs = new Set(
      await selectRefs(database, { ...queryOf(request), startMs: -Infinity, endMs: Infinity }),
    );
    const found = new Map<number, SeriesExemplars["exemplars"][number][]>();
    for (const { ref, exemplar } of database.exemplars.inOrder()) {
      if (!refs.has(ref) || exemplar.timeMs < request.startMs || exemplar.timeMs > request.endMs) continue;
      const list = found.get(ref) ?? [];
      list.push(exemplar);
      found.set(ref, list);
    }
    return [...found].map(([ref, exemplars]) => ({
      labels: [...database.index.labels(ref).pairs],
      exemplars,
    }));
  }

  async statistics(limit: number): Promise<ShardStatistics> {
    const database = await this.#opened;
    const { series, ...rest } = cardinality(database, limit);
    const { minMs, maxMs } = database.head;
    return { ...rest, headSeries: series, chunks: series, minMs, maxMs };
  }

  async blocks(): Promise<BlockSummary[]> {
    const database = await this.#opened;
    return database.blocks.map(({ id, level, minMs, maxMs, samples, series, chunks, bytes }) => ({
      shard: this.#options.number,
      id,
      level,
      startMs: minMs,
      endMs: maxMs,
      samples,
      series,
      chunks,
      bytes,
    }));
  }

  async deleteSeries(request: SeriesRequest): Promise<void> {
    const database = await this.#opened;
    for (const matchers of request.matcherSets) {
      await database.deleteSeries(matchers.map(matcherOf), request.startMs, request.endMs);
    }
  }

  async cleanTombstones(): Promise<void> {
    await (await this.#opened).cleanTombstones();
  }

  async snapshot(path: string, skipHead: boolean): Promise<void> {
    await (await this.#opened).commit();
    await this.#options.copyStore(path, skipHead);
  }

  metrics(): Promise<PlainFamily[]> {
    return Promise.resolve(encodeFamilies(this.#registry.gather()));
  }

  health(): Promise<ShardHealth> {
    return Promise.resolve({
      ready: this.#database !== undefined,
      minMs: this.#database?.oldestMs ?? Infinity,
      maxMs: this.#database?.head.maxMs ?? -Infinity,
      headMinMs: this.#database?.head.minMs ?? Infinity,
      replayMs: this.#database?.counters.replayMs ?? 0,
      damagedValues: this.#database?.counters.damagedValues ?? 0,
      storage: this.#paused === "" ? this.#storage : "full",
      detail: this.#failure?.message ?? (this.#paused || this.#storageDetail),
    });
  }

  async close(): Promise<void> {
    await this.#scrapes.stop();
    await this.#failures.flush();
    this.#closed = true;
    clearTimeout(this.#commitTimer);
    clearInterval(this.#maintainTimer);
    await this.#working;
    const database = await this.#opened;
    try {
      await database.commit();
    } finally {
      await database.store.close();
    }
  }
}

function matcherOf({ type, name, value }: PlainMatcher): Matcher {
  return new Matcher(type, name, value);
}

function queryOf({ matcherSets, startMs, endMs, limit }: SeriesRequest): SeriesQuery {
  return { matcherSets: matcherSets.map((matchers) => matchers.map(matcherOf)), startMs, endMs, limit };
}

/** Lets timers and input have their turn. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
