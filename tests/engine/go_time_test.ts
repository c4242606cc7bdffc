import assert from "node:assert/strict";
import fc from "fast-check";
import { formatTimestamp } from "../../engine/go_time.ts";

for (
  const [ms, text] of [
    [0, "1970-01-01T00:00:00.000Z"],
    [-1, "1969-12-31T23:59:59.999Z"],
    [253_402_300_799_999, "9999-12-31T23:59:59.999Z"],
    [253_402_300_800_000, "10000-01-01T00:00:00.000Z"],
    [9e15, "287168-08-24T16:00:00.000Z"],
    [1e18, "31690708-07-05T01:46:40.000Z"],
    [-62_135_596_800_001, "0000-12-31T23:59:59.999Z"],
    [-62_167_219_200_001, "-0001-12-31T23:59:59.999Z"],
    [NaN, "1970-01-01T00:00:00.000Z"],
  ] as const
) Deno.test(`formatTimestamp() of ${ms} ms is ${text}`, () => assert.equal(formatTimestamp(ms), text));

Deno.test("formatTimestamp() is toISOString() up to the year 9999, and fails for no number", () => {
  fc.assert(
    fc.property(
      fc.date({
        min: new Date("0000-01-01T00:00:00Z"),
        max: new Date("9999-12-31T23:59:59Z"),
        noInvalidDate: true,
      }),
      (date) => assert.equal(formatTimestamp(date.getTime()), date.toISOString()),
    ),
  );
  fc.assert(
    fc.property(fc.double(), (ms) => assert.match(formatTimestamp(ms), /^-?\d{4,9}-\d\d-\d\dT[\d:.]{12}Z$/)),
  );
});
