import type { Context, Hono } from "hono";
import { type Answer, type ApiResult, errorAnswer, successAnswer, textAnswer } from "./answer.ts";
import { shardUnavailableBehind } from "../shard/shard_unavailable.ts";
import { ApiError } from "./api_error.ts";
import { chooseEncoding, compress } from "./compression.ts";
import { corsPolicy } from "./cors.ts";
import type { AppDeps } from "./deps.ts";
import { HttpMetrics, type Observe } from "./http_metrics.ts";
import { bodyOf } from "./json/chunks.ts";
import { Form } from "./params/form.ts";
import { readFormBody } from "./params/request_body.ts";
import type { QueryOrigin } from "./query_service.ts";
import type { Client } from "./requests_under_way.ts";

export type Method = "GET" | "POST" | "PUT" | "OPTIONS";

/** A request for something other than the API. */
export type PageHandler = (request: Request) => Answer | Promise<Answer>;

export interface ApiRequest {
  /** Parameters of the body and the URL. */
  readonly form: Form;
  /** Parameters of the URL alone. */
  readonly url: URLSearchParams;
  /** The part of the path that the route names `name`, percent-encoded as it came; "" where it names none. */
  readonly rawName: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  readonly origin: QueryOrigin;
}
/** Throws ApiError for a request that gets no data; any other error is the server's fault. */
export type ApiHandler = (request: ApiRequest) => ApiResult | Promise<ApiResult>;

export interface RouteOptions {
  /** Answered while the server starts or stops, too. */
  readonly always?: boolean;
}

const API_PATH = "/api/v1";

/** Puts routes on an app, with what they have in common: readiness, errors, compression, metrics, CORS. */
export class Router {
  readonly #app: Hono;
  readonly #deps: AppDeps;
  readonly #metrics: HttpMetrics;
  readonly #setCors: ReturnType<typeof corsPolicy>;
  readonly #methods = new Map<string, Method[]>();

  constructor(app: Hono, deps: AppDeps) {
    this.#app = app;
    this.#deps = deps;
    this.#metrics = new HttpMetrics(deps.registry, () => deps.lifecycle.state() === "ready");
    this.#setCors = corsPolicy(deps.options.corsOrigin);
    this.#api(["OPTIONS"], "/*", () => ({}), {});
  }

  /** A route outside of the API, for GET and HEAD unless told otherwise. */
  page(
    path: string,
    handler: PageHandler,
    options: RouteOptions & { methods?: readonly Method[] } = {},
  ): void {
    const observe = this.#metrics.observer(path);
    this.#route(options.methods ?? ["GET"], path, async (c) => {
      const startMs = this.#deps.now();
      const answer = this.#refusal(options) ?? await handler(c.req.raw);
      return this.#send(c.req.raw, answer, this.#timed(observe, startMs));
    });
  }

  /** An API route for GET and POST. */
  read(path: string, handler: ApiHandler, options: RouteOptions = {}): void {
    this.#api(["GET", "POST"], path, handler, options);
  }

  /** An API route for GET alone. */
  get(path: string, handler: ApiHandler): void {
    this.#api(["GET"], path, handler, {});
  }

  /** An API route that changes something: for POST and PUT. */
  change(path: string, handler: ApiHandler): void {
    this.#api(["POST", "PUT"], path, handler, {});
  }

  /** Refuses all other methods on the paths known by now, and all other paths. */
  close(): void {
    for (const [path, methods] of this.#methods) {
      const headers = { Allow: methods.join(", ") };
      this.#app.all(path, () => plain(textAnswer("Method Not Allowed\n", { status: 405, headers })));
    }
    this.#app.notFound(() => plain(textAnswer("404 page not found\n", { status: 404 })));
    this.#app.onError((error, c) => {
      this.#deps.log.error("Cannot answer a request", { method: c.req.method, url: c.req.url, err: error });
      return plain(textAnswer("Internal Server Error\n", { status: 500 }));
    });
  }

  #api(methods: readonly Method[], path: string, handler: ApiHandler, options: RouteOptions): void {
    const observe = this.#metrics.observer(API_PATH + (path === "/*" ? "/*path" : path));
    const nameAt = (this.#deps.options.routePrefix + API_PATH + path).split("/").indexOf(":name");
    this.#route(methods, API_PATH + path, async (c) => {
      const startMs = this.#deps.now();
      const request = c.req.raw;
      const refusal = this.#refusal(options);
      const answer = refusal ?? await this.#apiAnswer(c, handler, nameAt);
      const response = await this.#send(request, answer, this.#timed(observe, startMs));
      if (refusal === undefined) this.#setCors(request, response.headers);
      return response;
    });
  }

  /** @param nameAt Number of the part of the path that is a name, -1 for none. */
  async #apiAnswer(c: Context, handler: ApiHandler, nameAt: number): Promise<Answer> {
    const request = c.req.raw;
    try {
      const { pathname, searchParams: url } = new URL(request.url);
      const body = await readFormBody(request, this.#deps.options.readTimeoutMs);
      return successAnswer(
        await handler({
          form: new Form(url, body),
          url,
          rawName: nameAt < 0 ? "" : pathname.split("/")[nameAt],
          get signal() {
            return request.signal; // costs the runtime something as soon as it is asked for
          },
          get origin() {
            const client = c.env as Partial<Client> | undefined; // what the server was given beside the request
            // An IPv4 client of a socket that serves both has such an address.
            const clientIP = client?.remoteAddr?.hostname.replace(/^::ffff:(?=\d+\.)/, "") ?? "";
            return { clientIP, method: request.method, path: pathname };
          },
        }),
      );
    } catch (error) {
      const unavailable = shardUnavailableBehind(error);
      if (unavailable !== undefined) {
        // Logged once, where the shard is started anew.
        return errorAnswer(new ApiError("unavailable", unavailable.message, { status: 503, cause: error }));
      }
      if (error instanceof ApiError) return errorAnswer(error);
      this.#deps.log.error("Cannot answer an API request", {
        method: request.method,
        url: request.url,
        err: error,
      });
      const reason = error instanceof Error ? error.message : String(error);
      return errorAnswer(new ApiError("internal", reason, { cause: error }));
    }
  }

  #route(methods: readonly Method[], path: string, handler: (c: Context) => Promise<Response>): void {
    this.#app.on([...methods], path, handler);
    if (!path.endsWith("*")) this.#methods.set(path, [...this.#methods.get(path) ?? [], ...methods]);
  }

  /** What a request gets while the server starts or stops. */
  #refusal({ always = false }: RouteOptions): Answer | undefined {
    const state = this.#deps.lifecycle.state();
    if (always || state === "ready") return undefined;
    return unavailable(state === "stopping");
  }

  #timed(observe: Observe, startMs: number): (status: number, bytes: number) => void {
    return (status, bytes) => observe(status, bytes, Math.max(0, this.#deps.now() - startMs) / 1000);
  }

  #send(request: Request, answer: Answer, done: (status: number, bytes: number) => void): Response {
    const { status, chunks } = answer;
    const headers = new Headers(answer.headers);
    if (chunks === undefined) {
      done(status, 0);
      return new Response(null, { status, headers });
    }
    headers.append("Vary", "Accept-Encoding");
    let body = bodyOf(chunks);
    const encoding = chooseEncoding(request.headers.get("Accept-Encoding"));
    const compressed = encoding && compress(body, encoding);
    if (compressed !== undefined) {
      headers.set("Content-Encoding", encoding!);
      body = compressed;
    }
    if (body instanceof ReadableStream) {
      return new Response(counted(body, (bytes) => done(status, bytes)), { status, headers });
    }
    headers.set("Content-Length", String(body.length));
    done(status, body.length);
    return new Response(body, { status, headers });
  }
}

/** What a server that is not ready says. */
export function unavailable(isStopping: boolean, detail = ""): Answer {
  const headers = { "X-Prometheus-Stopping": String(isStopping) };
  return textAnswer(`Service Unavailable${detail}`, { status: 503, headers });
}

function plain({ status, headers, chunks }: Answer): Response {
  return new Response(bodyOf(chunks ?? []), { status, headers });
}

/** The same stream; `done` gets its bytes once it ends or nobody reads on. */
function counted(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  done: (bytes: number) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  const reader = stream.getReader();
  return new ReadableStream({
    async pull(controller) {
      const next = await reader.read();
      if (next.done) {
        done(bytes);
        controller.close();
      } else {
        bytes += next.value.length;
        controller.enqueue(next.value);
      }
    },
    async cancel(reason) {
      done(bytes);
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
