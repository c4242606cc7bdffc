import fc from "fast-check";
import { FloatHistogram } from "../../../../engine/histogram/float_histogram.ts";
import { Labels } from "../../../../engine/labels/labels.ts";
import type { SequenceValue } from "../../../conformance/promqltest/series_values.ts";
import type { PartSeries } from "./_parts.ts";

/** Generated series have a value every so many ms, and at most so many of them. */
export const INTERVAL_MS = 15_000;
const VALUES_MAX = 48;

/** The metrics: two gauges, two counters, a classic histogram, a native one, and one with a type and a unit. */
export const METRICS = ["g", "g2", "c_total", "d", "b_bucket", "h", "t_total"] as const;
type Metric = (typeof METRICS)[number];

/** Values that are odd together in any order of summation: sums may either overflow or be of infinities. */
const ODDITIES = {
  none: fc.constantFrom(-0, 0.1, 1e-17),
  huge: fc.constantFrom(1.5e308, 1.7e308, NaN),
  infinite: fc.constantFrom(Infinity, -Infinity, NaN, -0),
} as const;

const omitted: SequenceValue = { kind: "omitted" }, stale: SequenceValue = { kind: "stale" };

/** A rare value with its weight in percent. */
function rarely<T>(percent: number, rare: fc.Arbitrary<T>, usual: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: percent, arbitrary: rare }, { weight: 100 - percent, arbitrary: usual });
}

const gap = rarely<SequenceValue | undefined>(
  12,
  fc.constantFrom(omitted, omitted, stale),
  fc.constant(undefined),
);

function valuesOf(metric: Metric, oddity: keyof typeof ODDITIES): fc.Arbitrary<SequenceValue[]> {
  const draw = fc.record({
    gap,
    gauge: rarely(oddity === "none" ? 3 : 15, ODDITIES[oddity], fc.integer({ min: -20, max: 20 })),
    growth: rarely<number | "reset">(6, fc.constant("reset"), fc.nat({ max: 9 })),
  });
  return fc.array(draw, { minLength: 1, maxLength: VALUES_MAX }).map((draws) => {
    let total = 0;
    return draws.map(({ gap, gauge, growth }): SequenceValue => {
      if (gap !== undefined) return gap;
      if (metric === "g" || metric === "g2" || metric === "d") return { kind: "float", value: gauge };
      total = growth === "reset" ? 0 : total + growth;
      if (metric !== "h") return { kind: "float", value: total };
      const histogram = new FloatHistogram({
        count: total,
        sum: 2 * total,
        positiveSpans: [{ offset: 0, length: 1 }],
        positiveBuckets: Float64Array.of(total),
      });
      return { kind: "histogram", histogram, hintIsSet: false };
    });
  });
}

const LABELS: Readonly<Record<Metric, readonly Readonly<Record<string, string>>[]>> = {
  g: [{ a: "1", b: "1" }, { a: "1", b: "2" }, { a: "2", b: "1" }, { a: "2", c: "é" }],
  g2: [{ a: "1", b: "1" }, { a: "1", b: "2" }, { a: "2", b: "1" }],
  c_total: [{ a: "1", b: "1" }, { a: "1", b: "2" }, { a: "2", b: "1" }, { a: "3" }],
  d: [{ a: "1", b: "1" }, {}],
  b_bucket: [{ a: "1", le: "1" }, { a: "1", le: "5" }, { a: "1", le: "+Inf" }, { a: "2", le: "+Inf" }],
  h: [{ a: "1" }, { a: "2" }],
  t_total: [{ a: "1", __type__: "counter" }, { a: "1", __type__: "gauge" }, { a: "2", __unit__: "s" }],
};

/** A series, the part that has it, and sometimes another part that has some of it, too. */
interface Placed {
  readonly series: PartSeries;
  readonly part: number;
  readonly other: readonly SequenceValue[] | undefined;
}

function placed(
  metric: Metric,
  oddity: keyof typeof ODDITIES,
  sharesSeries: boolean,
): fc.Arbitrary<Placed[]> {
  return fc.tuple(...LABELS[metric].map((labels) =>
    fc.record({
      isThere: rarely(25, fc.constant(false), fc.constant(true)),
      values: valuesOf(metric, oddity),
      part: fc.nat({ max: 2 }),
      other: rarely<SequenceValue[] | undefined>(
        sharesSeries ? 20 : 0,
        valuesOf(metric, oddity),
        fc.constant(undefined),
      ),
    }).map(({ isThere, values, part, other }) => {
      if (!isThere) return [];
      return [{ series: { labels: Labels.from({ __name__: metric, ...labels }), values }, part, other }];
    })
  )).map((lists) => lists.flat());
}

/** Series of all metrics, spread over three parts. */
export const arbitraryParts: fc.Arbitrary<PartSeries[][]> = fc.tuple(
  fc.constantFrom<keyof typeof ODDITIES>("none", "huge", "infinite"),
  rarely(20, fc.constant(true), fc.constant(false)),
).chain(([oddity, sharesSeries]) =>
  fc.tuple(...METRICS.map((metric) => placed(metric, oddity, sharesSeries)))
).map((metrics) => {
  const parts: PartSeries[][] = [[], [], []];
  for (const { series, part, other } of metrics.flat()) {
    parts[part]!.push(series);
    if (other !== undefined) parts[(part + 1) % parts.length]!.push({ ...series, values: other });
  }
  return parts;
});
