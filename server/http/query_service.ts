import type { FloatHistogram } from "../../engine/histogram/float_histogram.ts";
import type { Labels } from "../../engine/labels/labels.ts";

export interface QueryOptions {
  /** Longest time of this query in ms; the server's own limit holds where it is shorter. */
  readonly timeoutMs?: number;
  /** How far back a sample counts, in ms; the server's default unless given. */
  readonly lookbackMs?: number;
  /** Whether `stats` shall have counts for each step. */
  readonly perStepStats: boolean;
  /** Aborted once nobody waits for the answer. */
  readonly signal: AbortSignal;
}

export interface InstantOptions extends QueryOptions {
  /** Milliseconds since the Unix epoch, as all times here. */
  readonly timeMs: number;
}

export interface RangeOptions extends QueryOptions {
  readonly startMs: number;
  /** Inclusive, at or after `startMs`. */
  readonly endMs: number;
  /** Whole ms, at least 1. */
  readonly stepMs: number;
}

/**
 * Evaluates PromQL. Both methods throw `PromQLSyntaxError` or `DurationError` for a query that is not valid, and
 * `QueryError` for one that fails.
 */
export interface QueryService {
  instant(query: string, options: InstantOptions): Promise<QueryResult>;
  range(query: string, options: RangeOptions): Promise<QueryResult>;
}

export interface QueryResult {
  readonly value: QueryValue;
  /** As clients shall read them, each once. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly stats: QueryStats;
}

export type QueryValue =
  | { readonly type: "scalar"; readonly timeMs: number; readonly value: number }
  | { readonly type: "string"; readonly timeMs: number; readonly value: string }
  | VectorValue
  | { readonly type: "matrix"; readonly series: readonly MatrixSeries[] };

/** Columns of equal length: one entry per series, all of one time. */
export interface VectorValue {
  readonly type: "vector";
  readonly timeMs: number;
  readonly labels: readonly Labels[];
  /** Of no meaning where `histograms` has an entry. */
  readonly values: Float64Array;
  readonly histograms?: readonly (FloatHistogram | undefined)[];
}

/** Samples of one series, at least one. Series of one range query share their `times` array. */
export interface MatrixSeries {
  readonly labels: Labels;
  /** Ascending. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** 0 where there is no float sample at that time; unset where all times have one, or a histogram. */
  readonly present?: Uint8Array;
  /** By index of `times`; an entry stands in place of the float sample. */
  readonly histograms?: readonly (FloatHistogram | undefined)[];
}

/** Times in seconds, counts of samples. */
export interface QueryStats {
  readonly timings: {
    readonly evalTotalTime: number;
    readonly resultSortTime: number;
    readonly queryPreparationTime: number;
    readonly innerEvalTime: number;
    readonly execQueueTime: number;
    readonly execTotalTime: number;
  };
  readonly samples: {
    readonly totalQueryableSamples: number;
    readonly samplesRead: number;
    readonly peakSamples: number;
    /** Time in ms and count of each step. */
    readonly totalQueryableSamplesPerStep?: readonly StepCount[];
    readonly samplesReadPerStep?: readonly StepCount[];
  };
}
export type StepCount = readonly [timeMs: number, count: number];

/** Why a valid query has no result; the words are the API's. */
export type QueryErrorType = "execution" | "timeout" | "canceled" | "internal";

export class QueryError extends Error {
  override readonly name = "QueryError";
  constructor(readonly type: QueryErrorType, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
