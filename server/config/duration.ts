/**
 * Prometheus durations: integers with units `y w d h m s ms`, each unit at most once, largest first; `0` alone is
 * allowed. Held as whole milliseconds. A year is 365 days, a week 7 days, a day 24 hours.
 */

const SECOND = 1000,
  MINUTE = 60 * SECOND,
  HOUR = 60 * MINUTE,
  DAY = 24 * HOUR,
  WEEK = 7 * DAY,
  YEAR = 365 * DAY;

/** The units, largest first, with their length in ms. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ["y", YEAR],
  ["w", WEEK],
  ["d", DAY],
  ["h", HOUR],
  ["m", MINUTE],
  ["s", SECOND],
  ["ms", 1],
]);
const ORDER = [...UNITS.keys()];

/** The longest duration in ms: what 63 bits of nanoseconds hold, about 292 years. */
export const DURATION_MS_MAX = 9_223_372_036_854;

/** The largest number that upstream's parser reads before a unit. */
const DIGITS_MAX = 2n ** 64n - 1n;

/**
 * Reads a duration such as `1h30m`.
 * @returns Milliseconds, 0 to `DURATION_MS_MAX`.
 * @throws {SyntaxError} If `text` is empty, not a duration or has an unknown unit.
 * @throws {RangeError} If the duration is longer than `DURATION_MS_MAX`.
 */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  if (text === "") throw new SyntaxError("empty duration string");
  const invalid = () => new SyntaxError(`not a valid duration string: ${JSON.stringify(text)}`);
  let totalMs = 0, rank = -1;
  const part = /([0-9]+)([^0-9]+)/y;
  for (let at = 0; at < text.length; at = part.lastIndex) {
    part.lastIndex = at;
    const match = part.exec(text);
    if (match === null || BigInt(match[1]) > DIGITS_MAX) throw invalid();
    const [, digits, unit] = match;
    const unitMs = UNITS.get(unit);
    if (unitMs === undefined) {
      throw new SyntaxError(`unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
    }
    const unitRank = ORDER.indexOf(unit);
    if (unitRank <= rank) throw invalid();
    rank = unitRank;
    totalMs += Number(digits) * unitMs;
    if (totalMs > DURATION_MS_MAX) throw new RangeError("duration out of range");
  }
  return totalMs;
}

/** Prints milliseconds as upstream does: `1h30m`, `0s`, `90d`; years and weeks only where nothing remains. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  let rest = Math.abs(ms), text = ms < 0 ? "-" : "";
  for (const [unit, unitMs] of UNITS) {
    if ((unit === "y" || unit === "w") && rest % unitMs !== 0) continue;
    const count = Math.floor(rest / unitMs);
    if (count === 0) continue;
    text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text;
}
