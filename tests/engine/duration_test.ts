import assert from "node:assert/strict";
import fc from "fast-check";
import { DURATION_MS_MAX, formatDuration, parseDuration, secondsToMs } from "../../engine/duration.ts";

Deno.test("parseDuration() and formatDuration() agree with upstream on known durations", () => {
  const cases: [text: string, ms: number, printed?: string][] = [
    ["0", 0, "0s"],
    ["0w", 0, "0s"],
    ["0s", 0],
    ["324ms", 324],
    ["1s500ms", 1500],
    ["3s", 3000],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["4d", 4 * 86_400_000],
    ["4d1h", 4 * 86_400_000 + 3_600_000],
    ["365d", 365 * 86_400_000, "1y"],
    ["366d", 366 * 86_400_000],
    ["292y", 292 * 365 * 86_400_000],
    ["14d", 14 * 86_400_000, "2w"],
    ["3w", 21 * 86_400_000],
    ["3w2d1h", 23 * 86_400_000 + 3_600_000, "23d1h"],
    ["10y", 3650 * 86_400_000],
    ["90s", 90_000, "1m30s"],
    ["1y2w3d4h5m6s7ms", 382 * 86_400_000 + 4 * 3_600_000 + 5 * 60_000 + 6007, "382d4h5m6s7ms"],
  ];
  for (const [text, ms, printed = text] of cases) {
    assert.equal(parseDuration(text), ms, text);
    assert.equal(formatDuration(ms), printed);
  }
  assert.equal(formatDuration(-90_000), "-1m30s");
  assert.equal(formatDuration(0.9), "0s");
});

Deno.test("parseDuration() refuses what upstream refuses, in its words", () => {
  const cases: [text: string, message: string][] = [
    ["", "empty duration string"],
    ["1", 'not a valid duration string: "1"'],
    ["1y1m1d", 'not a valid duration string: "1y1m1d"'],
    ["-1w", 'not a valid duration string: "-1w"'],
    ["1.5d", 'unknown unit "." in duration "1.5d"'],
    ["d", 'not a valid duration string: "d"'],
    ["1 m", 'unknown unit " m" in duration "1 m"'],
    ["1fortnight", 'unknown unit "fortnight" in duration "1fortnight"'],
    ["1s1s", 'not a valid duration string: "1s1s"'],
    ["1m1h", 'not a valid duration string: "1m1h"'],
    ["1\n", 'unknown unit "\\n" in duration "1\\n"'],
    ["293y", "duration out of range"],
    ["294y", "duration out of range"],
    ["200y10400w", "duration out of range"],
    ["99999999999999999999s", 'not a valid duration string: "99999999999999999999s"'],
  ];
  for (const [text, message] of cases) assert.throws(() => parseDuration(text), { message }, text);
});

Deno.test("parseDuration() reads back whatever formatDuration() prints", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: DURATION_MS_MAX }), (ms) => {
    assert.equal(parseDuration(formatDuration(ms)), ms);
  }));
});

Deno.test("secondsToMs() cuts off what is below a ms, after rounding to ns", () => {
  for (
    const [seconds, want] of [[0.0015, 1], [-0.0015, -1], [1.9999999999, 2000], [0.29, 290], [
      300,
      300_000,
    ]] as const
  ) assert.equal(secondsToMs(seconds), want);
});
