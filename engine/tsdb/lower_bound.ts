/** First index whose time is at least `timeMs`; the length where there is none. */
export function lowerBound(times: Float64Array, timeMs: number): number {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle] < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
