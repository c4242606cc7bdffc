import type { HistogramSamples, InstantSeries, RangeSeries, RangeVector } from "../value.ts";
import { setHistogram } from "../value.ts";
import { type Extrapolation, extrapolationOf } from "./extrapolation.ts";
import { counterStarts, layoutStarts, PlainHistograms } from "./plain_histograms.ts";
import { firstArgumentSpan, metricName } from "./range_call.ts";
import type { RateKind } from "./rate.ts";
import type { FunctionCall } from "./registry.ts";

/**
 * The rates of a series of histograms over windows in which nothing happens: one layout, and no reset if they are
 * counters. Gives what the general way gives, bit for bit.
 */
export class PlainHistogramRates {
  readonly #starts: Uint32Array;
  readonly #extrapolation: Extrapolation;
  #builder: PlainHistograms | undefined;
  /** Where the run begins that `#builder` has the layout of. */
  #builderStart = 0;

  private constructor(
    readonly kind: RateKind,
    readonly samples: HistogramSamples,
    readonly range: RangeVector,
  ) {
    this.#starts = kind.isCounter ? counterStarts(samples.values) : layoutStarts(samples.values);
    this.#extrapolation = extrapolationOf(samples, range, kind.isRate);
  }

  /** Undefined for samples with start times, which may tell of resets. */
  static of(kind: RateKind, samples: HistogramSamples, range: RangeVector): PlainHistogramRates | undefined {
    return samples.startTimes === undefined ? new PlainHistogramRates(kind, samples, range) : undefined;
  }

  /** Sets the rate at a step that has no floats; false where its window is not one of these, and nothing is set. */
  setStep(step: number, series: RangeSeries, out: InstantSeries, call: FunctionCall): boolean {
    const { kind: { isCounter, isRate }, samples: { values, windows }, range: { rangeMs } } = this;
    const from = windows.from[step]!, last = windows.to[step]! - 1;
    if (last <= from || this.#starts[last]! > from) return false;
    const start = this.#starts[last]!;
    if (this.#builder === undefined || this.#builderStart !== start) {
      this.#builder = new PlainHistograms(values[last]!);
      this.#builderStart = start;
    }
    const builder = this.#builder;
    const a = values[last]!, b = values[from]!;
    if (!isCounter && (a.counterResetHint !== "gauge" || b.counterResetHint !== "gauge")) {
      call.annotations.nativeHistogramNotGauge(metricName(series), firstArgumentSpan(call));
    }
    subtractInto(builder.positive.counts, a.positiveBuckets, b.positiveBuckets);
    subtractInto(builder.negative.counts, a.negativeBuckets, b.negativeBuckets);
    const count = a.count - b.count;
    const { sampled, toStart, toEnd, factor } = this.#extrapolation;
    let scale = factor[step]!;
    if (isCounter && count > 0 && b.count >= 0) {
      // A counter is not extrapolated below zero.
      const toZero = sampled[step]! * (b.count / count);
      if (toZero < toStart[step]!) {
        scale = (sampled[step]! + toZero + toEnd[step]!) / sampled[step]!;
        if (isRate) scale /= rangeMs / 1000;
      }
    }
    const totals = { count, sum: a.sum - b.sum, zeroCount: a.zeroCount - b.zeroCount };
    setHistogram(out, step, builder.build(totals, "gauge", scale));
    return true;
  }
}

function subtractInto(out: Float64Array, a: Float64Array, b: Float64Array): void {
  for (let i = 0; i < out.length; i++) out[i] = a[i]! - b[i]!;
}
