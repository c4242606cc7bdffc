import type { SampleOutcome } from "./append_rules.ts";

/** Samples by what they are. */
export interface SampleCount {
  float: number;
  histogram: number;
}

/** Outcomes of samples that come at a time at which they cannot be stored. */
export type RefusedOutcome = Extract<SampleOutcome, "out_of_order" | "too_old" | "out_of_bounds">;

/** Things counted since the database was opened. */
export interface DatabaseCounters {
  samplesAppended: number;
  histogramsAppended: number;
  /** Samples stored behind the newest one of their series. */
  outOfOrderSamples: SampleCount;
  /** Samples refused, by why. */
  refusedSamples: Record<RefusedOutcome, SampleCount>;
  seriesCreated: number;
  seriesForgotten: number;
  damagedValues: number;
  lostRows: number;
  replayedSamples: number;
  replayMs: number;
  flushes: number;
  compactions: number;
  compactionFailures: number;
  /** Times that the set of blocks was looked through for what retention removes, and that this failed. */
  reloads: number;
  reloadFailures: number;
  timeRetentions: number;
  sizeRetentions: number;
  commits: number;
  commitFailures: number;
}

function noSamples(): SampleCount {
  return { float: 0, histogram: 0 };
}

export function noCounters(): DatabaseCounters {
  return {
    samplesAppended: 0,
    histogramsAppended: 0,
    outOfOrderSamples: noSamples(),
    refusedSamples: { out_of_order: noSamples(), too_old: noSamples(), out_of_bounds: noSamples() },
    seriesCreated: 0,
    seriesForgotten: 0,
    damagedValues: 0,
    lostRows: 0,
    replayedSamples: 0,
    replayMs: 0,
    flushes: 0,
    compactions: 0,
    compactionFailures: 0,
    reloads: 0,
    reloadFailures: 0,
    timeRetentions: 0,
    sizeRetentions: 0,
    commits: 0,
    commitFailures: 0,
  };
}
