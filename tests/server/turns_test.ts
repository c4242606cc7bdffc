import assert from "node:assert/strict";
import { nextTurn } from "../../server/turns.ts";

Deno.test("turns are given in the order in which they were asked for, with timers between any two", async () => {
  const seen: string[] = [];
  const work = async (name: string) => {
    for (let turn = 1; turn <= 3; turn++) {
      await nextTurn();
      seen.push(`${name}${turn}`);
      setTimeout(() => seen.push("timer"), 0);
    }
  };
  await Promise.all([work("a"), work("b"), work("c")]);
  assert.deepEqual(seen.filter((name) => name !== "timer"), "a1 b1 c1 a2 b2 c2 a3 b3 c3".split(" "));
  // A timer comes after the next turn at the latest.
  for (let turn = 2; turn <= 9; turn++) {
    const before = seen.slice(0, seen.findIndex((_, i) => turnsIn(seen.slice(0, i + 1)) === turn));
    assert.ok(before.length - turnsIn(before) >= turn - 2, `${seen}`);
  }
});

function turnsIn(seen: readonly string[]): number {
  return seen.filter((name) => name !== "timer").length;
}
