/**
 * The φ-quantile of `values`, which are sorted in place: interpolated between neighbours, NaN being smaller than any
 * number. NaN for a φ of NaN or without values, infinite for a φ outside [0, 1].
 */
export function quantileOf(values: Float64Array, phi: number): number {
  if (values.length === 0 || Number.isNaN(phi)) return NaN;
  if (phi < 0) return -Infinity;
  if (phi > 1) return Infinity;
  values.sort();
  return quantileOfSorted(values, phi);
}

/** As `quantileOf`, of values sorted with NaN at the end and φ in [0, 1]. */
export function quantileOfSorted(sorted: Float64Array, phi: number): number {
  const count = sorted.length;
  let nans = 0;
  while (nans < count && Number.isNaN(sorted[count - 1 - nans]!)) nans++;
  const rank = phi * (count - 1);
  const lower = Math.max(0, Math.floor(rank)), upper = Math.min(count - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  const at = (i: number) => i < nans ? NaN : sorted[i - nans]!;
  return at(lower) * (1 - weight) + at(upper) * weight;
}
