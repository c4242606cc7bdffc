import assert from "node:assert/strict";
import { FUNCTION_SIGNATURES } from "../../../engine/promql/function_signatures.ts";

Deno.test("FUNCTION_SIGNATURES holds upstream's 90 functions, each once", () => {
  assert.equal(FUNCTION_SIGNATURES.size, 90);
  const experimental = [...FUNCTION_SIGNATURES.values()].filter((func) => func.isExperimental);
  assert.deepEqual(experimental.map((func) => func.name).sort(), [
    ...[
      "double_exponential_smoothing",
      "end",
      "histogram_quantiles",
      "info",
      "mad_over_time",
      "max_of",
      "min_of",
    ],
    ...["range", "sort_by_label", "sort_by_label_desc", "start", "start_timestamp", "step"],
    ...["ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time", "ts_of_min_over_time"],
  ]);
});
