/**
 * When a target is scraped: at `offsetMs` in every interval, counted from the Unix epoch, whenever its loop was started.
 */
interface Grid {
  readonly intervalMs: number;
  readonly offsetMs: number;
}

/** Ticks that were missed by less than this part of an interval are made up for. */
const LATE_PART = 0.1;

/** The first tick at or after `timeMs`. */
export function tickFrom({ intervalMs, offsetMs }: Grid, timeMs: number): number {
  return Math.ceil((timeMs - offsetMs) / intervalMs) * intervalMs + offsetMs;
}

/** The last tick at or before `timeMs`. */
export function tickUpTo({ intervalMs, offsetMs }: Grid, timeMs: number): number {
  return Math.floor((timeMs - offsetMs) / intervalMs) * intervalMs + offsetMs;
}

/** Ticks are waited for at most this many intervals. */
const WAIT_MAX = 1.5;

/**
 * The tick to scrape at after the one at `lastMs`. Ticks that a long scrape missed are skipped; where the clock was
 * stepped back, those that it comes past again are not.
 */
export function tickAfter(grid: Grid, lastMs: number, nowMs: number): number {
  const { intervalMs } = grid;
  const next = Math.max(lastMs + intervalMs, tickFrom(grid, nowMs - intervalMs * LATE_PART));
  return next - nowMs <= intervalMs * WAIT_MAX ? next : tickFrom(grid, nowMs + intervalMs * (WAIT_MAX - 1));
}

const SNAP_MS_MAX = 2;

/**
 * The time that samples get: a tick where the scrape began close to one, so that timestamps are regular.
 * @param startMs When it began, in whole ms.
 */
export function sampleTime(grid: Grid, startMs: number): number {
  const toleranceMs = Math.min(grid.intervalMs * 0.01, SNAP_MS_MAX);
  const tickMs = tickFrom(grid, startMs - toleranceMs);
  return tickMs - startMs <= toleranceMs ? tickMs : startMs;
}
