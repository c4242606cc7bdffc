/** Milliseconds of 400 years, after which the calendar repeats. */
const CYCLE_MS = 146_097 * 86_400_000;
/** What 64 bits hold. */
const MS_MAX = 2 ** 63;

/**
 * A time in UTC as Go prints it in the layout `2006-01-02T15:04:05.000Z`, years beyond those of a `Date` included.
 * @param ms Milliseconds since the Unix epoch; beyond 64 bits, the last time that fits them.
 */
export function formatTimestamp(ms: number): string {
  const bounded = Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, -MS_MAX), MS_MAX);
  const rest = (bounded % CYCLE_MS + CYCLE_MS) % CYCLE_MS; // exact, as all of these are whole
  const cycles = Math.round((bounded - rest) / CYCLE_MS);
  const text = new Date(rest).toISOString(); // 1970 to 2370
  const year = Number(text.slice(0, 4)) + 400 * cycles;
  return `${year < 0 ? "-" : ""}${String(Math.abs(year)).padStart(4, "0")}${text.slice(4)}`;
}
