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
