/** The servers that are compared: how each is started, filled and stopped. */
import { freePort } from "../integration/_server.ts";
import { resolve } from "node:path";
import { sleep } from "./bench.ts";
import type { Child, Children } from "./children.ts";
import { forgetPeakRss, type Usage, usageOf } from "./process_usage.ts";
import type { SubjectName } from "./report.ts";

const REPOSITORY = resolve(import.meta.dirname!, "../..");
const POLL_SECONDS = 0.01;

export interface ServerOptions {
  /** Text of a `prometheus.yml`. */
  readonly config: string;
  readonly storage: string;
  /** The port to listen on; a free one if absent. */
  readonly port?: number;
  /** More flags. */
  readonly flags?: readonly string[];
}

export interface Subject {
  readonly name: SubjectName;
  /** What makes it scrape native histograms: a flag here, an option of the configuration's `global` there. */
  readonly nativeHistograms: { readonly flags: readonly string[]; readonly global: string };
  /** @returns Why it cannot run here, or undefined if it can. */
  obstacle(): string | undefined;
  version(): string;
  start(children: Children, options: ServerOptions): Server;
  /** Stores the samples of OpenMetrics texts in an empty directory. @throws {Error} If that fails. */
  import(children: Children, files: readonly string[], storage: string): Promise<void>;
}

/** A running server. */
export class Server {
  readonly startedMs = Date.now();

  constructor(readonly child: Child, readonly url: string, readonly children: Children) {}

  /** Waits for `/-/ready`. @returns Seconds since the start. @throws {Error} If it ends or takes too long. */
  async ready(limitSeconds = 120): Promise<number> {
    for (;;) {
      const seconds = (Date.now() - this.startedMs) / 1000;
      if (this.child.hasEnded()) {
        throw new Error(`It ended instead of getting ready:\n${this.child.lastErrors()}`);
      }
      if (seconds > limitSeconds) {
        throw new Error(`It was not ready after ${limitSeconds} s:\n${this.child.lastErrors()}`);
      }
      const isReady = await fetch(`${this.url}/-/ready`, { signal: AbortSignal.timeout(5000) })
        .then(async (answer) => (await answer.body?.cancel(), answer.ok), () => false);
      if (isReady) return (Date.now() - this.startedMs) / 1000;
      await sleep(POLL_SECONDS);
    }
  }

  usage(): Usage {
    return usageOf(this.child.pid);
  }

  /** Lets `usage().peakRssBytes` begin anew at what it is now. */
  forgetPeakRss(): void {
    forgetPeakRss(this.child.pid);
  }

  /** Waits until it uses less than 5 % of a core over two seconds, as after compactions at the start. */
  async quiet(limitSeconds = 120): Promise<void> {
    const deadline = Date.now() + limitSeconds * 1000;
    while (Date.now() < deadline) {
      const before = this.usage().cpuSeconds;
      await sleep(2);
      if (this.usage().cpuSeconds - before < 0.1) return;
    }
  }

  async metrics(): Promise<string> {
    return await this.#text("/metrics", 60);
  }

  /** The `data` of an API answer. @throws {Error} If the answer is an error. */
  async query(path: string, parameters: Record<string, string>, limitSeconds = 120): Promise<QueryData> {
    return (await this.timedQuery(path, parameters, limitSeconds)).data;
  }

  /** An answer, and the seconds until the whole of it had arrived. @throws {Error} If the answer is an error. */
  async timedQuery(
    path: string,
    parameters: Record<string, string>,
    limitSeconds = 120,
  ): Promise<{ data: QueryData; seconds: number }> {
    const start = performance.now();
    const bytes = await this.#bytes(`${path}?${new URLSearchParams(parameters)}`, limitSeconds);
    const seconds = (performance.now() - start) / 1000;
    return { data: (JSON.parse(new TextDecoder().decode(bytes)) as { data: QueryData }).data, seconds };
  }

  /** Seconds until the whole answer had arrived, unparsed. @throws {Error} If the answer is an error. */
  async latency(path: string, parameters: Record<string, string>): Promise<number> {
    const start = performance.now();
    await this.#bytes(`${path}?${new URLSearchParams(parameters)}`, 120);
    return (performance.now() - start) / 1000;
  }

  async #text(path: string, limitSeconds: number): Promise<string> {
    return new TextDecoder().decode(await this.#bytes(path, limitSeconds));
  }

  async #bytes(path: string, limitSeconds: number): Promise<ArrayBuffer> {
    const answer = await fetch(this.url + path, {
      headers: { "accept-encoding": "identity" },
      signal: AbortSignal.timeout(limitSeconds * 1000),
    });
    const body = await answer.arrayBuffer();
    if (answer.ok) return body;
    throw new Error(`${path} answered ${answer.status}: ${new TextDecoder().decode(body).slice(0, 300)}`);
  }

  /** @returns Seconds until it had ended. @throws {Error} If it did not end in order. */
  async stop(): Promise<number> {
    const seconds = await this.children.stop(this.child);
    const { code } = await this.child.ended;
    if (code !== 0) throw new Error(`It ended with code ${code} when stopped:\n${this.child.lastErrors()}`);
    return seconds;
  }

  kill(): Promise<void> {
    return this.children.kill(this.child);
  }
}

/** What `/api/v1/query` and `/api/v1/query_range` answer. */
export interface QueryData {
  readonly resultType: "vector" | "matrix" | "scalar" | "string";
  // deno-lint-ignore no-explicit-any -- depends on resultType
  readonly result: any;
}

const prometheus: Subject = {
  name: "prometheus",
  nativeHistograms: { flags: ["--enable-feature=native-histograms"], global: "" },
  obstacle: () =>
    firstLineOf("prometheus", ["--version"]) ? undefined : "there is no `prometheus` on the path",
  version: () => firstLineOf("prometheus", ["--version"]) ?? "",
  start(children, options) {
    const args = [
      `--storage.tsdb.path=${options.storage}`,
      // Blocks stay as imported: no compaction in the middle of a measurement.
      "--storage.tsdb.min-block-duration=2h",
      "--storage.tsdb.max-block-duration=2h",
    ];
    return startServer(children, "prometheus", { env: {}, args }, options);
  },
  async import(children, files, storage) {
    for (const file of files) {
      await children.run("promtool", ["tsdb", "create-blocks-from", "openmetrics", "--quiet", file, storage]);
    }
  },
};

const narthex: Subject = {
  name: "narthex",
  nativeHistograms: { flags: [], global: "scrape_native_histograms: true" },
  obstacle: () => {
    try {
      Deno.statSync(`${REPOSITORY}/main.ts`);
    } catch {
      return "there is no main.ts yet";
    }
  },
  version: () => firstLineOf("git", ["-C", REPOSITORY, "describe", "--always", "--dirty"]) ?? "",
  start(children, options) {
    const { env, args } = startTask();
    return startServer(
      children,
      Deno.execPath(),
      { env, args: [...args, `--storage.path=${options.storage}`] },
      options,
    );
  },
  async import(children, files, storage) {
    const { env, args } = startTask();
    for (const file of files) {
      const importArgs = [...args, "import", file, `--storage.path=${storage}`];
      await children.run(Deno.execPath(), importArgs, { cwd: REPOSITORY, env });
    }
  },
};

export const SUBJECTS: readonly Subject[] = [prometheus, narthex];

/** Environment and arguments of `deno` that `deno task start` uses, so that what is measured is what users run. */
function startTask(): { env: Record<string, string>; args: string[] } {
  const task: string = JSON.parse(Deno.readTextFileSync(`${REPOSITORY}/deno.json`)).tasks.start.command;
  const words = task.split(" "), command = words.indexOf("deno");
  const env = words.slice(0, command).map((word) => word.split("="));
  if (words[command + 1] !== "run" || env.some((pair) => pair.length !== 2)) {
    throw new Error(
      `Cannot start what deno.json's task "start" says: expected "NAME=value … deno run …", found "${task}"`,
    );
  }
  return { env: Object.fromEntries(env), args: words.slice(command + 1) };
}

function startServer(
  children: Children,
  command: string,
  { env, args }: { env: Record<string, string>; args: readonly string[] },
  options: ServerOptions,
): Server {
  const configFile = `${options.storage}.yml`;
  Deno.writeTextFileSync(configFile, options.config);
  const address = `127.0.0.1:${options.port ?? freePort()}`;
  const child = children.spawn(
    command,
    [...args, ...options.flags ?? [], `--config.file=${configFile}`, `--web.listen-address=${address}`],
    { cwd: REPOSITORY, env },
  );
  return new Server(child, `http://${address}`, children);
}

/** The first line a program prints; undefined if it cannot be run. */
export function firstLineOf(command: string, args: readonly string[]): string | undefined {
  try {
    const { stdout, stderr } = new Deno.Command(command, { args: [...args] }).outputSync();
    return (new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)).split("\n", 1)[0];
  } catch {
    return undefined;
  }
}
