/** Compares two servers' answers to one query. */
import type { QueryData } from "./subjects.ts";

/** Sums may be added up in another order, and upstream changed how over the years. */
const RELATIVE_TOLERANCE = 1e-9;

/** The value of a float; count, sum, and the fields of each bucket of a native histogram. */
type Point = readonly [time: number, numbers: readonly string[]];

/** A series of an answer, as the API has it. */
interface AnswerSeries {
  readonly metric: Record<string, string>;
  readonly value?: FloatPoint;
  readonly values?: readonly FloatPoint[];
  readonly histogram?: HistogramPoint;
  readonly histograms?: readonly HistogramPoint[];
}
type FloatPoint = readonly [time: number, value: string];
type HistogramPoint = readonly [
  time: number,
  { readonly count: string; readonly sum: string; readonly buckets?: readonly (readonly unknown[])[] },
];

/**
 * @param tolerance How far numbers may differ, as a share of the larger one.
 * @returns The first difference in words, or undefined if the answers agree up to rounding and the order of series.
 */
export function differenceOf(
  a: QueryData,
  b: QueryData,
  tolerance = RELATIVE_TOLERANCE,
): string | undefined {
  if (a.resultType !== b.resultType) return `${a.resultType} and ${b.resultType}`;
  const left = seriesOf(a), right = seriesOf(b);
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const points = left.get(key), others = right.get(key);
    if (points === undefined || others === undefined) {
      return `${key} is only in one answer (${left.size} and ${right.size} series)`;
    }
    if (points.length !== others.length) return `${key} has ${points.length} and ${others.length} points`;
    for (let i = 0; i < points.length; i++) {
      const [time, numbers] = points[i]!, [otherTime, otherNumbers] = others[i]!;
      if (time !== otherTime) return `${key} has a point at ${time} and at ${otherTime}`;
      if (numbers.length !== otherNumbers.length) {
        return `${key} at ${time} has ${numbers.length} and ${otherNumbers.length} numbers`;
      }
      for (const [j, number] of numbers.entries()) {
        if (isClose(numberOf(number), numberOf(otherNumbers[j]!), tolerance)) continue;
        const which = numbers.length === 1 ? "" : `, number ${j} of its histogram`;
        return `${key} at ${time}${which} is ${number} and ${otherNumbers[j]}`;
      }
    }
  }
}

function seriesOf({ resultType, result }: QueryData): Map<string, readonly Point[]> {
  if (resultType === "scalar" || resultType === "string") return new Map([["", [floatPoint(result)]]]);
  return new Map((result as AnswerSeries[]).map((series) => [
    JSON.stringify(Object.entries(series.metric).toSorted(([a], [b]) => a < b ? -1 : 1)),
    pointsOf(series),
  ]));
}

function pointsOf({ value, values = [], histogram, histograms = [] }: AnswerSeries): Point[] {
  if (value !== undefined) return [floatPoint(value)];
  if (histogram !== undefined) return [histogramPoint(histogram)];
  return [...values.map(floatPoint), ...histograms.map(histogramPoint)];
}

function floatPoint([time, value]: FloatPoint): Point {
  return [time, [value]];
}

function histogramPoint([time, { count, sum, buckets = [] }]: HistogramPoint): Point {
  return [time, [count, sum, ...buckets.flat().map(String)]];
}

function isClose(a: number, b: number, tolerance: number): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
}

function numberOf(value: string): number {
  return Number(value.replace("Inf", "Infinity"));
}
