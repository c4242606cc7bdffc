/** Upper bounds in use where a histogram names none; made for latencies in seconds. */
export const DEFAULT_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * `count` upper bounds `width` apart, the first being `start`; +Inf comes on top and is not counted.
 * @throws {RangeError} If `count` is below 1 or `width` is not above 0.
 */
export function linearBuckets(start: number, width: number, count: number): number[] {
  checkCount(count);
  checkAbove(width, 0, "width");
  return Array.from({ length: count }, (_, i) => start + i * width);
}

/**
 * `count` upper bounds, the first being `start`, each `factor` times the one before; +Inf is not counted.
 * @throws {RangeError} If `count` is below 1, `start` not above 0 or `factor` not above 1.
 */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  checkCount(count);
  checkAbove(start, 0, "start");
  checkAbove(factor, 1, "factor");
  const bounds: number[] = [];
  for (let bound = start; bounds.length < count; bound *= factor) bounds.push(bound);
  return bounds;
}

/**
 * `count` upper bounds from `min` to `max`, evenly spread on a logarithmic scale; +Inf is not counted.
 * @throws {RangeError} If `count` is below 1, `min` not above 0 or `max` not above `min`.
 */
export function exponentialRangeBuckets(min: number, max: number, count: number): number[] {
  checkCount(count);
  checkAbove(min, 0, "min");
  checkAbove(max, min, "max");
  const factor = Math.pow(max / min, 1 / (count - 1));
  return Array.from({ length: count }, (_, i) => i === 0 ? min : i === count - 1 ? max : min * factor ** i);
}

/**
 * The bounds as a column, without a trailing +Inf, which every histogram has anyway.
 * @throws {RangeError} If they do not strictly increase or one is NaN.
 */
export function checkedBounds(bounds: readonly number[]): Float64Array {
  for (let i = 0; i < bounds.length; i++) {
    if (i === 0 ? !Number.isNaN(bounds[0]) : bounds[i] > bounds[i - 1]) continue;
    throw new RangeError(
      `Bucket bound ${bounds[i]} at position ${i} is not above the one before it` +
        `${i > 0 ? ` (${bounds[i - 1]})` : ""}: sort the bounds and name each once`,
    );
  }
  return Float64Array.from(bounds.at(-1) === Infinity ? bounds.slice(0, -1) : bounds);
}

function checkCount(count: number): void {
  if (!(Number.isInteger(count) && count >= 1)) {
    throw new RangeError(`Number of buckets is ${count}: give a whole number from 1`);
  }
}

function checkAbove(value: number, limit: number, what: string): void {
  if (!(value > limit)) throw new RangeError(`Bucket ${what} is ${value}: give a number above ${limit}`);
}
