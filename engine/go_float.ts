/**
 * Numbers as text, digit for digit as Go prints them: the fewest digits that read back to the same double, in
 * one of Go's layouts. Infinities are `+Inf` and `-Inf`, zero keeps its sign unless said otherwise.
 */

/** A sample value in API answers: decimal for 0 and 1e-6 <= |x| < 1e21, otherwise with an exponent. */
export function formatValue(x: number): string {
  const size = Math.abs(x);
  // In this range JavaScript prints the same digits in the same layout.
  if (size >= 1e-6 && size < 1e21) return String(x);
  return x === 0 ? formatPlain(x) : formatExponent(x);
}

/** Always decimal, never an exponent (Go's `'f'` with precision -1). */
export function formatPlain(x: number): string {
  const special = formatSpecial(x);
  if (special !== undefined) return special;
  const { sign, digits, exponent } = decimalOf(x);
  return sign + placePoint(digits, exponent);
}

/** Go's `%g` and `%v`: decimal for 0 and 1e-4 <= |x| < 1e6, otherwise with an exponent. */
export function formatG(x: number): string {
  const special = formatSpecial(x);
  if (special !== undefined) return special;
  const size = Math.abs(x);
  // In this range JavaScript prints the same digits in the same layout.
  return size >= 1e-4 && size < 1e6 ? String(x) : formatExponent(x);
}

/**
 * As `formatG`, but whole numbers end in `.0` and zero has no sign: numbers in OpenMetrics, and the canonical form of
 * `le` and `quantile` label values.
 */
export function formatOpenMetrics(x: number): string {
  const text = x === 0 ? "0" : formatG(x);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** Always with an exponent of at least two digits (Go's `'e'` with precision -1). */
export function formatExponent(x: number): string {
  const special = formatSpecial(x);
  if (special !== undefined) return x === 0 ? `${special}e+00` : special;
  const { sign, digits, exponent } = decimalOf(x);
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`;
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `${sign}${mantissa}e${exponent < 0 ? "-" : "+"}${size}`;
}

/** With `digits` digits after the point, never with an exponent (Go's `%.<digits>f`). */
export function formatFixed(x: number, digits: number): string {
  if (!Number.isFinite(x)) return formatPlain(x);
  if (Math.abs(x) < 1e21) return x.toFixed(digits);
  return `${BigInt(x)}.${"0".repeat(digits)}`; // from 2^53 on every double is an integer
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/**
 * The value of a whole float text, in the forms that upstream accepts.
 * @returns The reason, as upstream words it, where the text is refused.
 */
export function parseFloatText(text: string): number | string {
  if (/[pP_]/.test(text)) return "unsupported character in float";
  if (DECIMAL.test(text)) {
    const value = Number(text);
    if (Number.isFinite(value)) return value;
    return `strconv.ParseFloat: parsing ${JSON.stringify(text)}: value out of range`;
  }
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  return `strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`;
}

function formatSpecial(x: number): string | undefined {
  if (x === 0) return Object.is(x, -0) ? "-0" : "0";
  if (Number.isFinite(x)) return undefined;
  return x === Infinity ? "+Inf" : x === -Infinity ? "-Inf" : "NaN";
}

/** Shortest significant digits of a finite number other than 0 and the power of ten of the first one. */
function decimalOf(x: number): { sign: string; digits: string; exponent: number } {
  const [mantissa, exponent] = Math.abs(x).toExponential().split("e") as [string, string];
  return { sign: x < 0 ? "-" : "", digits: mantissa.replace(".", ""), exponent: Number(exponent) };
}

function placePoint(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const rest = digits.slice(exponent + 1);
  return rest === "" ? whole : `${whole}.${rest}`;
}
