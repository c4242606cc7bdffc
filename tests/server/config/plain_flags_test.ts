import assert from "node:assert/strict";
import fc from "fast-check";
import { runCommandLine } from "../../../server/config/command_line.ts";
import { plainFlags } from "../../../server/config/plain_flags.ts";
import type { Handlers } from "../../../server/config/requests.ts";
import { serveRequest, UsageError } from "../../../server/config/serve_request.ts";

const text = fc.constantFrom(
  "",
  "1",
  "-1",
  "5m",
  "1GB",
  "a=b",
  "a\nb",
  "info",
  "true",
  "--",
  "-h",
  "--help",
  "--agent",
  "import",
);
const name = fc.constantFrom(
  "config.file",
  "web.listen-address",
  "web.enable-lifecycle",
  "agent",
  "query.timeout",
  "query.max-samples",
  "storage.tsdb.retention.size",
  "log.level",
  "enable-feature",
  "nonsense",
  "no-agent",
  "no-web.enable-lifecycle",
  "no-config.file",
  "toString",
);
const args = fc.tuple(
  fc.constantFrom([], [], ["serve"], ["import"]),
  fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.tuple(name, text).map(([name, text]) => [`--${name}=${text}`]) },
      { weight: 4, arbitrary: fc.tuple(name, text).map(([name, text]) => [`--${name}`, text]) },
      { weight: 2, arbitrary: name.map((name) => [`--${name}`]) },
      { weight: 1, arbitrary: text.map((text) => [text]) },
    ),
    { maxLength: 3 },
  ),
).map(([command, rest]) => [...command, ...rest.flat()]);

/** What the server is asked for by `run`, or why it is not. */
async function outcome(run: (handlers: Handlers) => Promise<unknown>): Promise<unknown> {
  let request: unknown;
  const handlers = {
    serve: (asked: unknown) => Promise.resolve(void (request = asked)),
  } as unknown as Handlers;
  try {
    await run(handlers);
  } catch (error) {
    assert.ok(error instanceof UsageError);
    return error.message;
  }
  const { flags, ...rest } = request as ReturnType<typeof serveRequest>;
  return { table: flags.asTable(), given: flags.given, ...rest };
}

Deno.test("plainFlags() takes flags as runCommandLine() does, or leaves them to it", async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(args, async (args) => {
      const given = plainFlags(args);
      if (given === undefined) return;
      taken++;
      const host = { version: "1", cores: 2, stdout: () => {}, stderr: () => {} };
      assert.deepEqual(
        await outcome((handlers) => Promise.resolve(handlers.serve(serveRequest(given, 2)))),
        await outcome((handlers) => runCommandLine(args, handlers, host)),
      );
    }),
    { numRuns: 500 },
  );
  assert.ok(taken > 50, `${taken} taken`);
});

Deno.test("plainFlags() takes the usual start of a server", () => {
  const args = ["--config.file=/p.yml", "--storage.path", "/data", "--web.enable-lifecycle", "--no-agent"];
  const want = {
    "config.file": "/p.yml",
    "storage.path": "/data",
    "web.enable-lifecycle": true,
    agent: false,
  };
  for (const command of [[], ["serve"]]) {
    assert.deepEqual(Object.fromEntries(plainFlags([...command, ...args])!), want);
  }
});
