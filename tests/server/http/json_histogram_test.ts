import assert from "node:assert/strict";
import fc from "fast-check";
import { toJson } from "../../../engine/histogram/print.ts";
import { ByteWriter } from "../../../server/http/json/byte_writer.ts";
import { HistogramWriter } from "../../../server/http/json/histogram.ts";
import { anyHistogram, positiveOnly } from "../../engine/histogram/_arbitrary.ts";

const numbers = fc.oneof(fc.double(), fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 0.1, 1e21));
const histograms = fc.array(
  fc.record({
    h: anyHistogram(),
    zeroCount: numbers,
    sum: numbers,
    zeroThreshold: fc.constantFrom(0, 2 ** -128, 0.3, 4),
    factor: fc.constantFrom(1, 1 / 3, -1, 1e300),
  }).map(({ h, factor, zeroCount, ...fields }) =>
    h.with({
      ...fields,
      zeroCount: h.usesCustomBuckets ? 0 : zeroCount,
      positiveBuckets: h.positiveBuckets.map((count) => count * factor),
    })
  ),
  { minLength: 1, maxLength: 12 },
);

Deno.test("a writer gives the text that toJson() has, whatever was written before", () => {
  fc.assert(fc.property(histograms, fc.array(fc.nat(), { maxLength: 20 }), (some, again) => {
    const writer = new HistogramWriter(), out = new ByteWriter();
    const all = [...some, ...again.map((i) => some[i % some.length]!)];
    for (const h of all) writer.write(out, h);
    const text = new TextDecoder().decode(out.take());
    assert.equal(text, all.map((h) => JSON.stringify(toJson(h))).join(""));
  }));
});

Deno.test("a histogram longer than a chunk has room", () => {
  const h = positiveOnly(Array.from({ length: 20_000 }, (_, i) => i / 7), { schema: 8 });
  const out = new ByteWriter();
  new HistogramWriter().write(out, h);
  assert.equal(new TextDecoder().decode(out.take()), JSON.stringify(toJson(h)));
});
