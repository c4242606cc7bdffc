/**
 * The two NaN bit patterns that mean "no number here" in a column of samples.
 *
 * V8 keeps the bits of a NaN only inside Float64Array memory: write them with `set`, `fill` through these
 * views or `copyWithin`, and test them through a Uint32Array view. A NaN that passes through a variable,
 * `number[]` or an object field may lose them.
 */

/** High and low words of the staleness marker, upstream's own. */
export const STALE_HIGH = 0x7ff00000;
export const STALE_LOW = 0x00000002;

/** High and low words of "no sample": never stored in a chunk, never leaves the engine. */
export const ABSENT_HIGH = 0x7ff00000;
export const ABSENT_LOW = 0x0000ab5e;

/** High and low words of the canonical NaN that a sample value "NaN" is stored as. */
export const NAN_HIGH = 0x7ff80000;
export const NAN_LOW = 0x00000001;

/** The high words of doubles `i` and low words, for a view of words over a Float64Array (little-endian). */
export function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** Whether word pair `i` of `words` is the staleness marker. */
export function isStale(words: Uint32Array, i: number): boolean {
  return words[2 * i + 1] === STALE_HIGH && words[2 * i] === STALE_LOW;
}

/** Whether word pair `i` of `words` means "no sample". */
export function isAbsent(words: Uint32Array, i: number): boolean {
  return words[2 * i + 1] === ABSENT_HIGH && words[2 * i] === ABSENT_LOW;
}

/** Writes "no sample" to values `[start, end)` of the view. */
export function fillAbsent(words: Uint32Array, start: number, end: number): void {
  for (let i = 2 * start; i < 2 * end; i += 2) {
    words[i] = ABSENT_LOW;
    words[i + 1] = ABSENT_HIGH;
  }
}

/** Writes the staleness marker to value `i` of the view. */
export function setStale(words: Uint32Array, i: number): void {
  words[2 * i] = STALE_LOW;
  words[2 * i + 1] = STALE_HIGH;
}
