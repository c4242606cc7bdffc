import assert from "node:assert/strict";
import fc from "fast-check";
import { wordsOf } from "../../../../engine/sample.ts";
import { ByteSink } from "../../../../engine/tsdb/chunk/byte_sink.ts";
import { decodeValues, encodeConstant, encodeValues } from "../../../../engine/tsdb/chunk/values.ts";
import { ABSENT, type Bits, bitsOf, column, columnOf, hexOf, NAN, STALE } from "./_columns.ts";

function encode(values: Float64Array): Uint8Array {
  const sink = new ByteSink(16);
  encodeValues(values, 0, values.length, 1, sink);
  return sink.written().slice();
}

function decode(bytes: Uint8Array, count: number): Float64Array {
  const out = new Float64Array(count);
  assert.equal(decodeValues(bytes, 0, count, out, 0), bytes.length, "end offset");
  return out;
}

const range = (n: number, f: (i: number) => number) => Array.from({ length: n }, (_, i) => f(i));
const nanOf = (low: number): Bits => [0x7ff80000, low];

/** Every case round trips; `bytesMax` pins what it may cost. */
const CASES: { name: string; items: (Bits | number)[]; bytesMax: number }[] = [
  { name: "no values", items: [], bytesMax: 0 },
  { name: "one zero", items: [0], bytesMax: 2 },
  { name: "120 zeros", items: range(120, () => 0), bytesMax: 2 },
  { name: "120 times 0.15", items: range(120, () => 0.15), bytesMax: 2 },
  { name: "120 times a double without short decimal form", items: range(120, () => Math.PI), bytesMax: 9 },
  { name: "120 ABSENT", items: Array(120).fill(ABSENT), bytesMax: 6 },
  { name: "STALE, then ABSENT", items: [STALE, ...Array(119).fill(ABSENT)], bytesMax: 7 },
  {
    name: "numbers that end stale",
    items: [...range(60, () => 7), STALE, ...Array(59).fill(ABSENT)],
    bytesMax: 9,
  },
  { name: "120 times canonical NaN", items: Array(120).fill(NAN), bytesMax: 6 },
  { name: "NaN payloads in turn", items: range(4, (i) => i).map((i) => nanOf(i % 2 + 7)), bytesMax: 64 },
  { name: "infinities and both zeros", items: [Infinity, -Infinity, 0, -0, 1], bytesMax: 16 },
  { name: "only -0", items: range(120, () => -0), bytesMax: 6 },
  { name: "a counter with a steady rate", items: range(120, (i) => 1e9 + 15 * i), bytesMax: 12 },
  { name: "a counter with rare steps", items: range(120, (i) => 7 + Math.floor(i / 40)), bytesMax: 10 },
  { name: "a counter with a reset", items: range(120, (i) => (i < 60 ? 5000 : 0) + 3 * i), bytesMax: 24 },
  { name: "ticks of 10 ms divided", items: range(120, (i) => (123456 + 99 * i + i % 3) / 100), bytesMax: 50 },
  { name: "milliseconds multiplied", items: range(120, (i) => (21251 + i * i % 17) * 0.001), bytesMax: 100 },
  { name: "nanoseconds", items: range(120, (i) => (59131 + i * 7919 % 977) / 1e9), bytesMax: 185 },
  { name: "pages of 4 KiB", items: range(120, (i) => 4096 * (1e6 + i * 31 % 64)), bytesMax: 125 },
  { name: "wide jumps", items: range(20, (i) => i * i * 2 ** 38 + i), bytesMax: 140 },
  {
    name: "integers too far apart for deltas",
    items: [2 ** 52, -(2 ** 52), 0, 2 ** 53, 1e300],
    bytesMax: 60,
  },
  { name: "subnormals", items: [5e-324, 1e-323, -5e-324, 2e-308], bytesMax: 50 },
  { name: "doubles without pattern", items: range(50, (i) => Math.sin(i) * 1e3), bytesMax: 430 },
  { name: "decimals and one that is none", items: [0.1, 0.2, 0.1 + 0.2, 0.4], bytesMax: 40 },
];

for (const { name, items, bytesMax } of CASES) {
  Deno.test(`encodeValues() keeps ${name} in ${bytesMax} bytes`, () => {
    const values = columnOf(items);
    const bytes = encode(values);
    assert.deepEqual(hexOf(decode(bytes, values.length)), hexOf(values));
    assert.ok(bytes.length <= bytesMax, `${bytes.length} bytes`);
  });
}

Deno.test("decodeValues() gives back every bit of any column", () => {
  fc.assert(
    fc.property(column, (values) => {
      assert.deepEqual(hexOf(decode(encode(values), values.length)), hexOf(values));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("encodeValues() reads a column out of rows and appends; decodeValues() stays in its place", () => {
  fc.assert(
    fc.property(column, fc.integer({ min: 1, max: 5 }), fc.nat(4), (values, stride, slotSeed) => {
      const slot = slotSeed % stride;
      const rows = new Float64Array(values.length * stride).fill(0.125);
      const from = wordsOf(values), to = wordsOf(rows);
      for (let i = 0; i < values.length; i++) {
        to.set(from.subarray(2 * i, 2 * i + 2), 2 * (slot + i * stride));
      }
      const sink = new ByteSink(1);
      sink.byte(99);
      encodeValues(rows, slot, values.length, stride, sink);
      const end = sink.length;
      encodeValues(columnOf([1, 2, 3]), 0, 3, 1, sink);
      const out = new Float64Array(values.length + 2).fill(42);
      assert.equal(decodeValues(sink.written(), 1, values.length, out, 1), end);
      assert.deepEqual(hexOf(out), hexOf(columnOf([42, ...hexOf(values).map(parseBits), 42])));
    }),
  );
});

function parseBits(hex: string): Bits {
  return [parseInt(hex.slice(0, 8), 16), parseInt(hex.slice(8), 16)];
}

Deno.test("decodeValues() throws RangeError when bytes are missing at the end", () => {
  for (const { items } of CASES) {
    const bytes = encode(columnOf(items));
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(
        () => decodeValues(bytes.slice(0, length), 0, items.length, new Float64Array(items.length), 0),
        RangeError,
      );
    }
  }
});

Deno.test("decodeValues() returns or throws RangeError on damaged bytes, inside its bounds", () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(column, damage, (values, hits) => {
      const bytes = encode(values);
      for (const [at, byte] of hits) bytes[at % bytes.length] = byte;
      const out = new Float64Array(values.length + 2).fill(42);
      try {
        const end = decodeValues(bytes, 0, values.length, out, 1);
        assert.ok(end <= bytes.length);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
      assert.equal(out[0], 42);
      assert.equal(out[values.length + 1], 42);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("decodeValues() throws RangeError when the places do not suffice", () => {
  const bytes = encode(columnOf([1, 2, 3]));
  assert.throws(() => decodeValues(bytes, 0, 3, new Float64Array(3), 1), /too few places/);
});

Deno.test("decodeValues() rejects an unknown encoding", () => {
  assert.throws(() => decodeValues(Uint8Array.of(7, 0, 0, 0), 0, 2, new Float64Array(2), 0), /encoding 7/);
});

Deno.test("encodeValues() finds how integers were scaled, where the ways differ in the last bit", () => {
  const ways = [(m: number) => m / 1e6, (m: number) => m * 1e-6, (m: number) => m / 1e3 / 1e3];
  const encoded = ways.map((scaled) => {
    const values = columnOf(range(120, (i) => scaled(7318006 + 1013 * i)));
    const bytes = encode(values);
    assert.ok(bytes.length < 16, `${bytes.length} bytes`);
    assert.deepEqual(hexOf(decode(bytes, 120)), hexOf(values));
    return bytes;
  });
  assert.equal(new Set(encoded.map((bytes) => bytes[0])).size, 3);
});

Deno.test("encodeValues() falls back to XOR when no scale serves every value", () => {
  const values = columnOf([...range(100, (i) => i / 10), Math.E, bitsOf(0.5)]);
  assert.deepEqual(hexOf(decode(encode(values), 102)), hexOf(values));
});

Deno.test("encodeConstant() writes what encodeValues() writes of equal values, and leaves gaps alone", () => {
  fc.assert(
    fc.property(
      column.filter(({ length }) => length > 0),
      fc.integer({ min: 1, max: 300 }),
      (some, count) => {
        const [low, high] = wordsOf(some);
        const values = new Float64Array(count), words = wordsOf(values);
        for (let i = 0; i < words.length; i += 2) words.set([low, high], i);
        const sink = new ByteSink(1);
        const isGap = Number.isNaN(some[0]) || Math.abs(some[0]) === Infinity || Object.is(some[0], -0);
        assert.equal(encodeConstant(low, high, sink), !isGap);
        assert.deepEqual(sink.written(), isGap ? new Uint8Array(0) : encode(values));
      },
    ),
  );
});
