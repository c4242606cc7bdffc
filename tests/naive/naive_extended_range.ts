import type { Window } from "./naive_value.ts";

/** A window over an `anchored` or `smoothed` range of floats: its points reach beyond the range, by the lookback. */
export interface ExtendedWindow extends Window {
  readonly isSmoothed: boolean;
}

interface FloatPoint {
  readonly ms: number;
  readonly value: number;
}

/** What rate(), increase(), delta(), changes() and resets() give for such a window; undefined for nothing. */
export function overExtendedRange(name: string, window: ExtendedWindow): number | undefined {
  const isCounter = name === "rate" || name === "increase";
  const points = edgesAndInside(window, isCounter);
  if (points === undefined) return undefined;
  const falls = points.filter(({ value }, i) => i > 0 && value < points[i - 1].value);
  if (name === "resets") return falls.length;
  if (name === "changes") {
    return points.filter(({ value }, i) => i > 0 && value !== points[i - 1].value).length;
  }
  let grown = points.at(-1)!.value - points[0].value;
  if (isCounter) { for (const point of falls) grown += points[points.indexOf(point) - 1].value; }
  return name === "rate" ? grown / ((window.endMs - window.startMs) / 1000) : grown;
}

/** The points inside the range, and one at either edge of it as far as there is something to tell it from. */
function edgesAndInside(window: ExtendedWindow, isCounter: boolean): FloatPoint[] | undefined {
  const { startMs, endMs, isSmoothed } = window;
  const points = window.points.map(({ ms, value }) => ({ ms, value: value as number }));
  const before = points.filter(({ ms }) => ms <= startMs).at(-1);
  if (!isSmoothed) {
    const inside = points.filter(({ ms }) => ms > startMs && ms <= endMs);
    if (inside.length === 0) return undefined;
    return before === undefined ? inside : [before, ...inside];
  }
  const later = points.filter(({ ms }) => ms > startMs);
  if (later.length === 0) return undefined;
  if (before === undefined && later[0].ms > endMs) return undefined;
  const inside = later.filter(({ ms }) => ms < endMs);
  const after = later.find(({ ms }) => ms >= endMs);
  const left = before && valueAt(startMs, before, later[0], isCounter);
  const lastBefore = inside.at(-1) ?? before;
  const right = after &&
    (after.ms === endMs || lastBefore === undefined
      ? after.value
      : valueAt(endMs, lastBefore, after, isCounter).value);
  return [
    ...(left === undefined ? [] : [left]),
    ...inside,
    ...(right === undefined ? [] : [{ ms: endMs, value: right }]),
  ];
}

/** On the line between two points, which begins at 0 where a counter was reset between them. */
function valueAt(ms: number, a: FloatPoint, b: FloatPoint, isCounter: boolean): FloatPoint {
  const from = a.ms === ms ? a.value : isCounter && b.value < a.value ? 0 : a.value;
  return { ms, value: from + (b.value - from) * (ms - a.ms) / (b.ms - a.ms) };
}

/** An instant selector with `smoothed`: `points` lie within the lookback of `ms` on either side. */
export function smoothedAt(points: readonly FloatPoint[], ms: number): number | undefined {
  const before = points.filter((point) => point.ms <= ms).at(-1);
  const after = points.find((point) => point.ms > ms);
  if (before === undefined) return undefined;
  return before.ms === ms || after === undefined ? before.value : valueAt(ms, before, after, false).value;
}
