import assert from "node:assert/strict";
import { Registry } from "../../engine/instrument/mod.ts";
import type { LoadedServerConfig } from "../../server/config/load_in_worker.ts";
import { Configuration, type ConfigurationOptions } from "../../server/configuration.ts";

const loadedAs = (yaml: string) =>
  ({ config: { yaml }, isBuiltIn: true, files: [] }) as unknown as LoadedServerConfig;
/** What is logged goes to `lines`. */
const options = (lines: string[] = []) => ({
  registry: new Registry({ now: () => 0 }),
  now: () => 7,
  log: {
    info: (text: string) => void lines.push(text),
    error: (text: string, { err }: { err: string }) => void lines.push(`${text}: ${err}`),
  } as unknown as ConfigurationOptions["log"],
});

Deno.test("reloads run one after the other, and one that fails holds up no other", async () => {
  const events: string[] = [];
  const texts = ["a", "bad", "b"];
  const configuration = new Configuration(
    loadedAs("first"),
    {
      ...options(),
      load: async () => {
        const text = texts.shift()!;
        events.push(`load ${text}`);
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (text === "bad") throw new Error("it is bad");
        return loadedAs(text);
      },
      apply: [async ({ config: { yaml } }) => {
        events.push(`apply ${yaml}`);
        await new Promise((resolve) => setTimeout(resolve, 1));
        events.push(`applied ${yaml}`);
      }],
    },
  );
  const results = await Promise.allSettled([
    configuration.reload(),
    configuration.reload(),
    configuration.reload(),
  ]);
  assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  assert.deepEqual(events, [
    "load a",
    "apply a",
    "applied a",
    "load bad",
    "load b",
    "apply b",
    "applied b",
  ]);
  assert.deepEqual([configuration.current().yaml, configuration.lastReloadSucceeded], ["b", true]);
  assert.equal(configuration.lastFailureMs, 7);
});

Deno.test("a part that cannot apply a configuration keeps no other from it, and makes the reload fail", async () => {
  const applied: string[] = [], lines: string[] = [];
  const texts = ["a", "b"];
  let isBroken = true;
  const configuration = new Configuration(loadedAs("first"), {
    ...options(lines),
    load: () => Promise.resolve(loadedAs(texts.shift()!)),
    apply: [
      ({ config: { yaml } }) => void applied.push(`1 ${yaml}`),
      () => {
        if (isBroken) throw new Error("no such directory");
      },
      ({ config: { yaml } }) => void applied.push(`3 ${yaml}`),
    ],
  });
  await assert.rejects(configuration.reload(), /but for what failed: no such directory/);
  assert.deepEqual([applied, configuration.lastReloadSucceeded], [["1 a", "3 a"], false]);
  assert.equal(configuration.current().yaml, "a");
  isBroken = false;
  await configuration.reload();
  assert.deepEqual([configuration.current().yaml, configuration.lastReloadSucceeded], ["b", true]);
  assert.match(lines[0], /^Error reloading config: .*no such directory/);
  assert.equal(lines[1], "Completed loading of configuration file");
});
