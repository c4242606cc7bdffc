/**
 * Prometheus sizes: numbers with a unit `B KB MB GB TB PB EB` or `KiB` … `EiB`, all powers of two, several in a row
 * added up (`1GB512MB`); a lone `0` needs no unit. Held as bytes; above 2^53 bytes only as exact as a double.
 */

const PREFIXES = ["", "K", "M", "G", "T", "P", "E"];
const SIZE_LIMIT = 2 ** 63;

/** What upstream's integer reader takes before it gives up. */
const DIGITS_LIMIT = (2n ** 63n - 10n) / 10n;

/**
 * Reads a size such as `512MB`.
 * @returns Bytes, a whole number; negative where the text starts with `-`.
 * @throws {SyntaxError} If `text` is not a size or has an unknown unit.
 * @throws {RangeError} If the size does not fit 63 bits.
 */
export function parseSize(text: string): number {
  try {
    return parseUnits(text, "iB");
  } catch {
    return parseUnits(text, "B");
  }
}

function parseUnits(text: string, suffix: string): number {
  const invalid = () => new SyntaxError(`units: invalid ${text}`);
  const negative = text.startsWith("-");
  const body = negative || text.startsWith("+") ? text.slice(1) : text;
  if (body === "0") return 0;
  if (body === "") throw invalid();
  let bytes = 0;
  const part = /([0-9]*)(?:\.([0-9]*))?([^0-9.]*)/y;
  for (let at = 0; at < body.length; at = part.lastIndex) {
    part.lastIndex = at;
    const [, whole, fraction = "", unit] = part.exec(body)!;
    if (whole === "" && fraction === "") throw invalid();
    if (tooLong(whole) || tooLong(fraction)) throw invalid();
    const power = unit === "B"
      ? 0
      : PREFIXES.findIndex((prefix) => prefix !== "" && unit === prefix + suffix);
    if (power < 0) throw new SyntaxError(`units: unknown unit ${unit} in ${text}`);
    bytes += (Number(whole || 0) + Number(fraction || 0) / 10 ** fraction.length) * 1024 ** power;
  }
  if (bytes >= SIZE_LIMIT) throw new RangeError("units: overflow parsing unit");
  return Math.trunc(negative ? -bytes : bytes) || 0;
}

/** Whether upstream's reader would overflow on these digits: its running value reaches the limit before the last one. */
function tooLong(digits: string): boolean {
  return digits.length > 18 && BigInt(digits.slice(0, -1)) >= DIGITS_LIMIT;
}

/** Prints bytes as upstream does: `15MiB`, `1KiB512B`, `0B`. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return "0B";
  let text = "", rest = Math.abs(bytes);
  for (const [power, prefix] of PREFIXES.entries()) {
    const count = rest % 1024;
    const unit = power === 0 ? "B" : `${prefix}iB`;
    if (count !== 0) text = `${bytes < 0 ? "-" : ""}${count}${unit}` + text;
    rest = Math.floor(rest / 1024);
    if (rest === 0) break;
  }
  return text;
}
