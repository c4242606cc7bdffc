/** Schema of histograms with custom bucket bounds. */
export const CUSTOM_BUCKETS_SCHEMA = -53;
/** Exponential schemas that are stored and calculated with. */
export const EXPONENTIAL_SCHEMA_MIN = -4;
export const EXPONENTIAL_SCHEMA_MAX = 8;
/** Exponential schemas that are accepted; those above the stored ones lose resolution on the way in. */
export const RESERVED_SCHEMA_MIN = -9;
export const RESERVED_SCHEMA_MAX = 52;

export function isCustomBucketsSchema(schema: number): boolean {
  return schema === CUSTOM_BUCKETS_SCHEMA;
}

export function isExponentialSchema(schema: number): boolean {
  return schema >= EXPONENTIAL_SCHEMA_MIN && schema <= EXPONENTIAL_SCHEMA_MAX;
}

/** Whether a histogram of this schema may be stored as it is. */
export function isValidSchema(schema: number): boolean {
  return isCustomBucketsSchema(schema) || isExponentialSchema(schema);
}

/** Whether a histogram of this schema may be ingested, if need be at a lower resolution. */
export function isKnownSchema(schema: number): boolean {
  return isCustomBucketsSchema(schema) || (schema >= RESERVED_SCHEMA_MIN && schema <= RESERVED_SCHEMA_MAX);
}
