import assert from "node:assert/strict";
import { isTime, sampleOutcome, TIME_MAX_MS } from "../../../engine/tsdb/append_rules.ts";

// Newest sample of all series at 10,000 ms; first samples of a series may be 1,000 ms behind.
for (
  const { name, timeMs, lastMs, windowMs, isSame, want } of [
    { name: "newer", timeMs: 9_900, lastMs: 9_800, windowMs: 0, want: "stored" },
    { name: "the newest of all", timeMs: 10_500, lastMs: 9_800, windowMs: 0, want: "stored" },
    { name: "first of its series", timeMs: 9_000, lastMs: -Infinity, windowMs: 0, want: "stored" },
    {
      name: "first of its series, too old",
      timeMs: 8_999,
      lastMs: -Infinity,
      windowMs: 0,
      want: "out_of_bounds",
    },
    { name: "again", timeMs: 9_900, lastMs: 9_900, windowMs: 0, isSame: true, want: "same" },
    { name: "again with another value", timeMs: 9_900, lastMs: 9_900, windowMs: 0, want: "duplicate" },
    {
      name: "again out of bounds",
      timeMs: 8_000,
      lastMs: 8_000,
      windowMs: 0,
      isSame: true,
      want: "out_of_bounds",
    },
    { name: "older", timeMs: 9_800, lastMs: 9_900, windowMs: 0, want: "out_of_order" },
    { name: "older, out of bounds", timeMs: 8_000, lastMs: 9_900, windowMs: 0, want: "out_of_bounds" },
    { name: "older in a window", timeMs: 9_800, lastMs: 9_900, windowMs: 500, want: "stored" },
    { name: "older than a window", timeMs: 9_499, lastMs: 9_900, windowMs: 500, want: "too_old" },
    { name: "first, older than a window", timeMs: 9_100, lastMs: -Infinity, windowMs: 500, want: "stored" },
    { name: "in a long window", timeMs: 5_000, lastMs: 9_900, windowMs: 5_000, want: "stored" },
    { name: "again in a window", timeMs: 9_900, lastMs: 9_900, windowMs: 500, isSame: true, want: "same" },
    {
      name: "again in a window, another value",
      timeMs: 9_900,
      lastMs: 9_900,
      windowMs: 500,
      want: "duplicate",
    },
    { name: "no whole ms", timeMs: 9_900.5, lastMs: 1, windowMs: 0, want: "out_of_bounds" },
    { name: "no time", timeMs: NaN, lastMs: 1, windowMs: 500, want: "out_of_bounds" },
    { name: "beyond all times", timeMs: 2 * TIME_MAX_MS, lastMs: 1, windowMs: 500, want: "out_of_bounds" },
  ]
) {
  Deno.test(`sampleOutcome() of a sample that is ${name} is ${want}`, () => {
    assert.equal(
      sampleOutcome({ timeMs, lastMs, newestMs: 10_000, windowMs, boundMs: 1_000 }, () => isSame ?? false),
      want,
    );
  });
}

Deno.test("sampleOutcome() stores any first sample of an empty database", () => {
  for (const timeMs of [-5, 0, TIME_MAX_MS]) {
    const place = { timeMs, lastMs: -Infinity, newestMs: -Infinity, windowMs: 0, boundMs: 1_000 };
    assert.equal(sampleOutcome(place, () => false), "stored");
    assert.ok(isTime(timeMs));
  }
});
