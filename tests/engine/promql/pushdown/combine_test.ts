import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Columns,
  combine,
  finish,
  type PartialResult,
  REDUCERS,
  type Reduction,
} from "../../../../engine/promql/operators/aggregate.ts";
import { readPartial, Slabs } from "../../../../engine/promql/pushdown/slabs.ts";
import { FLOAT } from "../../../../engine/promql/value.ts";

const STEPS = 3;
const REDUCTIONS = Object.keys(REDUCERS) as Reduction[];
/** Results that do not depend on the order of additions. */
const EXACT: ReadonlySet<Reduction> = new Set(["min", "max", "count", "group"]);
const TOLERANCE = 1e-9;

/** The part that a series is in, and its samples. */
interface PlacedSeries {
  readonly part: number;
  readonly samples: readonly (number | undefined)[];
}

/** Of the large ones, sums overflow in any order, and of the infinite ones they are infinite or no number. */
const numbers = fc.constantFrom(
  fc.oneof(fc.integer({ min: -20, max: 20 }), fc.double({ min: -1e3, max: 1e3, noNaN: true })),
  fc.constantFrom(1.5e308, 1.7e308, 1e308, 1, -5),
  fc.constantFrom(Infinity, 1, 2, -3),
  fc.constantFrom(-Infinity, Infinity, NaN, 0, -0, 4),
  fc.constantFrom(1e16, 1, -1e16, 3, 0.1),
);
const series: fc.Arbitrary<PlacedSeries[]> = numbers.chain((number) =>
  fc.array(
    fc.record({
      part: fc.nat({ max: 3 }),
      samples: fc.array(fc.option(number, { nil: undefined, freq: 4 }), {
        minLength: STEPS,
        maxLength: STEPS,
      }),
    }),
    { maxLength: 12 },
  )
);

function columnsOf({ samples }: PlacedSeries): Columns {
  return {
    values: Float64Array.from(samples, (sample) => sample ?? NaN),
    present: Uint8Array.from(samples, (sample) => sample === undefined ? 0 : FLOAT),
  };
}

/** What is reduced of some series, as it comes out of another thread. */
function reduced(op: Reduction, members: readonly PlacedSeries[]): PartialResult {
  const slabs = new Slabs(STEPS, 1);
  const columns = slabs.next(), scratch = slabs.scratch(slabs.keep());
  for (const member of members) REDUCERS[op](columnsOf(member), columns, scratch);
  return readPartial(structuredClone(slabs.finish()), 0, STEPS);
}

/** The samples of a result by step. */
function finished(op: Reduction, { columns, scratch }: PartialResult): (number | undefined)[] {
  finish(op, columns, scratch);
  return Array.from(columns.present, (kind, step) => kind === FLOAT ? columns.values[step] : undefined);
}

function inParts(op: Reduction, all: readonly PlacedSeries[]): (number | undefined)[] {
  const parts = [0, 1, 2, 3].map((part) => all.filter((one) => one.part === part));
  const [into, ...others] = parts.filter((members) => members.length > 0).map((members) =>
    reduced(op, members)
  );
  if (into === undefined) return new Array(STEPS).fill(undefined);
  for (const other of others) combine(op, other, into);
  return finished(op, into);
}

/** @param scale The largest operand: what is left where larger ones cancel each other out is as exact as they are. */
function same(a: number | undefined, b: number | undefined, tolerance: number, scale: number): boolean {
  if (Object.is(a, b)) return true;
  if (tolerance === 0 || a === undefined || b === undefined) return false;
  return a === b || Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b), scale);
}

for (const op of REDUCTIONS) {
  Deno.test(`${op} of parts, combined, is ${op} of all series`, () => {
    fc.assert(
      fc.property(series, (all) => {
        // Parts come one after the other, as their series do where nobody evaluates them.
        const want = finished(op, reduced(op, all.toSorted((a, b) => a.part - b.part)));
        inParts(op, all).forEach((got, step) => {
          const finite = all.map(({ samples }) => Math.abs(samples[step] ?? 0)).filter(Number.isFinite);
          const scale = Math.max(0, ...finite) ** (op === "stdvar" ? 2 : 1);
          // A sum is exact to the last few bits even where its operands cancel each other out.
          const tolerance = EXACT.has(op) ? 0 : op === "sum" ? 1e-15 : TOLERANCE;
          assert.ok(
            same(got, want[step], tolerance, scale === Infinity ? 0 : scale),
            `step ${step}: got ${got}, want ${want[step]}`,
          );
        });
      }),
      { numRuns: 300 },
    );
  });
}

/** The result of one step of parts. */
function ofParts(op: Reduction, ...parts: readonly (readonly number[])[]): number | undefined {
  const all = parts.flatMap((samples, part) =>
    samples.map((sample) => ({ part, samples: new Array(STEPS).fill(sample) }))
  );
  return inParts(op, all)[0];
}

for (
  const { name, op, parts, want } of [
    { name: "a part overflows", op: "avg", parts: [[1.6e308, 1.6e308], [1.6e308]], want: 1.6e308 },
    { name: "only all parts overflow", op: "avg", parts: [[1.6e308], [1.6e308]], want: 1.6e308 },
    { name: "the second part overflows", op: "avg", parts: [[1.6e308], [1.6e308, 1.6e308]], want: 1.6e308 },
    { name: "all parts overflow", op: "avg", parts: [[1e308, 1e308], [1e308, 1e308]], want: 1e308 },
    {
      name: "a third part comes after an overflow",
      op: "avg",
      parts: [[1.5e308], [1.5e308], [0]],
      want: 1e308,
    },
    { name: "parts overflow to both sides", op: "avg", parts: [[-1e308, -1e308], [1e308, 1e308]], want: 0 },
    { name: "a part is infinite", op: "avg", parts: [[1, 2], [Infinity]], want: Infinity },
    { name: "the first part is infinite", op: "avg", parts: [[Infinity], [1, 2]], want: Infinity },
    { name: "parts are infinite to both sides", op: "avg", parts: [[Infinity], [-Infinity]], want: NaN },
    { name: "only all parts overflow", op: "sum", parts: [[1.6e308], [1.6e308]], want: Infinity },
    {
      name: "what is small is lost beside what is large",
      op: "sum",
      parts: [[1e17, 1], [-1e17, 1]],
      want: 2,
    },
    {
      name: "what is small is lost beside what is large",
      op: "avg",
      parts: [[1e17, 1], [-1e17, 1]],
      want: 0.5,
    },
    { name: "parts have one series each", op: "stdvar", parts: [[2], [4], [6]], want: 8 / 3 },
    { name: "parts are alike", op: "stddev", parts: [[0.1, 0.1], [0.1]], want: 0 },
    { name: "a part is infinite", op: "stdvar", parts: [[1, 2], [Infinity]], want: NaN },
    { name: "a part has no number", op: "max", parts: [[NaN], [-1], [NaN]], want: -1 },
    { name: "zeros differ in sign", op: "min", parts: [[0], [-0]], want: 0 },
  ] as const
) {
  Deno.test(`${op} is ${want} where ${name}: ${JSON.stringify(parts)}`, () => {
    const got = ofParts(op, ...parts);
    assert.ok(same(got, want, op === "avg" ? TOLERANCE : 0, 0), `got ${got}`);
  });
}
