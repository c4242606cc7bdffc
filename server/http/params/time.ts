import { quote } from "../../../engine/labels/labels.ts";
import { formatTimestamp } from "../../../engine/go_time.ts";
import { parseNumber } from "./go_text.ts";

/** The time range of requests that give none, in ms; upstream's bounds, as near as a number gets to them. */
export const TIME_MS_MIN = -9_223_309_901_257_974_000;
export const TIME_MS_MAX = 9_223_309_901_257_974_999;

/** How upstream writes these bounds: with years that no other time may have. */
const BOUNDS: ReadonlyMap<string, number> = new Map([
  ["-292273086-05-16T16:47:06Z", TIME_MS_MIN],
  ["292277025-08-18T07:12:54.999999999Z", TIME_MS_MAX],
]);

const RFC3339 =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/;

/**
 * Reads Unix seconds or an RFC 3339 time.
 * @returns Whole milliseconds since the Unix epoch; beyond the bounds, the bound.
 * @throws {SyntaxError} If `text` is neither.
 */
export function parseTime(text: string): number {
  const seconds = parseNumber(text);
  if (seconds !== undefined) {
    const whole = Math.trunc(seconds);
    const ms = whole * 1000 + Math.round((seconds - whole) * 1000);
    return Math.min(Math.max(ms, TIME_MS_MIN), TIME_MS_MAX);
  }
  const ms = parseRfc3339(text) ?? BOUNDS.get(text);
  if (ms === undefined) throw new SyntaxError(`cannot parse ${quote(text)} to a valid timestamp`);
  return ms;
}

/** Digits below a ms are cut off; undefined if `text` is not a time that exists. */
function parseRfc3339(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const [fraction = "", sign, zoneHour = "0", zoneMinute = "0"] = match.slice(7);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exists = month >= 1 && month <= 12 && date.getUTCDate() === day && date.getUTCMonth() === month - 1;
  if (!exists || hour > 23 || minute > 59 || second > 59) return undefined;
  if (Number(zoneHour) > 24 || Number(zoneMinute) > 60) return undefined;
  const zoneMs = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000 * (sign === "-" ? -1 : 1);
  const ms = Number(fraction.slice(0, 3).padEnd(3, "0"));
  return date.setUTCHours(hour, minute, second, ms) - zoneMs;
}

/** RFC 3339 as Go prints it in JSON: in UTC, without zeros at the end. */
export function formatTime(ms: number): string {
  return formatTimestamp(ms).replace(/\.?0*Z$/, "Z");
}

/** Go's zero time: never. */
export const NEVER = "0001-01-01T00:00:00Z";
