import type { FloatHistogram } from "../histogram/float_histogram.ts";
import { type Labels, METRIC_NAME } from "../labels/labels.ts";

/** The evaluation grid: `count` timestamps from `startMs` on, `stepMs` apart. An instant query has one step. */
export interface Steps {
  /** Milliseconds since the Unix epoch. */
  readonly startMs: number;
  /** Above 0, also with one step. */
  readonly stepMs: number;
  readonly count: number;
}

/** What a series has at a step; the entries of `InstantSeries.present`. */
export const NONE = 0;
export const FLOAT = 1;
export const HISTOGRAM = 2;

/**
 * One series of an instant vector over all steps, by column; every column has one entry per step.
 *
 *               step 0     1          2
 *   present    [ FLOAT     NONE       HISTOGRAM ]
 *   values     [ 1.5       (junk)     (junk)    ]
 *   histograms [ –         –          h         ]   absent unless some step has a histogram
 *
 * Whoever creates a series fills its columns; once an operator has returned it, nobody writes to it any more, as
 * columns may be shared between series and operators.
 */
export interface InstantSeries {
  readonly labels: Labels;
  /** The metric name is still in `labels`, to be dropped when evaluation ends (delayed name removal). */
  readonly dropName: boolean;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  histograms?: (FloatHistogram | undefined)[];
}

/** Series in the order of the result; label sets are unique per step, and unless names are pending, altogether. */
export type Vector = InstantSeries[];

/** A scalar: one number per step. */
export type ScalarColumn = Float64Array;

/**
 * For each step the samples of a time column that lie in the window: indexes `[from[step], to[step])`. Both ascend.
 */
export interface Windows {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
}

/** Float samples of one series: no absent ones, no staleness markers. `times` and `windows` may be shared by series. */
export interface FloatSamples {
  /** Milliseconds since the Unix epoch, strictly ascending. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly windows: Windows;
  /** Start timestamps in ms, 0 where unknown; only where the engine uses them. */
  readonly startTimes?: Float64Array;
}

/** Histogram samples of one series. */
export interface HistogramSamples {
  readonly times: Float64Array;
  readonly values: readonly FloatHistogram[];
  readonly windows: Windows;
  readonly startTimes?: Float64Array;
}

/** One series of a range vector: all samples that any step looks at. Has at least one of the two. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly floats?: FloatSamples;
  readonly histograms?: HistogramSamples;
}

export interface RangeVector {
  readonly series: readonly RangeSeries[];
  /** Length of the window in ms; left-open: `(end - rangeMs, end]`. */
  readonly rangeMs: number;
  /** By step: where the window ends, in ms since the Unix epoch. */
  readonly endsMs: Float64Array;
}

export type Value =
  | { readonly type: "scalar"; readonly values: ScalarColumn }
  | { readonly type: "string"; readonly text: string }
  | { readonly type: "vector"; readonly series: Vector }
  | { readonly type: "matrix"; readonly range: RangeVector };

/** The timestamp of a step in ms. */
export function stepTime(steps: Steps, step: number): number {
  return steps.startMs + step * steps.stepMs;
}

/** A series with empty columns, to be filled. */
export function newSeries(labels: Labels, dropName: boolean, { count }: Steps): InstantSeries {
  return { labels, dropName, values: new Float64Array(count), present: new Uint8Array(count) };
}

/** Writes a histogram to a series that is being filled. */
export function setHistogram(series: InstantSeries, step: number, histogram: FloatHistogram): void {
  series.histograms ??= new Array(series.present.length).fill(undefined);
  series.histograms[step] = histogram;
  series.present[step] = HISTOGRAM;
}

/** Whether a series has a sample at any step. */
export function hasSamples({ present }: InstantSeries): boolean {
  for (let step = 0; step < present.length; step++) if (present[step] !== NONE) return true;
  return false;
}

/** Labels that describe the metric and go whenever its name goes. */
export const METADATA_LABELS: ReadonlySet<string> = new Set([METRIC_NAME, "__type__", "__unit__"]);

/** All labels but the metric's name, type and unit. */
export function withoutMetadata(labels: Labels): Labels {
  return labels.drop(METADATA_LABELS);
}
