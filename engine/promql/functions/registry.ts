import type { SelectRequest, SeriesColumns } from "../../tsdb/select.ts";
import type { Labels } from "../../labels/labels.ts";
import type { Annotations } from "../annotations.ts";
import type { Call } from "../ast.ts";
import type { BucketColumns } from "./classic_buckets.ts";
import {
  type InstantSeries,
  type RangeSeries,
  type ScalarColumn,
  type Steps,
  type Value,
  type Vector,
  withoutMetadata,
} from "../value.ts";

/** Where in time `sampleAt` looks. */
export interface SampleShift {
  readonly offsetMs: number;
  /** Looks at this time less the offset at every step. */
  readonly atMs?: number;
}

export interface SampledSeries {
  readonly series: InstantSeries;
  /** By step: the timestamp in ms that the sample has in the store. */
  readonly sampleTimes: Float64Array;
}

/** One call of a function, evaluated over all steps at once. */
export interface FunctionCall {
  /**
   * The call in the query, for positions, selectors and literal arguments: durations are resolved, `@` modifiers are
   * timestamps, and arguments are without parentheses.
   */
  readonly node: Call;
  /** The arguments, by position; arguments left out are missing. */
  readonly args: readonly Value[];
  readonly steps: Steps;
  readonly annotations: Annotations;
  /** Whether names are dropped when evaluation ends rather than at once; see `nameDropped`. */
  readonly delayedNameRemoval: boolean;
  /** Whether types of metrics are labels. */
  readonly typeAndUnitLabels: boolean;
  /** Bounds of the query itself, for `info` and the like: steps of a subquery lie elsewhere. */
  readonly query: { readonly startMs: number; readonly endMs: number; readonly stepMs: number };
  readonly lookbackDeltaMs: number;
  /** To be called every few ms of work, where given; a promise to wait for where it is the turn of other work. */
  checkpoint?(): Promise<void> | undefined;
  /** Where given, to be called before columns of so many entries are made. @throws {QueryLimitError} */
  reserve?(cells: number): void;
  /** Fetches series; the query's signal is added to the request. */
  select(request: SelectRequest): Promise<SeriesColumns[]>;
  /**
   * What an instant selector gives for `series`: at each step the newest sample within the lookback, none behind a
   * staleness marker. `undefined` where no step has one.
   */
  sampleAt(series: SeriesColumns, shift: SampleShift): SampledSeries | undefined;
}

/** A function of classic histograms, one at a time. */
export interface BucketFunction {
  /** Fills `out`, whose columns are empty, for the histogram of these sorted buckets; `labels` are its own, without `le`. */
  evaluate(
    buckets: readonly BucketColumns[],
    labels: Labels,
    out: Pick<InstantSeries, "values" | "present">,
  ): void;
  /** Remarks that a series is no bucket. */
  remarkBadLabel(labels: Labels): void;
}

/**
 * How a function is implemented.
 * - `scalar`: one number per step.
 * - `vector`: from all arguments to an instant vector. The engine checks afterwards that label sets are unique, merges
 *   series that became equal and never meet at a step, and leaves out series without a sample. `ofHistograms` says that
 *   of a vector of histograms each series has one result, whatever the others are, and `ofBuckets` evaluates classic
 *   histograms one at a time; without it floats are left out.
 * - `range`: the common case of functions over one range vector: fills `out` for one series over all steps. The engine
 *   drops the name unless `keepsName`, and calls it only for series that have samples.
 */
export type FunctionImplementation =
  | { readonly kind: "scalar"; evaluate(call: FunctionCall): ScalarColumn }
  | {
    readonly kind: "vector";
    readonly ofHistograms?: true;
    readonly ofBuckets?: (call: FunctionCall) => BucketFunction;
    evaluate(call: FunctionCall): Vector | Promise<Vector>;
  }
  | {
    readonly kind: "range";
    readonly keepsName?: boolean;
    evaluate(series: RangeSeries, out: InstantSeries, call: FunctionCall): void;
  };

/**
 * Functions by name. A file of this folder exports one such table, named after the file: `MATH_FUNCTIONS` in math.ts,
 * `SCALAR_FUNCTIONS` in scalar.ts and so on; table.ts puts them together.
 */
export type FunctionTable = Readonly<Record<string, FunctionImplementation>>;

/** What a function that changes values gives as identity of its result: no name, or a name that goes at the end. */
export function nameDropped(
  { labels }: { readonly labels: Labels },
  delayedNameRemoval: boolean,
): { labels: Labels; dropName: boolean } {
  return { labels: delayedNameRemoval ? labels : withoutMetadata(labels), dropName: true };
}

export function vectorArgument({ args, node }: FunctionCall, position: number): Vector {
  const value = args[position];
  if (value?.type !== "vector") throw wrongArgument(node, position, "vector", value);
  return value.series;
}

export function scalarArgument({ args, node }: FunctionCall, position: number): ScalarColumn {
  const value = args[position];
  if (value?.type !== "scalar") throw wrongArgument(node, position, "scalar", value);
  return value.values;
}

export function stringArgument({ args, node }: FunctionCall, position: number): string {
  const value = args[position];
  if (value?.type !== "string") throw wrongArgument(node, position, "string", value);
  return value.text;
}

/** The parser checks argument types, so this is a mistake of ours. */
function wrongArgument(node: Call, position: number, expected: string, value: Value | undefined): TypeError {
  return new TypeError(
    `BUG: argument ${position} of ${node.func.name}() should be a ${expected}, found ${
      value?.type ?? "none"
    }`,
  );
}
