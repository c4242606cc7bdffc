import { parseFloatText } from "../../../engine/go_float.ts";
import { quote } from "../../../engine/labels/labels.ts";

/** Texts read as Go's strconv reads them, with its error texts. */

/** @throws {SyntaxError | RangeError} If `text` is not a decimal integer that 64 bits hold. */
export function parseInteger(text: string): number {
  if (!/^[+-]?[0-9]+$/.test(text)) {
    throw new SyntaxError(`strconv.Atoi: parsing ${quote(text)}: invalid syntax`);
  }
  if (BigInt.asIntN(64, BigInt(text.replace(/^\+/, ""))) !== BigInt(text.replace(/^\+/, ""))) {
    throw new RangeError(`strconv.Atoi: parsing ${quote(text)}: value out of range`);
  }
  return Number(text);
}

/** A decimal number; undefined if `text` is none or is not finite. */
export function parseNumber(text: string): number | undefined {
  const number = parseFloatText(text);
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** @throws {SyntaxError} If `text` is none of 1, t, true, 0, f, false in Go's spellings. */
export function parseBoolean(text: string): boolean {
  if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(?:0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw new SyntaxError(`strconv.ParseBool: parsing ${quote(text)}: invalid syntax`);
}
