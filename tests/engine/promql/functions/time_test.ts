import assert from "node:assert/strict";
import fc from "fast-check";
import { TIME_FUNCTIONS } from "../../../../engine/promql/functions/time.ts";
import { callOf, evaluate, series } from "./_call.ts";

const DAY_MS = 86_400_000;

/** The same parts of the calendar, by way of Date. */
const PARTS: Record<string, (date: Date) => number> = {
  minute: (date) => date.getUTCMinutes(),
  hour: (date) => date.getUTCHours(),
  day_of_week: (date) => date.getUTCDay(),
  day_of_month: (date) => date.getUTCDate(),
  day_of_year: (date) => {
    const start = new Date(date);
    start.setUTCMonth(0, 1);
    start.setUTCHours(0, 0, 0, 0);
    return Math.floor((date.getTime() - start.getTime()) / DAY_MS) + 1;
  },
  days_in_month: (date) => {
    const next = new Date(date);
    next.setUTCMonth(date.getUTCMonth() + 1, 0);
    return next.getUTCDate();
  },
  month: (date) => date.getUTCMonth() + 1,
  year: (date) => date.getUTCFullYear(),
};

for (const [name, partOf] of Object.entries(PARTS)) {
  Deno.test(`${name}() agrees with Date`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.integer({ min: -3e9, max: 5e9 }),
          fc.double({ min: -8e12, max: 8e12, noNaN: true }),
        ),
        async (seconds) => {
          const call = callOf(`${name}(x)`, [[series({}, seconds)]]);
          const want = partOf(new Date(Math.trunc(seconds) * 1000));
          assert.deepEqual(await evaluate(TIME_FUNCTIONS, call), { "{}": [want] });
        },
      ),
    );
  });
}

Deno.test("calendar functions without an argument take the evaluation time", async () => {
  const call = callOf("minute()", [], { steps: 3 });
  assert.deepEqual(await evaluate(TIME_FUNCTIONS, call), { "{}": [0, 1, 2] });
});

Deno.test("calendar functions give NaN for what is no time", async () => {
  const call = callOf("year(x)", [[series({}, NaN, Infinity)]], { steps: 2 });
  assert.deepEqual(await evaluate(TIME_FUNCTIONS, call), { "{}": [NaN, NaN] });
});

Deno.test("timestamp() of an expression is the evaluation time", async () => {
  const call = callOf("timestamp(x + x)", [[series({ __name__: "x", a: "b" }, 5, undefined, 5)]], {
    steps: 3,
  });
  assert.deepEqual(await evaluate(TIME_FUNCTIONS, call), { '{a="b"}': [0, undefined, 120] });
});
