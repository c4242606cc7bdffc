import type { Column } from "./column.ts";
import { addCompensated } from "./kahan.ts";

/** The bounds that two ascending lists of custom bounds have in common. */
export function commonBounds(a: Float64Array, b: Float64Array): Float64Array {
  const common: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const boundA = a[i]!;
    const boundB = b[j]!;
    if (boundA === boundB) common.push(boundA);
    if (boundA <= boundB) i++;
    if (boundB <= boundA) j++;
  }
  return Float64Array.from(common);
}

/** One empty bucket for each of `bounds` and one for +Inf. */
export function emptyCustomColumn(bounds: Float64Array, compensated: boolean): Column {
  const length = bounds.length + 1;
  return {
    indexes: Int32Array.from({ length }, (_, i) => i),
    counts: new Float64Array(length),
    errors: compensated ? new Float64Array(length) : undefined,
  };
}

/**
 * Adds buckets with bounds `from` to the buckets of `into`, whose bounds `to` are some of them: each count goes
 * to the bucket of `into` that holds it entirely.
 */
export function addToCoarserBounds(
  into: Column,
  to: Float64Array,
  column: Column,
  from: Float64Array,
  sign: 1 | -1,
): void {
  let target = 0;
  for (let i = 0; i < column.indexes.length; i++) {
    const upper = from[column.indexes[i]!] ?? Infinity;
    while (target < to.length && to[target]! < upper) target++;
    const count = sign * column.counts[i]!;
    if (into.errors) {
      addCompensated(into.counts, into.errors, target, count);
      if (column.errors) addCompensated(into.counts, into.errors, target, sign * column.errors[i]!);
    } else {
      into.counts[target] = into.counts[target]! + count;
    }
  }
}
