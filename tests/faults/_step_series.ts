/** What the writing child writes and the test expects: values that follow from step and series. */
export const GROUPS = 3;
export const SERIES_MAX = 60;
const STEP_MS = 60_000;
const ORIGIN_MS = 1_700_006_400_000;
const SERIES_FIRST = 20;
const STEPS_PER_SERIES = 40;

export function timeOf(step: number): number {
  return ORIGIN_MS + step * STEP_MS;
}

/** The step at which a series of a group begins: some at once, the others one after the other. */
export function beginOf(series: number): number {
  return Math.max(0, series - SERIES_FIRST + 1) * STEPS_PER_SERIES;
}

export function valueOf(step: number, group: number, series: number): number {
  return step * 1000 + group * 100 + series;
}

export function labelsOf(group: number, series: number): Record<string, string> {
  return { __name__: "stepped", group: String(group), series: String(series) };
}

/** A series with times of its own, as one that brings its timestamps has. */
export const LOOSE = { __name__: "loose" };
export function looseTimeOf(step: number): number {
  return timeOf(step) + 7;
}
