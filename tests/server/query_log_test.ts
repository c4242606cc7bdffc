import assert from "node:assert/strict";
import { join } from "node:path";
import { Registry } from "../../engine/instrument/mod.ts";
import { QueryLog } from "../../server/query_log.ts";

const QUERY = { query: "up", startMs: 1000, endMs: 2000, stepMs: 500, stats: undefined, error: "gone" };

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
    assert.deepEqual(lines.map(({ params, error }) => [params.query, params.step, error]), [
      ["up", 0.5, "gone"],
      ["down", 0.5, "gone"],
    ]);
    assert.equal(valueOf(registry, "prometheus_engine_query_log_failures_total"), 0);
  } finally {
    await Deno.remove(directory, { recursive: true });
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
    assert.deepEqual([torn, JSON.parse(whole).params.query, rest], ['{"par', "up", [""]]);
  } finally {
    Deno.FsFile.prototype.writeSync = writeSync;
    await Deno.remove(path);
  }
});
