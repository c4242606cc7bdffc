import assert from "node:assert/strict";
import { configureLog, logger } from "../../server/log.ts";

const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/;

function linesOf(level: string, format: string, work: (log: ReturnType<typeof logger>) => void): string[] {
  const lines: string[] = [];
  configureLog({ level, format }, (line) => lines.push(line));
  work(logger("web"));
  return lines;
}

Deno.test("logfmt lines have upstream's fields", () => {
  const [line] = linesOf(
    "info",
    "logfmt",
    (log) =>
      log.warn('Odd selector {job="x"}', {
        target: "a b",
        count: 3,
        empty: "",
        err: new Error('say "no"\n'),
        ok: "x=y",
      }),
  );
  const match = /^time=(\S+) level=WARN source=log_test\.ts:[0-9]+ (.*)\n$/.exec(line);
  assert.ok(match, line);
  assert.match(match[1], TIME);
  assert.equal(
    match[2],
    'msg="Odd selector {job=\\"x\\"}" component=web target="a b" count=3 empty="" err="say \\"no\\"\\n" ok="x=y"',
  );
});

Deno.test("json lines have the same fields", () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const [line] = linesOf(
    "info",
    "json",
    (log) => log.error("Failed", { err: new Error("why"), n: 1, big: 10n, list: [1], circular }),
  );
  const { time, source, circular: shown, ...rest } = JSON.parse(line);
  assert.match(time, TIME);
  assert.match(source, /^log_test\.ts:[0-9]+$/);
  assert.equal(typeof shown, "string");
  assert.deepEqual(rest, {
    level: "ERROR",
    msg: "Failed",
    component: "web",
    err: "why",
    n: 1,
    big: "10",
    list: [1],
  });
});

Deno.test("less important messages are left out", () => {
  const all = (log: ReturnType<typeof logger>) => {
    log.debug("d");
    log.info("i");
    log.warn("w");
    log.error("e");
  };
  for (const [level, count] of [["debug", 4], ["info", 3], ["warn", 2], ["error", 1]] as const) {
    assert.equal(linesOf(level, "logfmt", all).length, count);
  }
  assert.throws(() => configureLog({ level: "loud", format: "logfmt" }), RangeError);
});

Deno.test("mistakes of ours come with their stack", () => {
  const [line] = linesOf(
    "info",
    "json",
    (log) => log.error("Failed", { err: new TypeError("x is undefined") }),
  );
  assert.match(JSON.parse(line).err, /^TypeError: x is undefined\n\s+at /);
});
