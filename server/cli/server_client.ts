import { CommandError, reasonOf } from "./io.ts";

type Parameters = Iterable<readonly [name: string, value: string]>;

/** Asks a running server through its HTTP API. */
export class ServerClient {
  readonly #base: URL;
  readonly #headers: Headers;

  /** @param url Of the server, with its path prefix and, where it asks for them, user and password. */
  constructor(url: string) {
    this.#base = new URL(url);
    const { username, password } = this.#base;
    this.#headers = new Headers();
    if (username !== "") {
      const bytes = new TextEncoder().encode(
        `${decodeURIComponent(username)}:${decodeURIComponent(password)}`,
      );
      this.#headers.set("authorization", `Basic ${btoa(String.fromCharCode(...bytes))}`);
    }
    this.#base.username = this.#base.password = "";
    if (!this.#base.pathname.endsWith("/")) this.#base.pathname += "/";
  }

  /** The server's address, without password. */
  get url(): string {
    return this.#base.href;
  }

  /** The `data` of `GET /api/v1/<path>`. @throws {CommandError} If the server cannot be reached, or refuses. */
  async get<T>(path: string, parameters: Parameters = []): Promise<T> {
    const query = new URLSearchParams([...parameters].map(([name, value]) => [name, value]));
    return await this.#ask<T>(query.size === 0 ? path : `${path}?${query}`, { headers: this.#headers });
  }

  /** The `data` of `POST /api/v1/<path>`. @throws {CommandError} If the server cannot be reached, or refuses. */
  async post<T>(path: string, parameters: Parameters = []): Promise<T> {
    const body = new URLSearchParams([...parameters].map(([name, value]) => [name, value]));
    return await this.#ask<T>(path, { method: "POST", headers: this.#headers, body });
  }

  async #ask<T>(path: string, request: RequestInit): Promise<T> {
    const url = new URL(`api/v1/${path}`, this.#base);
    const { status, text } = await this.#fetch(url, request);
    let answer: { status?: string; data?: T; error?: string } | undefined;
    try {
      answer = JSON.parse(text);
    } catch {
      // Not the API: told apart below.
    }
    if (answer?.status === "success") return answer.data as T;
    const said = answer?.error ?? text.trim().slice(0, 200);
    throw new RefusedError(
      status,
      said,
      `${this.url} answered ${status} to ${url.pathname}: ${said}${hint(status)}`,
    );
  }

  async #fetch(url: URL, request: RequestInit): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(url, request);
      return { status: response.status, text: await response.text() };
    } catch (cause) {
      throw new CommandError(
        `Cannot reach ${this.url}: ${reasonOf(innermost(cause))}: check --url and that the server runs`,
        {
          cause,
        },
      );
    }
  }
}

/** An answer of the server that is not the data that were asked for. */
export class RefusedError extends CommandError {
  constructor(readonly status: number, readonly said: string, message: string) {
    super(message);
  }
}

/** `fetch` itself only says that it failed. */
function innermost(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? innermost(error.cause) : error;
}

function hint(status: number): string {
  if (status === 401 || status === 403) {
    return ": put user and password into --url, as in http://user:password@host";
  }
  return status === 404 ? ": check --url, with its path prefix" : "";
}
