import { exponentialBound } from "./bound.ts";
import type { Column } from "./column.ts";
import { addCompensated } from "./kahan.ts";

/** What the width of the zero bucket bears on. `zeroError` and errors of columns: see Column. */
export interface AroundZero {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly zeroError: number;
  readonly positive: Column;
  readonly negative: Column;
}

export interface ZeroBucket {
  readonly threshold: number;
  readonly count: number;
  readonly error: number;
}

/**
 * The zero bucket that a histogram would have with a threshold of `atLeast`, or of the far end of the populated
 * bucket that this threshold lies in.
 * @throws {RangeError} If `atLeast` is below the histogram's own threshold.
 */
export function zeroCountForThreshold(h: AroundZero, atLeast: number): ZeroBucket {
  if (atLeast === h.zeroThreshold) return { threshold: atLeast, count: h.zeroCount, error: h.zeroError };
  if (atLeast < h.zeroThreshold) {
    throw new RangeError(
      `BUG: cannot narrow the zero bucket from ${h.zeroThreshold} to ${atLeast}: it can only be widened`,
    );
  }
  let threshold = atLeast;
  while (true) {
    const counts = Float64Array.of(h.zeroCount);
    const errors = Float64Array.of(h.zeroError);
    threshold = swallow(h.positive, h.schema, threshold, counts, errors);
    const widened = swallow(h.negative, h.schema, threshold, counts, errors);
    // A negative bucket that widens the zero bucket may let it reach further positive buckets: start over.
    if (!(widened > threshold)) return { threshold, count: counts[0]!, error: errors[0]! };
    threshold = widened;
  }
}

/** Adds buckets that begin below `threshold` to the zero count; returns the threshold that includes them all. */
function swallow(
  column: Column,
  schema: number,
  threshold: number,
  counts: Float64Array,
  errors: Float64Array,
): number {
  for (let i = 0; i < column.indexes.length; i++) {
    const index = column.indexes[i]!;
    if (exponentialBound(index - 1, schema) >= threshold) break;
    addCompensated(counts, errors, 0, column.counts[i]!);
    if (column.errors) addCompensated(counts, errors, 0, column.errors[i]!);
    const end = exponentialBound(index, schema);
    if (end > threshold) return column.counts[i] === 0 ? threshold : end;
  }
  return threshold;
}
