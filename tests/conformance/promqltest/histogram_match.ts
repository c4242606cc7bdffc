import { compact } from "../../../engine/histogram/arithmetic.ts";
import { type FloatHistogram, sameBounds } from "../../../engine/histogram/float_histogram.ts";
import { sameSpans } from "../../../engine/histogram/span.ts";

/** Relative error allowed for sample values. */
const EPSILON = 1e-6;
const SMALLEST_NORMAL = 2.2250738585072014e-308;

/** Whether two numbers differ by less than a millionth of their sum; NaN equals NaN. */
export function almostEqual(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const sum = Math.abs(a) + Math.abs(b), difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < SMALLEST_NORMAL) return difference < EPSILON * SMALLEST_NORMAL;
  return difference / Math.min(sum, Number.MAX_VALUE) < EPSILON;
}

/** Whether `actual` is `expected` up to rounding; empty buckets and spans make no difference. */
export function histogramsMatch(
  expected: FloatHistogram,
  actual: FloatHistogram,
  compareHint: boolean,
): boolean {
  const e = compact(expected), a = compact(actual);
  return e.schema === a.schema &&
    almostEqual(e.count, a.count) &&
    almostEqual(e.sum, a.sum) &&
    (!e.usesCustomBuckets || sameBounds(e.customValues, a.customValues)) &&
    e.zeroThreshold === a.zeroThreshold &&
    almostEqual(e.zeroCount, a.zeroCount) &&
    sameSpans(e.negativeSpans, a.negativeSpans) &&
    sameSpans(e.positiveSpans, a.positiveSpans) &&
    bucketsMatch(e.negativeBuckets, a.negativeBuckets) &&
    bucketsMatch(e.positiveBuckets, a.positiveBuckets) &&
    (!compareHint || e.counterResetHint === a.counterResetHint);
}

function bucketsMatch(expected: Float64Array, actual: Float64Array): boolean {
  return expected.length === actual.length && expected.every((count, i) => almostEqual(count, actual[i]));
}
