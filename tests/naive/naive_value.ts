import type { FloatHistogram } from "../../engine/histogram/float_histogram.ts";
import { type Labels, METRIC_NAME } from "../../engine/labels/labels.ts";
import { isAbsent, isStale, wordsOf } from "../../engine/sample.ts";
import type { SeriesColumns } from "../../engine/tsdb/select.ts";

/** One sample of an instant vector. `atMs` is when it was taken. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number | FloatHistogram;
  readonly atMs: number;
}

export interface Point {
  readonly ms: number;
  readonly value: number | FloatHistogram;
  /** When the counter began to count; 0 where that is not known or not to be looked at. */
  readonly startMs: number;
}

/** One series of a range vector; its points lie in `(startMs, endMs]`. */
export interface Window {
  readonly labels: Labels;
  readonly points: readonly Point[];
  readonly startMs: number;
  readonly endMs: number;
}

export type NaiveValue =
  | { readonly type: "scalar"; readonly value: number }
  | { readonly type: "string"; readonly text: string }
  | { readonly type: "vector"; readonly samples: readonly Sample[] }
  | { readonly type: "matrix"; readonly windows: readonly Window[] };

/** A point as it is stored; without a value it is a staleness marker. */
export interface StoredPoint {
  readonly ms: number;
  /** 0 where it is not known. */
  readonly startMs: number;
  readonly value: number | FloatHistogram | undefined;
}

/** All there is of a series but gaps. */
export function pointsOf({ times, values, histograms, startTimes }: SeriesColumns): StoredPoint[] {
  const words = wordsOf(values);
  return [...times].flatMap((ms, i): StoredPoint[] => {
    const histogram = histograms?.[i], startMs = startTimes?.[i] ?? 0;
    if (histogram !== undefined) return [{ ms, startMs, value: histogram }];
    if (isAbsent(words, i)) return [];
    return [{ ms, startMs, value: isStale(words, i) ? undefined : values[i] }];
  });
}

export function withoutName(labels: Labels): Labels {
  return labels.drop(new Set([METRIC_NAME, "__type__", "__unit__"]));
}

export function isFloat<T extends { readonly value: number | FloatHistogram }>(
  sample: T,
): sample is T & { readonly value: number } {
  return typeof sample.value === "number";
}

/** Fails where two samples have the same labels. */
export function unique(samples: readonly Sample[]): readonly Sample[] {
  if (new Set(samples.map(({ labels }) => labels.key())).size < samples.length) {
    throw new Error("vector cannot contain metrics with the same labelset");
  }
  return samples;
}
