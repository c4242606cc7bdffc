import assert from "node:assert/strict";
import { Registry } from "../../engine/instrument/mod.ts";
import type { LoadedServerConfig } from "../../server/config/load_in_worker.ts";
import { Configuration } from "../../server/configuration.ts";

Deno.test("reloads run one after the other, and one that fails holds up no other", async () => {
  const loadedAs = (yaml: string) => ({ config: { yaml } }) as unknown as LoadedServerConfig;
  const events: string[] = [];
  const texts = ["a", "bad", "b"];
  const configuration = new Configuration(
    loadedAs("first"),
    async () => {
      const text = texts.shift()!;
      events.push(`load ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (text === "bad") throw new Error("it is bad");
      return loadedAs(text);
    },
    async ({ config: { yaml } }) => {
      events.push(`apply ${yaml}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      events.push(`applied ${yaml}`);
    },
    new Registry({ now: () => 0 }),
    () => 7,
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
