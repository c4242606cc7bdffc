import { Registry } from "../../../engine/instrument/mod.ts";

const registry = new Registry({ now: () => 0 });
const help = "h";
const counter = registry.counter({ name: "c_total", help, labelNames: ["a", "b"] });
const child = counter.labels("x", "y");
const classic = registry.histogram({ name: "classic_seconds", help }).labels();
const native = registry.histogram({ name: "native_seconds", help, native: { factor: 1.1, bucketsMax: 160 } })
  .labels();
const summary = registry.summary({ name: "s", help, objectives: { 0.5: 0.05, 0.9: 0.01, 0.99: 0.001 } })
  .labels();
for (let i = 0; i < 5000; i++) counter.labels(`x${i}`, "y").inc(i);

let seed = 1;
/** Latencies of 1 ms to 1 s or so. */
const latency = () => 0.001 + ((seed = Math.imul(seed, 48271) >>> 1) % 1000) / 1000;

const group = "update";
Deno.bench("inc a cached child", { group, baseline: true }, () => child.inc(0.5));
Deno.bench("inc by labels(...)", { group }, () => counter.labels("x", "y").inc());
Deno.bench("observe, classic", { group }, () => classic.observe(latency()));
Deno.bench("observe, native", { group }, () => native.observe(latency()));
Deno.bench("observe, summary with objectives", { group }, () => summary.observe(latency()));
Deno.bench("gather 5,000 series", { group: "gather" }, () => {
  if (registry.gather().length !== 4) throw new Error("BUG: families are missing");
});
