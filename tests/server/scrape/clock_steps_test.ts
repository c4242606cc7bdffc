import assert from "node:assert/strict";
import { systemClock } from "../../../server/scrape/clock.ts";
import { StepWatch } from "../../../server/scrape/step_watch.ts";
import { FakeClock, INTERVAL_MS, poolOf, Scene, START_MS, targetOf } from "./_fakes.ts";

const HOUR_MS = 3_600_000, HALF_HOUR_MS = HOUR_MS / 2;

/** A scene with a target that counts its scrapes. */
async function open() {
  const steps: number[] = [];
  const scene = await Scene.open({ onClockStep: (stepMs) => void steps.push(stepMs) });
  let scrapes = 0;
  scene.fetcher.answer = () => `n ${++scrapes}\n`;
  scene.manager.setTargets([poolOf()]);
  return { scene, steps };
}

for (
  const { name, stepMs, samples, outOfOrder = 0 } of [
    {
      name: "forward, off the grid",
      stepMs: HALF_HOUR_MS - 3_000,
      samples: "1@0 2@10 3@1817 4@1820 5@1830 6@1840 7@1850",
    },
    { name: "forward, on the grid", stepMs: HALF_HOUR_MS, samples: "1@0 2@10 3@1820 4@1830 5@1840 6@1850" },
    {
      name: "back, before all samples, which are too late then",
      stepMs: 3_000 - HOUR_MS,
      samples: "1@0 2@10",
      outOfOrder: 4,
    },
    { name: "back by an interval or two", stepMs: -20_000, samples: "1@0 2@10 5@20 6@30", outOfOrder: 1 },
    { name: "back a little", stepMs: -500, samples: "1@0 2@10 3@19.5 4@30 5@40 6@50" },
  ]
) {
  Deno.test(`a clock that is stepped ${name} stamps what is scraped, at its interval`, async () => {
    const { scene, steps } = await open();
    await scene.clock.advance(1.5 * INTERVAL_MS);
    scene.clock.step(stepMs);
    await scene.clock.advance(4 * INTERVAL_MS);
    assert.equal((await scene.samples()).n, samples);
    assert.equal(scene.count("prometheus_target_scrapes_sample_out_of_order_total"), outOfOrder);
    assert.deepEqual(steps, Math.abs(stepMs) < 2_000 ? [] : [stepMs]);
    assert.equal(scene.manager.status()[0].health, "up");
    await scene.manager.stop();
  });
}

for (const stepMs of [HOUR_MS, -HOUR_MS]) {
  Deno.test(`a step of the clock by ${stepMs} ms during a scrape leaves its duration and the interval alone`, async () => {
    const { scene, steps } = await open();
    await scene.clock.advance(1.5 * INTERVAL_MS);
    const { answer } = scene.fetcher;
    scene.fetcher.answer = "hang"; // until its timeout, 5 s after its tick
    await scene.clock.advance(0.7 * INTERVAL_MS);
    scene.clock.step(stepMs);
    scene.fetcher.answer = answer;
    await scene.clock.advance(2.3 * INTERVAL_MS);
    const { scrape_duration_seconds: durations, up } = await scene.samples(/^(scrape_duration_seconds|up)$/);
    assert.match(durations, /^0@0 0@10 5@20( |$)/);
    assert.match(up, /^1@0 1@10 0@20( |$)/);
    assert.equal(scene.manager.status()[0].lastDurationSeconds, 0);
    assert.ok(scene.fetcher.requests.length >= 4, "scraping went on");
    assert.deepEqual(steps, [stepMs]);
    const interval = { interval: "10s" };
    const sum = scene.count("prometheus_target_interval_length_seconds_sum", interval);
    assert.ok(sum > 25 && sum < 50, `intervals take ${sum} s`);
    await scene.manager.stop();
  });
}

Deno.test("several targets and a step: it is told of once", async () => {
  const { scene, steps } = await open();
  const ids = ["00000000000000ab", "00000000000000ac"];
  const targets = ids.map((id, i) => targetOf({ id, labels: ["instance", id], offsetMs: i * 1000 }));
  scene.manager.setTargets([poolOf({ targets })]);
  await scene.clock.advance(INTERVAL_MS);
  scene.clock.step(HOUR_MS);
  await scene.clock.advance(2 * INTERVAL_MS);
  assert.deepEqual(steps, [HOUR_MS]);
  await scene.manager.stop();
});

for (const stepFirst of [true, false]) {
  Deno.test(`a target that goes ${stepFirst ? "after" : "before"} a step back is ended in time all the same`, async () => {
    const { scene } = await open();
    await scene.clock.advance(1.5 * INTERVAL_MS);
    if (stepFirst) scene.clock.step(-HOUR_MS);
    scene.manager.setTargets([]);
    if (!stepFirst) scene.clock.step(-HOUR_MS);
    await scene.clock.advance(2.2 * INTERVAL_MS);
    assert.match((await scene.samples()).n, /^1@0 2@10 S@(10.001|20)$/);
    await scene.manager.stop();
  });
}

Deno.test("a target that was scraped after a step back is ended after its last sample", async () => {
  const { scene } = await open();
  await scene.clock.advance(1.5 * INTERVAL_MS);
  scene.clock.step(-HOUR_MS);
  await scene.clock.advance(INTERVAL_MS);
  scene.manager.setTargets([]);
  await scene.clock.advance(2.2 * INTERVAL_MS);
  assert.equal((await scene.samples()).n, "1@0 2@10 S@10.001");
  await scene.manager.stop();
});

Deno.test("StepWatch takes drift and small corrections for no step", () => {
  const clock = new FakeClock(START_MS), steps: number[] = [];
  const watch = new StepWatch(clock, (stepMs) => void steps.push(stepMs));
  for (let i = 0; i < 100; i++) {
    clock.step(i % 2 === 0 ? 1_999 : -900);
    watch.check();
  }
  assert.deepEqual(steps, []);
  clock.step(-2_000);
  watch.check();
  watch.check();
  assert.deepEqual(steps, [-2_000]);
});

Deno.test("the system's clock has the time of day, stepped or not, and monotonic time beside it", () => {
  const { now } = Date;
  try {
    Date.now = () => 1234;
    assert.equal(systemClock.now(), 1234);
    const before = systemClock.monotonic();
    Date.now = () => 10;
    assert.equal(systemClock.now(), 10);
    assert.ok(systemClock.monotonic() >= before);
  } finally {
    Date.now = now;
  }
});
