/** Largest power of ten that a column is scaled by. */
const DECIMAL_PLACES_MAX = 15;
/** Largest magnitude of a scaled value: keeps all differences exact and in range for `encodeIntegers`. */
const SCALED_MAX = 2 ** 49;

/** 10^places and 10^-places. Exact up to 10^22; the reciprocals are the nearest doubles. */
const POWERS: readonly number[] = Array.from({ length: DECIMAL_PLACES_MAX + 1 }, (_, n) => Number(`1e${n}`));
const RECIPROCALS: readonly number[] = POWERS.map((_, n) => Number(`1e-${n}`));

/**
 * How integers m become the doubles of a column. What programs print depends on how they scaled their integers;
 * the ways differ in the last bit.
 */
export const DIVIDED = 0; // m / 10^places: what parsing a short decimal number gives
export const MULTIPLIED = 1; // m * 10^-places: milliseconds times 0.001
export const DIVIDED_TWICE = 2; // m / 1000 / 10^(places - 3): microseconds to milliseconds to seconds
export type Scaling = typeof DIVIDED | typeof MULTIPLIED | typeof DIVIDED_TWICE;

export interface DecimalScale {
  readonly scaling: Scaling;
  /** 0 to 15, for DIVIDED_TWICE 4 to 15. */
  readonly places: number;
}

/**
 * Writes to `integers[0, count)` the integers that `unscale` turns back into `values[0, count)` bit by bit.
 * No value may be NaN, infinite or -0.
 * @returns The scale, with the fewest places that serve all values, or `undefined` if there is none.
 */
export function scaleToIntegers(
  values: Float64Array,
  count: number,
  integers: Float64Array,
): DecimalScale | undefined {
  return tryScaling(values, count, integers, DIVIDED, 0) ??
    tryScaling(values, count, integers, MULTIPLIED, 1) ??
    tryScaling(values, count, integers, DIVIDED_TWICE, 4);
}

function tryScaling(
  values: Float64Array,
  count: number,
  integers: Float64Array,
  scaling: Scaling,
  placesMin: number,
): DecimalScale | undefined {
  for (let places = placesMin, from = 0; places <= DECIMAL_PLACES_MAX; places++) {
    // Find the places that the next value needs, then go on as far as they reach.
    if (scaleRun(values, from, from + 1, integers, scaling, places) === from) continue;
    const end = scaleRun(values, from, count, integers, scaling, places);
    if (end < count) {
      from = end;
      continue;
    }
    // Values before `from` were scaled with fewer places.
    return scaleRun(values, 0, from, integers, scaling, places) === from ? { scaling, places } : undefined;
  }
  return undefined;
}

/** Scales `values[start, end)` up to the first that does not come back. @returns Where it stopped. */
function scaleRun(
  values: Float64Array,
  start: number,
  end: number,
  integers: Float64Array,
  scaling: Scaling,
  places: number,
): number {
  const power = POWERS[places], factor = factorOf(scaling, places);
  for (let i = start; i < end; i++) {
    const value = values[i], m = Math.round(value * power);
    if (unscaled(m, scaling, factor) !== value || !(m <= SCALED_MAX && m >= -SCALED_MAX)) return i;
    integers[i] = m;
  }
  return end;
}

/** Turns integers `[start, end)` back into the values they stand for, in place. */
export function unscale(
  column: Float64Array,
  start: number,
  end: number,
  { scaling, places }: DecimalScale,
): void {
  if (places === 0) return;
  const factor = factorOf(scaling, places);
  for (let i = start; i < end; i++) column[i] = unscaled(column[i], scaling, factor);
}

function factorOf(scaling: Scaling, places: number): number {
  return scaling === DIVIDED
    ? POWERS[places]
    : scaling === MULTIPLIED
    ? RECIPROCALS[places]
    : POWERS[places - 3];
}

function unscaled(m: number, scaling: Scaling, factor: number): number {
  return scaling === DIVIDED ? m / factor : scaling === MULTIPLIED ? m * factor : m / 1e3 / factor;
}
