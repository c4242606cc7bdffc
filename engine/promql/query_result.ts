import type { FloatHistogram } from "../histogram/float_histogram.ts";
import type { Labels } from "../labels/labels.ts";
import type { SampleCounts } from "./sample_account.ts";
import type { InstantSeries } from "./value.ts";

/** One series of a result, by column; `times` may be shared by all series. */
export interface MatrixSeries {
  readonly labels: Labels;
  /** Milliseconds since the Unix epoch. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** NONE, FLOAT or HISTOGRAM (see value.ts); entries with NONE are not part of the result. */
  readonly present: Uint8Array;
  readonly histograms?: readonly (FloatHistogram | undefined)[];
}

export type QueryValue =
  | { readonly type: "scalar"; readonly timeMs: number; readonly value: number }
  | { readonly type: "string"; readonly timeMs: number; readonly text: string }
  /** Series with one step each, in the order of the result. */
  | { readonly type: "vector"; readonly timeMs: number; readonly series: readonly InstantSeries[] }
  /** Series sorted by labels. */
  | { readonly type: "matrix"; readonly series: readonly MatrixSeries[] };

/** Durations in seconds. */
export interface QueryTimings {
  readonly evalTotalTime: number;
  readonly resultSortTime: number;
  readonly queryPreparationTime: number;
  readonly innerEvalTime: number;
  readonly execQueueTime: number;
  readonly execTotalTime: number;
}

export interface QueryStats {
  readonly timings: QueryTimings;
  readonly samples: SampleCounts;
}

export interface QueryResult {
  readonly value: QueryValue;
  /** As the API returns them. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly stats: QueryStats;
}
