import assert from "node:assert/strict";
import { FloatHistogram } from "../../../../engine/histogram/float_histogram.ts";
import { MATH_FUNCTIONS } from "../../../../engine/promql/functions/math.ts";
import { callOf, evaluate, series } from "./_call.ts";

const histogram = new FloatHistogram({ count: 1, sum: 2 });

for (
  const { query, args, samples, want } of [
    { query: "abs(x)", args: [], samples: [-2, undefined, NaN], want: [2, undefined, NaN] },
    { query: "sgn(x)", args: [], samples: [-2, 0, 7, NaN], want: [-1, 0, 1, NaN] },
    { query: "deg(x)", args: [], samples: [Math.PI], want: [180] },
    { query: "round(x)", args: [], samples: [2.5, -2.5, 2.4], want: [3, -2, 2] },
    { query: "round(x, 0.5)", args: [[0.5, 0.1]], samples: [2.3, 2.34], want: [2.5, 2.3] },
    { query: "clamp(x, 1, 3)", args: [1, 3], samples: [0, 2, 9, NaN], want: [1, 2, 3, NaN] },
    { query: "clamp(x, 3, 1)", args: [[3, 0], [1, 1]], samples: [2, 2], want: [undefined, 1] },
    { query: "clamp(x, NaN, 1)", args: [NaN, 1], samples: [2], want: [NaN] },
    { query: "clamp_min(x, 1)", args: [1], samples: [0, 2], want: [1, 2] },
    { query: "clamp_max(x, 1)", args: [1], samples: [0, 2], want: [0, 1] },
    { query: "clamp_min(x, Inf)", args: [Infinity], samples: [NaN, 1], want: [Infinity, Infinity] },
    { query: "clamp_max(x, -Inf)", args: [-Infinity], samples: [NaN, 1], want: [-Infinity, -Infinity] },
    { query: "clamp_min(x, NaN)", args: [NaN], samples: [1, Infinity], want: [NaN, Infinity] },
    { query: "clamp(x, -Inf, Inf)", args: [-Infinity, Infinity], samples: [NaN, 1], want: [NaN, 1] },
    { query: "log10(x)", args: [], samples: [1000, 100, 0.001, 10, 1, 0], want: [3, 2, -3, 1, 0, -Infinity] },
    // The last digits are those of Go.
    {
      query: "log10(x)",
      args: [],
      samples: [1e15, 5, 123456, -1],
      want: [14.999999999999998, 0.6989700043360187, 5.091512201627771, NaN],
    },
    { query: "ceil(x)", args: [], samples: [histogram, 1.5], want: [undefined, 2] },
  ]
) {
  Deno.test(`${query} of ${samples}`, async () => {
    const vector = [series({ __name__: "x", __type__: "gauge", a: "b" }, ...samples)];
    const call = callOf(query, [vector, ...args], { steps: samples.length });
    assert.deepEqual(await evaluate(MATH_FUNCTIONS, call), { '{a="b"}': want });
  });
}

Deno.test("functions keep the name for later removal when that is asked for", async () => {
  const call = callOf("abs(x)", [[series({ __name__: "x" }, -1)]], { delayedNameRemoval: true });
  assert.deepEqual(await evaluate(MATH_FUNCTIONS, call), { '{__name__="x"}': [1] });
});
