import assert from "node:assert/strict";
import { Labels } from "../../../engine/labels/labels.ts";
import type { SeriesColumns } from "../../../engine/tsdb/select.ts";
import { packSeries, transferablesOf, unpackSeries } from "../../../server/shard/series_batch.ts";

Deno.test("start timestamps cross a thread boundary, whether or not they share a buffer with values", () => {
  const slab = Float64Array.of(0, 1, 2, 3, 4, 71, 72, 91, 92);
  const times = Float64Array.of(1000, 2000);
  const one = (name: string, at: number, startTimes?: Float64Array): SeriesColumns => ({
    labels: Labels.from({ __name__: name }),
    times,
    values: slab.subarray(at, at + 2),
    ...(startTimes === undefined ? {} : { startTimes }),
  });
  const series = () => [
    one("shared", 1, slab.subarray(5, 7)),
    one("none", 3),
    one("also shared", 3, slab.subarray(7)),
    one("own", 1, Float64Array.of(5, 6)),
  ];
  const want = structuredClone(
    series().map(({ values, startTimes }) => [[...values], startTimes && [...startTimes]]),
  );
  const batch = packSeries(series());
  const got = unpackSeries(structuredClone(batch, { transfer: transferablesOf(batch) }));
  assert.deepEqual(got.map(({ values, startTimes }) => [[...values], startTimes && [...startTimes]]), want);
  assert.equal(slab.length, 0, "handed over, not copied");
  assert.equal("startTimes" in got[1], false);
});
