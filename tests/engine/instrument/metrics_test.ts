import assert from "node:assert/strict";
import {
  AlreadyRegisteredError,
  Desc,
  GatherError,
  Registry,
  sampleValue,
} from "../../../engine/instrument/mod.ts";
import { Labels } from "../../../engine/labels/labels.ts";

function setup(): { registry: Registry; clock: { ms: number } } {
  const clock = { ms: 1_000_000 };
  return { registry: new Registry({ now: () => clock.ms }), clock };
}
const help = "h";

Deno.test("metrics without labels exist at zero from creation, with their created timestamps", () => {
  const { registry } = setup();
  registry.counter({ name: "c_total", help });
  registry.gauge({ name: "g", help });
  registry.histogram({ name: "h", help });
  registry.summary({ name: "s", help });
  registry.counter({ name: "labelled_total", help, labelNames: ["a"] });
  assert.deepEqual(
    ["c_total", "g", "h_count", "h_sum", "s_count", "s_sum", "labelled_total"].map((n) =>
      sampleValue(registry, n)
    ),
    [0, 0, 0, 0, 0, 0, undefined],
  );
  assert.deepEqual(registry.gather().map(({ name, metrics }) => [name, metrics[0].createdMs]), [
    ["c_total", 1_000_000],
    ["g", undefined],
    ["h", 1_000_000],
    ["s", 1_000_000],
  ]);
});

Deno.test("Counter.inc() refuses what would make it fall or poison it", () => {
  const counter = setup().registry.counter({ name: "c_total", help });
  counter.inc();
  counter.inc(1.5);
  counter.inc(0);
  for (const by of [-1, NaN, -Infinity]) assert.throws(() => counter.inc(by), RangeError);
  assert.equal(counter.value, 2.5);
});

Deno.test("Gauge sets, adds, subtracts and takes the time in seconds", () => {
  const { registry, clock } = setup();
  const gauge = registry.gauge({ name: "g", help });
  gauge.set(5);
  gauge.inc(2);
  gauge.dec();
  assert.equal(gauge.value, 6);
  gauge.setToCurrentTime();
  assert.equal(gauge.value, 1000);
  const end = gauge.startTimer();
  clock.ms += 250;
  assert.equal(end(), 0.25);
  assert.equal(gauge.value, 0.25);
});

Deno.test("timers and trackers report once work is over, sync or async, failed or not", async () => {
  const { registry, clock } = setup();
  const histogram = registry.histogram({ name: "h_seconds", help });
  const inFlight = registry.gauge({ name: "in_flight", help });
  const errors = registry.counter({ name: "errors_total", help });
  const done = Promise.withResolvers<number>();
  const running = histogram.time(() =>
    inFlight.trackInProgress(() => errors.countExceptions(() => done.promise))
  );
  assert.equal(inFlight.value, 1);
  assert.equal(histogram.count, 0);
  clock.ms += 1500;
  done.resolve(7);
  assert.equal(await running, 7);
  assert.deepEqual([inFlight.value, histogram.count, histogram.sum, errors.value], [0, 1, 1.5, 0]);
  const fail = () => {
    throw new Error("no");
  };
  assert.throws(() => histogram.time(() => errors.countExceptions(fail)), /no/);
  await assert.rejects(errors.countExceptions(() => Promise.reject(new Error("no"))), /no/);
  assert.deepEqual([histogram.count, errors.value], [2, 2]);
});

Deno.test("labels() finds the same child by values and by object, remove() and clear() forget", () => {
  const { registry } = setup();
  const counter = registry.counter({
    name: "c_total",
    help,
    labelNames: ["a", "b"],
    constLabels: { z: "1" },
  });
  const child = counter.labels("x", "y");
  assert.equal(counter.labels({ b: "y", a: "x" }), child);
  assert.notEqual(counter.labels("y", "x"), child);
  child.inc();
  assert.equal(sampleValue(registry, "c_total", { a: "x", b: "y", z: "1" }), 1);
  assert.equal(sampleValue(registry, "c_total", { a: "y", b: "x", z: "1" }), 0);
  assert.equal(counter.remove("x", "y"), true);
  assert.equal(counter.remove("x", "y"), false);
  assert.equal(counter.labels("x", "y").value, 0);
  counter.clear();
  assert.deepEqual(registry.gather(), []);
});

Deno.test("labels() keeps series apart whatever their values hold", () => {
  const { registry } = setup();
  const counter = registry.counter({ name: "c_total", help, labelNames: ["a", "b"] });
  const values = ["", ",", ":", "1:", "x,b:y", "1:a1:b", "\u0000"];
  values.forEach((a, i) => values.forEach((b, j) => counter.labels(a, b).inc(100 * i + j)));
  values.forEach((a, i) => values.forEach((b, j) => assert.equal(counter.labels(a, b).value, 100 * i + j)));
});

for (
  const [name, use, error] of [
    ["too few values", (c) => c.labels("x"), RangeError],
    ["too many values", (c) => c.labels("x", "y", "z"), RangeError],
    ["no values", (c) => c.labels(), RangeError],
    ["a missing name", (c) => c.labels({ a: "x" }), RangeError],
    ["an unknown name", (c) => c.labels({ a: "x", c: "y" }), RangeError],
    ["a number", (c) => c.labels("x", 200), TypeError],
    ["a lone surrogate", (c) => c.labels("x", "\ud800"), TypeError],
    ["an update without labels", (c) => c.inc(), TypeError],
    ["removing with too few values", (c) => c.remove("x"), RangeError],
  ] as [
    string,
    (c: { labels(...v: unknown[]): void; inc(): void; remove(v: string): void }) => void,
    ErrorConstructor,
  ][]
) {
  Deno.test(`a labelled counter refuses ${name}`, () => {
    const counter = setup().registry.counter({ name: "c_total", help, labelNames: ["a", "b"] });
    assert.throws(() => use(counter as never), error);
  });
}

for (
  const [name, make] of [
    ["an empty name", (r) => r.gauge({ name: "", help })],
    ["a malformed name", (r) => r.gauge({ name: "a\udc00", help })],
    ["no help", (r) => r.gauge({ name: "a" } as never)],
    ["a label twice", (r) => r.gauge({ name: "a", help, labelNames: ["x", "x"] })],
    [
      "a label that is constant too",
      (r) => r.gauge({ name: "a", help, labelNames: ["x"], constLabels: { x: "1" } }),
    ],
    ["an internal label", (r) => r.gauge({ name: "a", help, labelNames: ["__x"] })],
    ["le on a histogram", (r) => r.histogram({ name: "a", help, labelNames: ["le"] })],
    ["quantile on a summary", (r) => r.summary({ name: "a", help, constLabels: { quantile: "1" } })],
    ["a unit the name does not end in", (r) => r.gauge({ name: "a_bytes", help, unit: "seconds" })],
    ["descending buckets", (r) => r.histogram({ name: "a", help, buckets: [1, 1] })],
    ["a NaN bucket", (r) => r.histogram({ name: "a", help, buckets: [NaN] })],
    [
      "a native factor of 1",
      (r) => r.histogram({ name: "a", help, labelNames: ["x"], native: { factor: 1 } }),
    ],
    ["an objective above 1", (r) => r.summary({ name: "a", help, objectives: { 1.5: 0.1 } })],
    ["an objective without error", (r) => r.summary({ name: "a", help, objectives: { 0.5: 0 } })],
  ] as [string, (r: Registry) => void][]
) {
  Deno.test(`a metric cannot be made with ${name}`, () => {
    const { registry } = setup();
    assert.throws(() => make(registry), (e) => e instanceof RangeError || e instanceof TypeError);
    assert.deepEqual(registry.gather(), []);
  });
}

Deno.test("register() refuses a metric twice and tells which one is there", () => {
  const { registry } = setup();
  const first = registry.counter({ name: "c_total", help });
  for (const again of [() => registry.counter({ name: "c_total", help }), () => registry.register(first)]) {
    assert.throws(again, (e) => e instanceof AlreadyRegisteredError && e.existing === first);
  }
  assert.equal(registry.unregister(first), true);
  assert.equal(registry.unregister(first), false);
  registry.counter({ name: "c_total", help });
});

Deno.test("register() lets metrics share a name only with the same help, unit and labels", () => {
  const { registry } = setup();
  registry.gauge({ name: "g", help, labelNames: ["a"], constLabels: { shard: "0" } });
  registry.gauge({ name: "g", help, labelNames: ["a"], constLabels: { shard: "1" } });
  const constLabels = { shard: "2" };
  assert.throws(() => registry.gauge({ name: "g", help: "other", labelNames: ["a"], constLabels }), /help/);
  assert.throws(() => registry.gauge({ name: "g", help, labelNames: ["b"], constLabels }), /label names/);
});

Deno.test("gather() sorts families and metrics, puts families of several collectors together", () => {
  const { registry } = setup();
  registry.gauge({ name: "z", help });
  const b = registry.gauge({ name: "g", help, labelNames: ["x"], constLabels: { shard: "1" } });
  const a = registry.gauge({ name: "g", help, labelNames: ["x"], constLabels: { shard: "0" } });
  b.labels("2").set(4);
  b.labels("1").set(3);
  a.labels("2").set(2);
  a.labels("1").set(1);
  const families = registry.gather();
  assert.deepEqual(families.map(({ name }) => name), ["g", "z"]);
  assert.deepEqual(families[0].metrics.map(({ value }) => value), [1, 2, 3, 4]);
});

Deno.test("collect callbacks run at every gathering", () => {
  const { registry } = setup();
  let length = 3;
  registry.gauge({ name: "queue_length", help, collect: (gauge) => gauge.set(length) });
  assert.equal(sampleValue(registry, "queue_length"), 3);
  length = 4;
  assert.equal(sampleValue(registry, "queue_length"), 4);
});

const gaugeFamily = (name: string, labels: Record<string, string>, more = {}) => ({
  name,
  help,
  type: "gauge" as const,
  metrics: [{ labels: Labels.from(labels), value: 1 }],
  ...more,
});

for (
  const [name, families, message] of [
    [
      "another type",
      [gaugeFamily("ok", {}, { type: "counter" })],
      /type "counter" here and "gauge" elsewhere/,
    ],
    ["another help text", [gaugeFamily("ok", { a: "1" }, { help: "x" })], /help/],
    ["a series twice", [gaugeFamily("ok", {})], /collected before/],
    ["a histogram's suffix", [gaugeFamily("hist_bucket", {})], /collides with histogram "hist"/],
    ["a suffix taken before", [gaugeFamily("x_sum", {}), {
      name: "x",
      help,
      type: "summary" as const,
      metrics: [{ labels: Labels.empty, summary: { count: 0, sum: 0, quantiles: [] } }],
    }], /collides with metric "x_sum"/],
    ["a summary with an explicit quantile", [{
      name: "x",
      help,
      type: "summary" as const,
      metrics: [{ labels: Labels.from({ quantile: "1" }), summary: { count: 0, sum: 0, quantiles: [] } }],
    }], /cannot have a label "quantile"/],
    ["a name label", [gaugeFamily("x", { __name__: "y" })], /cannot have a label "__name__"/],
    ["a histogram without one", [gaugeFamily("x", {}, { type: "histogram" })], /needs a histogram/],
    ["an empty name", [gaugeFamily("", {})], /Metric name/],
  ] as const
) {
  Deno.test(`gather() leaves out ${name}, says so and keeps the rest`, () => {
    const { registry } = setup();
    registry.gauge({ name: "ok", help });
    registry.histogram({ name: "hist", help });
    registry.register({ describe: () => [], collect: () => families });
    assert.throws(
      () => registry.gather(),
      (e) =>
        e instanceof GatherError && e.errors.length === 1 && message.test(e.message) &&
        ["hist", "ok"].every((kept) =>
          e.families.some(({ name, metrics }) => name === kept && metrics.length === 1)
        ),
    );
  });
}

Deno.test("gather() survives collectors that fail or return what they did not describe", () => {
  const { registry } = setup();
  const desc = new Desc({ name: "described", help });
  registry.gauge({ name: "ok", help });
  registry.register({ describe: () => [desc], collect: () => [gaugeFamily("other", {})] });
  registry.gauge({
    name: "broken",
    help,
    collect: () => {
      throw new Error("disk gone");
    },
  });
  const { families, errors } = registry.gatherAll();
  assert.deepEqual(families.map(({ name }) => name), ["ok"]);
  assert.match(errors[0].message, /did not describe/);
  assert.match(errors[1].message, /Cannot collect broken: disk gone/);
});

Deno.test("exemplars: counters keep the last, histograms one per bucket, long labels are refused", () => {
  const { registry } = setup();
  const counter = registry.counter({ name: "c_total", help });
  const histogram = registry.histogram({ name: "h", help, buckets: [1] });
  counter.inc(2, { trace_id: "a" });
  counter.inc(3, { trace_id: "b" });
  histogram.observe(0.5, { trace_id: "c" });
  histogram.observe(9, { trace_id: "d" });
  for (
    const metric of [
      () => counter.inc(1, { t: "x".repeat(128) }),
      () => histogram.observe(1, { t: "é".repeat(128) }),
    ]
  ) {
    assert.throws(metric, RangeError);
  }
  counter.inc(1, { t: "😀".repeat(127) });
  assert.deepEqual([counter.value, histogram.count], [6, 2], "a refused exemplar refuses the update");
  const [c, h] = registry.gather();
  assert.equal(c.metrics[0].exemplar?.value, 1);
  assert.deepEqual(
    h.metrics[0].histogram?.buckets.map((
      { exemplar },
    ) => [exemplar?.labels.get("trace_id"), exemplar?.timestampMs]),
    [["c", 1_000_000], ["d", 1_000_000]],
  );
});

Deno.test("Info is a gauge of 1 with its facts as labels", () => {
  const { registry } = setup();
  registry.info({ name: "app_build_info", help, labels: { version: "1.2" } });
  assert.equal(sampleValue(registry, "app_build_info", { version: "1.2" }), 1);
});
