import type { ClassicBucket } from "../../histogram/classic.ts";
import { FLOAT } from "../value.ts";

/** The counts of one bucket of a classic histogram, by step. */
export interface BucketColumns {
  /** The number that its label `le` is. */
  readonly upperBound: number;
  readonly values: Float64Array;
  /** FLOAT where the bucket has a count. */
  readonly present: Uint8Array;
}

/** What a function gives for a classic histogram at one step. Buckets are only lent. */
export interface OfBuckets {
  at(buckets: readonly ClassicBucket[], step: number): number;
  /**
   * A quick way to `at`, undefined where it does not lead there.
   * @param bounds Distinct, ascending, the last one +Inf.
   * @param counts Those of the buckets, from index `at` on.
   */
  plain?(bounds: Float64Array, counts: Float64Array, at: number, step: number): number | undefined;
}

/** Sorts the buckets of a classic histogram as `evaluateBuckets` needs them. */
export function sortBuckets(columns: BucketColumns[]): void {
  columns.sort((a, b) => a.upperBound - b.upperBound);
}

/** Counts that are looked at in one go, so that they stay in the processor's cache. */
const SLICE_VALUES = 1 << 12;
// Used within one call only.
const scratch = new Float64Array(SLICE_VALUES), missing = new Uint32Array(SLICE_VALUES);

/**
 * Fills `out`, which is empty, with what a function gives for the classic histogram of these sorted buckets.
 * @param includes Which steps to evaluate, all by default.
 */
export function evaluateBuckets(
  columns: readonly BucketColumns[],
  of: OfBuckets,
  { values, present }: { readonly values: Float64Array; readonly present: Uint8Array },
  includes?: (step: number) => boolean,
): void {
  const width = columns.length, steps = present.length;
  // The same objects serve all steps.
  const all = columns.map(({ upperBound }) => ({ upperBound, count: 0 }));
  const bounds = Float64Array.from(columns, ({ upperBound }) => upperBound);
  const isPlain = of.plain !== undefined && bounds.at(-1) === Infinity &&
    !bounds.some((bound, i) => bound === bounds[i - 1]);
  const counts = width > SLICE_VALUES ? new Float64Array(width) : scratch;
  const slice = Math.max(1, Math.floor(SLICE_VALUES / width));
  for (let from = 0; from < steps; from += slice) {
    const to = Math.min(steps, from + slice);
    layOut(columns, from, to, counts);
    for (let step = from, at = 0; step < to; step++, at += width) {
      const absent = missing[step - from]!;
      if (absent === width || (includes !== undefined && !includes(step))) continue;
      present[step] = FLOAT;
      const plain = isPlain && absent === 0 ? of.plain!(bounds, counts, at, step) : undefined;
      if (plain !== undefined) {
        values[step] = plain;
        continue;
      }
      for (let i = 0; i < width; i++) all[i]!.count = counts[at + i]!;
      values[step] = of.at(
        absent === 0 ? all : all.filter((_, i) => columns[i]!.present[step] === FLOAT),
        step,
      );
    }
  }
}

/** Puts what the buckets have at each step side by side, and counts in `missing` those that have nothing. */
function layOut(columns: readonly BucketColumns[], from: number, to: number, counts: Float64Array): void {
  missing.fill(0, 0, to - from);
  const width = columns.length;
  for (let i = 0; i < width; i++) {
    const { values, present } = columns[i]!;
    for (let step = from, at = i; step < to; step++, at += width) {
      if (present[step] !== FLOAT) missing[step - from]!++;
      counts[at] = values[step]!;
    }
  }
}
