import { HistogramAccumulator } from "./accumulator.ts";
import { columnOf, columnSpans, compactColumn, reduceColumn } from "./column.ts";
import { FloatHistogram } from "./float_histogram.ts";

export interface SumOfHistograms {
  /** Compact. */
  readonly histogram: FloatHistogram;
  /** One operand is known to follow a counter reset, the other known not to. */
  readonly hintsConflict: boolean;
  /** Operands had different custom bounds; the result has those that are common. */
  readonly boundsReconciled: boolean;
}

/** `a + b`, or undefined where one has an exponential schema and the other custom buckets. */
export function add(a: FloatHistogram, b: FloatHistogram): SumOfHistograms | undefined {
  return combine(a, b, 1);
}

/**
 * `a - b`, or undefined where one has an exponential schema and the other custom buckets. The hint is combined
 * as by `add`: the PromQL operator marks its result as gauge.
 */
export function subtract(a: FloatHistogram, b: FloatHistogram): SumOfHistograms | undefined {
  return combine(a, b, -1);
}

function combine(a: FloatHistogram, b: FloatHistogram, sign: 1 | -1): SumOfHistograms | undefined {
  const sum = new HistogramAccumulator(a, { compensated: false });
  if (!sum.add(b, sign)) return undefined;
  const { hintsConflict, boundsReconciled } = sum;
  return { histogram: sum.toHistogram(), hintsConflict, boundsReconciled };
}

/** `h * factor`; a gauge if the factor is negative. Not compacted. */
export function multiply(h: FloatHistogram, factor: number): FloatHistogram {
  return h.with({
    zeroCount: h.zeroCount * factor,
    count: h.count * factor,
    sum: h.sum * factor,
    positiveBuckets: multiplied(h.positiveBuckets, factor),
    negativeBuckets: multiplied(h.negativeBuckets, factor),
    counterResetHint: factor < 0 ? "gauge" : h.counterResetHint,
  });
}

function multiplied(counts: Float64Array, factor: number): Float64Array {
  const out = counts.slice();
  for (let i = 0; i < out.length; i++) out[i] = out[i]! * factor;
  return out;
}

function divided(counts: Float64Array, divisor: number): Float64Array {
  const out = counts.slice();
  for (let i = 0; i < out.length; i++) out[i] = out[i]! / divisor;
  return out;
}

/** `h / divisor`; a gauge if the divisor is negative. Division by 0 leaves no buckets but the zero bucket. */
export function divide(h: FloatHistogram, divisor: number): FloatHistogram {
  const totals = { zeroCount: h.zeroCount / divisor, count: h.count / divisor, sum: h.sum / divisor };
  if (divisor === 0) {
    return new FloatHistogram({
      ...totals,
      schema: h.schema,
      zeroThreshold: h.zeroThreshold,
      customValues: h.customValues,
      counterResetHint: h.counterResetHint,
    });
  }
  return h.with({
    ...totals,
    positiveBuckets: divided(h.positiveBuckets, divisor),
    negativeBuckets: divided(h.negativeBuckets, divisor),
    counterResetHint: divisor < 0 ? "gauge" : h.counterResetHint,
  });
}

/** `-h`, a gauge. */
export function negate(h: FloatHistogram): FloatHistogram {
  return multiply(h, -1);
}

/**
 * The histogram without empty buckets, in as few spans as possible; gaps of at most `maxEmptyBuckets` between
 * populated buckets are filled with empty buckets.
 */
export function compact(h: FloatHistogram, maxEmptyBuckets = 0): FloatHistogram {
  const positive = compactColumn(columnOf(h.positiveSpans, h.positiveBuckets), maxEmptyBuckets);
  const negative = compactColumn(columnOf(h.negativeSpans, h.negativeBuckets), maxEmptyBuckets);
  const positiveSpans = columnSpans(positive), negativeSpans = columnSpans(negative);
  // Lists of spans of the same buckets that are of one length are the same.
  const isCompact = positive.counts === h.positiveBuckets && negative.counts === h.negativeBuckets &&
    positiveSpans.length === h.positiveSpans.length && negativeSpans.length === h.negativeSpans.length;
  if (isCompact) return h;
  return h.with({
    positiveSpans,
    positiveBuckets: positive.counts,
    negativeSpans,
    negativeBuckets: negative.counts,
  });
}

/**
 * The histogram at a coarser exponential schema; the same histogram if it has that schema.
 * @throws {RangeError} If the histogram or the target has custom buckets, or the target is the finer one.
 */
export function toSchema(h: FloatHistogram, targetSchema: number): FloatHistogram {
  if (targetSchema === h.schema) return h;
  if (h.usesCustomBuckets || targetSchema > h.schema || targetSchema < -9) {
    throw new RangeError(
      `Cannot bring histogram of schema ${h.schema} to schema ${targetSchema}: only exponential schemas can be reduced`,
    );
  }
  const positive = reduceColumn(columnOf(h.positiveSpans, h.positiveBuckets), h.schema, targetSchema);
  const negative = reduceColumn(columnOf(h.negativeSpans, h.negativeBuckets), h.schema, targetSchema);
  return h.with({
    schema: targetSchema,
    positiveSpans: columnSpans(positive),
    positiveBuckets: positive.counts,
    negativeSpans: columnSpans(negative),
    negativeBuckets: negative.counts,
  });
}
