import { exponentialBound, indexAtSchema } from "./bound.ts";
import { addCompensated } from "./kahan.ts";
import { layoutOf, type Span, spansOf } from "./span.ts";

/**
 * The buckets of one side of a histogram by column, in ascending order of their index.
 * Invariant: all columns are of equal length and `indexes` strictly ascends.
 */
export interface Column {
  readonly indexes: Int32Array;
  readonly counts: Float64Array;
  /** Rounding error of each count, where counts are sums that are compensated for it. */
  readonly errors?: Float64Array;
  /** Fewest spans for `indexes`, where known. */
  readonly spans?: readonly Span[];
}

/** The buckets that spans describe; shares `counts` with the caller. */
export function columnOf(spans: readonly Span[], counts: Float64Array): Column {
  const layout = layoutOf(spans);
  return { indexes: layout.indexes, counts, errors: undefined, spans: layout.spans };
}

/** A copy that can be added to, with errors of 0 if it is to be `compensated`. */
export function copyColumn(column: Column, compensated: boolean): Column {
  return {
    indexes: column.indexes,
    counts: column.counts.slice(),
    errors: compensated ? column.errors?.slice() ?? new Float64Array(column.counts.length) : undefined,
    spans: column.spans,
  };
}

/** The buckets of `column` from the one at position `from` on. */
export function columnFrom(column: Column, from: number): Column {
  if (from === 0) return column;
  return {
    indexes: column.indexes.subarray(from),
    counts: column.counts.subarray(from),
    errors: column.errors?.subarray(from),
  };
}

/** Position of the first bucket that ends above `threshold`, in an exponential schema. */
export function firstAbove(column: Column, schema: number, threshold: number): number {
  if (threshold === 0) return 0;
  let at = 0;
  while (at < column.indexes.length && exponentialBound(column.indexes[at]!, schema) <= threshold) at++;
  return at;
}

/**
 * `sign * b` added to `a`, compensated if `a` is. Writes into `a` where both have the same buckets, so `a` must
 * belong to the caller, who goes on with the result.
 */
export function addColumn(a: Column, b: Column, sign: 1 | -1): Column {
  if (sameIndexes(a.indexes, b.indexes)) {
    for (let i = 0; i < b.counts.length; i++) addAt(a, i, b, i, sign);
    return a;
  }
  if (includesIndexes(a.indexes, b.indexes)) {
    for (let i = 0, j = 0; j < b.counts.length; i++) {
      if (a.indexes[i] === b.indexes[j]) addAt(a, i, b, j++, sign);
    }
    return a;
  }
  const sum = emptyColumn(a.indexes.length + b.indexes.length, a.errors !== undefined);
  let length = 0;
  let i = 0;
  let j = 0;
  while (i < a.indexes.length || j < b.indexes.length) {
    const indexA = i < a.indexes.length ? a.indexes[i]! : Infinity;
    const indexB = j < b.indexes.length ? b.indexes[j]! : Infinity;
    if (indexA <= indexB) {
      sum.counts[length] = a.counts[i]!;
      if (sum.errors) sum.errors[length] = a.errors![i]!;
      if (indexA === indexB) addAt(sum, length, b, j++, sign);
      i++;
    } else {
      sum.counts[length] = sign * b.counts[j]!;
      if (sum.errors) sum.errors[length] = sign * (b.errors?.[j] ?? 0);
      j++;
    }
    sum.indexes[length++] = Math.min(indexA, indexB);
  }
  return truncated(sum, length);
}

/** The same observations in the buckets of a coarser exponential schema. */
export function reduceColumn(column: Column, schema: number, targetSchema: number): Column {
  if (schema === targetSchema) return column;
  const { indexes, counts, errors } = column;
  const reduced = emptyColumn(indexes.length, errors !== undefined);
  let length = 0;
  for (let i = 0; i < indexes.length; i++) {
    const index = indexAtSchema(indexes[i]!, schema, targetSchema);
    if (length > 0 && reduced.indexes[length - 1] === index) {
      const last = length - 1;
      if (errors) {
        addCompensated(reduced.counts, reduced.errors!, last, counts[i]!);
        addCompensated(reduced.counts, reduced.errors!, last, errors[i]!);
      } else {
        reduced.counts[last] = reduced.counts[last]! + counts[i]!;
      }
      continue;
    }
    reduced.indexes[length] = index;
    reduced.counts[length] = counts[i]!;
    if (errors) reduced.errors![length] = errors[i]!;
    length++;
  }
  return truncated(reduced, length);
}

/**
 * The column without empty buckets, except that gaps of at most `maxEmptyBuckets` between populated buckets
 * are filled with empty ones. A bucket with a rounding error counts as populated.
 */
export function compactColumn(column: Column, maxEmptyBuckets: number): Column {
  const { indexes, counts, errors } = column;
  if (maxEmptyBuckets === 0 && !hasZero(counts)) return column;
  const kept: number[] = [];
  for (let i = 0; i < indexes.length; i++) {
    if (counts[i] !== 0 || (errors !== undefined && errors[i] !== 0)) kept.push(i);
  }
  let length = kept.length;
  for (let k = 1; k < kept.length; k++) {
    const gap = indexes[kept[k]!]! - indexes[kept[k - 1]!]! - 1;
    if (gap <= maxEmptyBuckets) length += gap;
  }
  if (length === kept.length && length === indexes.length) return column;
  const compact = emptyColumn(length, errors !== undefined);
  let at = 0;
  for (let k = 0; k < kept.length; k++) {
    const index = indexes[kept[k]!]!;
    const gap = k === 0 ? 0 : index - indexes[kept[k - 1]!]! - 1;
    if (gap <= maxEmptyBuckets) {
      for (let g = gap; g > 0; g--) compact.indexes[at++] = index - g;
    }
    compact.indexes[at] = index;
    compact.counts[at] = counts[kept[k]!]!;
    if (errors) compact.errors![at] = errors[kept[k]!]!;
    at++;
  }
  return compact;
}

/** Fewest spans for the buckets of a column. */
export function columnSpans(column: Column): readonly Span[] {
  return column.spans ?? spansOf(column.indexes);
}

function hasZero(counts: Float64Array): boolean {
  for (let i = 0; i < counts.length; i++) if (counts[i] === 0) return true;
  return false;
}

function sameIndexes(a: Int32Array, b: Int32Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}

/** Whether every index of `b` is one of `a`. */
function includesIndexes(a: Int32Array, b: Int32Array): boolean {
  if (b.length > a.length) return false;
  let i = 0;
  for (let j = 0; j < b.length; j++) {
    while (i < a.length && a[i]! < b[j]!) i++;
    if (i === a.length || a[i] !== b[j]) return false;
  }
  return true;
}

function addAt(sum: Column, i: number, b: Column, j: number, sign: 1 | -1): void {
  if (sum.errors === undefined) {
    sum.counts[i] = sum.counts[i]! + sign * b.counts[j]!;
    return;
  }
  addCompensated(sum.counts, sum.errors, i, sign * b.counts[j]!);
  const error = b.errors?.[j] ?? 0;
  if (error !== 0) addCompensated(sum.counts, sum.errors, i, sign * error);
}

function emptyColumn(length: number, compensated: boolean): Column {
  return {
    indexes: new Int32Array(length),
    counts: new Float64Array(length),
    errors: compensated ? new Float64Array(length) : undefined,
  };
}

function truncated(column: Column, length: number): Column {
  if (length === column.indexes.length) return column;
  return {
    indexes: column.indexes.slice(0, length),
    counts: column.counts.slice(0, length),
    errors: column.errors?.slice(0, length),
  };
}
