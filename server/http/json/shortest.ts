import { writeDigits8 } from "./digits.ts";

/**
 * The shortest decimal that reads back as a given double, found with doubles alone.
 *
 * P = x · 10^p with 10^16 <= P < 10^17 is exact as the sum of two doubles, as 10^22 still is a double. All decimals
 * closer to P than half the distance of doubles there, 0.5 to 11.2, read back as x. So the nearest integer always
 * serves, and often the nearest multiple of 10, 100, …: the last of those that does is what the language prints.
 */
const SIZE_MIN = 1e-6, SIZE_MAX = 1e15;
const POWER_MAX = 22;
const POWERS = Float64Array.from({ length: POWER_MAX + 1 }, (_, n) => Number(`1e${n}`));
/** SIZE_MIN is above 2^-20, SIZE_MAX below 2^50. */
const EXPONENT_MIN = -20, EXPONENTS = 70;
/** By exponent: the most places that a size has, one too many at times, and half the distance of doubles. */
const PLACES = Uint8Array.from(
  { length: EXPONENTS },
  (_, scale) => Math.min(POWER_MAX, 16 - Math.floor(Math.log10(2 ** (scale + EXPONENT_MIN)))),
);
const HALF_STEPS = Float64Array.from({ length: EXPONENTS }, (_, scale) => 2 ** (scale + EXPONENT_MIN - 53));
/** Distances that differ by less from what they are compared with are left to the language. */
const DOUBT = 1e-6;
/** So many zeros at the end or more, of 17 digits, are left to the language, too. */
const ZEROS_MAX = 7;
const SPLITTER = 2 ** 27 + 1;
const HALF = 1e8; // the last eight of 17 digits

const ZERO = 48, POINT = 46;
const bits = new Float64Array(1);
const bitWords = new Int32Array(bits.buffer);

/**
 * Writes `size`, which is no whole number, exactly as `String` has it.
 * @returns The place behind it, up to 24 bytes on; 0 where this way does not know.
 */
export function writeShortest(out: DataView, at: number, size: number): number {
  if (!(size >= SIZE_MIN && size < SIZE_MAX)) return 0;
  bits[0] = size;
  // Below a power of two the distance of doubles is only half of that above.
  if (bitWords[0] === 0 && (bitWords[1] & 0xfffff) === 0) return 0;
  const scale = (bitWords[1] >>> 20) - 1023 - EXPONENT_MIN;
  let places = PLACES[scale];
  if (size * POWERS[places] >= 1e17) places--;
  const power = POWERS[places], product = size * power;
  if (!(product >= 1e16 && product < 1e17)) return 0;

  // product + rest is size · power, exactly (Dekker).
  const sizeWide = size * SPLITTER, sizeHigh = sizeWide - (sizeWide - size), sizeLow = size - sizeHigh;
  const powerWide = power * SPLITTER,
    powerHigh = powerWide - (powerWide - power),
    powerLow = power - powerHigh;
  const rest = sizeHigh * powerHigh - product + sizeHigh * powerLow + sizeLow * powerHigh +
    sizeLow * powerLow;

  const high = Math.floor(product / HALF);
  const low = product - high * HALF + rest; // rounded by at most 2^-26
  const reach = HALF_STEPS[scale] * power;
  let found = Math.floor(low + 0.5), distance = Math.abs(low - found), zeros = 0;
  for (let unit = 10, inverse = 0.1; zeros < ZEROS_MAX; unit *= 10, inverse *= 0.1) {
    const multiple = Math.floor(low * inverse + 0.5) * unit, away = Math.abs(low - multiple);
    if (away > reach + DOUBT) break;
    if (away > reach - DOUBT) return 0;
    found = multiple;
    distance = away;
    zeros++;
  }
  // Two that are as near: only possible with the last digit or the one before it.
  if (zeros < 2 && distance > (zeros === 0 ? 0.5 : 5) - DOUBT) return 0;
  if (zeros === ZEROS_MAX || !(found >= 0 && found < HALF) || high < HALF || high >= 10 * HALF) return 0;
  return writePlaces(out, at, high, found, places) - zeros;
}

/** Writes the 17 digits of `high` and `low` with `places`, 2 to 22, behind the point. */
function writePlaces(out: DataView, at: number, high: number, low: number, places: number): number {
  const whole = 17 - places;
  let digitsAt = at + 1;
  if (whole <= 0) {
    for (let i = 0; i < 2 - whole; i++) out.setUint8(at + i, ZERO);
    out.setUint8(at + 1, POINT);
    digitsAt = at + 2 - whole;
  }
  const first = high / HALF | 0, middle = high - first * HALF | 0;
  out.setUint8(digitsAt, ZERO + first);
  writeDigits8(out, digitsAt + 1, middle);
  writeDigits8(out, digitsAt + 9, low | 0);
  for (let i = 0; i < whole; i++) out.setUint8(at + i, out.getUint8(at + i + 1));
  if (whole > 0) out.setUint8(at + whole, POINT);
  return digitsAt + 17;
}
