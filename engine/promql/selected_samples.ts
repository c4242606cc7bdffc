import { FloatHistogram } from "../histogram/float_histogram.ts";
import { detectReset } from "../histogram/reset.ts";
import type { Labels } from "../labels/labels.ts";
import { isAbsent, isStale, wordsOf } from "../sample.ts";
import type { SeriesColumns } from "../tsdb/select.ts";

/** Samples of one kind of one series, without gaps and staleness markers. */
export interface SampleRun<T> {
  readonly times: Float64Array;
  readonly values: T;
  readonly startTimes?: Float64Array;
}

/** The samples of one series, by kind. */
export interface SeriesSamples {
  readonly labels: Labels;
  readonly floats?: SampleRun<Float64Array>;
  readonly histograms?: SampleRun<FloatHistogram[]>;
}

/** What a select gave, and the same again without gaps, made when first asked for. */
export class SelectedSamples {
  #samples: SeriesSamples[] | undefined;
  #statistics: SelectedSamples | undefined;

  constructor(readonly series: readonly SeriesColumns[], readonly withStartTimes: boolean) {}

  /** The series without gaps; those that have none share their array of times. */
  get samples(): readonly SeriesSamples[] {
    return this.#samples ??= this.series.map((series) => withoutGaps(series, this.withStartTimes));
  }

  /** The same with histograms that have no buckets, but know whether they follow a counter reset. */
  get statistics(): SelectedSamples {
    return this.#statistics ??= this.series.every(({ histograms }) => histograms === undefined)
      ? this
      : new SelectedSamples(this.series.map(withoutBuckets), this.withStartTimes);
  }
}

/** A series whose histograms have no buckets, but know whether they follow a counter reset. */
export function withoutBuckets(series: SeriesColumns): SeriesColumns {
  if (series.histograms === undefined) return series;
  let previous: FloatHistogram | undefined;
  const histograms = series.histograms.map((histogram) => {
    if (histogram === undefined) return undefined;
    const { schema, count, sum } = histogram;
    let { counterResetHint } = histogram;
    if (counterResetHint === "unknown" && previous !== undefined) {
      counterResetHint = detectReset(histogram, previous) ? "reset" : "not_reset";
    }
    previous = histogram;
    return new FloatHistogram({ schema, count, sum, counterResetHint });
  });
  const { labels, times, values, startTimes } = series;
  return { labels, times, values, histograms, startTimes };
}

/** The samples of a series by kind; where it has no gaps, its columns stay what they are. */
export function withoutGaps(
  { labels, times, values, histograms, startTimes }: SeriesColumns,
  withStartTimes: boolean,
): SeriesSamples {
  const starts = withStartTimes ? startTimes : undefined;
  if (histograms === undefined && !hasGap(values)) {
    return { labels, floats: { times, values, startTimes: starts } };
  }
  return { labels, ...split(times, values, histograms, starts) };
}

/** Whether any value is absent or a staleness marker. */
function hasGap(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) {
    if (values[i] === values[i]) continue;
    const words = wordsOf(values);
    for (let j = i; j < values.length; j++) if (isAbsent(words, j) || isStale(words, j)) return true;
    return false;
  }
  return false;
}

function split(
  times: Float64Array,
  values: Float64Array,
  histograms: SeriesColumns["histograms"],
  startTimes: Float64Array | undefined,
): Omit<SeriesSamples, "labels"> {
  const words = wordsOf(values);
  const floatAt: number[] = [], histogramAt: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (histograms?.[i] !== undefined) histogramAt.push(i);
    else if (values[i] === values[i] || !(isAbsent(words, i) || isStale(words, i))) floatAt.push(i);
  }
  // Columns without gaps stay what they are, so that windows over shared times are computed once.
  const pick = (column: Float64Array, at: readonly number[]) =>
    at.length === column.length ? column : Float64Array.from(at, (i) => column[i]!);
  const pickStarts = (at: readonly number[]) => startTimes && pick(startTimes, at);
  return {
    floats: floatAt.length === 0 ? undefined : {
      times: pick(times, floatAt),
      values: pick(values, floatAt),
      startTimes: pickStarts(floatAt),
    },
    histograms: histogramAt.length === 0 ? undefined : {
      times: pick(times, histogramAt),
      values: histogramAt.map((i) => histograms![i]!),
      startTimes: pickStarts(histogramAt),
    },
  };
}
