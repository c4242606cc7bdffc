const LF = 0x0a, SPACE = 0x20;
/** Powers of ten that a double holds exactly. */
const POW10 = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** Mantissas below this are exact in a double. */
const EXACT_MAX = 2 ** 53;

/**
 * Reads a decimal float at `at` that is followed by a space or a line feed, correctly rounded.
 *
 * Covers the usual texts: up to 18 digits whose mantissa is below 2^53 and a power of ten up to 22, where one
 * multiplication or division of exact doubles rounds once. A delimiter must exist somewhere after `at`.
 * @param out Receives the value in element 0.
 * @returns The index after the last byte of the number, or -1 where `parseFloatText` has to look at the token.
 */
export function readFloat(bytes: Uint8Array, at: number, out: Float64Array): number {
  let i = at;
  let byte = bytes[i];
  const negative = byte === 0x2d;
  if (negative) byte = bytes[++i];
  // XOR with "0" maps the digits, and nothing else, to 0 to 9.
  let digit = byte ^ 0x30;
  const start = i;
  let high = 0, low = 0;
  let digits = 0, fraction = 0;
  while (digit < 10 && digits < 9) {
    high = (high * 10 + digit) | 0;
    digits++;
    byte = bytes[++i];
    digit = byte ^ 0x30;
  }
  let lowDigits = 0;
  while (digit < 10 && lowDigits < 9) {
    low = (low * 10 + digit) | 0;
    lowDigits++;
    byte = bytes[++i];
    digit = byte ^ 0x30;
  }
  if (byte === LF || byte === SPACE) { // an integer, by far the most common
    if (i === start) return -1;
    const mantissa = lowDigits === 0 ? high : high * POW10[lowDigits] + low;
    if (mantissa >= EXACT_MAX) return -1;
    out[0] = negative ? -mantissa : mantissa;
    return i;
  }
  if (byte === 0x2e) {
    byte = bytes[++i];
    digit = byte ^ 0x30;
    const fractionStart = i;
    while (digit < 10 && digits < 9) {
      high = (high * 10 + digit) | 0;
      digits++;
      byte = bytes[++i];
      digit = byte ^ 0x30;
    }
    while (digit < 10 && lowDigits < 9) {
      low = (low * 10 + digit) | 0;
      lowDigits++;
      byte = bytes[++i];
      digit = byte ^ 0x30;
    }
    fraction = i - fractionStart;
  }
  if (digits === 0) return -1;
  let exponent = -fraction;
  if ((byte | 0x20) === 0x65) {
    byte = bytes[++i];
    const down = byte === 0x2d;
    if (down || byte === 0x2b) byte = bytes[++i];
    digit = byte ^ 0x30;
    if (digit > 9) return -1;
    let power = 0;
    while (digit < 10 && power < 1000) {
      power = power * 10 + digit;
      byte = bytes[++i];
      digit = byte ^ 0x30;
    }
    exponent += down ? -power : power;
  }
  if (byte !== LF && byte !== SPACE) return -1;
  const mantissa = lowDigits === 0 ? high : high * POW10[lowDigits] + low;
  if (mantissa >= EXACT_MAX || exponent > 22 || exponent < -22) return -1;
  const value = exponent < 0 ? mantissa / POW10[-exponent] : mantissa * POW10[exponent];
  out[0] = negative ? -value : value;
  return i;
}
