import { formatOpenMetrics, parseFloatText } from "../../go_float.ts";
import { bucketFraction, bucketQuantile, plainBucketQuantile } from "../../histogram/classic.ts";
import type { FloatHistogram } from "../../histogram/float_histogram.ts";
import { fraction } from "../../histogram/fraction.ts";
import { average, standardDeviation, variance } from "../../histogram/moments.ts";
import { quantile } from "../../histogram/quantile.ts";
import { type Labels, METRIC_NAME } from "../../labels/labels.ts";
import type { Span } from "../position.ts";
import { FLOAT, HISTOGRAM, type InstantSeries, newSeries, stepTime, type Vector } from "../value.ts";
import { type BucketColumns, evaluateBuckets, type OfBuckets, sortBuckets } from "./classic_buckets.ts";
import {
  type BucketFunction,
  type FunctionCall,
  type FunctionImplementation,
  type FunctionTable,
  nameDropped,
  scalarArgument,
  stringArgument,
  vectorArgument,
} from "./registry.ts";

/** Functions of native histograms, some of classic ones too. */
export const HISTOGRAM_FUNCTIONS: FunctionTable = {
  histogram_count: ofNative((h) => h.count),
  histogram_sum: ofNative((h) => h.sum),
  histogram_avg: ofNative(average),
  histogram_stddev: ofNative(standardDeviation),
  histogram_stdvar: ofNative(variance),
  histogram_fraction: {
    kind: "vector",
    ofHistograms: true,
    ofBuckets: (call) => bucketFunction(call, fractions(call)),
    evaluate: histogramFraction,
  },
  histogram_quantile: {
    kind: "vector",
    ofHistograms: true,
    ofBuckets: (call) =>
      bucketFunction(call, quantiles(scalarArgument(call, 0), call, call.node.args[1].span)),
    evaluate: histogramQuantile,
  },
  histogram_quantiles: { kind: "vector", evaluate: histogramQuantiles },
};

/** A number for every histogram; floats are left out. */
function ofNative(f: (h: FloatHistogram) => number): FunctionImplementation {
  return {
    kind: "vector",
    ofHistograms: true,
    evaluate: (call) =>
      vectorArgument(call, 0).filter(({ histograms }) => histograms !== undefined).map((series) => {
        const { labels, dropName } = nameDropped(series, call.delayedNameRemoval);
        const out = newSeries(labels, dropName, call.steps);
        for (let step = 0; step < call.steps.count; step++) {
          if (series.present[step] !== HISTOGRAM) continue;
          out.values[step] = f(series.histograms![step]!);
          out.present[step] = FLOAT;
        }
        return out;
      }),
  };
}

/** The `_bucket` series of a classic histogram. */
interface ClassicFamily {
  /** Without `le`. */
  readonly labels: Labels;
  readonly metric: string;
  readonly buckets: BucketColumns[];
}

interface NativeFamily {
  readonly series: InstantSeries;
  readonly metric: string;
  /** The classic histogram of the same name and labels. Where both have samples, neither counts. */
  readonly rival: ClassicFamily | undefined;
}

interface Families {
  readonly classic: readonly ClassicFamily[];
  readonly native: readonly NativeFamily[];
}

const LE: ReadonlySet<string> = new Set(["le"]);

/** Sorts a vector into histograms and annotates what is none. */
function familiesOf(vector: Vector, call: FunctionCall, span: Span): Families {
  const classic = new Map<string, ClassicFamily>();
  const metricOf = metricIn(call);
  for (const series of vector) {
    if (!series.present.includes(FLOAT)) continue;
    const le = series.labels.get("le");
    const upperBound = parseFloatText(le);
    if (typeof upperBound === "string") {
      call.annotations.badBucketLabel(metricOf(series.labels), le, span);
      continue;
    }
    const labels = series.labels.drop(LE);
    let family = classic.get(labels.key());
    if (family === undefined) {
      family = { labels, metric: metricOf(labels), buckets: [] };
      classic.set(labels.key(), family);
    }
    const { values, present } = series;
    family.buckets.push({ upperBound, values, present });
  }
  for (const { buckets } of classic.values()) sortBuckets(buckets);
  const native = vector.filter(({ histograms }) => histograms !== undefined).map((series) => ({
    series,
    metric: metricOf(series.labels),
    rival: classic.get(series.labels.key()),
  }));
  return { classic: [...classic.values()], native };
}

/** Annotations name the metric only where its name is still there by upstream's rules. */
function metricIn({ delayedNameRemoval }: FunctionCall): (labels: Labels) => string {
  return (labels) => delayedNameRemoval ? labels.get(METRIC_NAME) : "";
}

/** What a function gives for one histogram. */
interface OfHistogram {
  classic(metric: string): OfBuckets;
  native(histogram: FloatHistogram, step: number, family: NativeFamily): number;
}

function bucketFunction(call: FunctionCall, of: OfHistogram): BucketFunction {
  const { span } = call.node.args.at(-1)!, metricOf = metricIn(call);
  return {
    evaluate: (buckets, labels, out) => evaluateBuckets(buckets, of.classic(metricOf(labels)), out),
    remarkBadLabel: (labels) => call.annotations.badBucketLabel(metricOf(labels), labels.get("le"), span),
  };
}

/** Which steps to evaluate, and how results are labelled. */
interface Target {
  includes(step: number): boolean;
  label(labels: Labels): Labels;
}

const EVERY_STEP: Target = { includes: () => true, label: (labels) => labels };

/** One series per histogram; steps where a classic and a native one of the same identity meet are annotated and left out. */
function evaluateFamilies(
  { classic, native }: Families,
  call: FunctionCall,
  span: Span,
  of: OfHistogram,
  target = EVERY_STEP,
): Vector {
  const { steps, delayedNameRemoval, annotations } = call;
  const outputFor = (identity: { readonly labels: Labels }): InstantSeries => {
    const { labels, dropName } = nameDropped(identity, delayedNameRemoval);
    return newSeries(target.label(labels), dropName, steps);
  };
  const rivalSteps = new Map<ClassicFamily, Uint8Array>();
  const ofNatives = native.map((family) => {
    const { series, rival, metric } = family;
    const out = outputFor(series);
    for (let step = 0; step < steps.count; step++) {
      if (series.present[step] !== HISTOGRAM || !target.includes(step)) continue;
      if (rival?.buckets.some((bucket) => bucket.present[step] === FLOAT)) {
        annotations.mixedClassicNative(metric, span);
        if (!rivalSteps.has(rival)) rivalSteps.set(rival, new Uint8Array(steps.count));
        rivalSteps.get(rival)![step] = 1;
      } else {
        out.values[step] = of.native(series.histograms![step]!, step, family);
        out.present[step] = FLOAT;
      }
    }
    return out;
  });
  const ofClassics = classic.map((family) => {
    const out = outputFor(family), rivals = rivalSteps.get(family);
    evaluateBuckets(
      family.buckets,
      of.classic(family.metric),
      out,
      (step) => rivals?.[step] !== 1 && target.includes(step),
    );
    return out;
  });
  return [...ofNatives, ...ofClassics];
}

function histogramQuantile(call: FunctionCall): Vector {
  const phis = scalarArgument(call, 0);
  checkQuantiles(phis, call, call.node.args[0].span);
  const { span } = call.node.args[1];
  const families = familiesOf(vectorArgument(call, 1), call, span);
  return evaluateFamilies(families, call, span, quantiles(phis, call, span));
}

function histogramQuantiles(call: FunctionCall): Vector {
  const { span } = call.node.args[0];
  const name = stringArgument(call, 1);
  const columns = call.args.slice(2).map((_, i) => scalarArgument(call, i + 2));
  columns.forEach((phis, i) => checkQuantiles(phis, call, call.node.args[i + 2].span));
  const families = familiesOf(vectorArgument(call, 0), call, span);
  // One run per value of a quantile, of which there is one unless quantiles change over time.
  return columns.flatMap((phis) =>
    [...new Set(phis)].flatMap((phi) =>
      evaluateFamilies(families, call, span, quantiles(phis, call, span), {
        includes: (step) => phis[step] === phi || (Number.isNaN(phis[step]) && Number.isNaN(phi)),
        label: (labels) => labels.with(name, formatOpenMetrics(phi)),
      })
    )
  );
}

function checkQuantiles(phis: Float64Array, { annotations }: FunctionCall, span: Span): void {
  for (const phi of phis) if (!(phi >= 0 && phi <= 1)) annotations.invalidQuantile(phi, span);
}

function quantiles(phis: Float64Array, { annotations, steps }: FunctionCall, span: Span): OfHistogram {
  return {
    classic: (metric) => ({
      at: (buckets, step) => {
        const { value, fix } = bucketQuantile(phis[step], buckets);
        if (fix !== undefined) {
          annotations.forcedMonotonicity(metric, span, {
            ms: stepTime(steps, step),
            minBucket: fix.minBound,
            maxBucket: fix.maxBound,
            maxDiff: fix.maxDifference,
          });
        }
        return value;
      },
      plain: (bounds, counts, at, step) => plainBucketQuantile(phis[step], bounds, counts, at),
    }),
    native: (histogram, step, { metric }) => {
      const { value, nanObservations } = quantile(histogram, phis[step]);
      if (nanObservations !== undefined) annotations.quantileOfNaN(metric, nanObservations, span);
      return value;
    },
  };
}

function histogramFraction(call: FunctionCall): Vector {
  const { span } = call.node.args[2];
  return evaluateFamilies(familiesOf(vectorArgument(call, 2), call, span), call, span, fractions(call));
}

function fractions(call: FunctionCall): OfHistogram {
  const lower = scalarArgument(call, 0), upper = scalarArgument(call, 1);
  const ofBuckets: OfBuckets = { at: (buckets, step) => bucketFraction(lower[step], upper[step], buckets) };
  return {
    classic: () => ofBuckets,
    native: (histogram, step, { metric }) => {
      const { value, nanObservations } = fraction(histogram, lower[step], upper[step]);
      if (nanObservations) call.annotations.fractionOfNaN(metric, call.node.args[2].span);
      return value;
    },
  };
}
