/** Units from biggest to smallest, the order in which a duration has to name them. */
const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ["y", 365 * 24 * 3600 * 1000],
  ["w", 7 * 24 * 3600 * 1000],
  ["d", 24 * 3600 * 1000],
  ["h", 3600 * 1000],
  ["m", 60 * 1000],
  ["s", 1000],
  ["ms", 1],
];

/** Upstream counts in 64-bit nanoseconds: about 292 years. */
export const DURATION_SECONDS_MAX = 2 ** 63 / 1e9;
const DURATION_MS_MAX = DURATION_SECONDS_MAX * 1000;

/**
 * The length in whole ms of a duration such as `1h30m`: integers with the units y w d h m s ms, biggest first,
 * each at most once; or `0`.
 * @throws {RangeError} If `text` is not such a duration or is longer than about 292 years. The message is upstream's.
 */
export function parseDuration(text: string): number {
  if (text === "") throw new RangeError("empty duration string");
  if (text === "0") return 0;
  let ms = 0;
  let previousUnit = -1;
  for (let at = 0; at < text.length;) {
    const [part, digits, unit] = /^([0-9]*)([^0-9]*)/.exec(text.slice(at))!;
    at += part.length;
    if (digits === "" || unit === "") {
      throw new RangeError(`not a valid duration string: ${JSON.stringify(text)}`);
    }
    const unitIndex = UNITS.findIndex(([name]) => name === unit);
    if (unitIndex < 0) {
      throw new RangeError(`unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
    }
    if (unitIndex <= previousUnit) {
      throw new RangeError(`not a valid duration string: ${JSON.stringify(text)}`);
    }
    previousUnit = unitIndex;
    ms += Number(digits) * UNITS[unitIndex][1];
    if (ms >= DURATION_MS_MAX) throw new RangeError("duration out of range");
  }
  return ms;
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
