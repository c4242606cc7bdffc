import type { Labels } from "../labels/labels.ts";
import type { Matcher } from "../labels/matcher.ts";
import type { FloatHistogram } from "../histogram/float_histogram.ts";

export interface SelectRequest {
  readonly matchers: readonly Matcher[];
  /** First and last timestamp in ms since the Unix epoch, both inclusive. */
  readonly startMs: number;
  readonly endMs: number;
  /** A store may give up once it has found more samples. Unlimited unless given. */
  readonly maxSamples?: number;
  readonly signal?: AbortSignal;
}

/** A select found more samples than were wanted. Known by its name, as it may come from another thread. */
export class SelectSizeError extends Error {
  override readonly name = "SelectSizeError";
  constructor(maxSamples: number) {
    super(`found more than ${maxSamples} samples: select fewer series or a shorter range`);
  }
}

/**
 * One series and its samples as columns of equal length. `times` is strictly ascending and, for series that
 * were scraped together, the very same array object, so that window bounds can be computed once for all of them.
 */
export interface SeriesColumns {
  readonly labels: Labels;
  /** Milliseconds since the Unix epoch. */
  readonly times: Float64Array;
  /** ABSENT where this series has no float at that time, STALE for a staleness marker (see engine/sample.ts). */
  readonly values: Float64Array;
  /** Histogram samples by index of `times`; where one is set, `values` is ABSENT. Undefined: floats only. */
  readonly histograms?: readonly (FloatHistogram | undefined)[];
  /** Start timestamps in ms by index of `times`, 0 where unknown. */
  readonly startTimes?: Float64Array;
}

/** Something that answers selects: a shard, several shards, a store in memory. */
export interface Queryable {
  /**
   * One entry per label set, in no particular order; series without a sample in the range may be left out.
   * @throws {SelectSizeError}
   */
  select(request: SelectRequest): Promise<SeriesColumns[]>;
}
