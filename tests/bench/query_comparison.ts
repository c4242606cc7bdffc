/** Asks servers the same queries in turn: compares their answers, measures latency and memory. */
import { differenceOf } from "./answers.ts";
import { type Bench, median, messageOf } from "./bench.ts";
import type { SubjectName } from "./report.ts";
import type { QueryData, Server } from "./subjects.ts";

export const INSTANT = "/api/v1/query", RANGE = "/api/v1/query_range";

export interface Query {
  readonly name: string;
  readonly path: string;
  readonly parameters: Record<string, string>;
  /** How often it is asked once the answers are compared. */
  readonly repeats: number;
  /** How far numbers of the answers may differ, as a share of the larger one; up to rounding if absent. */
  readonly tolerance?: number;
}

/** Resident memory of one server while a query was asked once, or again and again. */
interface MemoryUse {
  readonly query: string;
  readonly peakBytes: number;
  /** How far the peak was above what was resident just before; the kernel counts roughly. */
  readonly riseBytes: number;
}

export class QueryComparison {
  readonly #memory = new Map<SubjectName, MemoryUse[]>();
  readonly #restBytes = new Map<SubjectName, number>();

  constructor(
    readonly bench: Bench,
    readonly part: string,
    readonly servers: ReadonlyMap<SubjectName, Server>,
  ) {
    for (const [name, server] of servers) {
      this.#memory.set(name, []);
      this.#restBytes.set(name, server.usage().rssBytes);
    }
  }

  /**
   * Asks all queries twice over. First each once, of servers that have answered nothing like it yet: the answers are
   * compared, and the times noted. Then each again and again: the medians are reported, as servers run for long.
   */
  async askAll(queries: readonly Query[]): Promise<void> {
    const firstRatios: { name: string; ratio: number }[] = [];
    const able = new Map<Query, [SubjectName, Server][]>();
    for (const query of queries) {
      const { subjects, ratio } = await this.#watched(query, () => this.#askFirst(query));
      able.set(query, subjects);
      if (ratio !== undefined) firstRatios.push({ name: query.name, ratio });
    }
    for (const [query, subjects] of able) await this.#watched(query, () => this.#askAgain(query, subjects));
    if (firstRatios.length === 0) return;
    const worst = firstRatios.reduce((a, b) => b.ratio > a.ratio ? b : a);
    const mean = Math.exp(
      firstRatios.reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / firstRatios.length,
    );
    this.bench.report.notes.push(
      `${this.part}: first answers, before anything of the kind was asked: geometric mean of the ratios ${
        mean.toFixed(3)
      }, the worst ${worst.ratio.toFixed(3)} in "${worst.name}"`,
    );
  }

  /** Asks once. Who could answer, and the ratio of the times if both could. */
  async #askFirst(
    { name, path, parameters, tolerance }: Query,
  ): Promise<{ subjects: [SubjectName, Server][]; ratio: number | undefined }> {
    const { report } = this.bench;
    const answers = new Map<SubjectName, { data: QueryData; seconds: number }>();
    const subjects: [SubjectName, Server][] = [];
    for (const [subject, server] of this.servers) {
      try {
        answers.set(subject, await server.timedQuery(path, parameters));
        subjects.push([subject, server]);
      } catch (error) {
        report.problem(this.part, subject, `${name}: ${messageOf(error)}`);
      }
    }
    for (const [subject, { data }] of answers) {
      if (data.result.length === 0) report.problem(this.part, subject, `${name}: the answer is empty`);
    }
    const ours = answers.get("narthex"), theirs = answers.get("prometheus");
    if (ours === undefined || theirs === undefined) return { subjects, ratio: undefined };
    const difference = differenceOf(ours.data, theirs.data, tolerance);
    if (difference !== undefined) {
      report.problem(this.part, "narthex and prometheus", `${name}: the answers differ: ${difference}`);
    }
    return { subjects, ratio: ours.seconds / theirs.seconds };
  }

  async #askAgain(
    { name, path, parameters, repeats }: Query,
    subjects: readonly [SubjectName, Server][],
  ): Promise<void> {
    const seconds = new Map(subjects.map(([subject]) => [subject, [] as number[]]));
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const [subject, server] of subjects) {
        seconds.get(subject)!.push(await server.latency(path, parameters));
      }
    }
    for (const [subject, times] of seconds) {
      this.bench.report.set(this.part, name, "ms, median", subject, median(times) * 1000);
    }
  }

  /** Does `ask` and notes the resident memory of both servers meanwhile. */
  async #watched<T>({ name }: Query, ask: () => Promise<T>): Promise<T> {
    const before = new Map<SubjectName, number>();
    for (const [subject, server] of this.servers) {
      before.set(subject, server.usage().rssBytes);
      server.forgetPeakRss();
    }
    const result = await ask();
    for (const [subject, server] of this.servers) {
      const peakBytes = server.usage().peakRssBytes;
      const riseBytes = Math.max(0, peakBytes - before.get(subject)!);
      this.#memory.get(subject)!.push({ query: name, peakBytes, riseBytes });
    }
    return result;
  }

  /** Notes the geometric mean of the ratios of the queries whose names start with one of `prefixes`. */
  noteMean(what: string, prefixes: readonly string[], aim?: number): void {
    const mean = this.bench.report.meanRatio(this.part, prefixes);
    if (mean === undefined) return;
    this.bench.report.notes.push(
      `${this.part}: geometric mean of the ratios of ${what}: ${mean.toFixed(3)}` +
        (aim === undefined ? "" : `; the aim is at most ${aim}`),
    );
  }

  /** Reports the highest peak and the greatest rise of resident memory that any query brought about. */
  reportMemory(): void {
    const { report, log } = this.bench;
    for (const [subject, uses] of this.#memory) {
      if (uses.length === 0) continue;
      const peak = uses.reduce((a, b) => b.peakBytes > a.peakBytes ? b : a);
      const rise = uses.reduce((a, b) => b.riseBytes > a.riseBytes ? b : a);
      const set = (name: string, bytes: number) => report.set(this.part, name, "MB", subject, bytes / 1e6);
      set("RSS before the first query", this.#restBytes.get(subject)!);
      set("peak RSS of any query", peak.peakBytes);
      set("greatest rise of RSS by a query", rise.riseBytes);
      report.notes.push(
        `${this.part}, ${subject}: the peak was in "${peak.query}", the greatest rise in "${rise.query}"`,
      );
      for (const { query, peakBytes, riseBytes } of uses) {
        log(`${this.part}, ${subject}: peak ${megabytes(peakBytes)}, rise ${megabytes(riseBytes)}: ${query}`);
      }
    }
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
