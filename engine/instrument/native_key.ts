import { exponentialBound } from "../histogram/bound.ts";
import { EXPONENTIAL_SCHEMA_MAX, EXPONENTIAL_SCHEMA_MIN } from "../histogram/schema.ts";

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const EXPONENT_BIAS = 1022; // puts the fraction in [0.5, 1)
const SUBNORMAL_SHIFT = 54;

/** By schema from 0, the bounds within one doubling, as fractions in [0.5, 1). */
const fractionBounds: readonly Float64Array[] = Array.from(
  { length: EXPONENTIAL_SCHEMA_MAX + 1 },
  (_, schema) =>
    Float64Array.from({ length: 1 << schema }, (_, i) => exponentialBound(i - (1 << schema), schema)),
);

/**
 * Index of the exponential bucket that holds `|value|`: the smallest `i` with `|value| <= 2^(i·2^-schema)`.
 * An infinite value falls in the bucket after that of the largest finite one.
 * @param value Neither 0 nor NaN.
 */
export function nativeBucketKey(value: number, schema: number): number {
  if (value === Infinity || value === -Infinity) return nativeBucketKey(Number.MAX_VALUE, schema) + 1;
  float[0] = value;
  let exponent = (words[1] >>> 20) & 0x7ff;
  if (exponent === 0) { // subnormal
    float[0] = value * 2 ** SUBNORMAL_SHIFT;
    exponent = ((words[1] >>> 20) & 0x7ff) - SUBNORMAL_SHIFT;
  }
  exponent -= EXPONENT_BIAS;
  words[1] = (words[1] & 0x000fffff) | (EXPONENT_BIAS << 20);
  const fraction = float[0];
  if (schema <= 0) {
    const index = fraction === 0.5 ? exponent - 1 : exponent;
    return (index + (1 << -schema) - 1) >> -schema;
  }
  const bounds = fractionBounds[schema];
  let low = 0, high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (bounds[middle] < fraction) low = middle + 1;
    else high = middle;
  }
  return low + (exponent - 1) * bounds.length;
}

/**
 * The coarsest schema whose buckets grow by at most `factor` from one to the next, within the schemas there are.
 * @throws {RangeError} If `factor` is not above 1.
 */
export function schemaOf(factor: number): number {
  if (!(factor > 1)) {
    throw new RangeError(`Native bucket factor is ${factor}: give a number above 1, such as 1.1`);
  }
  const schema = 0 - Math.floor(Math.log2(Math.log2(factor)));
  return Math.min(EXPONENTIAL_SCHEMA_MAX, Math.max(EXPONENTIAL_SCHEMA_MIN, schema));
}
