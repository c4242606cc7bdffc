import assert from "node:assert/strict";
import { type Server, until } from "../integration/_server.ts";

/** Scrapes that the factor leaves room for: series numbers stay below it. */
const FACTOR = 1_000_000;

export interface CountingOptions {
  readonly targets: number;
  readonly series: number;
  /** New series that each further scrape of a target named "growing" brings. */
  readonly growth?: number;
}

/**
 * Targets that count their scrapes: series `s` of scrape `n` is `n * FACTOR + s`, so that a sample tells by itself
 * where it belongs, and a scrape that was lost leaves a hole between its neighbours.
 */
export class CountingTargets implements AsyncDisposable {
  readonly #scrapes = new Map<string, number>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(readonly options: CountingOptions) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => new Response(this.#scrape(new URL(request.url).pathname.slice(1))),
    );
  }

  get address(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  /** A job that scrapes all of them every `intervalMs`. */
  config(intervalMs: number, more = ""): string {
    const groups = Array.from({ length: this.options.targets }, (_, i) => this.group(String(i)));
    return `
global: {scrape_interval: ${intervalMs}ms, scrape_timeout: ${intervalMs}ms}
scrape_configs:
- job_name: counting
  static_configs: [${groups.join(", ")}]
${more}`;
  }

  /** A static_config of one target. */
  group(name: string): string {
    return `{targets: ["${this.address}"], labels: {__metrics_path__: /${name}, target: "${name}"}}`;
  }

  #scrape(name: string): string {
    const n = (this.#scrapes.get(name) ?? 0) + 1;
    this.#scrapes.set(name, n);
    let text = `victim ${n}\n`;
    for (let s = 0; s < this.options.series; s++) text += `counted{s="${s}"} ${n * FACTOR + s}\n`;
    if (name !== "growing") return text;
    for (let i = 0; i < n * this.options.growth!; i++) text += `grown{path="/users/${i}"} 1\n`;
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Samples of one series as [ms, value], by target and number of the series. */
export type Histories = Map<string, Map<number, [timeMs: number, value: number][]>>;

export interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

/** All samples of the counting targets. */
export async function historiesOf(server: Server, selector = "counted"): Promise<Histories> {
  const { result } = await server.api("query", { query: `${selector}[1d]` });
  const histories: Histories = new Map();
  for (const { metric, values } of result) {
    const { target, s } = metric as { target: string; s: string };
    const samples = values.map((
      [seconds, value]: [number, string],
    ) => [Math.round(seconds * 1000), Number(value)]);
    let series = histories.get(target);
    if (series === undefined) histories.set(target, series = new Map());
    assert.ok(!series.has(Number(s)), `series ${s} of target ${target} is there twice`);
    series.set(Number(s), samples);
  }
  return histories;
}

/**
 * Checks that every sample is what the target said, that each scrape is there whole and once, and that scrapes are
 * missing between others at most `holesMax` times, not counting those in periods of trouble.
 */
export function checkHistories(
  histories: Histories,
  { targets, series }: CountingOptions,
  holesMax: number,
  troubles: readonly Period[] = [],
): void {
  assert.equal(histories.size, targets);
  for (const [target, all] of histories) {
    assert.equal(all.size, series, `series of target ${target}`);
    const times = all.get(0)!.map(([timeMs]) => timeMs),
      scrapes = all.get(0)!.map(([, value]) => value / FACTOR);
    const holes: string[] = [];
    for (let i = 1; i < times.length; i++) {
      assert.ok(times[i] > times[i - 1], `target ${target}: times ${times[i - 1]}, ${times[i]}`);
      assert.ok(scrapes[i] > scrapes[i - 1], `target ${target}: scrapes ${scrapes[i - 1]}, ${scrapes[i]}`);
      const isExcused = troubles.some(({ startMs, endMs }) => times[i] > startMs && times[i - 1] < endMs);
      if (scrapes[i] !== scrapes[i - 1] + 1 && !isExcused) {
        holes.push(`${scrapes[i - 1]}..${scrapes[i]} at ${times[i]}`);
      }
    }
    assert.ok(
      holes.length <= holesMax,
      `target ${target}: ${holes.length} holes, at most ${holesMax} expected: ${holes}`,
    );
    for (const [s, samples] of all) {
      assert.deepEqual(
        samples,
        times.map((timeMs, i) => [timeMs, scrapes[i] * FACTOR + s]),
        `series ${s} of ${target}`,
      );
    }
  }
}

/** Times that scrapes failed, over all targets: each may leave a hole. */
export async function failedScrapes(server: Server): Promise<number> {
  const { result } = await server.api("query", { query: 'up{job="counting"}[1d]' });
  return result.flatMap(({ values }: { values: [number, string][] }) => values).filter(([, up]: string[]) =>
    up === "0"
  )
    .length;
}

/** Newest scrape of each target as [ms, value]. */
export type Newest = Map<string, [timeMs: number, value: number]>;

async function newestOf(server: Server): Promise<Newest> {
  const { result } = await server.api("query", { query: 'counted{job="counting",s="0"}[5s]' });
  return new Map(
    result.map(({ metric, values }: { metric: { target: string }; values: [number, string][] }) => {
      const [seconds, value] = values.at(-1)!;
      return [metric.target, [Math.round(seconds * 1000), Number(value)]];
    }),
  );
}

/**
 * Newest scrapes that are on disk for certain: they were read, and after that there was a moment when nothing that was
 * appended was not yet committed.
 */
export async function durableNow(server: Server): Promise<Newest> {
  const newest = await newestOf(server);
  while (await server.metric("narthex_tsdb_uncommitted_bytes") > 0); // not `until`: the server may be killed meanwhile
  return newest;
}

export function checkHolds(histories: Histories, durable: Newest): void {
  for (const [target, sample] of durable) {
    const found = histories.get(target)?.get(0)?.find(([timeMs]) => timeMs === sample[0]);
    assert.deepEqual(found, sample, `target ${target}: a committed scrape is lost`);
  }
}

/** Waits until every target was scraped `count` times more. */
export async function scrapedMore(server: Server, count: number): Promise<void> {
  const before = await newestOf(server);
  await until(async () => {
    const now = await newestOf(server);
    return now.size > 0 &&
      [...now].every(([target, [, value]]) => value >= (before.get(target)?.[1] ?? 0) + count * FACTOR);
  }, () => `targets are not scraped:\n${server.log}`);
}
