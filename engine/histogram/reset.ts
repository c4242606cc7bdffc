import { type Column, columnFrom, columnOf, firstAbove, reduceColumn } from "./column.ts";
import { addToCoarserBounds, commonBounds, emptyCustomColumn } from "./custom_bounds.ts";
import { type FloatHistogram, sameBounds, sameLayout } from "./float_histogram.ts";
import { zeroCountForThreshold } from "./zero_bucket.ts";

/**
 * Whether a counter was reset between `previous` and `current`: some count, of a bucket or of all observations,
 * went down (the sum may), the resolution went up or the zero bucket became narrower. Compares at the resolution
 * and with the zero bucket of `current`; custom buckets at the bounds both have. A hint on `current` decides
 * before all that.
 */
export function detectReset(current: FloatHistogram, previous: FloatHistogram): boolean {
  if (current.counterResetHint === "reset") return true;
  if (current.counterResetHint === "not_reset") return false;
  if (current.count < previous.count) return true;
  // The usual case, decided without a look at bounds. Buckets within the zero bucket do not count as a reset.
  if (sameLayout(current, previous) && !anyFell(current, previous)) return false;
  if (current.usesCustomBuckets) {
    if (!previous.usesCustomBuckets) return true;
    if (!sameBounds(current.customValues, previous.customValues)) return commonBucketFell(current, previous);
  }
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  const positive = columnOf(previous.positiveSpans, previous.positiveBuckets);
  const negative = columnOf(previous.negativeSpans, previous.negativeBuckets);
  if (!current.usesCustomBuckets) {
    const { schema, zeroThreshold, zeroCount } = previous;
    const zero = zeroCountForThreshold(
      { schema, zeroThreshold, zeroCount, zeroError: 0, positive, negative },
      current.zeroThreshold,
    );
    // A populated bucket astride the new threshold cannot have moved into the zero bucket.
    if (zero.threshold !== current.zeroThreshold || current.zeroCount < zero.count) return true;
  }
  const comparable = (column: Column, schema: number) => {
    if (current.usesCustomBuckets) return column;
    const reduced = reduceColumn(column, schema, current.schema);
    return columnFrom(reduced, firstAbove(reduced, current.schema, current.zeroThreshold));
  };
  const fell = (spans: FloatHistogram["positiveSpans"], counts: Float64Array, before: Column) =>
    bucketFell(comparable(columnOf(spans, counts), current.schema), comparable(before, previous.schema));
  return fell(current.positiveSpans, current.positiveBuckets, positive) ||
    fell(current.negativeSpans, current.negativeBuckets, negative);
}

/** Whether a count is lower than before, in histograms of the same layout. */
function anyFell(current: FloatHistogram, previous: FloatHistogram): boolean {
  return current.zeroCount < previous.zeroCount ||
    anyLower(current.positiveBuckets, previous.positiveBuckets) ||
    anyLower(current.negativeBuckets, previous.negativeBuckets);
}

function anyLower(now: Float64Array, before: Float64Array): boolean {
  for (let i = 0; i < now.length; i++) if (now[i]! < before[i]!) return true;
  return false;
}

/** Whether a bucket of `before` has a lower count in `now`, or is populated and missing there. */
function bucketFell(now: Column, before: Column): boolean {
  let i = 0;
  for (let j = 0; j < before.indexes.length; j++) {
    const index = before.indexes[j]!;
    while (i < now.indexes.length && now.indexes[i]! < index) i++;
    if (i < now.indexes.length && now.indexes[i] === index) {
      if (now.counts[i]! < before.counts[j]!) return true;
    } else if (before.counts[j] !== 0) {
      return true;
    }
  }
  return false;
}

function commonBucketFell(current: FloatHistogram, previous: FloatHistogram): boolean {
  const bounds = commonBounds(current.customValues, previous.customValues);
  const atCommonBounds = (h: FloatHistogram) => {
    const column = emptyCustomColumn(bounds, false);
    addToCoarserBounds(column, bounds, columnOf(h.positiveSpans, h.positiveBuckets), h.customValues, 1);
    return column;
  };
  return bucketFell(atCommonBounds(current), atCommonBounds(previous));
}
