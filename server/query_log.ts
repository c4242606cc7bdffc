import type { Counter, Gauge, Registry } from "../engine/instrument/mod.ts";
import { formatTimestamp } from "../engine/go_time.ts";
import { queryStatsJson } from "./http/json/query_stats.ts";
import type { FinishedQuery } from "./promql_queries.ts";

/**
 * Writes a line of JSON, in upstream's form, for every query that was evaluated to the file that the configuration
 * names, and forgets that file when told.
 */
export class QueryLog {
  #path = "";
  #file: Deno.FsFile | undefined;
  /** Whether the line before could not be written. */
  #isFailing = false;
  /** Whether the last line in the file has no end: the next one begins on a line of its own. */
  #isCutOff = false;
  readonly #enabled: Gauge;
  readonly #failures: Counter;

  /** @param onError Told when lines begin to be lost. */
  constructor(registry: Registry, private readonly onError: (file: string, error: Error) => void) {
    this.#enabled = registry.gauge({
      name: "prometheus_engine_query_log_enabled",
      help: "Whether queries are written to a log.",
    });
    this.#failures = registry.counter({
      name: "prometheus_engine_query_log_failures_total",
      help: "Queries that could not be written to the log.",
    });
  }

  /** Writes to `path` from now on; "" writes nothing. @throws {Error} If the file cannot be opened. */
  open(path: string): void {
    if (path === this.#path) return;
    const file = path === "" ? undefined : openFile(path);
    this.#file?.close();
    this.#file = file;
    this.#path = path;
    this.#isCutOff = false;
    this.#enabled.set(path === "" ? 0 : 1);
  }

  /** Queries go on where it cannot be written. */
  write(query: FinishedQuery): void {
    if (this.#file === undefined) return;
    try {
      let bytes = new TextEncoder().encode(`${this.#isCutOff ? "\n" : ""}${lineOf(query)}\n`);
      while (bytes.length > 0) {
        bytes = bytes.subarray(this.#file.writeSync(bytes));
        this.#isCutOff = bytes.length > 0;
      }
      this.#isFailing = false;
    } catch (error) {
      this.#failures.inc();
      if (!this.#isFailing) this.onError(this.#path, error as Error);
      this.#isFailing = true;
    }
  }
}

function lineOf({ query, startMs, endMs, stepMs, stats, error, origin }: FinishedQuery): string {
  return JSON.stringify({
    time: formatTimestamp(Date.now()),
    level: "INFO",
    msg: "promql query logged",
    params: { query, start: formatTimestamp(startMs), end: formatTimestamp(endMs), step: stepMs / 1000 },
    ...(error !== "" && { error }),
    ...(stats && { stats: queryStatsJson(stats, { startMs, stepMs }) }),
    ...(origin && { httpRequest: origin }),
  });
}

function openFile(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { append: true, create: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `Cannot open the query log ${path}: ${reason}. Change query_log_file, or make it writable`,
      {
        cause,
      },
    );
  }
}
