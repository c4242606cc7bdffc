import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CUSTOM_BUCKETS_SCHEMA,
  FloatHistogram,
  type Span,
} from "../../../../engine/histogram/float_histogram.ts";
import { ByteSink } from "../../../../engine/tsdb/chunk/byte_sink.ts";
import { decodeHistograms, encodeHistograms } from "../../../../engine/tsdb/chunk/histograms.ts";

type Column = (FloatHistogram | undefined)[];

function encode(histograms: Column): Uint8Array {
  const sink = new ByteSink(1);
  encodeHistograms(histograms, sink);
  return sink.written().slice();
}

function assertRoundTrip(histograms: Column): Uint8Array {
  const bytes = encode(histograms);
  const decoded = decodeHistograms(bytes, 0, histograms.length);
  assert.equal(decoded.end, bytes.length, "end offset");
  assert.deepEqual(decoded.histograms, histograms);
  return bytes;
}

const growing = (i: number) =>
  new FloatHistogram({
    schema: 3,
    zeroThreshold: 2 ** -128,
    zeroCount: i,
    count: 11 * i,
    sum: 0.5 * i,
    positiveSpans: [{ offset: -2, length: 2 }, { offset: 3, length: 2 }],
    negativeSpans: [{ offset: 0, length: 1 }],
    positiveBuckets: Float64Array.of(i, 2 * i, 4 * i, 0),
    negativeBuckets: Float64Array.of(3 * i),
    counterResetHint: i === 0 ? "unknown" : "not_reset",
  });
const custom = (i: number, bounds: number[]) =>
  new FloatHistogram({
    schema: CUSTOM_BUCKETS_SCHEMA,
    count: 2 * i,
    sum: i / 3,
    positiveSpans: [{ offset: 0, length: 2 }],
    positiveBuckets: Float64Array.of(i, i),
    customValues: Float64Array.from(bounds),
    counterResetHint: "gauge",
  });
const times = (n: number, f: (i: number) => FloatHistogram | undefined) =>
  Array.from({ length: n }, (_, i) => f(i));

for (
  const { name, histograms, bytesMax } of [
    { name: "none", histograms: [], bytesMax: 1 },
    { name: "only gaps", histograms: times(120, () => undefined), bytesMax: 3 },
    { name: "an empty histogram", histograms: [new FloatHistogram()], bytesMax: 21 },
    { name: "120 that grow steadily", histograms: times(120, growing), bytesMax: 95 },
    {
      name: "gaps between",
      histograms: [undefined, growing(1), undefined, undefined, growing(2)],
      bytesMax: 110,
    },
    {
      name: "custom buckets whose bounds change",
      histograms: [custom(1, [1]), custom(2, [1]), custom(3, [2]), custom(4, [2])],
      bytesMax: 120,
    },
    {
      name: "a layout that changes and comes back",
      histograms: [growing(1), growing(2).with({ schema: 2 }), growing(3)],
      bytesMax: 150,
    },
    {
      name: "every hint in turn",
      histograms: (["unknown", "reset", "not_reset", "gauge", "gauge"] as const).map((counterResetHint) =>
        growing(1).with({ counterResetHint })
      ),
      bytesMax: 50,
    },
    {
      name: "numbers that are none",
      histograms: [growing(1).with({ sum: NaN, count: Infinity, zeroCount: -0 })],
      bytesMax: 60,
    },
  ] as { name: string; histograms: Column; bytesMax: number }[]
) {
  Deno.test(`encodeHistograms() keeps ${name} in ${bytesMax} bytes`, () => {
    const bytes = assertRoundTrip(histograms);
    assert.ok(bytes.length <= bytesMax, `${bytes.length} bytes`);
  });
}

Deno.test("decodeHistograms() shares the layout among the histograms of a run", () => {
  const { histograms: [a, b] } = decodeHistograms(encode([growing(1), growing(2)]), 0, 2);
  assert.equal(a!.positiveSpans, b!.positiveSpans);
  assert.equal(a!.customValues, b!.customValues);
});

const count = fc.oneof(fc.nat(1000), fc.double(), fc.constantFrom(0, -0, 0.5, Infinity, NaN));
const spans: fc.Arbitrary<Span[]> = fc.array(
  fc.record(
    { offset: fc.integer({ min: -40, max: 40 }), length: fc.integer({ min: 0, max: 4 }) },
    { noNullPrototype: true },
  ),
  { maxLength: 3 },
);
const layout = fc.record({
  schema: fc.constantFrom(-53, -4, 0, 3, 8),
  zeroThreshold: fc.constantFrom(0, 2 ** -128, 0.001),
  positiveSpans: spans,
  negativeSpans: spans,
  customValues: fc.array(fc.double(), { maxLength: 3 }).map((bounds) => Float64Array.from(bounds)),
});
const buckets = (spans: readonly Span[]) => {
  const length = spans.reduce((sum, span) => sum + span.length, 0);
  return fc.array(count, { minLength: length, maxLength: length }).map((counts) => Float64Array.from(counts));
};
const run: fc.Arbitrary<Column> = layout.chain((shared) =>
  fc.array(
    fc.record({
      count,
      sum: count,
      zeroCount: count,
      positiveBuckets: buckets(shared.positiveSpans),
      negativeBuckets: buckets(shared.negativeSpans),
      counterResetHint: fc.constantFrom(
        "unknown" as const,
        "reset" as const,
        "not_reset" as const,
        "gauge" as const,
      ),
    }).map((fields) => new FloatHistogram({ ...shared, ...fields })),
    { minLength: 1, maxLength: 12 },
  )
);
const column: fc.Arbitrary<Column> = fc.array(fc.oneof(run, fc.constant([undefined])), { maxLength: 4 })
  .map((runs) => runs.flat());

Deno.test("decodeHistograms() gives back any column and throws RangeError when cut short", () => {
  fc.assert(
    fc.property(column, fc.nat(), (histograms, cut) => {
      const bytes = assertRoundTrip(histograms);
      assert.throws(
        () => decodeHistograms(bytes.slice(0, cut % bytes.length), 0, histograms.length),
        RangeError,
      );
    }),
    { numRuns: 300 },
  );
});

Deno.test("decodeHistograms() returns or throws RangeError on damaged bytes", () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(column, damage, (histograms, hits) => {
      const bytes = encode(histograms);
      for (const [at, byte] of hits) bytes[at % bytes.length] = byte;
      try {
        assert.ok(decodeHistograms(bytes, 0, histograms.length).end <= bytes.length);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("decodeHistograms() rejects runs that do not add up to the count", () => {
  const bytes = encode([growing(1), growing(2)]);
  assert.throws(() => decodeHistograms(bytes, 0, 1), /a run of 2 histograms after 0 of 1/);
  assert.throws(() => decodeHistograms(bytes, 0, 3), /2 of 3 histograms/);
});
