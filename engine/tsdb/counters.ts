/** Things counted since the database was opened. */
export interface DatabaseCounters {
  samplesAppended: number;
  histogramsAppended: number;
  outOfOrderSamples: number;
  seriesCreated: number;
  seriesForgotten: number;
  damagedValues: number;
  lostRows: number;
  replayedSamples: number;
  replayMs: number;
  flushes: number;
  compactions: number;
  compactionFailures: number;
  timeRetentions: number;
  sizeRetentions: number;
  commits: number;
  commitFailures: number;
}

export function noCounters(): DatabaseCounters {
  return {
    samplesAppended: 0,
    histogramsAppended: 0,
    outOfOrderSamples: 0,
    seriesCreated: 0,
    seriesForgotten: 0,
    damagedValues: 0,
    lostRows: 0,
    replayedSamples: 0,
    replayMs: 0,
    flushes: 0,
    compactions: 0,
    compactionFailures: 0,
    timeRetentions: 0,
    sizeRetentions: 0,
    commits: 0,
    commitFailures: 0,
  };
}
