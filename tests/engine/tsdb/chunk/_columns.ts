import fc from "fast-check";
import {
  ABSENT_HIGH,
  ABSENT_LOW,
  NAN_HIGH,
  NAN_LOW,
  STALE_HIGH,
  STALE_LOW,
  wordsOf,
} from "../../../../engine/sample.ts";

/** A double as its high and low words: the only form in which every NaN keeps its bits on the way to a column. */
export type Bits = readonly [high: number, low: number];

const one = new Float64Array(1);
const oneWords = wordsOf(one);

export function bitsOf(value: number): Bits {
  one[0] = value;
  return [oneWords[1], oneWords[0]];
}

export const ABSENT: Bits = [ABSENT_HIGH, ABSENT_LOW];
export const STALE: Bits = [STALE_HIGH, STALE_LOW];
export const NAN: Bits = [NAN_HIGH, NAN_LOW];

/** A Float64Array of these bit patterns and plain numbers. */
export function columnOf(items: readonly (Bits | number)[]): Float64Array {
  const column = new Float64Array(items.length);
  const words = wordsOf(column);
  items.forEach((item, i) => {
    const [high, low] = typeof item === "number" ? bitsOf(item) : item;
    words[2 * i] = low;
    words[2 * i + 1] = high;
  });
  return column;
}

/** The bits as text, so that a failed comparison can be read. */
export function hexOf(column: Float64Array): string[] {
  const words = wordsOf(column);
  return Array.from(
    column,
    (_, i) => words[2 * i + 1].toString(16).padStart(8, "0") + words[2 * i].toString(16).padStart(8, "0"),
  );
}

const awkward = fc.constantFrom<Bits>(
  ABSENT,
  STALE,
  NAN,
  [0x7ff80000, 0], // quiet NaN
  [0xfff80000, 0x12345678], // negative NaN with payload
  [0x7ff00000, 0xffffffff], // signalling NaN with payload
  bitsOf(Infinity),
  bitsOf(-Infinity),
  bitsOf(0),
  bitsOf(-0),
  bitsOf(5e-324),
  bitsOf(-2.2e-308),
  bitsOf(Number.MAX_VALUE),
  bitsOf(2 ** 53),
  bitsOf(-(2 ** 50)),
  bitsOf(2 ** 32),
);
const word = fc.integer({ min: 0, max: 0xffffffff });
const anyBits: fc.Arbitrary<Bits> = fc.oneof(
  awkward,
  fc.tuple(word, word),
  fc.double({ noNaN: true }).map(bitsOf),
);

/** Values of what real columns look like. */
function walk(step: fc.Arbitrary<number>, scale: (m: number) => number): fc.Arbitrary<Bits[]> {
  return fc.tuple(fc.integer({ min: -1000, max: 2 ** 31 - 1 }), fc.array(step, { maxLength: 150 })).map(
    ([first, steps]) => {
      let m = first;
      return [first, ...steps.map((s) => m += s)].map((m) => bitsOf(scale(m)));
    },
  );
}
const burst = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.nat({ max: 50 }) },
  { weight: 1, arbitrary: fc.nat({ max: 2 ** 31 - 1 }) },
  { weight: 1, arbitrary: fc.maxSafeInteger().map((x) => Math.trunc(x / 1e7)) },
);
const scales: fc.Arbitrary<(m: number) => number> = fc.oneof(
  fc.constant((m: number) => m),
  fc.integer({ min: 1, max: 15 }).map((places) => (m: number) => m / 10 ** places),
  fc.constant((m: number) => m / 1e3 / 1e3),
  fc.constantFrom(1e-3, 1e-6, 0.1).map((factor) => (m: number) => m * factor),
  fc.integer({ min: -20, max: 30 }).map((shift) => (m: number) => m * 2 ** shift),
);
const smooth = scales.chain((scale) => walk(fc.oneof(burst, fc.integer({ min: -1000, max: 1000 })), scale));
const counter = scales.chain((scale) => walk(burst, scale));
const constant = fc.tuple(anyBits, fc.integer({ min: 1, max: 200 })).map(([bits, n]) =>
  Array<Bits>(n).fill(bits)
);

/** Columns biased to counters, gauges, decimals, gaps and bit patterns that encoders get wrong. */
export const column: fc.Arbitrary<Float64Array> = fc.tuple(
  fc.oneof(counter, smooth, constant, fc.array(anyBits, { maxLength: 60 })),
  fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 40 }), awkward), { maxLength: 4 }),
).map(([items, gaps]) => {
  const holed = [...items];
  for (const [at, length, bits] of gaps) {
    for (let i = at; i < Math.min(at + length, holed.length); i++) holed[i] = bits;
  }
  return columnOf(holed);
});
