import { hasProgram, temporaryDirectory } from "./_server.ts";

export const hasChromium = hasProgram("chromium");
/** For the names of tests. */
export const chromiumMissing = hasChromium ? "" : " (skipped: chromium is not installed)";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--remote-debugging-port=0",
];

interface Message {
  readonly id?: number;
  readonly method?: string;
  // deno-lint-ignore no-explicit-any -- of the DevTools protocol, by method
  readonly params?: any;
  // deno-lint-ignore no-explicit-any
  readonly result?: any;
  readonly error?: { readonly message: string };
}

/** A page in a real browser, driven by the DevTools protocol. */
export class Page implements AsyncDisposable {
  /** What went wrong in the page: uncaught errors, and what the browser itself complains about. */
  readonly problems: string[] = [];
  /** Status of each answer that was loaded as a document, in order. */
  readonly documents: { readonly url: string; readonly status: number }[] = [];
  readonly #answers = new Map<number, (message: Message) => void>();
  #sent = 0;
  #session = "";
  #onLoad: () => void = () => {};

  private constructor(
    private readonly child: Deno.ChildProcess,
    private readonly socket: WebSocket,
    private readonly profile: AsyncDisposable,
  ) {
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data) as Message);
  }

  static async start(): Promise<Page> {
    const profile = await temporaryDirectory();
    const child = new Deno.Command("chromium", {
      args: [...FLAGS, `--user-data-dir=${profile.path}`, "about:blank"],
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const socket = new WebSocket(await debuggerUrl(child.stderr));
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const page = new Page(child, socket, profile);
    const { targetId } = await page.#send("Target.createTarget", { url: "about:blank" });
    page.#session = (await page.#send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await page.#send(`${domain}.enable`);
    return page;
  }

  /** Loads an address and waits until it is there. */
  async open(url: string): Promise<void> {
    const loaded = this.#loaded();
    const { errorText } = await this.#send("Page.navigate", { url });
    if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
    await loaded;
  }

  /** Clicks the link and waits until what it leads to is there. */
  async follow(href: string): Promise<void> {
    const loaded = this.#loaded();
    await this.evaluate(`document.querySelector(${JSON.stringify(`a[href="${href}"]`)}).click()`);
    await loaded;
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", {
      expression,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  }

  #loaded(): Promise<void> {
    return new Promise((resolve) => this.#onLoad = resolve);
  }

  // deno-lint-ignore no-explicit-any
  #send(method: string, params: object = {}): Promise<any> {
    const id = ++this.#sent;
    const { promise, resolve, reject } = Promise.withResolvers();
    this.#answers.set(id, ({ result, error }) => {
      if (error === undefined) resolve(result);
      else reject(new Error(`${method}: ${error.message}`));
    });
    this.socket.send(
      JSON.stringify({ id, method, params, ...(this.#session && { sessionId: this.#session }) }),
    );
    return promise;
  }

  #take(message: Message): void {
    const { id, method, params } = message;
    if (id !== undefined) {
      this.#answers.get(id)?.(message);
      this.#answers.delete(id);
    } else if (method === "Page.loadEventFired") this.#onLoad();
    else if (method === "Runtime.exceptionThrown") this.problems.push(params.exceptionDetails.text);
    else if (method === "Runtime.consoleAPICalled" && params.type === "error") {
      this.problems.push(JSON.stringify(params.args));
    } else if (method === "Log.entryAdded" && params.entry.level === "error") {
      this.problems.push(`${params.entry.text} ${params.entry.url ?? ""}`);
    } else if (method === "Network.responseReceived" && params.type === "Document") {
      this.documents.push({ url: params.response.url, status: params.response.status });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    this.child.kill("SIGTERM");
    await this.child.status;
    await this.profile[Symbol.asyncDispose]();
  }
}

/** What the browser says to listen on; reads on, so that it never waits for a reader. */
function debuggerUrl(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  (async () => {
    let text = "";
    for await (const part of stderr.pipeThrough(new TextDecoderStream())) {
      text += part;
      const found = /DevTools listening on (ws:\S+)/.exec(text);
      if (found !== null) resolve(found[1]);
    }
    reject(new Error(`chromium ended:\n${text}`));
  })().catch(reject);
  return promise;
}
