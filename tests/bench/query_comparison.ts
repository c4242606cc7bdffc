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

/** Resident memory of one server while a query was asked, first answer and repetitions. */
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

  /** Reports the median latency of a query, and whatever is wrong with its answers. */
  async ask(query: Query): Promise<void> {
    const { report } = this.bench, { name, path, parameters, repeats, tolerance } = query;
    const answers: QueryData[] = [], able: [SubjectName, Server][] = [];
    const before = new Map<SubjectName, number>();
    for (const [subject, server] of this.servers) {
      before.set(subject, server.usage().rssBytes);
      server.forgetPeakRss();
      try {
        answers.push(await server.query(path, parameters));
        able.push([subject, server]);
      } catch (error) {
        report.problem(this.part, subject, `${name}: ${messageOf(error)}`);
      }
    }
    const [one, other] = answers;
    if (one?.result.length === 0) report.problem(this.part, able[0]![0], `${name}: the answer is empty`);
    if (one !== undefined && other !== undefined) {
      const difference = differenceOf(one, other, tolerance);
      if (difference !== undefined) {
        const who = able.map(([subject]) => subject).join(" and ");
        report.problem(this.part, who, `${name}: the answers differ: ${difference}`);
      }
    }
    const seconds = new Map(able.map(([subject]) => [subject, [] as number[]]));
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const [subject, server] of able) {
        seconds.get(subject)!.push(await server.latency(path, parameters));
      }
    }
    for (const [subject, server] of able) {
      report.set(this.part, name, "ms, median", subject, median(seconds.get(subject)!) * 1000);
      const peakBytes = server.usage().peakRssBytes;
      this.#memory.get(subject)!.push({
        query: name,
        peakBytes,
        riseBytes: Math.max(0, peakBytes - before.get(subject)!),
      });
    }
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
