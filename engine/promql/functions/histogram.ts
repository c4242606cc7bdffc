import { formatOpenMetrics, parseFloatText } from "../../go_float.ts";
import { bucketFraction, bucketQuantile, plainBucketQuantile } from "../../histogram/classic.ts";
import type { FloatHistogram } from "../../histogram/float_histogram.ts";
import { fraction } from "../../histogram/fraction.ts";
import { average, standardDeviation, variance } from "../../histogram/moments.ts";
import { quantile } from "../../histogram/quantile.ts";
import { type Labels, METRIC_NAME } from "../../labels/labels.ts";
import type { Span } from "../position.ts";
import { FLOAT, HISTOGRAM, type InstantSeries, newSeries, stepTime, type Vector } from "../value.ts";
import { mapInTurns, Turns, whenDone } from "../operators/turns.ts";
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
    evaluate: (call) => {
      const histograms = vectorArgument(call, 0).filter(({ histograms }) => histograms !== undefined);
      return mapInTurns(histograms, call.steps.count * 8, call, (series) => {
        const { labels, dropName } = nameDropped(series, call.delayedNameRemoval);
        const out = newSeries(labels, dropName, call.steps);
        for (let step = 0; step < call.steps.count; step++) {
          if (series.present[step] !== HISTOGRAM) continue;
          out.values[step] = f(series.histograms![step]!);
          out.present[step] = FLOAT;
        }
        return out;
      });
    },
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

/** What it takes to evaluate a histogram, in entries of columns that could be worked through. */
const EVALUATION_CELLS = 64;

/** One series per histogram; steps where a classic and a native one of the same identity meet are annotated and left out. */
function evaluateFamilies(
  { classic, native }: Families,
  call: FunctionCall,
  span: Span,
  of: OfHistogram,
): Vector | Promise<Vector> {
  const { steps, delayedNameRemoval, annotations } = call;
  const outputFor = (identity: { readonly labels: Labels }): InstantSeries => {
    const { labels, dropName } = nameDropped(identity, delayedNameRemoval);
    return newSeries(labels, dropName, steps);
  };
  const rivalSteps = new Map<ClassicFamily, Uint8Array>();
  const ofNative = (family: NativeFamily) => {
    const { series, rival, metric } = family;
    const out = outputFor(series);
    for (let step = 0; step < steps.count; step++) {
      if (series.present[step] !== HISTOGRAM) continue;
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
  };
  const ofClassic = (family: ClassicFamily) => {
    const out = outputFor(family), rivals = rivalSteps.get(family);
    const includes = rivals && ((step: number) => rivals[step] !== 1);
    evaluateBuckets(family.buckets, of.classic(family.metric), out, includes);
    return out;
  };
  const cells = steps.count * EVALUATION_CELLS;
  return whenDone(
    mapInTurns(native, cells, call, ofNative),
    (natives) =>
      whenDone(mapInTurns(classic, cells, call, ofClassic), (classics) => natives.concat(classics)),
  );
}

function histogramQuantile(call: FunctionCall): Vector | Promise<Vector> {
  const phis = scalarArgument(call, 0);
  checkQuantiles(phis, call, call.node.args[0].span);
  const { span } = call.node.args[1];
  const families = familiesOf(vectorArgument(call, 1), call, span);
  return evaluateFamilies(families, call, span, quantiles(phis, call, span));
}

async function histogramQuantiles(call: FunctionCall): Promise<Vector> {
  const { span } = call.node.args[0];
  const name = stringArgument(call, 1);
  const columns = call.args.slice(2).map((_, i) => scalarArgument(call, i + 2));
  columns.forEach((phis, i) => checkQuantiles(phis, call, call.node.args[i + 2].span));
  const families = familiesOf(vectorArgument(call, 0), call, span);
  const result: Vector = [];
  let cells = 0;
  // Results of all quantiles are kept.
  const reserve = (more: number) => call.reserve?.(cells += more);
  for (const phis of columns) {
    const evaluated = await evaluateFamilies(families, call, span, quantiles(phis, call, span));
    for (const series of await splitByQuantile(evaluated, phis, name, { call, reserve })) result.push(series);
  }
  return result;
}

/** Series with the quantile at each step as a label: one per value, of which there is one unless it changes over time. */
async function splitByQuantile(
  vector: Vector,
  phis: Float64Array,
  name: string,
  { call, reserve }: { readonly call: FunctionCall; reserve(cells: number): void },
): Promise<Vector> {
  const { numberOf, texts } = distinct(phis);
  if (texts.length === 1) {
    reserve(vector.length * phis.length);
    return vector.map((series) => ({ ...series, labels: series.labels.with(name, texts[0]) }));
  }
  const byQuantile: Vector[] = texts.map(() => []);
  const turns = new Turns(call);
  for (const { labels, dropName, values, present } of vector) {
    const parts: (InstantSeries | undefined)[] = new Array(texts.length);
    for (let step = 0; step < present.length; step++) {
      if (present[step] !== FLOAT) continue;
      const number = numberOf[step];
      let part = parts[number];
      if (part === undefined) {
        reserve(present.length);
        parts[number] = part = newSeries(labels.with(name, texts[number]), dropName, call.steps);
        byQuantile[number].push(part);
        const pause = turns.after(present.length);
        if (pause !== undefined) await pause;
      }
      part.values[step] = values[step];
      part.present[step] = FLOAT;
    }
  }
  return byQuantile.flat();
}

/** The values of a column as texts, each once, in the order of their first step; by step, the number of its own. */
function distinct(phis: Float64Array): { numberOf: Uint32Array; texts: string[] } {
  const numbers = new Map<number, number>();
  const texts: string[] = [];
  const numberOf = new Uint32Array(phis.length);
  for (let step = 0; step < phis.length; step++) {
    let number = numbers.get(phis[step]);
    if (number === undefined) {
      number = texts.push(formatOpenMetrics(phis[step])) - 1;
      numbers.set(phis[step], number);
    }
    numberOf[step] = number;
  }
  return { numberOf, texts };
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

function histogramFraction(call: FunctionCall): Vector | Promise<Vector> {
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
