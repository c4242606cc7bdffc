import { quote } from "./labels/labels.ts";

/**
 * Prometheus durations: integers with units `y w d h m s ms`, each unit at most once, largest first; `0` alone is
 * allowed. A year is 365 days, a week 7 days, a day 24 hours.
 */

/** The units, largest first, with their length in ms. */
const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ["y", 365 * 24 * 3600 * 1000],
  ["w", 7 * 24 * 3600 * 1000],
  ["d", 24 * 3600 * 1000],
  ["h", 3600 * 1000],
  ["m", 60 * 1000],
  ["s", 1000],
  ["ms", 1],
];

/** Upstream counts in 63 bits of nanoseconds: about 292 years. */
export const DURATION_SECONDS_MAX = 2 ** 63 / 1e9;
/** The same in whole ms. */
export const DURATION_MS_MAX = Math.floor(DURATION_SECONDS_MAX * 1000);

/** The largest number that upstream's parser reads before a unit. */
const DIGITS_MAX = 2n ** 64n - 1n;

/**
 * Reads a duration such as `1h30m`. The messages of errors are upstream's.
 * @returns Whole milliseconds, 0 to `DURATION_MS_MAX`.
 * @throws {SyntaxError} If `text` is empty, not a duration or has an unknown unit.
 * @throws {RangeError} If the duration is longer than `DURATION_MS_MAX`.
 */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  if (text === "") throw new SyntaxError("empty duration string");
  const invalid = () => new SyntaxError(`not a valid duration string: ${quote(text)}`);
  let totalMs = 0, previous = -1;
  const part = /([0-9]+)([^0-9]+)/y;
  for (let at = 0; at < text.length; at = part.lastIndex) {
    part.lastIndex = at;
    const match = part.exec(text);
    if (match === null || BigInt(match[1]) > DIGITS_MAX) throw invalid();
    const [, digits, unit] = match;
    const index = UNITS.findIndex(([name]) => name === unit);
    if (index < 0) throw new SyntaxError(`unknown unit ${quote(unit)} in duration ${quote(text)}`);
    if (index <= previous) throw invalid();
    previous = index;
    totalMs += Number(digits) * UNITS[index][1];
    if (totalMs > DURATION_MS_MAX) throw new RangeError("duration out of range");
  }
  return totalMs;
}

/** `ms` in the form that `parseDuration` reads, `-` in front where it is negative. Fractions of a ms are cut off. */
export function formatDuration(ms: number): string {
  let rest = Math.trunc(Math.abs(ms));
  if (rest === 0) return "0s";
  let out = ms < 0 ? "-" : "";
  for (const [unit, unitMs] of UNITS) {
    // Years and weeks only where nothing remains: 90d reads better than 12w6d.
    if ((unit === "y" || unit === "w") && rest % unitMs !== 0) continue;
    const count = Math.floor(rest / unitMs);
    if (count > 0) out += count + unit;
    rest -= count * unitMs;
  }
  return out;
}

/** Whole ms of `seconds`, by way of nanoseconds as upstream does; digits below a ms are cut off. */
export function secondsToMs(seconds: number): number {
  return Math.sign(seconds) * Math.trunc(Math.round(Math.abs(seconds) * 1e9) / 1e6);
}

/** Seconds of whole `ms`, rounded as upstream does: the fraction on its own. */
export function msToSeconds(ms: number): number {
  return Math.trunc(ms / 1000) + (ms % 1000) / 1000;
}
