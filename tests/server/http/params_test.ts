import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDuration } from "../../../server/http/params/duration.ts";
import { parseBoolean, parseInteger } from "../../../server/http/params/go_text.ts";
import { formatTime, parseTime, TIME_MS_MAX, TIME_MS_MIN } from "../../../server/http/params/time.ts";

Deno.test("times are Unix seconds or RFC 3339", () => {
  const table: readonly [string, number][] = [
    ["0", 0],
    ["4", 4000],
    ["1435781451.781", 1_435_781_451_781],
    ["1.0004", 1000],
    ["1.0006", 1001],
    ["-1.5", -1500],
    ["1e3", 1_000_000],
    ["1700000000000", 1_700_000_000_000_000], // milliseconds by mistake, as Grafana probes
    ["2015-07-01T20:10:51.781Z", 1_435_781_451_781],
    ["2015-07-01T20:10:51.7819999Z", 1_435_781_451_781],
    ["2015-07-01T22:10:51+02:00", 1_435_781_451_000],
    ["2015-07-01T18:40:51-01:30", 1_435_781_451_000],
    ["0001-01-01T00:00:00Z", -62_135_596_800_000],
    ["2024-02-29T00:00:00Z", Date.parse("2024-02-29T00:00:00Z")],
    ["-292273086-05-16T16:47:06Z", TIME_MS_MIN],
    ["292277025-08-18T07:12:54.999999999Z", TIME_MS_MAX],
    ["1e300", TIME_MS_MAX],
    ["-1e308", TIME_MS_MIN],
  ];
  for (const [text, ms] of table) assert.equal(parseTime(text), ms, text);
  const wrong = [
    "",
    "x",
    "NaN",
    "Inf",
    "1 ",
    "2015-07-01",
    "2015-07-01T20:10:51",
    "2023-02-29T00:00:00Z",
    "2015-13-01T00:00:00Z",
  ];
  for (const text of wrong) {
    assert.throws(() => parseTime(text), {
      message: `cannot parse ${JSON.stringify(text)} to a valid timestamp`,
    });
  }
});

Deno.test("a printed time reads back", () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("9999-12-31") }), (date) => {
      assert.equal(parseTime(formatTime(date.getTime())), date.getTime());
    }),
  );
  assert.equal(formatTime(9e15), "287168-08-24T16:00:00Z");
  assert.equal(formatTime(0), "1970-01-01T00:00:00Z");
  assert.equal(formatTime(1200), "1970-01-01T00:00:01.2Z");
  assert.equal(formatTime(10_000), "1970-01-01T00:00:10Z");
});

Deno.test("durations are seconds or Prometheus durations", () => {
  const table: readonly [string, number][] = [
    ["15", 15_000],
    ["0.5", 500],
    ["-1", -1000],
    ["1h30m", 5_400_000],
    ["0", 0],
    ["0.0001", 0.1],
  ];
  for (const [text, ms] of table) assert.equal(parseDuration(text), ms, text);
  for (const text of ["", "x", "1h1h", "-5m", "1.5h"]) {
    assert.throws(() => parseDuration(text), {
      message: `cannot parse ${JSON.stringify(text)} to a valid duration`,
    });
  }
  assert.throws(() => parseDuration("1e10"), {
    message: 'cannot parse "1e10" to a valid duration. It overflows int64',
  });
});

Deno.test("integers and booleans are Go's", () => {
  for (const [text, n] of [["0", 0], ["-3", -3], ["+3", 3], ["007", 7]] as const) {
    assert.equal(parseInteger(text), n);
  }
  assert.throws(() => parseInteger("1.5"), { message: 'strconv.Atoi: parsing "1.5": invalid syntax' });
  assert.throws(() => parseInteger("9223372036854775808"), {
    message: 'strconv.Atoi: parsing "9223372036854775808": value out of range',
  });
  for (const text of ["1", "t", "TRUE"]) assert.equal(parseBoolean(text), true);
  for (const text of ["0", "f", "False"]) assert.equal(parseBoolean(text), false);
  assert.throws(() => parseBoolean("yes"), { message: 'strconv.ParseBool: parsing "yes": invalid syntax' });
});
