import assert from "node:assert/strict";
import { join } from "node:path";
import { Registry } from "../../engine/instrument/mod.ts";
import type { FinishedQuery } from "../../server/promql_queries.ts";
import { QueryLog } from "../../server/query_log.ts";

const QUERY: FinishedQuery = {
  query: "up",
  startMs: 1000,
  endMs: 2000,
  stepMs: 500,
  stats: undefined,
  error: "gone",
  origin: undefined,
};

function valueOf(registry: Registry, name: string): number | undefined {
  return registry.gather().find((family) => family.name === name)?.metrics[0].value;
}

Deno.test("QueryLog writes a line for every query, and shows whether it does", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const registry = new Registry({ now: () => 0 });
    const log = new QueryLog(registry, (_, error) => assert.fail(error));
    const file = join(directory, "queries.log");
    const enabled = () => valueOf(registry, "prometheus_engine_query_log_enabled");
    log.write(QUERY);
    log.open(file);
    assert.equal(enabled(), 1);
    log.write(QUERY);
    log.write({ ...QUERY, query: "down" });
    log.open("");
    assert.equal(enabled(), 0);
    log.write(QUERY);
    const lines = (await Deno.readTextFile(file)).trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(lines.map(({ msg, params, error }) => [msg, params.query, params.step, error]), [
      ["promql query logged", "up", 0.5, "gone"],
      ["promql query logged", "down", 0.5, "gone"],
    ]);
    assert.deepEqual(Object.keys(lines[0]), ["time", "level", "msg", "params", "error"]);
    assert.equal(valueOf(registry, "prometheus_engine_query_log_failures_total"), 0);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("QueryLog tells the request of a query, and any time", async () => {
  const path = await Deno.makeTempFile();
  try {
    const log = new QueryLog(new Registry({ now: () => 0 }), (_, error) => assert.fail(error));
    log.open(path);
    const origin = { clientIP: "127.0.0.1", method: "POST", path: "/api/v1/query" };
    log.write({ ...QUERY, origin, startMs: 9e15, endMs: Infinity });
    log.write({ ...QUERY, startMs: -Infinity, endMs: NaN });
    log.open("");
    const lines = (await Deno.readTextFile(path)).trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(lines.map(({ params: { start, end }, httpRequest }) => ({ start, end, httpRequest })), [
      { start: "287168-08-24T16:00:00.000Z", end: "292278994-08-17T07:12:55.808Z", httpRequest: origin },
      { start: "-292275055-05-16T16:47:04.192Z", end: "1970-01-01T00:00:00.000Z", httpRequest: undefined },
    ]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test({
  name: "QueryLog counts the lines that it cannot write, tells of the first one, and throws nothing",
  ignore: Deno.build.os !== "linux", // which has a file that is always full
  fn: () => {
    const registry = new Registry({ now: () => 0 });
    const told: string[] = [];
    const log = new QueryLog(registry, (file) => told.push(file));
    log.open("/dev/full");
    log.write(QUERY);
    log.write(QUERY);
    assert.deepEqual([told, valueOf(registry, "prometheus_engine_query_log_failures_total")], [
      ["/dev/full"],
      2,
    ]);
    log.open("");
  },
});

Deno.test("QueryLog begins a new line behind one that was cut off", async () => {
  const path = await Deno.makeTempFile();
  const { writeSync } = Deno.FsFile.prototype;
  try {
    const log = new QueryLog(new Registry({ now: () => 0 }), () => {});
    log.open(path);
    let writes = 0;
    Deno.FsFile.prototype.writeSync = function (bytes: Uint8Array) {
      if (++writes === 2) throw new Error("no space left on device");
      return writeSync.call(this, bytes.subarray(0, 5));
    };
    log.write(QUERY);
    Deno.FsFile.prototype.writeSync = writeSync;
    log.write(QUERY);
    log.open("");
    const [torn, whole, ...rest] = (await Deno.readTextFile(path)).split("\n");
    assert.deepEqual([torn, JSON.parse(whole).params.query, rest], ['{"tim', "up", [""]]);
  } finally {
    Deno.FsFile.prototype.writeSync = writeSync;
    await Deno.remove(path);
  }
});
