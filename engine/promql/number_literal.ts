import { quote } from "../labels/labels.ts";

/**
 * The value of a number token: decimal, `0x…`, `0…` (octal where all digits are), `inf`, `nan`, with `_` between digits.
 * @throws {RangeError} If the text is not a number or exceeds a double. The message is upstream's.
 */
export function parseNumber(text: string): number {
  const refused = (why: string) =>
    new RangeError(`error parsing number: strconv.ParseFloat: parsing ${quote(text)}: ${why}`);
  if (/^inf$/i.test(text)) return Infinity;
  if (/^nan$/i.test(text)) return NaN;
  if (text.endsWith("_")) throw refused("invalid syntax");
  const digits = text.replaceAll("_", "");
  if (/^0[xX]/.test(digits)) {
    // Go reads hexadecimal numbers as 64-bit integers only.
    if (digits.length === 2 || BigInt(digits) >= 2n ** 63n) throw refused("invalid syntax");
    return Number(BigInt(digits));
  }
  if (/^0[0-7]+$/.test(digits) && BigInt("0o" + digits) < 2n ** 63n) return Number(BigInt("0o" + digits));
  const value = Number(digits);
  if (Number.isNaN(value)) throw refused("invalid syntax");
  if (!Number.isFinite(value)) throw refused("value out of range");
  return value;
}

/** The shortest decimal digits that read back as `value`, never with an exponent (Go's `FormatFloat(value, 'f', -1, 64)`). */
export function formatPlain(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const text = String(Math.abs(value));
  const split = text.indexOf("e");
  if (split < 0) return sign + text;
  const exponent = Number(text.slice(split + 1));
  const [whole, fraction = ""] = text.slice(0, split).split(".");
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${whole}${fraction}`;
  return sign + whole + fraction.padEnd(exponent, "0");
}

/** As `formatPlain`, with an exponent below 1e-4 and from 1e21 on (Go's `%v`). */
export function formatShortest(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size === 0 || (size >= 1e-4 && size < 1e21)) return formatPlain(value);
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}

/** `value` with `digits` digits after the point, never with an exponent (Go's `%.<digits>f`). */
export function formatFixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return formatPlain(value);
  if (Math.abs(value) < 1e21) return value.toFixed(digits);
  return `${BigInt(value)}.${"0".repeat(digits)}`; // from 2^53 on every double is an integer
}
