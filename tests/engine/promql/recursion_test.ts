import assert from "node:assert/strict";
import { recurse, type Recursion } from "../../../engine/promql/recursion.ts";

function* fibonacci(n: number): Recursion<number> {
  return n < 2 ? n : (yield fibonacci(n - 1)) + (yield fibonacci(n - 2));
}

function* depth(n: number): Recursion<number> {
  if (n < 0) throw new RangeError("below 0");
  return n === 0 ? 0 : 1 + (yield depth(n - 1));
}

Deno.test("recurse() gives what recursion gives, at any depth", () => {
  assert.equal(recurse(fibonacci(20)), 6765);
  assert.equal(recurse(depth(0)), 0);
  assert.equal(recurse(depth(200_000)), 200_000);
});

Deno.test("recurse() throws what is thrown within", () => {
  function* caller(): Recursion<number> {
    return yield depth(-1);
  }
  assert.throws(() => recurse(caller()), { name: "RangeError", message: "below 0" });
});
