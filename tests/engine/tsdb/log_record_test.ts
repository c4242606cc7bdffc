import assert from "node:assert/strict";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { ByteSink } from "../../../engine/tsdb/chunk/byte_sink.ts";
import { encodeHistograms } from "../../../engine/tsdb/chunk/histograms.ts";
import { LogRecordReader, LogRecordWriter, type LogReplay } from "../../../engine/tsdb/log_record.ts";

const one = new FloatHistogram({
  positiveSpans: [{ offset: 2, length: 3 }],
  positiveBuckets: Float64Array.of(4, 5, 0.5),
  count: 9.5,
  sum: 1.25,
});

/** The histograms that records hold, with ref, time and start. */
function histogramsOf(...batches: readonly Uint8Array[]): unknown[] {
  const found: unknown[] = [];
  const replay = {
    histogram: (...histogram: unknown[]) => void found.push(histogram),
  } as unknown as LogReplay;
  const reader = new LogRecordReader(replay);
  for (const bytes of batches) reader.read(bytes, true);
  return found;
}

Deno.test("a histogram stands for itself in each batch of the log", () => {
  const out = new LogRecordWriter();
  const batches = [1, 2].map((time) => {
    out.histogram(7, time, one, 5);
    out.histogram(8, time, one);
    const bytes = out.out.written().slice();
    out.clear();
    return bytes;
  });
  assert.deepEqual(histogramsOf(...batches), [[7, 1, one, 5], [8, 1, one, 0], [7, 2, one, 5], [
    8,
    2,
    one,
    0,
  ]]);
  assert.deepEqual(histogramsOf(batches[1]), [[7, 2, one, 5], [8, 2, one, 0]]);
});

Deno.test("histograms are read that were logged as a column of one", () => {
  const chunk = new ByteSink(), out = new ByteSink();
  encodeHistograms([one], chunk);
  for (const time of [1, 2]) {
    out.byte(4);
    out.varint(7);
    out.float(time);
    out.varint(chunk.length);
    out.append(chunk.written());
  }
  assert.deepEqual(histogramsOf(out.written()), [[7, 1, one, 0], [7, 2, one, 0]]);
});

Deno.test("the times of newest samples are read as they were logged", () => {
  const out = new LogRecordWriter();
  const refs = [3, 4, 100_000, 5];
  out.lastTime(-5, refs);
  out.lastTime(2 ** 49, []);
  out.lastTime(7, [0]);
  const found: [number, number][] = [];
  const replay = {
    lastTime: (ref: number, timeMs: number) => void found.push([ref, timeMs]),
  } as unknown as LogReplay;
  new LogRecordReader(replay).read(out.out.written(), true);
  assert.deepEqual(found, [...refs.map((ref) => [ref, -5]), [0, 7]]);
});
