import { queryStatsJson } from "./http/json/query_stats.ts";
import type { FinishedQuery } from "./promql_queries.ts";

/** Writes a line of JSON for every query to the file that the configuration names, and forgets that file when told. */
export class QueryLog {
  #path = "";
  #file: Deno.FsFile | undefined;

  /** Writes to `path` from now on; "" writes nothing. @throws If the file cannot be opened. */
  open(path: string): void {
    if (path === this.#path) return;
    const file = path === "" ? undefined : Deno.openSync(path, { append: true, create: true });
    this.#file?.close();
    this.#file = file;
    this.#path = path;
  }

  write({ query, startMs, endMs, stepMs, stats, error }: FinishedQuery): void {
    if (this.#file === undefined) return;
    const line = JSON.stringify({
      params: {
        query,
        start: new Date(startMs).toISOString(),
        end: new Date(endMs).toISOString(),
        step: stepMs / 1000,
      },
      ...(stats && { stats: queryStatsJson(stats, { startMs, stepMs }) }),
      ...(error !== "" && { error }),
      ts: new Date().toISOString(),
    });
    this.#file.writeSync(new TextEncoder().encode(`${line}\n`));
  }
}
