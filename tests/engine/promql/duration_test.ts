import assert from "node:assert/strict";
import fc from "fast-check";
import { formatDuration, parseDuration, secondsToMs } from "../../../engine/promql/duration.ts";

Deno.test("parseDuration() reads units from biggest to smallest, each once", () => {
  for (
    const [text, want] of [
      ["0", 0],
      ["0s", 0],
      ["15ms", 15],
      ["1h30m", 5_400_000],
      ["1y2w3d4h5m6s7ms", 33_019_506_007],
      ["292y", 292 * 365 * 86_400_000],
    ] as const
  ) assert.equal(parseDuration(text), want, text);
  for (
    const [text, want] of [
      ["", "empty duration string"],
      ["1", 'not a valid duration string: "1"'],
      ["m", 'not a valid duration string: "m"'],
      ["-1m", 'not a valid duration string: "-1m"'],
      ["1m1h", 'not a valid duration string: "1m1h"'],
      ["1m1m", 'not a valid duration string: "1m1m"'],
      ["1.5h", 'unknown unit "." in duration "1.5h"'],
      ["1x", 'unknown unit "x" in duration "1x"'],
      ["293y", "duration out of range"],
    ]
  ) assert.throws(() => parseDuration(text), { name: "RangeError", message: want }, text);
});

Deno.test("formatDuration() prefers days over weeks and years that leave a rest", () => {
  for (
    const [ms, want] of [
      [0, "0s"],
      [0.9, "0s"],
      [1500, "1s500ms"],
      [-90_000, "-1m30s"],
      [7 * 86_400_000, "1w"],
      [8 * 86_400_000, "8d"],
      [365 * 86_400_000, "1y"],
      [366 * 86_400_000, "366d"],
    ] as const
  ) assert.equal(formatDuration(ms), want);
});

Deno.test("parseDuration() reads what formatDuration() writes", () => {
  fc.assert(fc.property(fc.nat(9e12), (ms) => assert.equal(parseDuration(formatDuration(ms)), ms)));
});

Deno.test("secondsToMs() cuts off what is below a ms, after rounding to ns", () => {
  for (
    const [seconds, want] of [[0.0015, 1], [-0.0015, -1], [1.9999999999, 2000], [0.29, 290], [
      300,
      300_000,
    ]] as const
  ) assert.equal(secondsToMs(seconds), want);
});
