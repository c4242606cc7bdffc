import {
  acceptHeader,
  DEFAULT_SCRAPE_PROTOCOLS,
  PROTO_FIRST_SCRAPE_PROTOCOLS,
} from "../../engine/exposition/negotiation.ts";
import type { Database } from "../../engine/tsdb/database.ts";
import { formatDuration } from "../../engine/duration.ts";
import type { ScrapeClock } from "./clock.ts";
import { type HeldBodies, HeldLimitError } from "./held_bodies.ts";
import { deadlineError } from "./http_error.ts";
import type { BodyFetcher, BodyReceiver } from "./http_fetcher.ts";
import { RecordedBody } from "./recorded_body.ts";
import { type AppenderDeps, SampleAppender, type ScrapeTimes } from "./sample_appender.ts";
import type { ScrapePoolSpec, TargetSpec, TargetStatus } from "./spec.ts";
import type { StepWatch } from "./step_watch.ts";
import { sampleTime, tickAfter, tickFrom, tickUpTo } from "./tick.ts";

/** A scrape that failed, for the log. */
export interface ScrapeFailure {
  readonly timeMs: number;
  readonly jobName: string;
  readonly url: string;
  readonly error: string;
}

export interface LoopDeps extends Omit<AppenderDeps, "database"> {
  readonly clock: ScrapeClock;
  readonly steps: StepWatch;
  readonly fetcher: BodyFetcher;
  /** Undefined until it is open and everything held is applied. */
  readonly database: () => Database | undefined;
  readonly held: HeldBodies;
  /** Told where the pool has a `scrapeFailureLogFile`. */
  readonly logFailure?: (file: string, failure: ScrapeFailure) => void;
  /** Told of errors that nobody foresaw, each once in a row: they cost a scrape of this target and nothing else. */
  readonly onUnexpected: (error: Error, target: { readonly jobName: string; readonly url: string }) => void;
}

/** Scrapes one target at its ticks until it is stopped. */
export class ScrapeLoop {
  #appender: SampleAppender | undefined;
  #cancelTimer: () => void = () => {};
  #tickMs = -Infinity;
  /** When the last scrape began, in ms since the Unix epoch and as monotonic time. */
  #lastStartMs = -Infinity;
  #lastStart = -Infinity;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;
  /** Of the scrape under way. */
  #abort = new AbortController();
  readonly #accept: string;
  readonly #status: { -readonly [Key in keyof Omit<TargetStatus, "metadata">]: TargetStatus[Key] };

  constructor(readonly pool: ScrapePoolSpec, readonly target: TargetSpec, private readonly deps: LoopDeps) {
    const protocols = pool.scrapeProtocols ??
      (target.scrapeNativeHistograms ? PROTO_FIRST_SCRAPE_PROTOCOLS : DEFAULT_SCRAPE_PROTOCOLS);
    this.#accept = acceptHeader(protocols, pool.escapingScheme);
    this.#status = {
      jobName: pool.jobName,
      id: target.id,
      health: "unknown",
      lastError: "",
      lastScrapeMs: 0,
      lastDurationSeconds: 0,
    };
  }

  /** @param before How the target fared so far, in a loop that this one takes the place of. */
  start(before?: TargetStatus): void {
    if (before !== undefined) {
      const { health, lastError, lastScrapeMs, lastDurationSeconds } = before;
      Object.assign(this.#status, { health, lastError, lastScrapeMs, lastDurationSeconds });
    }
    this.#arm(tickFrom(this.target, this.deps.clock.now()));
  }

  status(): TargetStatus {
    return { ...this.#status, metadata: this.#appender?.metadata() ?? [] };
  }

  /** Ends the loop for another one of the same target, or for good. Nothing more is appended. */
  async stop(): Promise<void> {
    this.#halt();
    this.#appender?.release();
    await this.#running;
  }

  /**
   * Ends the loop because the target is gone. Its series get staleness markers once the target had time to come
   * back: two ticks and a tenth of an interval.
   * @param ended Called then, unless the loop is stopped before.
   */
  leave(ended: () => void): void {
    this.#halt();
    const { clock } = this.deps, { intervalMs } = this.target;
    const nowMs = clock.now();
    const missedMs = tickFrom(this.target, Math.max(nowMs, this.#lastStartMs + 1));
    // The tick is further away only where the clock was stepped back since the last scrape.
    const waitMs = Math.min(missedMs - nowMs, intervalMs) + 1.1 * intervalMs;
    this.#cancelTimer = clock.schedule(waitMs, () => {
      try {
        this.#appender?.end(missedMs);
      } catch (error) {
        this.#unexpected(error);
      }
      this.#appender = undefined;
      ended();
    });
  }

  #halt(): void {
    this.#cancelTimer();
    this.#isStopped = true;
    this.#abort.abort(new Error("scrape stopped"));
  }

  #arm(tickMs: number): void {
    const { clock } = this.deps;
    this.#tickMs = tickMs;
    this.#cancelTimer = clock.schedule(tickMs - clock.now(), () => {
      this.#running = this.#scrape();
    });
  }

  async #scrape(): Promise<void> {
    const { clock, steps } = this.deps;
    steps.check();
    const startMs = clock.now(), start = clock.monotonic();
    const timeMs = sampleTime(this.target, startMs);
    this.#tickMs = Math.max(this.#tickMs, tickUpTo(this.target, timeMs));
    const times = () => ({ timeMs, startMs, endMs: startMs + (clock.monotonic() - start) });
    try {
      await this.#scrapeAt(startMs, start, times);
    } catch (error) {
      this.#settle(times(), this.#unexpected(error));
    }
    if (!this.#isStopped) this.#arm(tickAfter(this.target, this.#tickMs, clock.now()));
  }

  /**
   * @param start Monotonic time of `startMs`.
   * @param timesNow The times of the scrape if it ended now.
   */
  async #scrapeAt(startMs: number, start: number, timesNow: () => ScrapeTimes): Promise<void> {
    const { metrics, database, held } = this.deps;
    if (this.#lastStart !== -Infinity) {
      const interval = formatDuration(this.target.intervalMs);
      metrics.intervalLength.labels(interval).observe((start - this.#lastStart) / 1000);
    }
    this.#lastStartMs = startMs;
    this.#lastStart = start;

    const open = database();
    const recorded = open === undefined ? new RecordedBody(held) : undefined;
    const failure = await this.#fetch(recorded ?? this.#appenderFor(open!));
    recorded?.end(failure === undefined);
    if (this.#isStopped) return;
    const times = timesNow();
    metrics.scrapeDuration.observe((times.endMs - startMs) / 1000);
    if (recorded === undefined) {
      this.#settle(times, this.#finish(this.#appenderFor(open!), times, failure));
    } else {
      const apply = (opened: Database) => this.#apply(opened, recorded, times, failure);
      const opened = database();
      if (opened !== undefined) apply(opened);
      else {
        this.#settle(times, failure);
        if (!(failure instanceof HeldLimitError)) held.add({ bytes: recorded.bytes, apply });
      }
    }
  }

  /** Fetches a body into `receiver`. Returns what went wrong. */
  async #fetch(receiver: BodyReceiver): Promise<Error | undefined> {
    const { pool, target, deps } = this;
    if (pool.poolError !== "") {
      deps.metrics.exceededTargetLimit.inc();
      return new Error(pool.poolError);
    }
    const abort = this.#abort = new AbortController();
    const cancel = deps.clock.schedule(target.timeoutMs, () => abort.abort(deadlineError("GET", target.url)));
    try {
      await deps.fetcher.fetch(
        {
          url: target.url,
          unixSocket: target.unixSocket,
          accept: this.#accept,
          enableCompression: pool.enableCompression,
          timeoutMs: target.timeoutMs,
          bodySizeLimit: pool.bodySizeLimit,
        },
        receiver,
        abort.signal,
      );
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      cancel();
    }
  }

  /** Appends a scrape that was recorded. */
  #apply(database: Database, body: RecordedBody, times: ScrapeTimes, failure: Error | undefined): void {
    if (this.#isStopped) return;
    try {
      const appender = this.#appenderFor(database);
      try {
        if (failure === undefined) body.replay(appender);
      } catch (error) {
        failure = error as Error;
      }
      failure = this.#finish(appender, times, failure);
    } catch (error) {
      failure = this.#unexpected(error);
    }
    this.#settle(times, failure);
  }

  /** As `SampleAppender.finish`; a scrape that fails for a reason nobody foresaw is a failed one like others. */
  #finish(appender: SampleAppender, times: ScrapeTimes, failure: Error | undefined): Error | undefined {
    try {
      return appender.finish(times, failure);
    } catch (error) {
      return appender.finish(times, this.#unexpected(error));
    }
  }

  #unexpected(error: unknown): Error {
    const failure = error instanceof Error ? error : new Error(String(error));
    const { url } = this.target, { jobName } = this.pool;
    if (failure.message !== this.#status.lastError) this.deps.onUnexpected(failure, { jobName, url });
    return failure;
  }

  #appenderFor(database: Database): SampleAppender {
    const { jobName } = this.pool;
    return this.#appender ??= new SampleAppender(
      `scrape/${jobName}/${this.target.id}`,
      this.pool,
      this.target,
      { ...this.deps, database },
    );
  }

  #settle({ timeMs, startMs, endMs }: ScrapeTimes, failure: Error | undefined): void {
    const status = this.#status;
    status.health = failure === undefined ? "up" : "down";
    status.lastError = failure?.message ?? "";
    status.lastScrapeMs = startMs;
    status.lastDurationSeconds = (endMs - startMs) / 1000;
    const { jobName, scrapeFailureLogFile } = this.pool;
    if (failure !== undefined && scrapeFailureLogFile !== "") {
      const { url } = this.target;
      this.deps.logFailure?.(scrapeFailureLogFile, { timeMs, jobName, url, error: failure.message });
    }
  }
}
