import assert from "node:assert/strict";
import fc from "fast-check";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { Labels } from "../../../engine/labels/labels.ts";
import { CHUNK_BYTES } from "../../../server/http/json/byte_writer.ts";
import { bodyOf, bytesOf } from "../../../server/http/json/chunks.ts";
import { queryValueChunks } from "../../../server/http/json/query_result.ts";
import type { MatrixSeries, QueryValue } from "../../../engine/promql/query_result.ts";
import { FLOAT, HISTOGRAM as HISTOGRAM_SAMPLE, NONE } from "../../../engine/promql/value.ts";
import { instantSeries } from "./_fake_deps.ts";

function textOf(value: QueryValue): string {
  const decoder = new TextDecoder();
  return [...queryValueChunks(value)].map((chunk) => decoder.decode(chunk, { stream: true })).join("");
}

const UP = Labels.from({ __name__: "up", job: "node" });
const HISTOGRAM = new FloatHistogram({
  schema: 0,
  count: 4,
  sum: 18.4,
  zeroThreshold: 0.001,
  zeroCount: 1,
  positiveSpans: [{ offset: 0, length: 3 }],
  positiveBuckets: Float64Array.of(1, 0, 2),
});
const HISTOGRAM_JSON =
  '{"count":"4","sum":"18.4","buckets":[[3,"-0.001","0.001","1"],[0,"0.5","1","1"],[0,"2","4","2"]]}';

Deno.test("results have upstream's exact form", () => {
  const table: readonly [QueryValue, string][] = [
    [{ type: "scalar", timeMs: 4000, value: 2 }, '[4,"2"]'],
    [{ type: "scalar", timeMs: 4001, value: NaN }, '[4.001,"NaN"]'],
    [{ type: "scalar", timeMs: 1500, value: 1e30 }, '[1.5,"1000000000000000000000000000000"]'],
    [{ type: "scalar", timeMs: -1500, value: 1e-9 }, '[-1.5,"0.000000001"]'],
    [{ type: "string", timeMs: 1500, text: "a" }, '[1.5,"a"]'],
    [{ type: "string", timeMs: 0, text: 'a"\n\u00e9\ud800' }, '[0,"a\\"\\n\u00e9\ufffd"]'],
    [{ type: "vector", timeMs: 1, series: [] }, "[]"],
    [
      {
        type: "vector",
        timeMs: 1500,
        series: [instantSeries(UP, 1), instantSeries(Labels.empty, Infinity)],
      },
      '[{"metric":{"__name__":"up","job":"node"},"value":[1.500,"1"]},{"metric":{},"value":[1.500,"+Inf"]}]',
    ],
    [
      { type: "vector", timeMs: 0, series: [instantSeries(UP, HISTOGRAM)] },
      `[{"metric":{"__name__":"up","job":"node"},"histogram":[0,${HISTOGRAM_JSON}]}]`,
    ],
    [
      {
        type: "vector",
        timeMs: 0,
        series: [instantSeries(UP, new FloatHistogram())],
      },
      '[{"metric":{"__name__":"up","job":"node"},"histogram":[0,{"count":"0","sum":"0"}]}]',
    ],
    [{ type: "matrix", series: [] }, "[]"],
    [
      {
        type: "matrix",
        series: [{
          labels: UP,
          times: Float64Array.of(0, 1000, 2000, 3000),
          values: Float64Array.of(9, 1, 9, 0.5),
          present: Uint8Array.of(NONE, FLOAT, NONE, FLOAT),
        }],
      },
      '[{"metric":{"__name__":"up","job":"node"},"values":[[1,"1"],[3,"0.5"]]}]',
    ],
    [
      {
        type: "matrix",
        series: [
          {
            labels: UP,
            times: Float64Array.of(0, 1000),
            values: Float64Array.of(7, 7),
            present: Uint8Array.of(HISTOGRAM_SAMPLE, FLOAT),
            histograms: [HISTOGRAM, undefined],
          },
          {
            labels: Labels.empty,
            times: Float64Array.of(0),
            values: Float64Array.of(7),
            present: Uint8Array.of(HISTOGRAM_SAMPLE),
            histograms: [HISTOGRAM],
          },
        ],
      },
      `[{"metric":{"__name__":"up","job":"node"},"values":[[1,"7"]],"histograms":[[0,${HISTOGRAM_JSON}]]},` +
      `{"metric":{},"histograms":[[0,${HISTOGRAM_JSON}]]}]`,
    ],
  ];
  for (const [value, text] of table) assert.equal(textOf(value), text);
});

Deno.test("a matrix of any size reads back, in chunks of limited size", () => {
  const label = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
  const series = fc.record({
    name: label,
    samples: fc.integer({ min: 1, max: 6000 }),
    gap: fc.integer({ min: 0, max: 5 }),
    isShared: fc.boolean(), // has the times of others
  });
  const grid = fc.record({
    startMs: fc.oneof(fc.constant(0), fc.integer(), fc.maxSafeInteger().map((ms) => Math.trunc(ms / 2))),
    stepMs: fc.constantFrom(1, 999, 1000, 15_000, 60_500),
  });
  fc.assert(
    fc.property(fc.array(series, { maxLength: 8 }), grid, (shapes, { startMs, stepMs }) => {
      const timesOf = (samples: number) =>
        Float64Array.from({ length: samples }, (_, i) => startMs + i * stepMs);
      const shared = timesOf(3000);
      const all: MatrixSeries[] = shapes.map(({ name, samples, gap, isShared }, s) => {
        const times = isShared ? shared : timesOf(samples);
        return {
          labels: Labels.from({ name }),
          times,
          values: times.map((_, i) => i / (s + 3)),
          present: Uint8Array.from(times, (_, i) => i % (gap + 1) === 0 ? FLOAT : NONE),
        };
      });
      const value: QueryValue = { type: "matrix", series: all };
      for (const chunk of queryValueChunks(value)) assert.ok(chunk.length <= CHUNK_BYTES + 256);
      const expected = all.map(({ labels, times, values, present }) => ({
        metric: labels.toObject(),
        values: [...times].flatMap((ms, i) => present[i] === NONE ? [] : [[ms / 1000, String(values[i])]]),
      }));
      assert.deepEqual(JSON.parse(textOf(value)), expected);
    }),
    { numRuns: 60 },
  );
});

Deno.test("a long body has all chunks in their order", async () => {
  const chunks = Array.from({ length: 9 }, (_, i) => new Uint8Array(60_000 + i).fill(i));
  const body = bodyOf(chunks);
  assert.ok(body instanceof ReadableStream);
  const read = new Uint8Array(await new Response(body).arrayBuffer());
  assert.deepEqual(read, Uint8Array.from(chunks.flatMap((chunk) => [...chunk])));
});

Deno.test("a body is made only as fast as it is read", async () => {
  let made = 0, ended = false;
  function* endless() {
    try {
      for (;;) {
        made++;
        yield new Uint8Array(100_000);
      }
    } finally {
      ended = true;
    }
  }
  const body = bodyOf(endless());
  assert.ok(body instanceof ReadableStream);
  const reader = body.getReader();
  for (let i = 0; i < 10; i++) await reader.read();
  assert.ok(made <= 12, `${made} chunks were made for 10 reads`);
  await reader.cancel();
  assert.ok(ended);
});

Deno.test("a short body is all there at once", () => {
  assert.deepEqual(bodyOf([bytesOf("ab"), bytesOf("c")]), bytesOf("abc"));
  assert.deepEqual(bodyOf([]), new Uint8Array(0));
});
