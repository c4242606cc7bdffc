import assert from "node:assert/strict";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { toJson, toText } from "../../../engine/histogram/print.ts";
import { toTestExpression } from "../../test_expression.ts";
import { custom, positiveOnly } from "./_arbitrary.ts";

const FULL = new FloatHistogram({
  schema: 1,
  zeroThreshold: 0.01,
  zeroCount: 5.5,
  count: 3493.3,
  sum: 2349209.324,
  positiveSpans: [{ offset: -2, length: 1 }, { offset: 2, length: 3 }],
  positiveBuckets: Float64Array.of(1, 3.3, 0, 0.1),
  negativeSpans: [{ offset: 3, length: 2 }],
  negativeBuckets: Float64Array.of(3.1, 1000000),
  counterResetHint: "gauge",
});

Deno.test("toText, toTestExpression", () => {
  const cases: [FloatHistogram, string, string][] = [
    [new FloatHistogram(), "{count:0, sum:0}", "{{}}"],
    [
      FULL,
      "{count:3493.3, sum:2.349209324e+06, [-4,-2.82842712474619):1e+06, [-2.82842712474619,-2):3.1, [-0.01,0.01]:5.5, " +
      "(0.35355339059327373,0.5]:1, (1,1.414213562373095]:3.3, (2,2.82842712474619]:0.1}",
      "{{schema:1 count:3493.3 sum:2.349209324e+06 z_bucket:5.5 z_bucket_w:0.01 counter_reset_hint:gauge " +
      "offset:-2 buckets:[1 0 0 3.3 0 0.1] n_offset:3 n_buckets:[3.1 1e+06]}}",
    ],
    [
      custom([1, 5.5], [1, 0, 5], 1e-7),
      "{count:6, sum:1e-07, [-Inf,1]:1, (5.5,+Inf]:5}",
      "{{schema:-53 count:6 sum:1e-07 custom_values:[1 5.5] buckets:[1 0 5]}}",
    ],
    [
      positiveOnly([]).with({ zeroCount: NaN, count: NaN, sum: -Infinity }),
      "{count:NaN, sum:-Inf, [-0,0]:NaN}",
      "{{count:NaN sum:-Inf z_bucket:NaN}}",
    ],
  ];
  for (const [h, text, expression] of cases) {
    assert.equal(toText(h), text);
    assert.equal(toTestExpression(h), expression);
  }
});

Deno.test("toJson: boundary rules, numbers as strings, no empty buckets", () => {
  assert.deepEqual(toJson(new FloatHistogram({ count: 0, sum: 1e21 })), { count: "0", sum: "1e+21" });
  assert.deepEqual(toJson(FULL), {
    count: "3493.3",
    sum: "2349209.324",
    buckets: [
      [1, "-4", "-2.82842712474619", "1000000"],
      [1, "-2.82842712474619", "-2", "3.1"],
      [3, "-0.01", "0.01", "5.5"],
      [0, "0.35355339059327373", "0.5", "1"],
      [0, "1", "1.414213562373095", "3.3"],
      [0, "2", "2.82842712474619", "0.1"],
    ],
  });
  assert.deepEqual(toJson(custom([1], [1, 2])).buckets, [[3, "-Inf", "1", "1"], [0, "1", "+Inf", "2"]]);
});
