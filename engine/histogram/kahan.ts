/**
 * Adds `increment` to `sums[i]` and its rounding error to `errors[i]` (Kahan summation as improved by
 * Neumaier). An infinite sum has no rounding error.
 */
export function addCompensated(sums: Float64Array, errors: Float64Array, i: number, increment: number): void {
  const before = sums[i]!;
  const after = before + increment;
  if (after === Infinity || after === -Infinity) errors[i] = 0;
  else if (Math.abs(before) >= Math.abs(increment)) errors[i] = errors[i]! + ((before - after) + increment);
  else errors[i] = errors[i]! + ((increment - after) + before);
  sums[i] = after;
}
