import { quote } from "../../../engine/labels/labels.ts";
import { parseDuration as parsePrometheusDuration } from "../../../engine/duration.ts";
import { parseFloatText } from "../../../engine/go_float.ts";

const NANOSECONDS_MAX = 2 ** 63;

/**
 * Reads seconds or a Prometheus duration.
 * @returns Milliseconds, with a fraction where there are smaller parts.
 * @throws {SyntaxError | RangeError} If `text` is neither, or is longer than about 292 years.
 */
export function parseDuration(text: string): number {
  const seconds = parseFloatText(text);
  if (typeof seconds === "number") {
    if (Number.isNaN(seconds)) return -NANOSECONDS_MAX / 1e6; // as Go converts it on the usual processors
    const nanoseconds = Math.trunc(seconds * 1e9);
    if (Math.abs(nanoseconds) > NANOSECONDS_MAX) {
      throw new RangeError(`cannot parse ${quote(text)} to a valid duration. It overflows int64`);
    }
    return nanoseconds / 1e6;
  }
  try {
    return parsePrometheusDuration(text);
  } catch (cause) {
    throw new SyntaxError(`cannot parse ${quote(text)} to a valid duration`, { cause });
  }
}
