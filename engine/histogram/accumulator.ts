import { exponentialBound } from "./bound.ts";
import {
  addColumn,
  type Column,
  columnFrom,
  columnOf,
  columnSpans,
  compactColumn,
  copyColumn,
  firstAbove,
  reduceColumn,
} from "./column.ts";
import { combineHints } from "./counter_reset_hint.ts";
import { addToCoarserBounds, commonBounds, emptyCustomColumn } from "./custom_bounds.ts";
import { type CounterResetHint, FloatHistogram, sameBounds } from "./float_histogram.ts";
import { addCompensated } from "./kahan.ts";
import { isCustomBucketsSchema } from "./schema.ts";
import { zeroCountForThreshold } from "./zero_bucket.ts";

/** Positions in the column of totals. */
const COUNT = 0;
const SUM = 1;
const ZERO = 2;

/**
 * A histogram that others are added to in place: the one implementation of adding, plain or compensated for
 * rounding errors (Neumaier), that operators, `sum`, `avg` and their `_over_time` forms share.
 *
 * Histograms meet in the coarser of two schemas and the wider of two zero buckets; custom buckets meet in the
 * bounds that both have.
 */
export class HistogramAccumulator {
  #schema: number;
  #zeroThreshold: number;
  #customValues: Float64Array;
  #hint: CounterResetHint;
  #totals: Float64Array;
  #errors: Float64Array | undefined;
  #positive: Column;
  #negative: Column;
  #sawReset = false;
  #sawNotReset = false;
  #boundsReconciled = false;

  constructor(start: FloatHistogram, { compensated }: { compensated: boolean }) {
    this.#schema = start.schema;
    this.#zeroThreshold = start.zeroThreshold;
    this.#customValues = start.customValues;
    this.#hint = start.counterResetHint;
    this.#noteHint(start.counterResetHint);
    this.#totals = Float64Array.of(start.count, start.sum, start.zeroCount);
    this.#errors = compensated ? new Float64Array(3) : undefined;
    this.#positive = copyColumn(columnOf(start.positiveSpans, start.positiveBuckets), compensated);
    this.#negative = copyColumn(columnOf(start.negativeSpans, start.negativeBuckets), compensated);
  }

  /** Whether one of the histograms is known to follow a counter reset and another known not to. */
  get hintsConflict(): boolean {
    return this.#sawReset && this.#sawNotReset;
  }

  /** Whether custom buckets with different bounds were brought to the bounds they have in common. */
  get boundsReconciled(): boolean {
    return this.#boundsReconciled;
  }

  clone(): HistogramAccumulator {
    const copy = new HistogramAccumulator(EMPTY, { compensated: false });
    copy.#schema = this.#schema;
    copy.#zeroThreshold = this.#zeroThreshold;
    copy.#customValues = this.#customValues;
    copy.#hint = this.#hint;
    copy.#totals = this.#totals.slice();
    copy.#errors = this.#errors?.slice();
    copy.#positive = copyColumn(this.#positive, this.#errors !== undefined);
    copy.#negative = copyColumn(this.#negative, this.#errors !== undefined);
    copy.#sawReset = this.#sawReset;
    copy.#sawNotReset = this.#sawNotReset;
    copy.#boundsReconciled = this.#boundsReconciled;
    return copy;
  }

  /**
   * Adds `sign * other`. Returns false and changes nothing if one histogram has an exponential schema and the
   * other custom buckets.
   */
  add(other: FloatHistogram, sign: 1 | -1 = 1): boolean {
    const custom = isCustomBucketsSchema(this.#schema);
    if (custom !== other.usesCustomBuckets) return false;
    this.#hint = combineHints(this.#hint, other.counterResetHint);
    this.#noteHint(other.counterResetHint);
    if (custom) this.#addCustomBuckets(other, sign);
    else this.#addExponentialBuckets(other, sign);
    this.#addTotal(COUNT, sign * other.count);
    this.#addTotal(SUM, sign * other.sum);
    return true;
  }

  /** Multiplies everything by `factor`, which must not be negative. */
  multiply(factor: number): void {
    for (const column of this.#columns()) {
      for (let i = 0; i < column.length; i++) column[i] = column[i]! * factor;
    }
  }

  /** Divides everything by `divisor`, which must be positive. */
  divide(divisor: number): void {
    for (const column of this.#columns()) {
      for (let i = 0; i < column.length; i++) column[i] = column[i]! / divisor;
    }
  }

  /** Whether a count or the sum has become infinite. */
  get hasOverflow(): boolean {
    return [this.#totals, this.#positive.counts, this.#negative.counts]
      .some((column) => column.some((x) => x === Infinity || x === -Infinity));
  }

  /** The histogram so far, compensated and compact; shares nothing that later additions write to. */
  toHistogram(): FloatHistogram {
    const positive = compactColumn(compensate(this.#positive), 0);
    const negative = compactColumn(compensate(this.#negative), 0);
    return new FloatHistogram({
      schema: this.#schema,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: this.#total(ZERO),
      count: this.#total(COUNT),
      sum: this.#total(SUM),
      customValues: this.#customValues,
      counterResetHint: this.#hint,
      positiveSpans: columnSpans(positive),
      positiveBuckets: positive.counts,
      negativeSpans: columnSpans(negative),
      negativeBuckets: negative.counts,
    });
  }

  #noteHint(hint: CounterResetHint): void {
    if (hint === "reset") this.#sawReset = true;
    else if (hint === "not_reset") this.#sawNotReset = true;
  }

  #addExponentialBuckets(other: FloatHistogram, sign: 1 | -1): void {
    this.#addZeroBucket(other, sign);
    const schema = Math.min(this.#schema, other.schema);
    const { positiveSpans, positiveBuckets, negativeSpans, negativeBuckets } = other;
    this.#positive = this.#sumWith(
      this.#positive,
      columnOf(positiveSpans, positiveBuckets),
      other,
      schema,
      sign,
    );
    this.#negative = this.#sumWith(
      this.#negative,
      columnOf(negativeSpans, negativeBuckets),
      other,
      schema,
      sign,
    );
    this.#schema = schema;
  }

  /** One side with that of `other`, at the coarser `schema` of the two. */
  #sumWith(mine: Column, theirs: Column, other: FloatHistogram, schema: number, sign: 1 | -1): Column {
    if (other.schema > schema) {
      theirs = reduceColumn(copyColumn(theirs, this.#errors !== undefined), other.schema, schema);
    }
    const above = columnFrom(theirs, firstAbove(theirs, schema, this.#zeroThreshold));
    return addColumn(reduceColumn(mine, this.#schema, schema), above, sign);
  }

  /** Widens the zero bucket until it ends at the same populated-bucket boundary in both, then adds it. */
  #addZeroBucket(other: FloatHistogram, sign: 1 | -1): void {
    if (other.zeroThreshold === this.#zeroThreshold) {
      this.#addTotal(ZERO, sign * other.zeroCount);
      return;
    }
    let theirs = { threshold: other.zeroThreshold, count: other.zeroCount, error: 0 };
    while (theirs.threshold < this.#zeroThreshold || theirs.threshold > this.#zeroThreshold) {
      if (this.#zeroThreshold > theirs.threshold) {
        theirs = zeroCountForThreshold(
          {
            schema: other.schema,
            zeroThreshold: other.zeroThreshold,
            zeroCount: other.zeroCount,
            zeroError: 0,
            positive: columnOf(other.positiveSpans, other.positiveBuckets),
            negative: columnOf(other.negativeSpans, other.negativeBuckets),
          },
          this.#zeroThreshold,
        );
      }
      if (theirs.threshold > this.#zeroThreshold) this.#widenZeroBucket(theirs.threshold);
    }
    this.#addTotal(ZERO, sign * theirs.count);
    if (this.#errors) this.#addTotal(ZERO, sign * theirs.error);
  }

  #widenZeroBucket(atLeast: number): void {
    const mine = zeroCountForThreshold(
      {
        schema: this.#schema,
        zeroThreshold: this.#zeroThreshold,
        zeroCount: this.#totals[ZERO]!,
        zeroError: this.#errors?.[ZERO] ?? 0,
        positive: this.#positive,
        negative: this.#negative,
      },
      atLeast,
    );
    this.#zeroThreshold = mine.threshold;
    this.#totals[ZERO] = mine.count;
    if (this.#errors) this.#errors[ZERO] = mine.error;
    this.#positive = this.#outsideZeroBucket(this.#positive);
    this.#negative = this.#outsideZeroBucket(this.#negative);
  }

  /** The buckets whose lower end lies outside the zero bucket. */
  #outsideZeroBucket(column: Column): Column {
    let at = 0;
    while (
      at < column.indexes.length &&
      exponentialBound(column.indexes[at]! - 1, this.#schema) < this.#zeroThreshold
    ) at++;
    return columnFrom(column, at);
  }

  #addCustomBuckets(other: FloatHistogram, sign: 1 | -1): void {
    const theirs = columnOf(other.positiveSpans, other.positiveBuckets);
    if (sameBounds(this.#customValues, other.customValues)) {
      this.#positive = addColumn(this.#positive, theirs, sign);
      return;
    }
    const bounds = commonBounds(this.#customValues, other.customValues);
    const sum = emptyCustomColumn(bounds, this.#errors !== undefined);
    addToCoarserBounds(sum, bounds, this.#positive, this.#customValues, 1);
    addToCoarserBounds(sum, bounds, theirs, other.customValues, sign);
    this.#positive = compactColumn(sum, 0);
    this.#customValues = bounds;
    this.#boundsReconciled = true;
  }

  #total(at: number): number {
    return this.#errors === undefined ? this.#totals[at]! : this.#totals[at]! + this.#errors[at]!;
  }

  #addTotal(at: number, increment: number): void {
    if (this.#errors) addCompensated(this.#totals, this.#errors, at, increment);
    else this.#totals[at] = this.#totals[at]! + increment;
  }

  #columns(): Float64Array[] {
    return [
      this.#totals,
      this.#positive.counts,
      this.#negative.counts,
      this.#errors,
      this.#positive.errors,
      this.#negative.errors,
    ].filter((column) => column !== undefined);
  }
}

const EMPTY = new FloatHistogram();

function compensate(column: Column): Column {
  const counts = column.counts.slice();
  if (column.errors) {
    for (let i = 0; i < counts.length; i++) counts[i] = counts[i]! + column.errors[i]!;
  }
  return { indexes: column.indexes, counts, errors: undefined, spans: column.spans };
}
