import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface ServerOptions {
  /** Text of the configuration file; the built-in one where none is given. */
  readonly config?: string;
  /** The data directory; one of the test's own where none is given. */
  readonly storagePath: string;
  readonly args?: readonly string[];
  /** What is run instead of main.ts, relative to the root of the project. */
  readonly program?: string;
}

/** The program in a process of its own, as a user starts it. */
export class Server {
  #log = "";
  readonly #logged: Promise<void>;

  private constructor(readonly child: Deno.ChildProcess, readonly url: string) {
    this.#logged = this.#collectLog();
  }

  /** Starts it on a free port; does not wait until it answers. */
  static async start({ config, storagePath, args = [], program }: ServerOptions): Promise<Server> {
    const port = freePort();
    const flags = [`--web.listen-address=127.0.0.1:${port}`, `--storage.path=${storagePath}`, ...args];
    if (config !== undefined) {
      const file = await Deno.makeTempFile({ suffix: ".yml" });
      await Deno.writeTextFile(file, config.replaceAll("SELF", `127.0.0.1:${port}`));
      flags.push(`--config.file=${file}`);
    }
    const child = command(flags, { stdout: "null", program }).spawn();
    return new Server(child, `http://127.0.0.1:${port}`);
  }

  /** Everything that it logged so far. */
  get log(): string {
    return this.#log;
  }

  async #collectLog(): Promise<void> {
    for await (const text of this.child.stderr.pipeThrough(new TextDecoderStream())) this.#log += text;
  }

  /** Waits until it is ready. @throws If it ends before that. */
  async ready(): Promise<void> {
    const ended = this.child.status.then(async ({ code }) => {
      await this.#logged;
      throw new Error(`the server ended with ${code}:\n${this.#log}`);
    });
    ended.catch(() => {});
    const isReady = async () => {
      const response = await fetch(`${this.url}/-/ready`);
      await response.body?.cancel();
      return response.ok;
    };
    await Promise.race([ended, until(isReady, () => `the server is not ready:\n${this.#log}`)]);
  }

  /** The data of an API answer. @throws If it is not a success. */
  // deno-lint-ignore no-explicit-any -- a test knows what it asked for, and fails where it got something else
  async api(path: string, params: Record<string, string> = {}): Promise<any> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(params)}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text).data;
  }

  /** Sends an API request that changes something. @throws If it is not a success. */
  async post(path: string, params: Record<string, string> = {}): Promise<void> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(params)}`, {
      method: "POST",
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  }

  /** Values of an instant query by label set, as JSON of the labels. */
  async query(query: string, timeSeconds?: number): Promise<Map<string, number>> {
    const params = { query, ...(timeSeconds === undefined ? {} : { time: String(timeSeconds) }) };
    const { result } = await this.api("query", params) as {
      result: { metric: object; value: [number, string] }[];
    };
    return new Map(result.map(({ metric, value }) => [JSON.stringify(metric), Number(value[1])]));
  }

  /** The sum of the samples of one of its own metrics, 0 where there is none. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const values = text.split("\n").filter((line) =>
      line.startsWith(`${name} `) || line.startsWith(`${name}{`)
    );
    return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  /** Asks it to end and waits for it; its exit code. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    try {
      this.child.kill(signal);
    } catch { /* it has ended already */ }
    const { code } = await this.child.status;
    await this.#logged;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }
}

/** Runs the program to its end. */
export async function run(...args: readonly string[]): Promise<{ code: number; output: string }> {
  const { code, stdout, stderr } = await command(args).output();
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

function command(
  args: readonly string[],
  { stdout = "piped", program = "main.ts" }: { stdout?: "piped" | "null"; program?: string } = {},
): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", program, ...args],
    cwd: root,
    stdout,
    stderr: "piped",
  });
}

/** Tries again and again until `done` is true; errors count as not yet. */
export async function until(
  done: () => Promise<boolean>,
  describe: () => string,
  timeoutMs = 30_000,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < end) {
    try {
      if (await done()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(
    `Gave up after ${timeoutMs} ms: ${describe()}${last === undefined ? "" : `\nlast error: ${last}`}`,
  );
}

export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Whether a program is on PATH. */
export function hasProgram(name: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${name}`).isFile;
    } catch {
      return false;
    }
  });
}

/** A directory that is removed when the test ends. */
export async function temporaryDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "narthex-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }).catch(() => {}) };
}
