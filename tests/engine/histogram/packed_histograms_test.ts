import assert from "node:assert/strict";
import fc from "fast-check";
import type { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { HistogramPacker, HistogramReader } from "../../../engine/histogram/packed_histograms.ts";
import { anyHistogram, custom, positiveOnly } from "./_arbitrary.ts";

function packed(histograms: readonly FloatHistogram[]) {
  const packer = new HistogramPacker();
  for (const h of histograms) packer.add(h);
  return packer.finish();
}

const hinted = fc.tuple(
  anyHistogram(),
  fc.constantFrom("unknown" as const, "reset" as const, "not_reset" as const, "gauge" as const),
  fc.constantFrom(0, -0, NaN, Infinity, 1e-300),
).map(([h, counterResetHint, zeroCount]) => h.with({ counterResetHint, zeroCount }));

Deno.test("histograms are read as they were packed, also in another thread", () => {
  fc.assert(fc.property(fc.array(hinted, { minLength: 1, maxLength: 40 }), fc.nat(), (some, seed) => {
    // Layouts come again, not always right behind each other.
    const all = [...some, ...some.map((_, i) => some[(i * 7 + seed) % some.length]!)];
    const plain = packed(all)!;
    const reader = new HistogramReader(
      structuredClone(plain, { transfer: plain.cells.map(({ buffer }) => buffer as ArrayBuffer) }),
    );
    for (const h of all) assert.deepStrictEqual(reader.next(), h);
    assert.throws(() => reader.next(), /BUG: all packed histograms were read/);
  }));
});

Deno.test("histograms of one layout share its description; arrays are filled before the next one is made", () => {
  const wide = positiveOnly(new Array(1000).fill(1)), huge = positiveOnly(new Array(20_000).fill(2));
  const all = [...new Array<FloatHistogram>(40).fill(wide), huge, wide, custom([1, 2], [1, 2, 3])];
  const { layouts, cells, integers, doubles } = packed(all)!;
  assert.deepEqual([...new Set(layouts)], [0, 1, 2]);
  assert.deepEqual([...integers], [0, 0, 1, 0, 0, 0, 1000, 0, 0, 1, 0, 0, 0, 20_000, -53, 0, 1, 0, 2, 0, 3]);
  assert.deepEqual([...doubles], [0, 0, 0, 1, 2]);
  assert.deepEqual(cells.map(({ length }) => length), [16 * 1003, 16 * 1003, 8 * 1003, 20_003, 1003 + 6]);
  const reader = new HistogramReader({ layouts, cells, integers, doubles });
  for (const h of all) assert.deepStrictEqual(reader.next(), h);
});

Deno.test("nothing packed is nothing", () => assert.equal(packed([]), undefined));
