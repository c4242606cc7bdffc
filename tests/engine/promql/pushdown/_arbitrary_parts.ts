import fc from "fast-check";
import { FloatHistogram } from "../../../../engine/histogram/float_histogram.ts";
import { Labels } from "../../../../engine/labels/labels.ts";
import type { SequenceValue } from "../../../conformance/promqltest/series_values.ts";
import type { PartSeries } from "./_parts.ts";

/** Generated series have a value every so many ms, and at most so many of them. */
export const INTERVAL_MS = 15_000;
const VALUES_MAX = 48;

/**
 * The metrics: two gauges, two counters, two classic histograms, a native one, one of floats and native histograms, and one
 * with a type and a unit.
 */
export const METRICS = ["g", "g2", "c_total", "d", "b_bucket", "b2_bucket", "h", "m", "t_total"] as const;
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

/** Bucket layouts of four counts each; what comes later in the list goes with less of the others. */
const LAYOUTS = {
  plain: {
    schema: 1,
    zeroThreshold: 0.001,
    positiveSpans: [{ offset: -1, length: 3 }, { offset: 2, length: 1 }],
  },
  coarse: { schema: 0, zeroThreshold: 0.001, positiveSpans: [{ offset: 0, length: 4 }] },
  negative: {
    schema: 1,
    zeroThreshold: 0.001,
    positiveSpans: [{ offset: 1, length: 2 }],
    negativeSpans: [{ offset: 0, length: 1 }, { offset: 1, length: 1 }],
  },
  wideZero: { schema: 0, zeroThreshold: 1, positiveSpans: [{ offset: 1, length: 4 }] },
  buriedBuckets: { schema: 0, zeroThreshold: 1, positiveSpans: [{ offset: -1, length: 4 }] },
  custom: {
    schema: -53,
    customValues: Float64Array.of(1, 2, 5),
    positiveSpans: [{ offset: 0, length: 4 }],
  },
  otherCustom: {
    schema: -53,
    customValues: Float64Array.of(-1, 2, 3, 5),
    positiveSpans: [{ offset: 0, length: 3 }, { offset: 1, length: 1 }],
  },
} as const;
type Layout = keyof typeof LAYOUTS;

/** The layouts that the histograms of one data set have. */
const flavours = fc.constantFrom<readonly Layout[]>(
  ["plain"],
  ["plain", "coarse", "negative"],
  ["custom"],
  ["custom", "otherCustom"],
  ["plain", "wideZero"],
  ["plain", "wideZero", "buriedBuckets"],
  ["plain", "coarse", "custom"],
);

interface HistogramDraw {
  readonly layout: Layout;
  readonly growths: readonly number[];
  readonly isReset: boolean;
  readonly sum: number | undefined;
  readonly hint: "unknown" | "gauge" | "reset" | "not_reset";
}

/** Of a series that mostly has one layout. */
function histogramDraws(
  layouts: readonly Layout[],
  isGauge: boolean,
): fc.Arbitrary<fc.Arbitrary<HistogramDraw>> {
  return fc.constantFrom(...layouts).map((usual) =>
    fc.record({
      layout: rarely(4, fc.constantFrom(...layouts), fc.constant(usual)),
      growths: fc.array(rarely(30, fc.constant(0), fc.nat({ max: 9 })), { minLength: 5, maxLength: 5 }),
      isReset: rarely(6, fc.constant(true), fc.constant(false)),
      sum: rarely<number | undefined>(2, fc.constantFrom(NaN, -3, 0.1), fc.constant(undefined)),
      hint: isGauge ? fc.constant<HistogramDraw["hint"]>("gauge") : rarely<HistogramDraw["hint"]>(
        4,
        fc.constantFrom("gauge", "reset", "not_reset"),
        fc.constant("unknown"),
      ),
    })
  );
}

/** What `counts`, which are the zero bucket's and four others', are as a histogram. */
function histogramOf({ layout, sum, hint }: HistogramDraw, counts: readonly number[]): SequenceValue {
  const [zeroCount, ...buckets] = counts, shape = LAYOUTS[layout];
  const isCustom = shape.schema === -53, hasNegative = "negativeSpans" in shape;
  const count = (isCustom ? 0 : zeroCount) + buckets.reduce((a, b) => a + b, 0);
  const histogram = new FloatHistogram({
    ...shape,
    count: Number.isNaN(sum) ? count + 1 : count,
    sum: sum ?? 2 * count,
    zeroCount: isCustom ? 0 : zeroCount,
    positiveBuckets: Float64Array.from(hasNegative ? buckets.slice(0, 2) : buckets),
    negativeBuckets: Float64Array.from(hasNegative ? buckets.slice(2) : []),
    counterResetHint: hint,
  });
  return { kind: "histogram", histogram, hintIsSet: hint !== "unknown" };
}

/** Values of histograms, and of floats where those are mixed in. */
function histogramValues(layouts: readonly Layout[], floatPercent: number): fc.Arbitrary<SequenceValue[]> {
  const draws = fc.boolean().chain((isGauge) => histogramDraws(layouts, isGauge)).chain((draw) =>
    fc.array(fc.record({ gap, draw, isFloat: rarely(floatPercent, fc.constant(true), fc.constant(false)) }), {
      minLength: 1,
      maxLength: VALUES_MAX,
    })
  );
  return draws.map((all) => {
    let counts = [0, 0, 0, 0, 0];
    return all.map(({ gap, draw, isFloat }): SequenceValue => {
      if (gap !== undefined) return gap;
      counts = draw.growths.map((growth, i) => draw.isReset ? growth : counts[i] + growth);
      return isFloat ? { kind: "float", value: counts[0] } : histogramOf(draw, counts);
    });
  });
}

function valuesOf(
  metric: Metric,
  oddity: keyof typeof ODDITIES,
  layouts: readonly Layout[],
): fc.Arbitrary<SequenceValue[]> {
  if (metric === "h") return histogramValues(layouts, 0);
  if (metric === "m") {
    return fc.constantFrom(0, 0, 100, 10).chain((percent) => histogramValues(layouts, percent));
  }
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
      return { kind: "float", value: total };
    });
  });
}

const LABELS: Readonly<Record<Metric, readonly Readonly<Record<string, string>>[]>> = {
  g: [{ a: "1", b: "1" }, { a: "1", b: "2" }, { a: "2", b: "1" }, { a: "2", c: "é" }],
  g2: [{ a: "1", b: "1" }, { a: "1", b: "2" }, { a: "2", b: "1" }],
  // One sorts before the name.
  c_total: [{ a: "1", b: "1" }, { a: "1", b: "2" }, { a: "2", b: "1" }, { A: "3" }, {}],
  d: [{ a: "1", b: "1" }, {}],
  b_bucket: [
    { a: "1", le: "1" },
    { a: "1", le: "5" },
    { a: "1", le: "5.0" },
    { a: "1", le: "+Inf" },
    { a: "2", le: "-1" },
    { a: "2", le: "2" },
    { a: "2", le: "+Inf" },
    { a: "3", le: "2" },
    { a: "3", le: "7" },
    { a: "3", le: "Inf" },
    { a: "3", le: "a lot" },
    { a: "3" },
  ],
  // Without their names, of the same label sets as others.
  b2_bucket: [{ a: "1", le: "1" }, { a: "1", le: "+Inf" }, { a: "3", le: "+Inf", __type__: "histogram" }],
  h: [{ a: "1", b: "1" }, { a: "1", b: "2" }, { a: "2", b: "1" }, { a: "2", b: "3" }, { a: "3" }],
  m: [{ a: "1", b: "1" }, { a: "1", b: "2" }, { a: "2", b: "1" }],
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
  layouts: readonly Layout[],
  sharesSeries: boolean,
): fc.Arbitrary<Placed[]> {
  // Buckets of a histogram are mostly in the same part.
  const partsOf = metric.endsWith("_bucket")
    ? rarely<readonly number[] | undefined>(
      20,
      fc.constant(undefined),
      fc.array(fc.nat({ max: 2 }), { minLength: 4, maxLength: 4 }),
    )
    : fc.constant(undefined);
  const all = fc.tuple(...LABELS[metric].map((labels) =>
    fc.record({
      isThere: rarely(25, fc.constant(false), fc.constant(true)),
      values: valuesOf(metric, oddity, layouts),
      part: fc.nat({ max: 2 }),
      other: rarely<SequenceValue[] | undefined>(
        sharesSeries ? 20 : 0,
        valuesOf(metric, oddity, layouts),
        fc.constant(undefined),
      ),
    }).map(({ isThere, values, part, other }) => {
      if (!isThere) return [];
      return [{ series: { labels: Labels.from({ __name__: metric, ...labels }), values }, part, other }];
    })
  )).map((lists) => lists.flat());
  return fc.tuple(partsOf, all).map(([parts, placed]) =>
    parts === undefined
      ? placed
      : placed.map((one) => ({ ...one, part: parts[Number(one.series.labels.get("a"))]! }))
  );
}

/** Series of all metrics, spread over three parts. */
export const arbitraryParts: fc.Arbitrary<PartSeries[][]> = fc.tuple(
  fc.constantFrom<keyof typeof ODDITIES>("none", "huge", "infinite"),
  flavours,
  rarely(20, fc.constant(true), fc.constant(false)),
).chain(([oddity, layouts, sharesSeries]) =>
  fc.tuple(...METRICS.map((metric) => placed(metric, oddity, layouts, sharesSeries)))
).map((metrics) => {
  const parts: PartSeries[][] = [[], [], []];
  for (const { series, part, other } of metrics.flat()) {
    parts[part]!.push(series);
    if (other !== undefined) parts[(part + 1) % parts.length]!.push({ ...series, values: other });
  }
  return parts;
});
