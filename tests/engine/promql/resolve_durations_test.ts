import assert from "node:assert/strict";
import { parseExpr } from "../../../engine/promql/parser.ts";
import { print } from "../../../engine/promql/print.ts";
import { DurationError, resolveDurations } from "../../../engine/promql/resolve_durations.ts";

const WINDOW = { stepMs: 15_000, rangeMs: 600_000 };

Deno.test("resolveDurations() calculates ranges, steps and offsets", () => {
  for (
    const [query, want] of [
      ["a[5m + 30s]", "a[5m30s]"],
      ["a[step() * 2]", "a[30s]"],
      ["a[range() / 4]", "a[2m30s]"],
      ["a[2 ^ 3 ^ 2]", "a[8m32s]"],
      ["a[-2 ^ 2 + 10]", "a[6s]"],
      ["a[1m % 42]", "a[18s]"],
      ["a[max_of(step(), 1m)]", "a[1m]"],
      ["a[min_of(range(), 1m - -5)]", "a[1m5s]"],
      ["a[0.0015 * 1]", "a[1ms]"],
      ["a[1m:step()]", "a[1m:15s]"],
      ["a[(1m):(5)] offset -step()", "a[1m:5s] offset -15s"],
      ["a offset (1m - 2m)", "a offset -1m"],
      ["a offset (5 - 5)", "a"],
      ["sum_over_time(rate(a[(5)] offset (1h * 2))[1m * 5:])", "sum_over_time(rate(a[5s] offset 2h)[5m:])"],
    ]
  ) assert.equal(print(resolveDurations(parseExpr(query), WINDOW)), want, query);
});

Deno.test("resolveDurations() refuses durations without a usable value", () => {
  for (
    const [query, want] of [
      ["a[5m - 5m]", "2:9: duration must be greater than 0"],
      ["a[5m:(0)]", "5:8: duration must be greater than 0"],
      ["a[5m / (3 - 3)]", "2:14: division by zero"],
      ["a offset (5m % (3 - 3))", "9:23: modulo by zero"],
      ["a[10 ^ 11]", "2:9: duration is out of range"],
      ["a[10 ^ 999]", "2:10: duration is NaN or infinite"],
      ["a offset (nan)", "9:14: duration is NaN or infinite"],
    ]
  ) {
    assert.throws(
      () => resolveDurations(parseExpr(query), WINDOW),
      (error) => error instanceof DurationError && error.message === want,
      query,
    );
  }
  assert.throws(() => resolveDurations(parseExpr("a[step()]"), { stepMs: 0, rangeMs: 0 }), DurationError);
});

Deno.test("resolveDurations() returns the same tree when there is nothing to calculate", () => {
  const expr = parseExpr("sum(rate(a[5m] offset 1h)) / max_over_time(b[1h:5m])");
  assert.equal(resolveDurations(expr, WINDOW), expr);
});
