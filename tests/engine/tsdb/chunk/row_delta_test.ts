import assert from "node:assert/strict";
import fc from "fast-check";
import { wordsOf } from "../../../../engine/sample.ts";
import { ByteSink } from "../../../../engine/tsdb/chunk/byte_sink.ts";
import { decodeRow, encodeRow } from "../../../../engine/tsdb/chunk/row_delta.ts";
import { ABSENT, type Bits, column, columnOf, hexOf, NAN, STALE } from "./_columns.ts";

const NO_ROW = new Uint32Array(0);

function encode(row: Float64Array, previous: Float64Array): Uint8Array {
  const sink = new ByteSink(1);
  encodeRow(wordsOf(row), wordsOf(previous), row.length, sink);
  return sink.written().slice();
}

function decode(bytes: Uint8Array, previous: Float64Array, slots: number): Float64Array {
  const out = new Float64Array(slots);
  assert.equal(decodeRow(bytes, 0, wordsOf(previous), slots, wordsOf(out)), bytes.length, "end offset");
  return out;
}

const CASES: { name: string; before: (Bits | number)[]; now: (Bits | number)[]; bytes: number }[] = [
  { name: "no slots", before: [], now: [], bytes: 0 },
  { name: "64 unchanged slots", before: Array(64).fill(7), now: Array(64).fill(7), bytes: 1 },
  { name: "a counter one up", before: [41], now: [42], bytes: 3 },
  { name: "a counter 1000 up", before: [5e9], now: [5e9 + 1000], bytes: 4 },
  { name: "a counter reset", before: [123456], now: [0], bytes: 5 },
  { name: "ticks of 10 ms", before: [1234.56], now: [1234.63], bytes: 3 },
  { name: "milliseconds multiplied", before: [21251 * 0.001], now: [21262 * 0.001], bytes: 4 },
  { name: "a double without short decimal form", before: [Math.E], now: [Math.PI], bytes: 10 },
  { name: "the half of it changed", before: [Math.PI], now: [2 * Math.PI], bytes: 6 },
  { name: "a slot that goes stale", before: [Math.E], now: [STALE], bytes: 3 },
  { name: "a slot that goes absent", before: [STALE], now: [ABSENT], bytes: 3 },
  { name: "a new slot without a sample", before: [1], now: [1, ABSENT], bytes: 1 },
  { name: "a new slot with a small number", before: [1], now: [1, 3], bytes: 3 },
  { name: "NaN to number", before: [NAN], now: [1.5], bytes: 4 },
  { name: "0 to -0", before: [0], now: [-0], bytes: 7 },
  { name: "-0 to 0", before: [-0], now: [0], bytes: 3 },
  { name: "infinity", before: [1e300], now: [-Infinity], bytes: 11 },
];

for (const { name, before, now, bytes } of CASES) {
  Deno.test(`encodeRow() keeps ${name} in ${bytes} bytes`, () => {
    const row = columnOf(now), previous = columnOf(before);
    const encoded = encode(row, previous);
    assert.deepEqual(hexOf(decode(encoded, previous, row.length)), hexOf(row));
    assert.equal(encoded.length, bytes);
  });
}

/** A row and the one before it, which shares most of its slots. */
const rows = fc.tuple(column, column, fc.infiniteStream(fc.nat(9)), fc.nat(9)).map(
  ([now, other, dice, same]) => {
    const before = other.slice();
    const from = wordsOf(now), to = wordsOf(before);
    for (let i = 0; i < Math.min(now.length, before.length); i++) {
      if (dice.next().value! < same) to.set(from.subarray(2 * i, 2 * i + 2), 2 * i);
    }
    return { now, before };
  },
);

Deno.test("decodeRow() gives back every bit of any row, whatever row came before, also in place", () => {
  fc.assert(
    fc.property(rows, ({ now, before }) => {
      const bytes = encode(now, before);
      assert.deepEqual(hexOf(decode(bytes, before, now.length)), hexOf(now));
      const inPlace = new Float64Array(Math.max(now.length, before.length));
      wordsOf(inPlace).set(wordsOf(before));
      decodeRow(bytes, 0, wordsOf(inPlace).subarray(0, 2 * before.length), now.length, wordsOf(inPlace));
      assert.deepEqual(hexOf(inPlace.subarray(0, now.length)), hexOf(now));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("decodeRow() reads a chain of rows that share a buffer", () => {
  fc.assert(
    fc.property(fc.array(column, { maxLength: 5 }), (chain) => {
      const sink = new ByteSink(1);
      let previous: Uint32Array = NO_ROW;
      for (const row of chain) {
        encodeRow(wordsOf(row), previous, row.length, sink);
        previous = wordsOf(row);
      }
      let at = 0;
      previous = NO_ROW;
      for (const row of chain) {
        const out = new Float64Array(row.length);
        at = decodeRow(sink.written(), at, previous, row.length, wordsOf(out));
        assert.deepEqual(hexOf(out), hexOf(row));
        previous = wordsOf(out);
      }
      assert.equal(at, sink.length);
    }),
  );
});

Deno.test("decodeRow() throws RangeError when bytes are missing at the end", () => {
  fc.assert(
    fc.property(rows, fc.nat(), ({ now, before }, cut) => {
      const bytes = encode(now, before);
      fc.pre(bytes.length > 0);
      const out = new Uint32Array(2 * now.length);
      assert.throws(
        () => decodeRow(bytes.slice(0, cut % bytes.length), 0, wordsOf(before), now.length, out),
        RangeError,
      );
    }),
  );
});

Deno.test("decodeRow() returns or throws RangeError on damaged bytes", () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(rows, damage, ({ now, before }, hits) => {
      const bytes = encode(now, before);
      for (const [at, byte] of hits) bytes[at % bytes.length] = byte;
      try {
        const end = decodeRow(bytes, 0, wordsOf(before), now.length, new Uint32Array(2 * now.length));
        assert.ok(end <= bytes.length);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

for (
  const { name, bytes, slots, want } of [
    { name: "a change behind the last slot", bytes: [1, 4, 0], slots: 2, want: /behind the last of 2 slots/ },
    { name: "an octet behind the last slot", bytes: [2, 1, 0], slots: 2, want: /behind the last of 2 slots/ },
    { name: "an unknown pattern", bytes: [1, 1, 0xff], slots: 1, want: /pattern 15/ },
    {
      name: "a delta above 2^53",
      bytes: [1, 1, 16, 255, 255, 255, 255, 255, 255, 255, 255, 1],
      slots: 1,
      want: /above 2\^53/,
    },
    {
      name: "eight bytes for half a value",
      bytes: [1, 1, 0xef, 1, 1, 1, 1, 1, 1, 1, 1],
      slots: 1,
      want: /upper half/,
    },
  ]
) {
  Deno.test(`decodeRow() rejects ${name}`, () => {
    assert.throws(
      () => decodeRow(Uint8Array.from(bytes), 0, NO_ROW, slots, new Uint32Array(2 * slots)),
      want,
    );
  });
}

Deno.test("decodeRow() throws RangeError when the row does not fit", () => {
  assert.throws(() => decodeRow(Uint8Array.of(0), 0, NO_ROW, 3, new Uint32Array(4)), /expected 6/);
});
