import { isCustomBucketsSchema } from "./schema.ts";
import { sameSpans, type Span } from "./span.ts";
import { validateHistogram } from "./validate.ts";

export { CUSTOM_BUCKETS_SCHEMA } from "./schema.ts";
export type { Span } from "./span.ts";

/** Whether a histogram's samples only grow, and what is known of resets. */
export type CounterResetHint = "unknown" | "reset" | "not_reset" | "gauge";

const NO_BUCKETS = new Float64Array(0);
const NO_SPANS: readonly Span[] = [];

/** The fields of a histogram; all optional, zero or empty unless given. */
export type HistogramFields = Partial<
  Pick<
    FloatHistogram,
    | "schema"
    | "zeroThreshold"
    | "zeroCount"
    | "count"
    | "sum"
    | "positiveSpans"
    | "negativeSpans"
    | "positiveBuckets"
    | "negativeBuckets"
    | "customValues"
    | "counterResetHint"
  >
>;

/**
 * One native histogram sample with float counts.
 *
 * ```text
 *  negative buckets          zero bucket            positive buckets
 *  … [-2,-1) [-1,-½) …  [-zeroThreshold, zeroThreshold]  … (½,1] (1,2] …
 *  index:  1       0                                         0     1
 * ```
 * Bucket `i` of exponential schema `n` ends at 2^(i·2^-n), inclusive. With custom buckets (schema -53) bucket
 * `i` ends at `customValues[i]`, the last one at +Inf, and only the positive side is used.
 *
 * A value: nothing writes to a histogram, its spans or its arrays once it is built; operations return new ones,
 * which may share arrays with their operands.
 */
export class FloatHistogram {
  readonly schema: number;
  /** Half the width of the zero bucket. */
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  /** Number of observations, NaN observations included. */
  readonly count: number;
  readonly sum: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  /** Count of each bucket that the spans name, not cumulative. */
  readonly positiveBuckets: Float64Array;
  readonly negativeBuckets: Float64Array;
  /** Upper bounds of the custom buckets, ascending, without the implied +Inf. */
  readonly customValues: Float64Array;
  readonly counterResetHint: CounterResetHint;

  constructor(fields: HistogramFields = {}) {
    this.schema = fields.schema ?? 0;
    this.zeroThreshold = fields.zeroThreshold ?? 0;
    this.zeroCount = fields.zeroCount ?? 0;
    this.count = fields.count ?? 0;
    this.sum = fields.sum ?? 0;
    this.positiveSpans = fields.positiveSpans ?? NO_SPANS;
    this.negativeSpans = fields.negativeSpans ?? NO_SPANS;
    this.positiveBuckets = fields.positiveBuckets ?? NO_BUCKETS;
    this.negativeBuckets = fields.negativeBuckets ?? NO_BUCKETS;
    this.customValues = fields.customValues ?? NO_BUCKETS;
    this.counterResetHint = fields.counterResetHint ?? "unknown";
  }

  get usesCustomBuckets(): boolean {
    return isCustomBucketsSchema(this.schema);
  }

  /** The same histogram with some fields replaced. */
  with(fields: HistogramFields): FloatHistogram {
    return new FloatHistogram({
      schema: fields.schema ?? this.schema,
      zeroThreshold: fields.zeroThreshold ?? this.zeroThreshold,
      zeroCount: fields.zeroCount ?? this.zeroCount,
      count: fields.count ?? this.count,
      sum: fields.sum ?? this.sum,
      positiveSpans: fields.positiveSpans ?? this.positiveSpans,
      negativeSpans: fields.negativeSpans ?? this.negativeSpans,
      positiveBuckets: fields.positiveBuckets ?? this.positiveBuckets,
      negativeBuckets: fields.negativeBuckets ?? this.negativeBuckets,
      customValues: fields.customValues ?? this.customValues,
      counterResetHint: fields.counterResetHint ?? this.counterResetHint,
    });
  }

  /** A copy that shares no array with this histogram. */
  clone(): FloatHistogram {
    return this.with({
      positiveSpans: this.positiveSpans.map((span) => ({ ...span })),
      negativeSpans: this.negativeSpans.map((span) => ({ ...span })),
      positiveBuckets: this.positiveBuckets.slice(),
      negativeBuckets: this.negativeBuckets.slice(),
      customValues: this.customValues.slice(),
    });
  }

  /**
   * Whether both hold the same data in the same bucket layout. Compact both first where empty buckets shall
   * make no difference. NaN equals NaN, 0 differs from -0; counter reset hints are not compared.
   */
  equals(other: FloatHistogram): boolean {
    return Object.is(this.count, other.count) &&
      Object.is(this.sum, other.sum) &&
      Object.is(this.zeroCount, other.zeroCount) &&
      sameLayout(this, other) &&
      sameFloatBits(this.negativeBuckets, other.negativeBuckets) &&
      sameFloatBits(this.positiveBuckets, other.positiveBuckets);
  }

  /**
   * Checks that spans, buckets and bounds fit together and no count is negative.
   * @throws {InvalidHistogramError} If they do not.
   */
  validate(): void {
    validateHistogram(this);
  }

  /** Whether a count, the sum or a bound is infinite. */
  get hasOverflow(): boolean {
    return isInfinite(this.zeroCount) || isInfinite(this.count) || isInfinite(this.sum) ||
      this.positiveBuckets.some(isInfinite) || this.negativeBuckets.some(isInfinite) ||
      this.customValues.some(isInfinite);
  }
}

/** Whether two histograms have the same buckets, so that those at the same position can be compared. */
export function sameLayout(a: FloatHistogram, b: FloatHistogram): boolean {
  return a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    (!a.usesCustomBuckets || sameBounds(a.customValues, b.customValues)) &&
    sameSpans(a.positiveSpans, b.positiveSpans) &&
    sameSpans(a.negativeSpans, b.negativeSpans);
}

/** Whether two lists of custom bounds are equal as numbers. */
export function sameBounds(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}

function sameFloatBits(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (!Object.is(a[i], b[i])) return false;
  }
  return true;
}

function isInfinite(x: number): boolean {
  return x === Infinity || x === -Infinity;
}
