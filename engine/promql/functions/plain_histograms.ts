import { BucketCompactor } from "../../histogram/bucket_compactor.ts";
import { type CounterResetHint, FloatHistogram, sameLayout } from "../../histogram/float_histogram.ts";
import { detectReset } from "../../histogram/reset.ts";

/**
 * By index of a column of histograms: the first index from which on all up to this one have the same layout. Windows
 * within such a run need no look at bounds.
 */
export function layoutStarts(histograms: readonly FloatHistogram[]): Uint32Array {
  return remembered(starts.layout, histograms, (current, previous) => sameLayout(current, previous));
}

/** As `layoutStarts`, of counters without a reset in between and without gauges. */
export function counterStarts(histograms: readonly FloatHistogram[]): Uint32Array {
  return remembered(
    starts.counter,
    histograms,
    (current, previous) =>
      current.counterResetHint !== "gauge" && previous.counterResetHint !== "gauge" &&
      sameLayout(current, previous) && !detectReset(current, previous),
  );
}

/** Subqueries and repeated selectors give the same column to several calls. */
const starts = {
  layout: new WeakMap<readonly FloatHistogram[], Uint32Array>(),
  counter: new WeakMap<readonly FloatHistogram[], Uint32Array>(),
};

function remembered(
  known: WeakMap<readonly FloatHistogram[], Uint32Array>,
  histograms: readonly FloatHistogram[],
  continues: (current: FloatHistogram, previous: FloatHistogram) => boolean,
): Uint32Array {
  let found = known.get(histograms);
  if (found !== undefined) return found;
  found = new Uint32Array(histograms.length);
  for (let i = 1; i < found.length; i++) {
    found[i] = continues(histograms[i]!, histograms[i - 1]!) ? found[i - 1]! : i;
  }
  known.set(histograms, found);
  return found;
}

/** Builds many histograms of the layout that one of them has, in compact form. */
export class PlainHistograms {
  readonly positive: BucketCompactor;
  readonly negative: BucketCompactor;

  constructor(readonly layout: FloatHistogram) {
    this.positive = new BucketCompactor(layout.positiveSpans);
    this.negative = new BucketCompactor(layout.negativeSpans);
  }

  /** What is in the compactors and in `totals`, with all counts and the sum multiplied by `factor`. */
  build(
    totals: { readonly count: number; readonly sum: number; readonly zeroCount: number },
    counterResetHint: CounterResetHint,
    factor = 1,
  ): FloatHistogram {
    const { schema, zeroThreshold, customValues } = this.layout;
    const positive = this.positive.compact(factor), negative = this.negative.compact(factor);
    return new FloatHistogram({
      schema,
      zeroThreshold,
      customValues,
      count: totals.count * factor,
      sum: totals.sum * factor,
      zeroCount: totals.zeroCount * factor,
      positiveSpans: positive.spans,
      positiveBuckets: positive.counts,
      negativeSpans: negative.spans,
      negativeBuckets: negative.counts,
      counterResetHint,
    });
  }
}
