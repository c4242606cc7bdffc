import assert from "node:assert/strict";
import { ProcessMetrics, Registry, sampleValue } from "../../../engine/instrument/mod.ts";

Deno.test("ProcessMetrics exposes what the reader knows and leaves out the rest", () => {
  const registry = new Registry({ now: () => 0 });
  registry.register(new ProcessMetrics({ read: () => ({ cpuSeconds: 1.5, openFds: 0 }) }));
  assert.deepEqual(registry.gather().map(({ name, type }) => [name, type]), [
    ["process_cpu_seconds_total", "counter"],
    ["process_open_fds", "gauge"],
  ]);
  assert.equal(sampleValue(registry, "process_cpu_seconds_total"), 1.5);
});
