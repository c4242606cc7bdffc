import type { Labels } from "../../../engine/labels/labels.ts";
import { parseDuration } from "../../../engine/duration.ts";
import { parseMetric } from "./series_values.ts";

/** Start timestamps of one series: ms relative to the sample at the same position, undefined where there is none. */
export interface StartTimes {
  readonly labels: Labels;
  readonly offsetsMs: readonly (number | undefined)[];
}

/** Whether `line` describes start timestamps: its first word ends in `@st`. */
export function isStartTimeLine(line: string): boolean {
  return line.split(/[\t ]/, 1)[0].endsWith("@st") && /[\t ]/.test(line);
}

/**
 * Reads `metric{labels}@st _ _x2 -1m 30sx2 -1s-1mx3`.
 * @throws {SyntaxError | RangeError} If it is not such a line.
 */
export function parseStartTimes(line: string): StartTimes {
  const [metric, ...items] = line.trim().split(/[\t ]+/);
  return { labels: parseMetric(metric.slice(0, -"@st".length)), offsetsMs: items.flatMap(parseItem) };
}

function parseItem(item: string): (number | undefined)[] {
  const omitted = /^_(?:x([1-9]\d*))?$/.exec(item);
  if (omitted) return Array(Number(omitted[1] ?? 1)).fill(undefined);
  const duration = String.raw`([+-]?)(\d+[a-wyzA-WYZ]*)`;
  const parts = new RegExp(String.raw`^${duration}(?:(?:([+-])${duration})?x(\d+))?$`).exec(item);
  if (!parts) throw new SyntaxError(`Cannot read start timestamp ${item}: use -1m, -1mx3 or -1m-30sx3`);
  const [, sign, base, stepSign, innerSign, step, times] = parts;
  const baseMs = signed(parseDuration(base), sign === "-");
  const stepMs = step === undefined
    ? 0
    : signed(parseDuration(step), (stepSign === "-") !== (innerSign === "-"));
  return Array.from({ length: Number(times ?? 0) + 1 }, (_, i) => baseMs + i * stepMs);
}

function signed(ms: number, isNegative: boolean): number {
  return isNegative ? -ms : ms;
}
