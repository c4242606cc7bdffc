/** The processes that a benchmark starts; none outlives it. */

const ERROR_LINES_KEPT = 12;

/** A process with the end of what it wrote to standard error. */
export interface Child {
  readonly pid: number;
  readonly process: Deno.ChildProcess;
  /** Resolves when it has ended. */
  readonly ended: Promise<Deno.CommandStatus>;
  hasEnded(): boolean;
  lastErrors(): string;
}

export class Children {
  #running = new Set<Child>();
  #isClosed = false;

  /** Starts a program. Its standard output is discarded unless `stdout` says otherwise. */
  spawn(command: string, args: readonly string[], options: Deno.CommandOptions = {}): Child {
    if (this.#isClosed) throw new Error(`Cannot start ${command}: the benchmark is over`);
    const process = new Deno.Command(command, {
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      ...options,
      args: [...args],
    }).spawn();
    let hasEnded = false;
    const lines: string[] = [];
    const collected = keepLastLines(process.stderr, lines);
    const ended = process.status.then(async (status) => {
      hasEnded = true;
      this.#running.delete(child);
      await collected;
      return status;
    });
    const child: Child = {
      pid: process.pid,
      process,
      ended,
      hasEnded: () => hasEnded,
      lastErrors: () => lines.join("\n"),
    };
    this.#running.add(child);
    return child;
  }

  /** Runs a program to its end. @throws {Error} If it fails, with the end of its error output. */
  async run(command: string, args: readonly string[], options?: Deno.CommandOptions): Promise<void> {
    const child = this.spawn(command, args, options);
    const { code } = await child.ended;
    if (code !== 0) {
      throw new Error(`${[command, ...args].join(" ")} ended with code ${code}:\n${child.lastErrors()}`);
    }
  }

  /** Ends a child: SIGTERM, and SIGKILL after `patienceMs`. @returns Seconds until it had ended. */
  async stop(child: Child, patienceMs = 60_000): Promise<number> {
    const start = performance.now();
    signal(child, "SIGTERM");
    const timer = setTimeout(() => signal(child, "SIGKILL"), patienceMs);
    await child.ended;
    clearTimeout(timer);
    return (performance.now() - start) / 1000;
  }

  async kill(child: Child): Promise<void> {
    signal(child, "SIGKILL");
    await child.ended;
  }

  /** What runs now. */
  running(): ReadonlySet<Child> {
    return new Set(this.#running);
  }

  /** Kills what still runs, apart from `spared`. */
  async killAll(spared: ReadonlySet<Child> = new Set()): Promise<void> {
    await Promise.all([...this.#running.difference(spared)].map((child) => this.kill(child)));
  }

  /** Kills what still runs and starts nothing any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.killAll();
  }
}

function signal(child: Child, name: Deno.Signal): void {
  if (!child.hasEnded()) {
    try {
      child.process.kill(name);
    } catch { /* ended meanwhile */ }
  }
}

async function keepLastLines(stream: ReadableStream<Uint8Array>, lines: string[]): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    lines.push(...parts);
    lines.splice(0, lines.length - ERROR_LINES_KEPT);
  }
  if (rest !== "") lines.push(rest);
}
