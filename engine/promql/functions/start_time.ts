/** A sample's start time and its own time, in ms; a start time of 0 is unknown. */

/** Whether a start time tells that the counter was reset between two samples. */
export function isStartTimeReset(
  previousStart: number,
  previousTime: number,
  start: number,
  time: number,
): boolean {
  // A start at or after the sample's own time is no start: invalid, or OpenTelemetry's "unknown".
  if (start === 0 || start >= time) return false;
  if (start !== previousTime) return start > previousTime;
  // The start is the sample before: a reset for deltas, but not for a cumulative series of unknown start.
  if (previousStart > previousTime) return false;
  return previousStart !== 0 && previousStart !== previousTime;
}

/** Whether a sample claims to have begun before the one before it was taken, though not at its start. */
export function startTimesOverlap(previousStart: number, previousTime: number, start: number): boolean {
  return start !== 0 && start < previousTime && start !== previousStart;
}
