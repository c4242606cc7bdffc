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
import type { Span } from "./span.ts";
import { isCustomBucketsSchema } from "./schema.ts";
import { zeroCountForThreshold } from "./zero_bucket.ts";

/** Positions in the column of totals. */
const COUNT = 0;
const SUM = 1;
const ZERO = 2;

/** What an accumulator has added, to go on with elsewhere. Both histograms have the same buckets. */
export interface PartialSum {
  /** Without what compensates for rounding errors. */
  readonly sums: FloatHistogram;
  readonly errors: FloatHistogram;
  readonly sawReset: boolean;
  readonly sawNotReset: boolean;
  readonly boundsReconciled: boolean;
}

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
  #dependsOnOrder = false;

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
    if (compensated && !start.usesCustomBuckets) {
      this.#firstAbove(this.#positive, start.schema);
      this.#firstAbove(this.#negative, start.schema);
    }
  }

  /** Goes on from what another one has added. Compensated; writes to the arrays of `partial`. */
  static from({ sums, errors, sawReset, sawNotReset, boundsReconciled }: PartialSum): HistogramAccumulator {
    const state = new HistogramAccumulator(EMPTY, { compensated: true });
    state.#schema = sums.schema;
    state.#zeroThreshold = sums.zeroThreshold;
    state.#customValues = sums.customValues;
    state.#hint = sums.counterResetHint;
    state.#totals.set([sums.count, sums.sum, sums.zeroCount]);
    state.#errors!.set([errors.count, errors.sum, errors.zeroCount]);
    state.#positive = columnWithErrors(sums.positiveSpans, sums.positiveBuckets, errors.positiveBuckets);
    state.#negative = columnWithErrors(sums.negativeSpans, sums.negativeBuckets, errors.negativeBuckets);
    state.#sawReset = sawReset;
    state.#sawNotReset = sawNotReset;
    state.#boundsReconciled = boundsReconciled;
    return state;
  }

  /** Whether one of the histograms is known to follow a counter reset and another known not to. */
  get hintsConflict(): boolean {
    return this.#sawReset && this.#sawNotReset;
  }

  /** Whether custom buckets with different bounds were brought to the bounds they have in common. */
  get boundsReconciled(): boolean {
    return this.#boundsReconciled;
  }

  /**
   * Whether adding in another order may have given other buckets, for a compensated sum: zero buckets were of different
   * widths, or buckets lay within them.
   */
  get dependsOnOrder(): boolean {
    return this.#dependsOnOrder;
  }

  /** What was added; shares arrays with the accumulator, which must be compensated. */
  get partial(): PartialSum {
    const errors = this.#errors!;
    const shape = {
      schema: this.#schema,
      zeroThreshold: this.#zeroThreshold,
      customValues: this.#customValues,
      counterResetHint: this.#hint,
      positiveSpans: columnSpans(this.#positive),
      negativeSpans: columnSpans(this.#negative),
    };
    return {
      sums: new FloatHistogram({
        ...shape,
        count: this.#totals[COUNT],
        sum: this.#totals[SUM],
        zeroCount: this.#totals[ZERO],
        positiveBuckets: this.#positive.counts,
        negativeBuckets: this.#negative.counts,
      }),
      errors: new FloatHistogram({
        ...shape,
        count: errors[COUNT],
        sum: errors[SUM],
        zeroCount: errors[ZERO],
        positiveBuckets: this.#positive.errors,
        negativeBuckets: this.#negative.errors,
      }),
      sawReset: this.#sawReset,
      sawNotReset: this.#sawNotReset,
      boundsReconciled: this.#boundsReconciled,
    };
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
    copy.#dependsOnOrder = this.#dependsOnOrder;
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
    const { schema, customValues } = other;
    const positive = columnOf(other.positiveSpans, other.positiveBuckets);
    if (custom) this.#addCustomBuckets(positive, customValues, sign);
    else {
      this.#addZeroBucket(other, sign);
      this.#addBuckets(schema, positive, columnOf(other.negativeSpans, other.negativeBuckets), sign);
    }
    this.#addTotal(COUNT, sign * other.count);
    this.#addTotal(SUM, sign * other.sum);
    return true;
  }

  /**
   * Adds to a compensated sum what another one has added. Returns false and changes nothing if one has an exponential
   * schema and the other custom buckets, or if adding everything in one order may have given other buckets.
   */
  merge({ sums, errors, sawReset, sawNotReset, boundsReconciled }: PartialSum): boolean {
    const custom = isCustomBucketsSchema(this.#schema);
    if (custom !== sums.usesCustomBuckets) return false;
    if (!custom && sums.zeroThreshold !== this.#zeroThreshold) return false;
    this.#hint = combineHints(this.#hint, sums.counterResetHint);
    this.#sawReset ||= sawReset;
    this.#sawNotReset ||= sawNotReset;
    this.#boundsReconciled ||= boundsReconciled;
    const positive = columnWithErrors(sums.positiveSpans, sums.positiveBuckets, errors.positiveBuckets);
    const negative = columnWithErrors(sums.negativeSpans, sums.negativeBuckets, errors.negativeBuckets);
    if (custom) this.#addCustomBuckets(positive, sums.customValues, 1);
    else this.#addBuckets(sums.schema, positive, negative, 1);
    for (const { count, sum, zeroCount } of [sums, errors]) {
      this.#addTotal(COUNT, count);
      this.#addTotal(SUM, sum);
      this.#addTotal(ZERO, zeroCount);
    }
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

  /** Adds exponential buckets of `schema`; both sides meet in the coarser schema. */
  #addBuckets(schema: number, positive: Column, negative: Column, sign: 1 | -1): void {
    const coarser = Math.min(this.#schema, schema);
    this.#positive = this.#sumWith(this.#positive, positive, schema, coarser, sign);
    this.#negative = this.#sumWith(this.#negative, negative, schema, coarser, sign);
    this.#schema = coarser;
  }

  /** One side with `theirs`, which has `theirSchema`, at the coarser `schema` of the two. */
  #sumWith(mine: Column, theirs: Column, theirSchema: number, schema: number, sign: 1 | -1): Column {
    if (theirSchema > schema) {
      theirs = reduceColumn(copyColumn(theirs, this.#errors !== undefined), theirSchema, schema);
    }
    const above = columnFrom(theirs, this.#firstAbove(theirs, schema));
    return addColumn(reduceColumn(mine, this.#schema, schema), above, sign);
  }

  /** Position of the first bucket that ends beyond the zero bucket. */
  #firstAbove(column: Column, schema: number): number {
    const first = firstAbove(column, schema, this.#zeroThreshold);
    if (first > 0) this.#dependsOnOrder = true;
    return first;
  }

  /** Widens the zero bucket until it ends at the same populated-bucket boundary in both, then adds it. */
  #addZeroBucket(other: FloatHistogram, sign: 1 | -1): void {
    if (other.zeroThreshold === this.#zeroThreshold) {
      this.#addTotal(ZERO, sign * other.zeroCount);
      return;
    }
    this.#dependsOnOrder = true;
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

  #addCustomBuckets(theirs: Column, customValues: Float64Array, sign: 1 | -1): void {
    if (sameBounds(this.#customValues, customValues)) {
      this.#positive = addColumn(this.#positive, theirs, sign);
      return;
    }
    const bounds = commonBounds(this.#customValues, customValues);
    const sum = emptyCustomColumn(bounds, this.#errors !== undefined);
    addToCoarserBounds(sum, bounds, this.#positive, this.#customValues, 1);
    addToCoarserBounds(sum, bounds, theirs, customValues, sign);
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

function columnWithErrors(spans: readonly Span[], counts: Float64Array, errors: Float64Array): Column {
  return { ...columnOf(spans, counts), errors };
}

function compensate(column: Column): Column {
  const counts = column.counts.slice();
  if (column.errors) {
    for (let i = 0; i < counts.length; i++) counts[i] = counts[i]! + column.errors[i]!;
  }
  return { indexes: column.indexes, counts, errors: undefined, spans: column.spans };
}
