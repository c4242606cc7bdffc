import type { ScrapeFailure } from "./scrape_loop.ts";

/** Writes failed scrapes to files, a JSON object a line. */
export class FailureLogs {
  readonly #pending = new Map<string, string>();
  #writing: Promise<void> | undefined;

  /** @param onError Told where a file cannot be written to; its lines are lost. */
  constructor(private readonly onError: (file: string, error: Error) => void) {}

  log(file: string, { timeMs, jobName, url, error }: ScrapeFailure): void {
    const time = new Date(timeMs).toISOString();
    const line = JSON.stringify({ time, level: "ERROR", msg: error, job_name: jobName, target: url });
    this.#pending.set(file, `${this.#pending.get(file) ?? ""}${line}\n`);
    this.#writing ??= this.#write();
  }

  /** Resolves once everything logged is written. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #write(): Promise<void> {
    for (const [file, lines] of this.#pending) {
      this.#pending.delete(file);
      try {
        await Deno.writeTextFile(file, lines, { append: true });
      } catch (error) {
        this.onError(file, error as Error);
      }
    }
    this.#writing = undefined;
  }
}
