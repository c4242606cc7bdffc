import { subtract, type SumOfHistograms } from "../../histogram/arithmetic.ts";
import { type FloatHistogram, sameLayout } from "../../histogram/float_histogram.ts";

/**
 * `a - b` as `subtract` has it, or undefined where their buckets do not fit together. Takes a short way for histograms
 * of the same layout, as neighbours of one series mostly are; its result may have empty buckets.
 */
export function histogramDifference(a: FloatHistogram, b: FloatHistogram): SumOfHistograms | undefined {
  if (!sameLayout(a, b)) return subtract(a, b);
  const histogram = a.with({
    count: a.count - b.count,
    sum: a.sum - b.sum,
    zeroCount: a.zeroCount - b.zeroCount,
    positiveBuckets: differences(a.positiveBuckets, b.positiveBuckets),
    negativeBuckets: differences(a.negativeBuckets, b.negativeBuckets),
  });
  return { histogram, hintsConflict: false, boundsReconciled: false };
}

function differences(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i]! - b[i]!;
  return out;
}
