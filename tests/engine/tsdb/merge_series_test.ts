import assert from "node:assert/strict";
import { wordsOf } from "../../../engine/sample.ts";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { mergeSeries } from "../../../engine/tsdb/merge_series.ts";
import type { SeriesColumns } from "../../../engine/tsdb/select.ts";
import { labelsOf, row, samples } from "./_samples.ts";

function series(name: string, times: number[], ...values: (number | undefined)[]): SeriesColumns {
  const words = row(...values);
  return { labels: labelsOf(name), times: Float64Array.from(times), values: new Float64Array(words.buffer) };
}

Deno.test("mergeSeries() makes one series of a label set, by time, the first real sample of each", () => {
  const stale = series("a", [5, 15], 0, 0);
  wordsOf(stale.values).set([2, 0x7ff00000], 0);
  const histogram = new FloatHistogram({ schema: 0, count: 3, sum: 1 });
  const merged = mergeSeries([
    [series("a", [10, 20, 30], 1, undefined, 3), series("b", [1], 7)],
    [stale, series("c", [2], 8)],
    [series("a", [20, 30, 40], 5, 6, 7), { ...series("b", [2], undefined), histograms: [histogram] }],
  ]);
  assert.deepEqual(samples(merged), {
    '{__name__="a"}': [[5, "stale"], [10, 1], [15, 0], [20, 5], [30, 3], [40, 7]],
    '{__name__="b"}': [[1, 7], [2, "histogram 3"]],
    '{__name__="c"}': [[2, 8]],
  });
});

Deno.test("mergeSeries() leaves out what has no sample, and gives a single source back", () => {
  const one = [series("a", [1], 1)];
  assert.deepEqual(mergeSeries([one]), one);
  assert.deepEqual(mergeSeries([[series("a", [1], undefined)], [series("a", [2], undefined)]]), []);
});
