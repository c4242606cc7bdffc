import { freePort, hasProgram, temporaryDirectory, until } from "./_server.ts";

export const hasPrometheus = hasProgram("prometheus") && hasProgram("promtool");
/** For the names of tests. */
export const prometheusMissing = hasPrometheus ? "" : " (skipped: prometheus is not installed)";

/** A real Prometheus on a free port, with a data directory of its own. */
export class Prometheus implements AsyncDisposable {
  #log = "";

  private constructor(
    readonly url: string,
    private readonly child: Deno.ChildProcess,
    private readonly directory: AsyncDisposable,
  ) {
    void this.#collectLog();
  }

  /**
   * Starts it and waits until it is ready. `SELF` in the configuration is its own address.
   * @param isReady What tells so, where it is not asked over plain HTTP.
   */
  static async start(
    config: string,
    { args = [], isReady = answersReady }: {
      readonly args?: readonly string[];
      readonly isReady?: (url: string) => Promise<boolean>;
    } = {},
  ): Promise<Prometheus> {
    const directory = await temporaryDirectory();
    const address = `127.0.0.1:${freePort()}`;
    const file = `${directory.path}/prometheus.yml`;
    await Deno.writeTextFile(file, config.replaceAll("SELF", address));
    const child = new Deno.Command("prometheus", {
      args: [
        `--config.file=${file}`,
        `--storage.tsdb.path=${directory.path}/data`,
        `--web.listen-address=${address}`,
        "--enable-feature=exemplar-storage",
        ...args,
      ],
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const prometheus = new Prometheus(`http://${address}`, child, directory);
    try {
      await until(() => isReady(prometheus.url), () => `Prometheus is not ready:\n${prometheus.log}`);
    } catch (error) {
      await prometheus[Symbol.asyncDispose]();
      throw error;
    }
    return prometheus;
  }

  get log(): string {
    return this.#log;
  }

  async #collectLog(): Promise<void> {
    for await (const text of this.child.stderr.pipeThrough(new TextDecoderStream())) this.#log += text;
  }

  /** Values of an instant query by label set, as JSON of the labels. */
  async query(query: string): Promise<Map<string, number>> {
    const response = await fetch(`${this.url}/api/v1/query?${new URLSearchParams({ query })}`);
    const { data: { result } } = await response.json() as {
      data: { result: { metric: object; value: [number, string] }[] };
    };
    return new Map(result.map(({ metric, value }) => [JSON.stringify(metric), Number(value[1])]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch { /* it has ended already */ }
    await this.child.status;
    await this.directory[Symbol.asyncDispose]();
  }
}

async function answersReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/-/ready`);
  await response.body?.cancel();
  return response.ok;
}

/** Runs promtool; `input` is its standard input. */
export async function promtool(
  args: readonly string[],
  input = "",
): Promise<{ code: number; output: string; errors: string }> {
  const child = new Deno.Command("promtool", {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  return { code, output: new TextDecoder().decode(stdout), errors: new TextDecoder().decode(stderr) };
}
