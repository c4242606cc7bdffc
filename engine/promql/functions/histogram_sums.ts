import { columnOf, firstAbove } from "../../histogram/column.ts";
import { combineHints } from "../../histogram/counter_reset_hint.ts";
import type { FloatHistogram } from "../../histogram/float_histogram.ts";
import type { HistogramSamples, InstantSeries } from "../value.ts";
import { setHistogram } from "../value.ts";
import type { FunctionCall } from "./registry.ts";
import { layoutStarts, PlainHistograms } from "./plain_histograms.ts";
import { firstArgumentSpan } from "./range_call.ts";

/** Largest sum of magnitudes at which no sum can overflow. */
const SAFE_SIZE = 1e300;

/** Neighbouring histograms of one layout with whole counts. */
interface ExactRun {
  readonly start: number;
  /** For each histogram of the run and one more, the sums of what came before it: a row of all counts. */
  readonly rows: Float64Array;
  readonly builder: PlainHistograms;
}

/**
 * Sums and means of histograms over windows in which all have one layout and whole counts, so that sums of counts are
 * exact and windows can be slid. Gives what adding them one by one gives, bit for bit.
 */
export class HistogramWindowSums {
  readonly #starts: Uint32Array;
  #run: ExactRun | undefined;
  /** The start of the last run that turned out not to have whole counts. */
  #inexact = -1;

  constructor(readonly op: "sum" | "avg", readonly samples: HistogramSamples) {
    this.#starts = layoutStarts(samples.values);
  }

  /** Sets the result of a step; false where its window is not one of these, and nothing is set. */
  setStep(step: number, out: InstantSeries, call: FunctionCall): boolean {
    const { values, windows } = this.samples;
    const from = windows.from[step]!, to = windows.to[step]!;
    const start = this.#starts[to - 1]!;
    if (start > from || start === this.#inexact) return false;
    if (this.#run?.start !== start) {
      this.#run = exactRun(values, start, this.#endOfRun(to));
      if (this.#run === undefined) {
        this.#inexact = start;
        return false;
      }
    }
    const { builder, rows } = this.#run;
    const divisor = this.op === "sum" ? 1 : to - from;
    const positive = builder.positive.counts, negative = builder.negative.counts;
    const width = 2 + positive.length + negative.length;
    let low = (from - start) * width, high = (to - start) * width;
    const count = (rows[high++]! - rows[low++]!) / divisor;
    const zeroCount = (rows[high++]! - rows[low++]!) / divisor;
    for (let i = 0; i < positive.length; i++) positive[i] = (rows[high++]! - rows[low++]!) / divisor;
    for (let i = 0; i < negative.length; i++) negative[i] = (rows[high++]! - rows[low++]!) / divisor;
    const sum = sumOfSums(values, from, to, divisor);
    setHistogram(out, step, builder.build({ count, sum, zeroCount }, hintOf(values, from, to, call)));
    return true;
  }

  #endOfRun(to: number): number {
    const start = this.#starts[to - 1]!;
    while (to < this.#starts.length && this.#starts[to] === start) to++;
    return to;
  }
}

function exactRun(values: readonly FloatHistogram[], start: number, end: number): ExactRun | undefined {
  const layout = values[start]!;
  if (!layout.usesCustomBuckets && reachesIntoZeroBucket(layout)) return undefined;
  const positive = layout.positiveBuckets.length, negative = layout.negativeBuckets.length;
  const width = 2 + positive + negative;
  const rows = new Float64Array((end - start + 1) * width);
  let size = 0;
  for (let i = start, at = 0; i < end; i++) {
    const { count, sum, zeroCount, positiveBuckets, negativeBuckets } = values[i]!;
    size += Math.abs(sum);
    if (!isWhole(count) || !isWhole(zeroCount)) return undefined;
    rows[at + width] = rows[at]! + count;
    at++;
    rows[at + width] = rows[at]! + zeroCount;
    at++;
    for (let b = 0; b < positive; b++, at++) {
      if (!isWhole(positiveBuckets[b]!)) return undefined;
      rows[at + width] = rows[at]! + positiveBuckets[b]!;
    }
    for (let b = 0; b < negative; b++, at++) {
      if (!isWhole(negativeBuckets[b]!)) return undefined;
      rows[at + width] = rows[at]! + negativeBuckets[b]!;
    }
  }
  // Counts are not negative: the last row has the largest sums.
  for (let at = rows.length - width; at < rows.length; at++) if (!(rows[at]! < 2 ** 53)) return undefined;
  return size < SAFE_SIZE ? { start, rows, builder: new PlainHistograms(layout) } : undefined;
}

/** A whole number from 0 on; a negative zero would lose its sign in a difference of sums. */
function isWhole(count: number): boolean {
  return count === Math.trunc(count) && (count > 0 || Object.is(count, 0));
}

/** Whether a bucket lies within the zero bucket, and is left out when it is added. */
function reachesIntoZeroBucket(h: FloatHistogram): boolean {
  return firstAbove(columnOf(h.positiveSpans, h.positiveBuckets), h.schema, h.zeroThreshold) > 0 ||
    firstAbove(columnOf(h.negativeSpans, h.negativeBuckets), h.schema, h.zeroThreshold) > 0;
}

function sumOfSums(values: readonly FloatHistogram[], from: number, to: number, divisor: number): number {
  let sum = 0, error = 0;
  for (let i = from; i < to; i++) {
    const value = values[i]!.sum;
    const next = sum + value;
    if (Math.abs(sum) >= Math.abs(value)) error += (sum - next) + value;
    else error += (value - next) + sum;
    sum = next;
  }
  return sum / divisor + error / divisor;
}

function hintOf(values: readonly FloatHistogram[], from: number, to: number, call: FunctionCall) {
  let hint = values[from]!.counterResetHint;
  let sawReset = false, sawNotReset = false;
  for (let i = from; i < to; i++) {
    const { counterResetHint } = values[i]!;
    if (counterResetHint === "reset") sawReset = true;
    else if (counterResetHint === "not_reset") sawNotReset = true;
    hint = combineHints(hint, counterResetHint);
  }
  if (sawReset && sawNotReset) {
    call.annotations.counterResetCollision("aggregation", firstArgumentSpan(call));
  }
  return hint;
}
