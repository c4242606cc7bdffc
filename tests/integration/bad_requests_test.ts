import assert from "node:assert/strict";
import { BAD_REQUESTS, type BadRequest, RAW_QUERIES } from "./_bad_requests.ts";
import { freePort, hasProgram, Server, temporaryDirectory, until } from "./_server.ts";

/** How long any request may take here, in ms; a machine under load included. */
const TIME_MAX_MS = 10_000;
/** By how much all requests together may make the server larger. */
const MEMORY_MAX_BYTES = 512 << 20;

const CONFIG = `
global: { scrape_interval: 1s }
scrape_configs:
  - job_name: self
    static_configs: [{ targets: ["SELF"] }]
`;

interface Answer {
  readonly status: number;
  readonly errorType?: string;
  readonly error?: string;
}

/** An answer that is meant to be another one than that of the Prometheus at hand, 2.42. */
interface Exception {
  readonly why: string;
  applies(request: BadRequest): boolean;
  readonly answer: Omit<Answer, "error"> & { readonly error?: RegExp };
}

const badData = (error: RegExp) => ({ status: 400, errorType: "bad_data", error });
const is = (...queries: readonly string[]) => ({ params }: BadRequest) =>
  queries.includes(params.query ?? "");
const named = (...names: readonly string[]) => ({ name }: BadRequest) =>
  names.some((start) => name?.startsWith(start));

const OF_3_14: readonly Exception[] = [
  {
    why: "an empty query has no position",
    applies: ({ path, params }) => path.endsWith("query") && !params.query,
    answer: badData(
      /^invalid parameter "query": unknown position: parse error: no expression found in input$/,
    ),
  },
  {
    why: "a regex is read before it is anchored, so that messages quote it as written",
    applies: is('up{job=~"["}'),
    answer: badData(/error parsing regexp: missing closing \]: `\[`$/),
  },
  {
    why: "a regex is read before it is anchored, so that messages quote it as written",
    applies: named("a regex nested too deeply"),
    answer: badData(/error parsing regexp: expression nests too deeply: `\({1001}a\){1001}`$/),
  },
  {
    why: "a regex is read before it is anchored, so that messages quote it as written",
    applies: is('up{job=~"a\\\\"}'),
    answer: badData(/error parsing regexp: trailing backslash at end of expression: ``$/),
  },
  {
    why: "durations may be numbers and calculations",
    applies: is("up[]"),
    answer: badData(
      /1:4: parse error: unexpected "\]" in subquery or range selector, expected number, duration, step\(\), or range\(\)$/,
    ),
  },
  {
    why: "durations may be numbers and calculations",
    applies: is("up[0]", "up[-5m]", "up[5m:0]"),
    answer: badData(/1:[47]: parse error: duration must be greater than 0$/),
  },
  {
    why: "durations may be numbers and calculations",
    applies: is("up[5x]"),
    answer: badData(/1:4: parse error: bad number or duration syntax: "5"$/),
  },
  {
    why: "durations may be numbers and calculations",
    applies: is("up offset"),
    answer: badData(
      /unexpected end of input in offset, expected number, duration, step\(\), or range\(\)$/,
    ),
  },
  {
    why: "durations may be numbers and calculations",
    applies: is("up offset 5"),
    answer: { status: 200 },
  },
  {
    why: "numbers are checked while they are read, for the sake of underscores in them",
    applies: is("1e", "1__0"),
    answer: badData(/1:1: parse error: bad number or duration syntax: "1(e|__)"$/),
  },
  {
    why: "names may be any UTF-8 text if they are quoted",
    applies: named("a quoted label name"),
    answer: { status: 200 },
  },
  {
    why: "errors of a range query name the parameter",
    applies: ({ path, params }) =>
      path === "query_range" && ["up[5m]", '"a"', "up{"].includes(params.query ?? ""),
    answer: badData(/^invalid parameter "query": (1:4: parse error|invalid expression type)/),
  },
  {
    why: "errors begin in lower case",
    applies: ({ path, params }) => path !== "query_range" && (params.time === "x" || params.start === "x"),
    answer: badData(
      /^invalid parameter "(time|start)": invalid time value for '(time|start)': cannot parse "x"/,
    ),
  },
  {
    why: "lookback_delta is a parameter",
    applies: ({ params }) => params.lookback_delta === "x",
    answer: badData(/^error parsing lookback delta duration: cannot parse "x" to a valid duration$/),
  },
];

const OF_OURS: readonly Exception[] = [
  {
    why: "Go makes of a float that no integer holds what the processor gives, here the year -292277022657",
    applies: ({ params }) => [params.start, params.time].some((time) => time === "NaN" || time === "-Inf"),
    answer: badData(/cannot parse "(NaN|-Inf)" to a valid timestamp$/),
  },
  {
    why: "Go makes of a float that no integer holds what the processor gives, here a time long ago",
    applies: ({ params }) => params.end === "1e300",
    answer: badData(/^exceeded maximum resolution of 11,000 points per timeseries\./),
  },
  {
    why: "a query without time is found to be late wherever it is, in the queue or behind it",
    applies: ({ params }) => params.timeout === "0" || params.timeout === "-1",
    answer: { status: 503, errorType: "timeout", error: /^query timed out in query (queue|execution)$/ },
  },
];

const EXCEPTIONS = [...OF_3_14, ...OF_OURS];

async function ask(
  url: string,
  { path, params }: { readonly path: string; readonly params: BadRequest["params"] | string },
  method: "GET" | "POST",
): Promise<Answer & { readonly elapsedMs: number }> {
  const body = typeof params === "string" ? params : new URLSearchParams(params).toString();
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  const beganMs = performance.now();
  const response = method === "POST"
    ? await fetch(`${url}/api/v1/${path}`, { method, body, headers })
    : await fetch(`${url}/api/v1/${path}?${body}`);
  const { errorType, error } = await response.json();
  return { status: response.status, errorType, error, elapsedMs: performance.now() - beganMs };
}

/** A Prometheus on a free port that scrapes itself; ended by its disposal. */
async function startPrometheus(directory: string): Promise<{ url: string } & AsyncDisposable> {
  const port = freePort(), url = `http://127.0.0.1:${port}`;
  await Deno.writeTextFile(`${directory}/prometheus.yml`, CONFIG.replace("SELF", `127.0.0.1:${port}`));
  const child = new Deno.Command("prometheus", {
    args: [
      `--config.file=${directory}/prometheus.yml`,
      `--storage.tsdb.path=${directory}/prometheus`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const dispose = async () => {
    child.kill("SIGKILL");
    await child.status;
  };
  try {
    await until(async () => {
      const response = await fetch(`${url}/-/ready`);
      await response.body?.cancel();
      return response.ok;
    }, () => "Prometheus is not ready");
  } catch (error) {
    await dispose();
    throw error;
  }
  return { url, [Symbol.asyncDispose]: dispose };
}

const isThere = hasProgram("prometheus");

Deno.test({
  name: isThere
    ? "bad requests are answered as Prometheus answers them, soon and in little memory"
    : "bad requests against Prometheus: skipped, there is no prometheus on PATH",
  ignore: !isThere,
  fn: async (t) => {
    await using directory = await temporaryDirectory();
    await using prometheus = await startPrometheus(directory.path);
    await using server = await Server.start({ config: CONFIG, storagePath: `${directory.path}/narthex` });
    await server.ready();
    await until(async () => (await server.query("up")).size > 0, () => server.log);
    const memory = () => server.metric("process_resident_memory_bytes");
    const before = await memory();
    const used = new Set<Exception>();

    for (const request of BAD_REQUESTS) {
      const name = request.name ??
        `${request.path}?${decodeURIComponent(`${new URLSearchParams(request.params)}`)}`;
      await t.step(name, async () => {
        for (const method of request.isLong ? ["POST"] as const : ["GET", "POST"] as const) {
          const { elapsedMs, ...got } = await ask(server.url, request, method);
          const { elapsedMs: _, ...want } = await ask(prometheus.url, request, method);
          assert.ok(elapsedMs < TIME_MAX_MS, `it took ${elapsedMs} ms`);
          const exception = EXCEPTIONS.find(({ applies }) => applies(request));
          if (exception === undefined) {
            assert.deepEqual(got, want, method);
            continue;
          }
          used.add(exception);
          const { status, errorType, error } = exception.answer;
          assert.deepEqual([got.status, got.errorType], [status, errorType], exception.why);
          if (error !== undefined) assert.match(got.error ?? "", error, exception.why);
        }
      });
    }
    for (const params of RAW_QUERIES) {
      await t.step(`query?${params}`, async () => {
        for (const method of ["GET", "POST"] as const) {
          const { elapsedMs: _, ...got } = await ask(server.url, { path: "query", params }, method);
          const { elapsedMs: __, ...want } = await ask(prometheus.url, { path: "query", params }, method);
          const lowered = { ...want, error: want.error?.replace("Invalid time", "invalid time") };
          assert.deepEqual(got, lowered, method);
        }
      });
    }
    for (const exception of EXCEPTIONS) assert.ok(used.has(exception), `of no use: ${exception.why}`);
    const grown = await memory() - before;
    assert.ok(grown < MEMORY_MAX_BYTES, `the server grew by ${grown} bytes`);
    const healthy = await fetch(`${server.url}/-/healthy`);
    assert.deepEqual([healthy.status, await healthy.text()], [200, "Prometheus Server is Healthy.\n"]);
    assert.equal(await server.metric("narthex_shard_restarts_total"), 0);
  },
});
