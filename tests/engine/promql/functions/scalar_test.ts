import assert from "node:assert/strict";
import { FloatHistogram } from "../../../../engine/histogram/float_histogram.ts";
import { ABSENT_FUNCTIONS } from "../../../../engine/promql/functions/absent.ts";
import { SCALAR_FUNCTIONS } from "../../../../engine/promql/functions/scalar.ts";
import { SORT_FUNCTIONS } from "../../../../engine/promql/functions/sort.ts";
import type { FunctionCall } from "../../../../engine/promql/functions/registry.ts";
import { callOf, evaluate, series } from "./_call.ts";

const histogram = new FloatHistogram({ count: 1 });

function scalarOf(call: FunctionCall): number[] {
  const implementation = SCALAR_FUNCTIONS[call.node.func.name];
  assert.ok(implementation.kind === "scalar");
  return [...implementation.evaluate(call)];
}

Deno.test("scalar() gives the only float, NaN where there are none or several", () => {
  const vector = [
    series({ a: "1" }, 1, undefined, histogram, 4),
    series({ a: "2" }, undefined, undefined, 3, 4),
  ];
  assert.deepEqual(scalarOf(callOf("scalar(x)", [vector], { steps: 4 })), [1, NaN, 3, NaN]);
});

Deno.test("min_of() and max_of() compare step by step and pass NaN on", () => {
  const args = [[1, 5, NaN], [2, 3, 1]];
  assert.deepEqual(scalarOf(callOf("min_of(1, 2)", args, { steps: 3 })), [1, 3, NaN]);
  assert.deepEqual(scalarOf(callOf("max_of(1, 2)", args, { steps: 3 })), [2, 5, NaN]);
});

Deno.test("min_of() and max_of() find an infinity beside NaN", () => {
  const args = [[NaN, Infinity, NaN, -Infinity], [Infinity, NaN, -Infinity, NaN]];
  assert.deepEqual(scalarOf(callOf("max_of(1, 2)", args, { steps: 4 })), [Infinity, Infinity, NaN, NaN]);
  assert.deepEqual(scalarOf(callOf("min_of(1, 2)", args, { steps: 4 })), [NaN, NaN, -Infinity, -Infinity]);
});

Deno.test("vector() has no labels", async () => {
  const call = callOf("vector(1)", [[1, 2]], { steps: 2 });
  assert.deepEqual(await evaluate(SCALAR_FUNCTIONS, call), { "{}": [1, 2] });
});

for (
  const [selector, labels] of [
    ["x", "{}"],
    ['x{a="1"}', '{a="1"}'],
    ['x{a="1", b=~"2", c!="3"}', '{a="1"}'],
    ['x{a="1", a="2", b="3"}', '{b="3"}'],
    ['x{a="1", a!="2"}', "{}"],
    ["sum(x)", "{}"],
  ]
) {
  Deno.test(`absent(${selector}) has the labels ${labels} where nothing is there`, async () => {
    const vector = [
      series({ a: "1" }, 1, undefined, undefined),
      series({ a: "2" }, undefined, histogram, undefined),
    ];
    const call = callOf(`absent(${selector})`, [vector], { steps: 3 });
    assert.deepEqual(await evaluate(ABSENT_FUNCTIONS, call), { [labels]: [undefined, undefined, 1] });
  });
}

Deno.test("sort() and sort_desc() put NaN last and leave out histograms", async () => {
  const vector = [
    series({ a: "1" }, NaN),
    series({ a: "2" }, 2),
    series({ a: "3" }, histogram),
    series({ a: "4" }, -Infinity),
  ];
  const order = async (name: string) =>
    Object.values(await evaluate(SORT_FUNCTIONS, callOf(`${name}(x)`, [vector]))).map(([value]) => value);
  assert.deepEqual(await order("sort"), [-Infinity, 2, NaN]);
  assert.deepEqual(await order("sort_desc"), [2, -Infinity, NaN]);
});
