import { compareUtf8, Labels, METRIC_NAME } from "../../engine/labels/labels.ts";
import { Matcher } from "../../engine/labels/matcher.ts";
import type { Database } from "../../engine/tsdb/database.ts";
import { mergeSeries } from "../../engine/tsdb/merge_series.ts";
import type { SeriesColumns } from "../../engine/tsdb/select.ts";
import type { ServerClient } from "./server_client.ts";
import { RefusedError } from "./server_client.ts";

/** Milliseconds since the Unix epoch, both inclusive. */
export interface Range {
  readonly startMs: number;
  readonly endMs: number;
}

/** Something that samples are exported from. */
export interface ExportSource {
  /** The range of its samples; empty (start after end) where there are none. */
  range(): Promise<Range>;
  /** Names of metrics that may have wanted series in the range, sorted by their bytes. */
  names(range: Range): Promise<string[]>;
  /** About how many samples the metric has in the range. */
  estimate(name: string, range: Range): Promise<number>;
  /** Wanted series of the metric, each once. */
  select(name: string, range: Range): Promise<SeriesColumns[]>;
  /** Most samples to ask for at a time. */
  readonly samplesMax: number;
}

/** Lists of matchers, one of which a series must satisfy; none stand for all series. */
export type Selectors = readonly (readonly Matcher[])[];

function withName(selectors: Selectors, name: string): Selectors {
  const isNamed = new Matcher("=", METRIC_NAME, name);
  return selectors.length === 0 ? [[isNamed]] : selectors.map((matchers) => [isNamed, ...matchers]);
}

function distinct(series: readonly SeriesColumns[], lists: number): SeriesColumns[] {
  if (lists <= 1) return [...series];
  return [...new Map(series.map((one) => [one.labels.key(), one])).values()];
}

/** The databases of a data directory. */
export class DatabaseSource implements ExportSource {
  readonly samplesMax = 4_000_000;
  readonly #databases: readonly Database[];
  readonly #selectors: Selectors;

  constructor(databases: readonly Database[], selectors: Selectors) {
    this.#databases = databases;
    this.#selectors = selectors;
  }

  /** Series that have no name, and so no place in a text. */
  get nameless(): number {
    return this.#databases.reduce(
      (sum, { index }) => sum + index.select([new Matcher("=", METRIC_NAME, "")]).length,
      0,
    );
  }

  range(): Promise<Range> {
    return Promise.resolve({
      startMs: Math.min(...this.#databases.map(({ oldestMs }) => oldestMs)),
      endMs: Math.max(
        ...this.#databases.map(({ blocks, head }) =>
          blocks.reduce((newest, { maxMs }) => Math.max(newest, maxMs), head.maxMs)
        ),
      ),
    });
  }

  names(): Promise<string[]> {
    const names = new Set<string>();
    for (const { index } of this.#databases) {
      for (const { value } of index.values(METRIC_NAME)) if (!names.has(value)) names.add(value);
    }
    const wanted = [...names].filter((name) =>
      this.#selectors.length === 0 ||
      withName(this.#selectors, name).some((matchers) =>
        this.#databases.some(({ index }) => index.select(matchers).length > 0)
      )
    );
    return Promise.resolve(wanted.sort(compareUtf8));
  }

  /** As if all series had the same share of the samples. */
  estimate(name: string): Promise<number> {
    const isNamed = [new Matcher("=", METRIC_NAME, name)];
    let estimate = 0;
    for (const { blocks, index, counters } of this.#databases) {
      const samples = blocks.reduce((sum, block) => sum + block.samples, 0) + counters.replayedSamples;
      estimate += samples * index.select(isNamed).length / Math.max(1, index.size);
    }
    return Promise.resolve(estimate);
  }

  async select(name: string, range: Range): Promise<SeriesColumns[]> {
    const lists = withName(this.#selectors, name);
    const found: SeriesColumns[][] = [];
    for (const database of this.#databases) {
      const own: SeriesColumns[] = [];
      for (const matchers of lists) own.push(...await database.select({ matchers, ...range }));
      found.push(distinct(own, lists.length));
    }
    return mergeSeries(found);
  }
}

interface MatrixSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values?: readonly (readonly [seconds: number, value: string])[];
  readonly histograms?: readonly unknown[];
}

/** Samples are guessed to be this far apart, in ms, until the first answer. */
const INTERVAL_MS = 15_000;

/** A running server, Narthex or another one with the same API. */
export class ServerSource implements ExportSource {
  readonly samplesMax = 500_000;
  readonly #client: ServerClient;
  readonly #selectors: Selectors;
  readonly #nowMs: number;
  /** Histogram samples in the answers. */
  histograms = 0;

  constructor(client: ServerClient, selectors: Selectors, nowMs: number) {
    this.#client = client;
    this.#selectors = selectors;
    this.#nowMs = nowMs;
  }

  async range(): Promise<Range> {
    const endMs = this.#nowMs;
    try {
      const { headStats } = await this.#client.get<{ headStats: { minTime: number } }>("status/tsdb");
      const { blocks } = await this.#client.get<{ blocks: { minTime: number }[] }>("status/tsdb/blocks");
      const startMs = blocks.reduce((oldest, { minTime }) => Math.min(oldest, minTime), headStats.minTime);
      return { startMs, endMs };
    } catch (error) {
      if (!(error instanceof RefusedError && error.status === 404)) throw error;
      return { startMs: 0, endMs }; // another server, or an older one, which does not tell
    }
  }

  async names(range: Range): Promise<string[]> {
    const names = await this.#client.get<string[]>("label/__name__/values", [
      ...timeRange(range),
      ...this.#selectors.map((matchers) => ["match[]", selectorText(matchers)] as const),
    ]);
    return names.sort(compareUtf8);
  }

  async estimate(name: string, range: Range): Promise<number> {
    const series = await this.#client.post<unknown[]>("series", [
      ...timeRange(range),
      ...withName(this.#selectors, name).map((matchers) => ["match[]", selectorText(matchers)] as const),
    ]);
    return series.length * (range.endMs - range.startMs) / INTERVAL_MS;
  }

  async select(name: string, { startMs, endMs }: Range): Promise<SeriesColumns[]> {
    const lists = withName(this.#selectors, name);
    const found: SeriesColumns[] = [];
    for (const matchers of lists) {
      // A range selector leaves out its start.
      const query = `${selectorText(matchers)}[${endMs - startMs + 1}ms]`;
      const { result } = await this.#client.post<{ result: MatrixSeries[] }>("query", [
        ["query", query],
        ["time", seconds(endMs)],
      ]);
      for (const series of result) {
        this.histograms += series.histograms?.length ?? 0;
        found.push(columnsOf(series, startMs));
      }
    }
    return distinct(found, lists.length);
  }
}

function columnsOf({ metric, values = [] }: MatrixSeries, startMs: number): SeriesColumns {
  const samples = values.map(([time, value]) => ({ timeMs: Math.round(time * 1000), value: numberOf(value) }))
    .filter(({ timeMs }) => timeMs >= startMs); // older servers' range selectors do not leave out their start
  return {
    labels: Labels.from(metric),
    times: Float64Array.from(samples, ({ timeMs }) => timeMs),
    values: Float64Array.from(samples, ({ value }) => value),
  };
}

function numberOf(text: string): number {
  if (text === "+Inf") return Infinity;
  return text === "-Inf" ? -Infinity : Number(text);
}

function selectorText(matchers: readonly Matcher[]): string {
  return `{${matchers.join(",")}}`;
}

function timeRange({ startMs, endMs }: Range): (readonly [string, string])[] {
  return [["start", seconds(startMs)], ["end", seconds(endMs)]];
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
