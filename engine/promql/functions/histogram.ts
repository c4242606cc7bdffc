import { formatOpenMetrics, parseFloatText } from "../../go_float.ts";
import {
  bucketFraction,
  bucketQuantile,
  type ClassicBucket,
  plainBucketQuantile,
} from "../../histogram/classic.ts";
import type { FloatHistogram } from "../../histogram/float_histogram.ts";
import { fraction } from "../../histogram/fraction.ts";
import { average, standardDeviation, variance } from "../../histogram/moments.ts";
import { quantile } from "../../histogram/quantile.ts";
import { type Labels, METRIC_NAME } from "../../labels/labels.ts";
import type { Span } from "../position.ts";
import { FLOAT, HISTOGRAM, type InstantSeries, newSeries, stepTime, type Vector } from "../value.ts";
import {
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
  histogram_fraction: { kind: "vector", ofHistograms: true, evaluate: histogramFraction },
  histogram_quantile: { kind: "vector", ofHistograms: true, evaluate: histogramQuantile },
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

/** The `_bucket` series of a classic histogram, ascending by bound. */
interface ClassicFamily {
  /** Without `le`. */
  readonly labels: Labels;
  readonly metric: string;
  readonly buckets: { readonly series: InstantSeries; readonly upperBound: number }[];
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
  // Annotations name the metric only where its name is still there by upstream's rules.
  const metricOf = (labels: Labels) => call.delayedNameRemoval ? labels.get(METRIC_NAME) : "";
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
    family.buckets.push({ series, upperBound });
  }
  for (const { buckets } of classic.values()) buckets.sort((a, b) => a.upperBound - b.upperBound);
  const native = vector.filter(({ histograms }) => histograms !== undefined).map((series) => ({
    series,
    metric: metricOf(series.labels),
    rival: classic.get(series.labels.key()),
  }));
  return { classic: [...classic.values()], native };
}

/** What a function gives for one histogram at one step. Buckets are only lent. */
interface OfHistogram {
  classic(buckets: readonly ClassicBucket[], step: number, family: ClassicFamily): number;
  /**
   * A quick way to `classic`, undefined where it does not lead there.
   * @param bounds Distinct, ascending, the last one +Inf.
   */
  plain?(bounds: Float64Array, counts: Float64Array, step: number): number | undefined;
  native(histogram: FloatHistogram, step: number, family: NativeFamily): number;
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
      if (rival?.buckets.some((bucket) => bucket.series.present[step] === FLOAT)) {
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
    const out = outputFor(family);
    const rivals = rivalSteps.get(family);
    // The same objects serve all steps.
    const all = family.buckets.map(({ upperBound }) => ({ upperBound, count: 0 }));
    const plain = of.plain && plainColumns(family);
    for (let step = 0; step < steps.count; step++) {
      if (rivals?.[step] === 1 || !target.includes(step)) continue;
      const value = plain?.setStep(step) ? of.plain!(plain.bounds, plain.counts, step) : undefined;
      if (value !== undefined) {
        out.values[step] = value;
        out.present[step] = FLOAT;
        continue;
      }
      let missing = 0;
      for (let i = 0; i < all.length; i++) {
        const { values, present } = family.buckets[i].series;
        if (present[step] === FLOAT) all[i].count = values[step];
        else missing++;
      }
      if (missing === all.length) continue;
      const buckets = missing === 0
        ? all
        : all.filter((_, i) => family.buckets[i].series.present[step] === FLOAT);
      out.values[step] = of.classic(buckets, step, family);
      out.present[step] = FLOAT;
    }
    return out;
  });
  return [...ofNatives, ...ofClassics];
}

/** Counts of a classic histogram at one step after the other; undefined where its bounds are not as they should be. */
function plainColumns({ buckets }: ClassicFamily) {
  const bounds = Float64Array.from(buckets, ({ upperBound }) => upperBound);
  const counts = new Float64Array(bounds.length);
  const columns = buckets.map(({ series: { values } }) => values);
  const presence = buckets.map(({ series: { present } }) => present);
  if (bounds.at(-1) !== Infinity || bounds.some((bound, i) => bound === bounds[i - 1])) return undefined;
  return {
    bounds,
    counts,
    /** Whether every bucket has a count. */
    setStep(step: number): boolean {
      for (let i = 0; i < counts.length; i++) {
        if (presence[i]![step] !== FLOAT) return false;
        counts[i] = columns[i]![step]!;
      }
      return true;
    },
  };
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
    classic: (buckets, step, { metric }) => {
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
    plain: (bounds, counts, step) => plainBucketQuantile(phis[step], bounds, counts),
    native: (histogram, step, { metric }) => {
      const { value, nanObservations } = quantile(histogram, phis[step]);
      if (nanObservations !== undefined) annotations.quantileOfNaN(metric, nanObservations, span);
      return value;
    },
  };
}

function histogramFraction(call: FunctionCall): Vector {
  const lower = scalarArgument(call, 0), upper = scalarArgument(call, 1);
  const { span } = call.node.args[2];
  const families = familiesOf(vectorArgument(call, 2), call, span);
  return evaluateFamilies(families, call, span, {
    classic: (buckets, step) => bucketFraction(lower[step], upper[step], buckets),
    native: (histogram, step, { metric }) => {
      const { value, nanObservations } = fraction(histogram, lower[step], upper[step]);
      if (nanObservations) call.annotations.fractionOfNaN(metric, span);
      return value;
    },
  });
}
