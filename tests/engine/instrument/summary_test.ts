import assert from "node:assert/strict";
import fc from "fast-check";
import { Registry, sampleValue } from "../../../engine/instrument/mod.ts";
import { QuantileStream } from "../../../engine/instrument/quantile_stream.ts";

const help = "h";
const OBJECTIVES = [0.5, 0.9, 0.99].map((quantile, i) => ({ quantile, error: [0.05, 0.01, 0.001][i] }));

Deno.test("QuantileStream stays within the stated rank errors for any values and batches", () => {
  const values = fc.oneof(
    fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 3000, size: "max" }),
    fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 3000, size: "max" }),
    fc.integer({ min: 1, max: 5000 }).map((n) => Array.from({ length: n }, (_, i) => i)),
    fc.integer({ min: 1, max: 5000 }).map((n) => Array.from({ length: n }, (_, i) => -i)),
  );
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 600 }), (list, batch) => {
      const stream = new QuantileStream(OBJECTIVES);
      for (let i = 0; i < list.length; i += batch) {
        stream.insertSorted(Float64Array.from(list.slice(i, i + batch)).sort());
      }
      assert.equal(stream.count, list.length);
      const sorted = Float64Array.from(list).sort();
      for (const { quantile, error } of OBJECTIVES) {
        const found = stream.query(quantile);
        // Ranks that the value has, from 1: it must come within the error of the one asked for.
        const first = sorted.findIndex((v) => v === found) + 1,
          last = sorted.findLastIndex((v) => v === found) + 1;
        assert.ok(first > 0, "an observed value");
        const slack = error * list.length + 1;
        assert.ok(
          first <= quantile * list.length + slack && last >= quantile * list.length - slack,
          `${quantile} of ${list.length} is ${found} of rank ${first}..${last}`,
        );
      }
      assert.deepEqual([stream.query(0), stream.query(1)], [sorted[0], sorted.at(-1)]);
    }),
    { numRuns: 60 },
  );
});

Deno.test("QuantileStream keeps few of many values", () => {
  const stream = new QuantileStream(OBJECTIVES);
  let seed = 1;
  for (let i = 0; i < 200; i++) {
    const batch = Float64Array.from({ length: 500 }, () => seed = Math.imul(seed, 48271) >>> 1);
    stream.insertSorted(batch.sort());
  }
  assert.ok(stream.size < 1000, `kept ${stream.size} of 100000`);
});

Deno.test("a summary has no quantiles unless it is asked for them", () => {
  const registry = new Registry({ now: () => 0 });
  const summary = registry.summary({ name: "s", help });
  summary.observe(2);
  summary.observe(3);
  assert.deepEqual(registry.gather()[0].metrics[0].summary, { count: 2, sum: 5, quantiles: [] });
});

Deno.test("quantiles forget what is older than the window, count and sum do not", () => {
  const clock = { ms: 0 };
  const registry = new Registry({ now: () => clock.ms });
  const summary = registry.summary({ name: "s", help, objectives: { 0.9: 0.01, 0.5: 0.05 }, maxAgeMs: 1000 });
  const median = () => sampleValue(registry, "s", { quantile: "0.5" });
  assert.ok(Number.isNaN(median()), "no observation yet");
  for (let i = 1; i <= 100; i++) summary.observe(i);
  summary.observe(NaN);
  assert.ok(Math.abs(median()! - 50) <= 5);
  clock.ms = 700;
  for (let i = 0; i < 900; i++) summary.observe(1000);
  assert.equal(median(), 1000);
  assert.equal(sampleValue(registry, "s_count"), 1001);
  clock.ms = 1000;
  assert.equal(median(), 1000);
  clock.ms = 1599;
  assert.equal(median(), 1000);
  clock.ms = 1600;
  assert.ok(Number.isNaN(median()));
  clock.ms = 1e9; // far beyond the window
  summary.observe(7);
  assert.equal(median(), 7);
  assert.equal(sampleValue(registry, "s_count"), 1002);
  assert.deepEqual(registry.gather()[0].metrics[0].summary!.quantiles.map((q) => q.quantile), [0.5, 0.9]);
});
