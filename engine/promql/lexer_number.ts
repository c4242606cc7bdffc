/** The extent of a number or duration literal as upstream's scanner sees it; its value is checked later. */
export interface NumberExtent {
  readonly type: "number" | "duration" | "invalid";
  /** Exclusive; of an invalid literal, the end of the text that upstream quotes. */
  readonly end: number;
}

const DECIMAL = "0123456789";
const HEXADECIMAL = "0123456789abcdefABCDEF";

/** Scans the literal at `start`, where a digit, or a point and a digit, is known to be. */
export function scanNumberOrDuration(input: string, start: number): NumberExtent {
  const number = scanNumber(input, start);
  if (number.isValid) return { type: "number", end: number.end };
  const duration = scanRestOfDuration(input, number.end);
  return { type: duration.isValid ? "duration" : "invalid", end: duration.end };
}

interface Scan {
  readonly isValid: boolean;
  readonly end: number;
}

function scanNumber(input: string, start: number): Scan {
  let at = start;
  const is = (chars: string) => at < input.length && chars.includes(input[at]);
  const accept = (chars: string) => is(chars) && at++ >= 0;
  let digits = DECIMAL;
  if (accept("0") && accept("xX")) {
    accept("_");
    digits = HEXADECIMAL;
  }
  accept(".");
  accept(digits);
  let hasPoint = false, hasExponent = false;
  while (is(digits + "._eE")) {
    if (is(".") && hasPoint || is("eE") && hasExponent) return { isValid: false, end: at + 1 };
    if (accept(".")) {
      hasPoint = true;
      if (accept("_.") || digits === HEXADECIMAL) return { isValid: false, end: at };
    } else if (accept("eE")) {
      hasExponent = true;
      accept("+-");
      if (accept("._eE") || at === input.length) return { isValid: false, end: at };
    } else if (accept("_")) {
      if (accept("._eE") || at === input.length) return { isValid: false, end: at };
    } else {
      while (accept(digits)) { /* the run of digits */ }
    }
  }
  return { isValid: at > start && !isWordChar(input, at), end: at };
}

/** The rest of a duration after its first digits: a unit, then more digits and units. */
function scanRestOfDuration(input: string, start: number): Scan {
  let at = start;
  const accept = (chars: string) => at < input.length && chars.includes(input[at]) && at++ >= 0;
  if (!accept("smhdwy")) return { isValid: false, end: at };
  accept("s"); // ms; nonsense such as hs is refused when the duration is read
  while (accept(DECIMAL)) {
    while (accept(DECIMAL)) { /* the run of digits */ }
    if (!accept("smhdw")) return { isValid: false, end: at };
    accept("s");
  }
  return isWordChar(input, at) ? { isValid: false, end: at + 1 } : { isValid: true, end: at };
}

function isWordChar(input: string, at: number): boolean {
  return at < input.length && /\w/.test(input[at]);
}
