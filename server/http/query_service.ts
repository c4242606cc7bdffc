import type { AnalyzedResult, QueryOptions } from "../../engine/promql/engine.ts";
import type { QueryCost } from "../../engine/promql/query_cost.ts";

/** The request that a query came with. */
export interface QueryOrigin {
  /** "" where it is not known. */
  readonly clientIP: string;
  readonly method: string;
  readonly path: string;
}

export interface InstantOptions extends QueryOptions {
  /** For the query log. */
  readonly origin?: QueryOrigin;
  /** Milliseconds since the Unix epoch, as all times here. */
  readonly timeMs: number;
}

export interface RangeOptions extends QueryOptions {
  /** For the query log. */
  readonly origin?: QueryOrigin;
  readonly startMs: number;
  /** Inclusive, at or after `startMs`. */
  readonly endMs: number;
  /** Whole ms, at least 1. */
  readonly stepMs: number;
}

/** What a request may ask for at most, with the feature `query-cost`; undefined is no limit. */
export interface QueryCeilings {
  readonly maxSeries?: number;
  readonly maxSamplesRead?: number;
  /** In ms; only where the configuration says so. */
  readonly maxDurationMs?: number;
  /** How long a query may take that asks for nothing, in ms. */
  readonly timeoutMs: number;
}

/** Evaluates PromQL. All methods throw what `errorTypeOf` in engine/promql/query_errors.ts tells apart. */
export interface QueryService {
  instant(query: string, options: InstantOptions): Promise<AnalyzedResult>;
  range(query: string, options: RangeOptions): Promise<AnalyzedResult>;
  /** What is in force now. */
  readonly ceilings?: QueryCeilings;
  /** What a query would read, by estimate; an instant query has a step of 0. */
  estimate?(
    query: string,
    options: Omit<RangeOptions, "stepMs"> & { readonly stepMs: number },
  ): Promise<QueryCost>;
}
