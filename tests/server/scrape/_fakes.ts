import { Registry, sampleValue } from "../../../engine/instrument/mod.ts";
import { Labels } from "../../../engine/labels/labels.ts";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { isAbsent, isStale, wordsOf } from "../../../engine/sample.ts";
import { Database } from "../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../engine/tsdb/memory_store.ts";
import { httpClientFields } from "../../../server/config/http_client_config.ts";
import { section } from "../../../server/config/section.ts";
import type { ScrapeClock } from "../../../server/scrape/clock.ts";
import type { BodyFetcher, BodyReceiver, BodyRequest } from "../../../server/scrape/http_fetcher.ts";
import { type PlainHttpClientConfig, revealSecrets } from "../../../server/scrape/plain_http.ts";
import { ScrapeManager, type ScrapeManagerDeps } from "../../../server/scrape/scrape_manager.ts";
import type { SeriesBudget } from "../../../server/scrape/series_budget.ts";
import type { ScrapePoolSpec, TargetSpec } from "../../../server/scrape/spec.ts";

/** A clock that stands still but for `advance`. */
export class FakeClock implements ScrapeClock {
  #timers: { dueMs: number; run: () => void }[] = [];
  #monotonicMs = 0;

  constructor(private startMs: number) {}

  now(): number {
    return this.startMs + this.#monotonicMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  schedule(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), run };
    this.#timers.push(timer);
    return () => void (this.#timers = this.#timers.filter((other) => other !== timer));
  }

  /** Lets time pass: timers run when they are due, and everything they start is let go on. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    for (;;) {
      await settle();
      const next = this.#timers.filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#monotonicMs = Math.max(this.#monotonicMs, next.dueMs);
      next.run();
    }
    this.#monotonicMs = endMs;
  }

  /** Changes the time without running timers, as while the process is busy. */
  jump(ms: number): void {
    this.#monotonicMs += ms;
  }

  /** Sets the time forward, or back, as an administrator does. */
  step(ms: number): void {
    this.startMs += ms;
  }
}

export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

export type Answer =
  | string
  | Error
  | { body: string; contentType: string | undefined; end?: Error }
  | "hang"
  | ((request: BodyRequest) => Answer);

export const HANG: Answer = "hang";

/** Answers every scrape with `answer`. */
export class FakeFetcher implements BodyFetcher {
  answer: Answer = "";
  requests: BodyRequest[] = [];
  isClosed = false;

  async fetch(request: BodyRequest, receiver: BodyReceiver, signal: AbortSignal): Promise<void> {
    this.requests.push(request);
    let answer = this.answer;
    if (typeof answer === "function") answer = answer(request);
    if (answer instanceof Error) throw answer;
    if (answer === HANG) {
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }
    const { body, contentType, end } = typeof answer === "string"
      ? { body: answer, contentType: "text/plain", end: undefined }
      : answer as Exclude<Answer, string | Error | ((request: BodyRequest) => Answer)>;
    receiver.begin(contentType);
    receiver.chunk(new TextEncoder().encode(body));
    if (end !== undefined) throw end;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

export const httpDefaults: PlainHttpClientConfig = revealSecrets(section("http", httpClientFields()).initial);

export const INTERVAL_MS = 10_000;
/** A multiple of the interval. */
export const START_MS = 1_700_000_000_000;

export function targetOf(given: Partial<TargetSpec> = {}): TargetSpec {
  return {
    id: "00000000000000aa",
    url: "http://host:80/metrics",
    unixSocket: "",
    labels: ["instance", "i", "job", "j"],
    intervalMs: INTERVAL_MS,
    timeoutMs: 5_000,
    offsetMs: 0,
    scrapeNativeHistograms: false,
    alwaysScrapeClassicHistograms: false,
    convertClassicHistogramsToNhcb: false,
    ...given,
  };
}

export function poolOf(given: Partial<ScrapePoolSpec> = {}): ScrapePoolSpec {
  const settings = {
    jobName: "j",
    honorLabels: false,
    honorTimestamps: true,
    trackTimestampsStaleness: false,
    enableCompression: true,
    scrapeProtocols: undefined,
    fallbackProtocol: undefined,
    validationScheme: "utf8" as const,
    escapingScheme: "allow-utf-8" as const,
    metricRelabelConfigs: [],
    http: httpDefaults,
    bodySizeLimit: 0,
    sampleLimit: 0,
    labelLimit: 0,
    labelNameLengthLimit: 0,
    labelValueLengthLimit: 0,
    nativeHistogramBucketLimit: 0,
    nativeHistogramMinBucketFactor: 0,
    extraScrapeMetrics: false,
    startTimestamps: { areStored: false, injectZeros: false },
    typeAndUnitLabels: false,
    scrapeFailureLogFile: "",
    poolError: "",
    targets: [targetOf()],
    ...given,
  };
  return { fingerprint: JSON.stringify({ ...settings, targets: [] }), ...settings };
}

/** A budget without an end. */
export const UNLIMITED: SeriesBudget = {
  tryTake: () => true,
  take: () => {},
  release: () => {},
  onRefused: () => {},
};

export function openDatabase(): Promise<Database> {
  return Database.open(new MemoryStore(), { pause: () => Promise.resolve(), exemplarsMax: 100 });
}

/** A manager over fakes, and what it wrote. */
export class Scene {
  readonly fetcher = new FakeFetcher();
  readonly registry: Registry;
  readonly manager: ScrapeManager;

  private constructor(
    readonly clock: FakeClock,
    readonly database: Database,
    deps: Partial<ScrapeManagerDeps>,
  ) {
    this.registry = new Registry({ now: () => clock.now() });
    this.manager = new ScrapeManager({
      ready: Promise.resolve(database),
      registry: this.registry,
      clock,
      budget: UNLIMITED,
      createFetcher: () => this.fetcher,
      pause: () => Promise.resolve(),
      refusal: () => "",
      onAppended: () => {},
      onUnexpected: (error) => {
        throw error;
      },
      ...deps,
    });
  }

  static async open(deps: Partial<ScrapeManagerDeps> = {}): Promise<Scene> {
    const scene = new Scene(new FakeClock(START_MS), await openDatabase(), deps);
    await settle();
    return scene;
  }

  /** Scrapes once for each answer, from the start, at every interval. */
  async scrape(pool: ScrapePoolSpec, ...answers: Answer[]): Promise<this> {
    for (const [i, answer] of answers.entries()) {
      this.fetcher.answer = answer;
      if (i === 0) {
        this.manager.setTargets([pool]);
        await this.clock.advance(0);
      } else await this.clock.advance(INTERVAL_MS - (this.clock.now() - START_MS) % INTERVAL_MS);
      if (answer === HANG) await this.clock.advance(5_000);
    }
    return this;
  }

  /** Samples by series, as `value@seconds since the start`, `S` for a staleness marker, `H` for a histogram. */
  async samples(names: RegExp = /^(?!up$|scrape_)/): Promise<Record<string, string>> {
    const all = new Matcher("=~", "__name__", ".+");
    const range = { startMs: START_MS - 3_600_000, endMs: START_MS + 3_600_000 };
    const found: Record<string, string> = {};
    for (
      const { labels, times, values, histograms } of await this.database.select({ matchers: [all], ...range })
    ) {
      const name = labels.get("__name__");
      if (!names.test(name)) continue;
      const words = wordsOf(values);
      const parts: string[] = [];
      times.forEach((time, i) => {
        const at = (time - START_MS) / 1000;
        const histogram = histograms?.[i];
        if (histogram !== undefined) parts.push(`H${histogram.schema}:${histogram.count}@${at}`);
        else if (isStale(words, i)) parts.push(`S@${at}`);
        else if (!isAbsent(words, i)) parts.push(`${values[i]}@${at}`);
      });
      if (parts.length > 0) found[shown(labels)] = parts.join(" ");
    }
    return found;
  }

  count(metric: string, labels: Record<string, string> = {}): number {
    return sampleValue(this.registry, metric, labels) ?? 0;
  }
}

/** The series without the labels of the usual target. */
function shown(labels: Labels): string {
  const rest = [...labels].filter(([name, value]) =>
    name !== "__name__" && !(name === "job" && value === "j") && !(name === "instance" && value === "i")
  );
  return labels.get("__name__") + (rest.length === 0 ? "" : String(Labels.from(rest)));
}
