import assert from "node:assert/strict";
import fc from "fast-check";
import { FloatHistogram } from "../../../../engine/histogram/float_histogram.ts";
import { ByteSink } from "../../../../engine/tsdb/chunk/byte_sink.ts";
import { ByteSource } from "../../../../engine/tsdb/chunk/byte_source.ts";
import {
  HistogramDeltaDecoder,
  HistogramDeltaEncoder,
} from "../../../../engine/tsdb/chunk/histogram_delta.ts";

const counts = (number: fc.Arbitrary<number>, length: number) =>
  fc.array(number, { minLength: length, maxLength: length }).map((list) => Float64Array.from(list));

/** Any numbers in one of a few layouts, so that neighbours often share theirs. */
const histogram = fc.record({
  layout: fc.constantFrom(
    {
      schema: 3,
      zeroThreshold: 2 ** -128,
      positiveSpans: [{ offset: -80, length: 3 }, { offset: 4, length: 2 }],
    },
    { schema: 3, zeroThreshold: 0, positiveSpans: [{ offset: -80, length: 3 }, { offset: 5, length: 2 }] },
    { schema: -53, customValues: Float64Array.of(0.5, 1), positiveSpans: [{ offset: 0, length: 5 }] },
  ),
  number: fc.constantFrom(
    fc.nat(5),
    fc.maxSafeNat(),
    fc.constantFrom(0, -0, 0.5, NaN, Infinity, 2 ** 53, 1e300),
  ),
  hint: fc.constantFrom("unknown" as const, "reset" as const, "not_reset" as const, "gauge" as const),
  negative: fc.nat(2),
  sum: fc.double(),
}).chain(({ layout, number, hint, negative, sum }) =>
  fc.tuple(number, number, counts(number, 5), counts(number, negative)).map((
    [count, zeroCount, positiveBuckets, negativeBuckets],
  ) =>
    new FloatHistogram({
      ...layout,
      count,
      zeroCount,
      sum,
      positiveBuckets,
      negativeBuckets,
      negativeSpans: negative === 0 ? [] : [{ offset: 7, length: negative }],
      counterResetHint: hint,
    })
  )
);

Deno.test("histograms against those before them are read back as they were, bit for bit", () =>
  fc.assert(
    fc.property(fc.array(fc.tuple(histogram, fc.boolean()), { maxLength: 8 }), (list) => {
      const encoder = new HistogramDeltaEncoder(), decoder = new HistogramDeltaDecoder();
      const out = new ByteSink(1);
      for (const [one, standsForItself] of list) {
        if (standsForItself) encoder.clear();
        encoder.encode(one, out);
      }
      const source = new ByteSource(out.written());
      for (const [one, standsForItself] of list) {
        if (standsForItself) decoder.clear();
        assert.deepEqual(decoder.decode(source), one);
      }
      assert.ok(source.done);
    }),
  ));

Deno.test("a histogram in the buckets of the one before it takes a byte for each small difference", () => {
  const one = new FloatHistogram({
    positiveSpans: [{ offset: 0, length: 20 }],
    positiveBuckets: new Float64Array(20).fill(1000),
    count: 20_000,
    sum: 1,
  });
  const out = new ByteSink(), encoder = new HistogramDeltaEncoder();
  encoder.encode(one, out);
  out.clear();
  encoder.encode(one, out);
  assert.equal(out.length, 1 + 8 + 3 + 1 + 2 + 19);
});

Deno.test("a histogram that is cut short, or has no layout, is refused", () => {
  const out = new ByteSink(), encoder = new HistogramDeltaEncoder();
  const one = new FloatHistogram({
    positiveSpans: [{ offset: 1, length: 3 }],
    positiveBuckets: Float64Array.of(1, 2, 300),
    count: 303,
  });
  encoder.encode(one, out);
  const whole = out.written().slice();
  for (let length = 0; length < whole.length; length++) {
    assert.throws(
      () => new HistogramDeltaDecoder().decode(new ByteSource(whole.subarray(0, length))),
      RangeError,
      `${length} bytes`,
    );
  }
  out.clear();
  encoder.encode(one, out);
  assert.throws(() => new HistogramDeltaDecoder().decode(new ByteSource(out.written())), /histogram flags 0/);
  assert.throws(
    () => new HistogramDeltaDecoder().decode(new ByteSource(Uint8Array.of(16))),
    /histogram flags 16/,
  );
});
