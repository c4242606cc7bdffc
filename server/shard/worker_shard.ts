import * as Comlink from "comlink";
import type { PlainFamily } from "../../engine/instrument/mod.ts";
import type { Fragment, FragmentResult } from "../../engine/promql/pushdown/fragment.ts";
import type { LogSettings } from "../log.ts";
import type { ScrapePoolSpec, TargetStatus } from "../scrape/spec.ts";
import type { SeriesBatch } from "./series_batch.ts";
import { EmptyShard } from "./empty_shard.ts";
import { ShardUnavailableError } from "./shard_unavailable.ts";
import { SharedSeriesBudget } from "./series_budget.ts";
import type {
  BlockSummary,
  SelectionRequest,
  SeriesExemplars,
  SeriesRequest,
  Shard,
  ShardHealth,
  ShardLimits,
  ShardStatistics,
} from "./shard.ts";

/** What a shard's worker is told when it starts. */
export interface WorkerSettings {
  /** Number of the shard, from 0. */
  readonly number: number;
  /** File of the shard's store. */
  readonly path: string;
  readonly flushIntervalMs: number;
  readonly limits: ShardLimits;
  readonly seriesMax: number;
  /** See `SharedSeriesBudget.memory`. */
  readonly seriesCounts: SharedArrayBuffer;
  readonly log: LogSettings;
  /** Of the program, for the user agent. */
  readonly version: string;
}

/** What the worker offers beside the shard itself. */
export interface WorkerApi extends Shard {
  start(settings: WorkerSettings): void;
  opened(): Promise<void>;
}

/** What can be asked of a shard that was started. */
type RemoteShard = Omit<WorkerApi, "start">;

/** Longest pause before a worker that died again and again is started anew, in ms. */
const RESTART_DELAY_MAX_MS = 30_000;

/**
 * A shard in a worker. There is none until there is something for it to do: data on disk, or a target. A worker that
 * dies is started anew, recovers from its log, and gets its targets back.
 */
export class WorkerShard implements Shard {
  /** Times that the worker died and was started anew. */
  restarts = 0;
  #settings: WorkerSettings;
  #pools: readonly ScrapePoolSpec[] | undefined;
  #paused = "";
  #worker: Worker | undefined;
  /** What is asked: the worker, or what stands in for it before there is one. */
  #remote: RemoteShard = new EmptyShard();
  /** Whether the owner was told that the data can be read. */
  #wasOpened = false;
  /** Reject the calls that the worker has not answered, for when it dies or cannot open its store. */
  readonly #underWay = new Set<(error: Error) => void>();
  /** Why there is no worker to ask. */
  #gone: ShardUnavailableError | undefined;
  /** Resolves when a worker that was started anew has opened its store, or was found unable to and is gone. */
  #reopened: Promise<void> | undefined;
  #startedMs = 0;
  #delayMs = 0;
  #closed = false;

  constructor(settings: WorkerSettings, readonly onDeath: (shard: number, error: string) => void) {
    this.#settings = settings;
    if (!isUnused(settings.path)) this.#start();
  }

  /** Whether there is, or was, a worker. */
  get isStarted(): boolean {
    return this.#worker !== undefined;
  }

  /** Starts the worker if there is none yet. */
  start(): void {
    if (this.isStarted || this.#closed) return;
    this.#start();
    if (this.#wasOpened) this.#watchOpening();
  }

  #start(): void {
    const worker = new Worker(new URL("./worker_entry.ts", import.meta.url), {
      type: "module",
      name: `shard-${this.#settings.number}`,
    });
    this.#worker = worker;
    this.#startedMs = performance.now();
    const remote = Comlink.wrap<WorkerApi>(worker);
    this.#remote = remote;
    this.#gone = undefined;
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      if (this.#worker !== worker) return;
      if (this.#closed) this.#die(new ShardUnavailableError(this.#settings.number, event.message));
      else this.#restart(event.message);
    });
    void remote.start(this.#settings);
    if (this.#paused !== "") void this.#tell(() => remote.pauseIngest(this.#paused));
    if (this.#pools !== undefined) void this.#tell(() => remote.setTargets(this.#pools!));
  }

  /** Starts the worker anew if it cannot open its store. At the first start that is the owner's affair. */
  #watchOpening(): void {
    const worker = this.#worker;
    this.#reopened = this.#remote.opened().catch((error: Error) => {
      if (this.#worker === worker && !this.#closed) this.#restart(error.message);
    });
  }

  #restart(reason: string): void {
    this.#die(new ShardUnavailableError(this.#settings.number, reason));
    this.#worker!.terminate();
    this.restarts++;
    SharedSeriesBudget.releaseAll(this.#settings.seriesCounts, this.#settings.number);
    this.onDeath(this.#settings.number, reason);
    // At once, but not again and again: a worker that does not live for a minute waits twice as long as the time before.
    const lived = performance.now() - this.#startedMs;
    this.#delayMs = lived > 60_000 ? 0 : Math.min(RESTART_DELAY_MAX_MS, Math.max(100, this.#delayMs * 2));
    setTimeout(() => {
      if (this.#closed) return;
      this.#start();
      this.#watchOpening();
    }, this.#delayMs);
  }

  #die(error: ShardUnavailableError): void {
    this.#gone = error;
    for (const reject of this.#underWay) reject(error);
    this.#underWay.clear();
  }

  /**
   * Calls the worker; rejects when it dies before it has answered. No race against a promise of its death: that would
   * hold every answer as long as the worker lives.
   */
  #call<T>(ask: (remote: RemoteShard) => Promise<T>): Promise<T> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#underWay.add(reject);
    const reopened = this.#reopened;
    ask(this.#remote).then(resolve, async (error) => {
      await reopened; // what failed because the store could not be opened again is rejected with that
      reject(error);
    }).finally(() => this.#underWay.delete(reject));
    return promise;
  }

  /** Tells the worker of a setting that was noted; one that is gone is told when it starts. */
  async #tell(ask: (remote: RemoteShard) => Promise<void>): Promise<void> {
    try {
      await this.#call(ask);
    } catch (error) {
      if (!(error instanceof ShardUnavailableError) || this.#closed) throw error;
    }
  }

  /** Resolves when the data can be read. @throws If the store cannot be opened. */
  async opened(): Promise<void> {
    await this.#call((remote) => remote.opened());
    this.#wasOpened = true;
  }

  setTargets(pools: readonly ScrapePoolSpec[]): Promise<void> {
    if (pools.some(({ targets }) => targets.length > 0)) this.start();
    this.#pools = pools; // after the start, which tells what was noted before
    return this.#tell((remote) => remote.setTargets(pools));
  }

  setLimits(limits: ShardLimits): Promise<void> {
    this.#settings = { ...this.#settings, limits };
    return this.#tell((remote) => remote.setLimits(limits));
  }

  pauseIngest(reason: string): Promise<void> {
    this.#paused = reason;
    return this.#tell((remote) => remote.pauseIngest(reason));
  }

  targets(): Promise<TargetStatus[]> {
    return this.#call((remote) => remote.targets());
  }

  select(request: SelectionRequest, call: number): Promise<SeriesBatch> {
    return this.#call((remote) => remote.select(request, call));
  }

  evaluateFragment(fragment: Fragment, call: number): Promise<FragmentResult> {
    return this.#call((remote) => remote.evaluateFragment(fragment, call));
  }

  cancel(call: number): Promise<void> {
    return this.#call((remote) => remote.cancel(call));
  }

  series(request: SeriesRequest): Promise<string[][]> {
    return this.#call((remote) => remote.series(request));
  }

  countSeries(request: SeriesRequest): Promise<number> {
    return this.#call((remote) => remote.countSeries(request));
  }

  labelNames(request: SeriesRequest): Promise<string[]> {
    return this.#call((remote) => remote.labelNames(request));
  }

  labelValues(name: string, request: SeriesRequest): Promise<string[]> {
    return this.#call((remote) => remote.labelValues(name, request));
  }

  exemplars(request: SeriesRequest): Promise<SeriesExemplars[]> {
    return this.#call((remote) => remote.exemplars(request));
  }

  statistics(limit: number): Promise<ShardStatistics> {
    return this.#call((remote) => remote.statistics(limit));
  }

  blocks(): Promise<BlockSummary[]> {
    return this.#call((remote) => remote.blocks());
  }

  deleteSeries(request: SeriesRequest): Promise<void> {
    return this.#call((remote) => remote.deleteSeries(request));
  }

  cleanTombstones(): Promise<void> {
    return this.#call((remote) => remote.cleanTombstones());
  }

  snapshot(path: string, skipHead: boolean): Promise<void> {
    return this.#call((remote) => remote.snapshot(path, skipHead));
  }

  metrics(): Promise<PlainFamily[]> {
    return this.#call((remote) => remote.metrics());
  }

  health(): Promise<ShardHealth> {
    return this.#call((remote) => remote.health());
  }

  async close(): Promise<void> {
    this.#closed = true;
    try {
      await this.#call((remote) => remote.close());
    } finally {
      this.#worker?.terminate();
    }
  }
}

/** Whether nothing was ever stored at `path`. An empty file is put there, by which the shard is not missing. */
function isUnused(path: string): boolean {
  try {
    using file = Deno.openSync(path, { append: true, create: true });
    return file.statSync().size === 0;
  } catch {
    return false; // the worker will tell why
  }
}
