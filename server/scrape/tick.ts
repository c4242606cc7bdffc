/**
 * When a target is scraped: at `offsetMs` in every interval, counted from the Unix epoch, whenever its loop was started.
 */
export interface Grid {
  readonly intervalMs: number;
  readonly offsetMs: number;
}

/** Ticks that were missed by less than this part of an interval are made up for. */
const LATE_PART = 0.1;

/** The first tick at or after `timeMs`. */
export function tickFrom({ intervalMs, offsetMs }: Grid, timeMs: number): number {
  return Math.ceil((timeMs - offsetMs) / intervalMs) * intervalMs + offsetMs;
}

/** The tick to scrape at after the one at `lastMs`. Ticks that a long scrape missed are skipped. */
export function tickAfter(grid: Grid, lastMs: number, nowMs: number): number {
  return Math.max(lastMs + grid.intervalMs, tickFrom(grid, nowMs - grid.intervalMs * LATE_PART));
}

const SNAP_MS_MAX = 2;

/** The time that samples get: the tick where the scrape began close to it, so that timestamps are regular. */
export function sampleTime({ intervalMs }: Grid, tickMs: number, startMs: number): number {
  const toleranceMs = Math.min(intervalMs * 0.01, SNAP_MS_MAX);
  return Math.abs(startMs - tickMs) <= toleranceMs ? tickMs : Math.floor(startMs);
}
