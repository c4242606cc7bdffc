/** What became of a sample with a time of its own. "same": it was there already. */
export type SampleOutcome = "stored" | "same" | "duplicate" | "out_of_order" | "too_old" | "out_of_bounds";

/** Largest magnitude of a timestamp in ms: the difference of any two is an exact integer. */
export const TIME_MAX_MS = 2 ** 49;

export interface SamplePlace {
  readonly timeMs: number;
  /** Newest sample of the series, and of all series; -Infinity where there is none. */
  readonly lastMs: number;
  readonly newestMs: number;
  /** How far behind the newest sample a late one may be, in ms; 0 takes none. */
  readonly windowMs: number;
  /** How far behind the newest sample a first one of a series may be, in ms, where late ones are not taken. */
  readonly boundMs: number;
}

/**
 * Whether a sample may be stored, by upstream's rules.
 * @param isSame Whether the newest sample of the series, which has this very time, has the same value as well.
 */
export function sampleOutcome(
  { timeMs, lastMs, newestMs, windowMs, boundMs }: SamplePlace,
  isSame: () => boolean,
): SampleOutcome {
  if (!isTime(timeMs)) return "out_of_bounds";
  const isInBounds = timeMs >= newestMs - boundMs;
  if (isInBounds) {
    if (timeMs > lastMs) return "stored";
    if (timeMs === lastMs) return isSame() ? "same" : "duplicate";
  }
  if (windowMs > 0) return timeMs >= newestMs - windowMs ? "stored" : "too_old";
  return isInBounds ? "out_of_order" : "out_of_bounds";
}

/** Whether this is a timestamp that can be stored. */
export function isTime(timeMs: number): boolean {
  return Number.isInteger(timeMs) && Math.abs(timeMs) <= TIME_MAX_MS;
}
