import assert from "node:assert/strict";
import fc from "fast-check";
import { sampleTime, tickAfter, tickFrom, tickUpTo } from "../../../server/scrape/tick.ts";

const grid = { intervalMs: 10_000, offsetMs: 3_000 };

for (
  const { name, at, want } of [
    { name: "on a tick", at: 23_000, want: 23_000 },
    { name: "after a tick", at: 23_000.5, want: 33_000 },
    { name: "before a tick", at: 22_999, want: 23_000 },
  ]
) {
  Deno.test(`tickFrom() ${name}`, () => assert.equal(tickFrom(grid, at), want));
}

for (
  const { name, now, want } of [
    { name: "takes the next one", now: 24_000, want: 33_000 },
    { name: "is late for one missed just now", now: 33_900, want: 33_000 },
    { name: "skips one missed longer ago", now: 34_100, want: 43_000 },
    { name: "skips many", now: 99_000, want: 103_000 },
    { name: "does not repeat one where the clock was stepped back a little", now: 19_000, want: 33_000 },
    { name: "does not wait out a step back", now: 1_000, want: 13_000 },
    { name: "does not wait out a step back onto a tick", now: -3_597_000, want: -3_587_000 },
  ]
) {
  Deno.test(`tickAfter() ${name}`, () => assert.equal(tickAfter(grid, 23_000, now), want));
}

for (
  const { interval, late, want } of [
    { interval: 10_000, late: 0, want: 0 },
    { interval: 10_000, late: 2, want: 0 },
    { interval: 10_000, late: 3, want: 3 },
    { interval: 10_000, late: -2, want: 0 },
    { interval: 10_000, late: -3, want: -3 },
    { interval: 10_000, late: 3_600_001, want: 3_600_000 },
    { interval: 100, late: 1, want: 0 },
    { interval: 100, late: 2, want: 2 },
    { interval: 50, late: 1, want: 1 },
  ]
) {
  Deno.test(`sampleTime() ${late} ms late in ${interval} ms is at ${want}`, () => {
    assert.equal(sampleTime({ intervalMs: interval, offsetMs: 7 }, 50_007 + late), 50_007 + want);
  });
}

Deno.test("tickFrom() is on the grid, at or after the time and less than an interval later", () => {
  const interval = fc.integer({ min: 1, max: 86_400_000 });
  fc.assert(
    fc.property(interval, fc.nat(), fc.integer({ min: 0, max: 2 ** 41 }), (intervalMs, offset, at) => {
      const offsetMs = offset % intervalMs;
      const tick = tickFrom({ intervalMs, offsetMs }, at);
      assert.equal((tick - offsetMs) % intervalMs, 0);
      assert.ok(tick >= at && tick - at < intervalMs);
      assert.equal(tickUpTo({ intervalMs, offsetMs }, at), tick === at ? at : tick - intervalMs);
    }),
  );
});

Deno.test("tickAfter() is on the grid, ahead of the time and at most one and a half intervals away, but for late ones", () => {
  const interval = fc.integer({ min: 10, max: 86_400_000 }), time = fc.integer({ min: 0, max: 2 ** 41 });
  fc.assert(
    fc.property(interval, fc.nat(), time, time, (intervalMs, offset, last, now) => {
      const grid = { intervalMs, offsetMs: offset % intervalMs };
      const tick = tickAfter(grid, tickFrom(grid, last), now);
      assert.equal((tick - grid.offsetMs) % intervalMs, 0);
      assert.ok(tick - now >= -0.1 * intervalMs && tick - now <= 1.5 * intervalMs);
    }),
  );
});
