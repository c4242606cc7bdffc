import assert from "node:assert/strict";
import fc from "fast-check";
import type { MetricFamily } from "../../../engine/exposition/metric_family.ts";
import {
  decodeFamilies,
  encodeFamilies,
  mergeFamilies,
  Registry,
  sampleValue,
} from "../../../engine/instrument/mod.ts";

const help = "h";

function registryOf(values: readonly number[], ms: number): Registry {
  const registry = new Registry({ now: () => ms });
  const counter = registry.counter({ name: "c_total", help, labelNames: ["sign"] });
  const gauge = registry.gauge({ name: "a_gauge", help });
  const histogram = registry.histogram({ name: "h", help, buckets: [0, 10], native: { factor: 1.1 } });
  const summary = registry.summary({ name: "s", help, objectives: { 0.5: 0.1 } });
  for (const value of values) {
    counter.labels(value < 0 ? "-" : "+").inc(1, { trace_id: `t${value}` });
    gauge.inc(value);
    histogram.observe(value, { trace_id: `t${value}` });
    summary.observe(value);
  }
  return registry;
}

const values = fc.array(fc.integer({ min: -20, max: 20 }));

Deno.test("decodeFamilies() restores what encodeFamilies() made, across structuredClone", () => {
  fc.assert(fc.property(values, (list) => {
    const families = registryOf(list, 5).gather();
    assert.deepStrictEqual(
      comparable(decodeFamilies(structuredClone(encodeFamilies(families)))),
      comparable(families),
    );
  }));
});

Deno.test("mergeFamilies() of two threads equals one that saw everything", () => {
  fc.assert(fc.property(values, values, (a, b) => {
    const merged = mergeFamilies([registryOf(a, 5).gather(), registryOf(b, 7).gather()]);
    const whole = registryOf([...a, ...b], 5).gather();
    assert.deepEqual(merged.map(({ name }) => name), whole.map(({ name }) => name));
    const source = { gather: () => merged }, wanted = { gather: () => whole };
    for (
      const [name, labels] of [
        ["c_total", { sign: "-" }],
        ["c_total", { sign: "+" }],
        ["a_gauge", {}],
        ["h_bucket", { le: "0" }],
        ["h_bucket", { le: "10" }],
        ["h_bucket", { le: "+Inf" }],
        ["h_count", {}],
        ["h_sum", {}],
        ["s_count", {}],
        ["s_sum", {}],
      ] as [string, Record<string, string>][]
    ) assert.equal(sampleValue(source, name, labels), sampleValue(wanted, name, labels), name);
    const native = nativeOf(merged), expected = nativeOf(whole);
    assert.equal(native.zeroCount, expected.zeroCount);
    assert.deepEqual(native.positiveBuckets.filter(Boolean), expected.positiveBuckets.filter(Boolean));
    assert.deepEqual(native.negativeBuckets.filter(Boolean), expected.negativeBuckets.filter(Boolean));
    assert.equal(sampleValue(source, "s", { quantile: "0.5" }), undefined);
  }));
});

Deno.test("mergeFamilies() keeps the newer exemplar and the older creation", () => {
  const merged = mergeFamilies([registryOf([1], 9).gather(), registryOf([2], 5).gather()]);
  const { exemplar, createdMs } = merged.find(({ name }) => name === "c_total")!.metrics[0];
  assert.deepEqual([exemplar?.labels.get("trace_id"), createdMs], ["t1", 5]);
});

Deno.test("mergeFamilies() refuses types and buckets that do not fit", () => {
  const gather = (make: (registry: Registry) => void) => {
    const registry = new Registry({ now: () => 0 });
    make(registry);
    return registry.gather();
  };
  const classic = (buckets: number[]) => gather((r) => r.histogram({ name: "x", help, buckets }));
  assert.throws(() => mergeFamilies([classic([1]), gather((r) => r.gauge({ name: "x", help }))]), TypeError);
  assert.throws(() => mergeFamilies([classic([1]), classic([2])]), TypeError);
  assert.throws(
    () =>
      mergeFamilies([
        classic([1]),
        gather((r) => r.histogram({ name: "x", help, buckets: [1], native: { factor: 2 } })),
      ]),
    TypeError,
  );
});

function nativeOf(families: readonly MetricFamily[]) {
  return families.find(({ name }) => name === "h")!.metrics[0].histogram!.native!;
}

/** Label sets as text, since their private fields are out of an assertion's sight. */
function comparable(families: readonly MetricFamily[]): unknown {
  return families.map((family) => ({
    ...family,
    metrics: family.metrics.map((metric) => ({
      ...metric,
      labels: metric.labels.toString(),
      exemplar: { ...metric.exemplar, labels: metric.exemplar?.labels.toString() },
      histogram: metric.histogram && {
        ...metric.histogram,
        buckets: metric.histogram.buckets.map((b) => ({ ...b, exemplar: b.exemplar?.labels.toString() })),
      },
    })),
  }));
}
