import type { QueryStats } from "../../../engine/promql/query_result.ts";

/**
 * Statistics of a query in upstream's form, for JSON.
 * @param startMs Time of the first step.
 * @param stepMs Distance of the steps, 0 for an instant query.
 */
export function queryStatsJson(
  { timings, samples }: QueryStats,
  { startMs, stepMs, withSeries }: {
    readonly startMs: number;
    readonly stepMs: number;
    /** Counts the series, too, which belongs to the feature `query-cost`. */
    readonly withSeries?: boolean;
  },
): object {
  const perStep = (counts: Float64Array | undefined) =>
    counts?.length
      ? Array.from(counts, (count, step) => [(startMs + step * stepMs) / 1000, count])
      : undefined;
  return {
    timings,
    samples: {
      totalQueryableSamplesPerStep: perStep(samples.totalPerStep),
      totalQueryableSamples: samples.total,
      samplesReadPerStep: perStep(samples.readPerStep),
      samplesRead: samples.read,
      seriesTouched: withSeries ? samples.series ?? 0 : undefined,
      peakSamples: samples.peak,
    },
  };
}
