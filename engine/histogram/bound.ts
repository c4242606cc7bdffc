import { EXPONENTIAL_SCHEMA_MAX, isCustomBucketsSchema } from "./schema.ts";

/**
 * Upper bounds of the 256 buckets of schema 8 in [0.5, 1). Every lower schema uses each 2^n-th of them.
 * Built by doubling the resolution step by step, rounding and all as upstream's published table has it: exact
 * powers would differ from it in the last bits.
 */
const FRACTIONS = doubledTo(EXPONENTIAL_SCHEMA_MAX);

function doubledTo(schema: number): Float64Array {
  let bounds = Float64Array.of(0.5, 1 / Math.SQRT2);
  for (let n = 2; n <= schema; n++) {
    const factor = 2 ** (2 ** -n);
    const finer = new Float64Array(2 * bounds.length);
    for (let i = 0; i < bounds.length; i++) {
      finer[2 * i] = bounds[i]!;
      finer[2 * i + 1] = bounds[i]! * factor;
    }
    bounds = finer;
  }
  return bounds;
}

/** Upper bound of bucket `index` of an exponential schema from -4 to 8, on the positive side. */
export function exponentialBound(index: number, schema: number): number {
  if (schema < 0) {
    const exponent = index * 2 ** -schema;
    // The last bucket of regular numbers ends at the largest of them, so that ±Inf have a bucket of their own.
    return exponent === 1024 ? Number.MAX_VALUE : 2 ** exponent;
  }
  const fraction = FRACTIONS[(index & ((1 << schema) - 1)) << (EXPONENTIAL_SCHEMA_MAX - schema)]!;
  const exponent = (index >> schema) + 1;
  return fraction === 0.5 && exponent === 1025 ? Number.MAX_VALUE : scaleByPowerOf2(fraction, exponent);
}

/**
 * Upper bound of bucket `index`, which for custom buckets runs from -1 (-Inf) to `customValues.length` (+Inf).
 * @throws {RangeError} If there is no such custom bucket.
 */
export function getBound(index: number, schema: number, customValues: Float64Array): number {
  if (!isCustomBucketsSchema(schema)) return exponentialBound(index, schema);
  if (index === -1) return -Infinity;
  if (index === customValues.length) return Infinity;
  const bound = customValues[index];
  if (bound === undefined) {
    throw new RangeError(
      `Cannot tell bound of custom bucket ${index}: histogram has ${customValues.length} custom bounds`,
    );
  }
  return bound;
}

/** Index of the bucket of `targetSchema` that bucket `index` of the finer `schema` lies in. */
export function indexAtSchema(index: number, schema: number, targetSchema: number): number {
  return ((index - 1) >> Math.min(31, schema - targetSchema)) + 1;
}

/** `fraction * 2^exponent`, where 2^exponent alone may be too large or too small for a double. */
export function scaleByPowerOf2(fraction: number, exponent: number): number {
  const half = Math.trunc(exponent / 2);
  return fraction * 2 ** half * 2 ** (exponent - half);
}
