import type { ByteSink } from "./byte_sink.ts";
import { decodeIntegers, encodeIntegers } from "./integers.ts";

/**
 * A column of timestamps, whole milliseconds: the integers of integers.ts without a header of their own. A regular
 * grid takes about 12 bytes whatever its length, jitter of ±2 ms about 3 bits more per timestamp.
 *
 * Appends `times[0, count)`.
 * @throws {RangeError} If they are not integers of at most ±2^53, or two of them are more than 2^50 apart.
 */
export function encodeTimestamps(times: Float64Array, count: number, out: ByteSink): void {
  encodeIntegers(times, count, out);
}

/**
 * Reads `count` timestamps to `out` from `outStart`. What `out` held there is unspecified after an error.
 * @returns The offset behind the column.
 * @throws {RangeError} If the bytes are cut short or damaged.
 */
export function decodeTimestamps(
  bytes: Uint8Array,
  offset: number,
  count: number,
  out: Float64Array,
  outStart: number,
): number {
  return decodeIntegers(bytes, offset, count, out, outStart);
}
