/** Compares two servers' answers to one query. */
import type { QueryData } from "./subjects.ts";

/** Sums may be added up in another order, and upstream changed how over the years. */
const RELATIVE_TOLERANCE = 1e-9;

type Points = readonly (readonly [time: number, value: string])[];

/** @returns The first difference in words, or undefined if the answers agree up to rounding and the order of series. */
export function differenceOf(a: QueryData, b: QueryData): string | undefined {
  if (a.resultType !== b.resultType) return `${a.resultType} and ${b.resultType}`;
  const left = seriesOf(a), right = seriesOf(b);
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const points = left.get(key), others = right.get(key);
    if (points === undefined || others === undefined) {
      return `${key} is only in one answer (${left.size} and ${right.size} series)`;
    }
    if (points.length !== others.length) return `${key} has ${points.length} and ${others.length} points`;
    for (let i = 0; i < points.length; i++) {
      const [time, value] = points[i]!, [otherTime, otherValue] = others[i]!;
      if (time !== otherTime) return `${key} has a point at ${time} and at ${otherTime}`;
      if (!isClose(numberOf(value), numberOf(otherValue))) {
        return `${key} at ${time} is ${value} and ${otherValue}`;
      }
    }
  }
}

function seriesOf({ resultType, result }: QueryData): Map<string, Points> {
  if (resultType === "scalar" || resultType === "string") return new Map([["", [result]]]);
  const series = result as { metric: Record<string, string>; value?: Points[number]; values?: Points }[];
  return new Map(series.map(({ metric, value, values }) => [
    JSON.stringify(Object.entries(metric).toSorted(([a], [b]) => a < b ? -1 : 1)),
    values ?? [value!],
  ]));
}

function isClose(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  return Math.abs(a - b) <= RELATIVE_TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}

function numberOf(value: string): number {
  return Number(value.replace("Inf", "Infinity"));
}
