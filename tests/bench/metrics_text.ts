/** Reads what the benchmark needs from a `/metrics` page. */

/** The sum of all series of a metric; undefined if there is none. */
export function sumOf(text: string, metric: string): number | undefined {
  let sum: number | undefined;
  for (const [, value] of linesOf(text, metric)) sum = (sum ?? 0) + value;
  return sum;
}

/**
 * A quantile of what a classic histogram observed between two pages: the upper bound of the bucket it falls into.
 * @returns Undefined if the histogram is absent or observed nothing.
 */
export function quantileBetween(
  before: string,
  after: string,
  metric: string,
  quantile: number,
): number | undefined {
  const start = bucketsOf(before, metric), end = bucketsOf(after, metric);
  const counts = [...end].map(([bound, count]) => [bound, count - (start.get(bound) ?? 0)] as const)
    .toSorted(([a], [b]) => a - b);
  const total = counts.at(-1)?.[1] ?? 0;
  if (total === 0) return undefined;
  return counts.find(([, count]) => count >= total * quantile)![0];
}

function bucketsOf(text: string, metric: string): Map<number, number> {
  const buckets = new Map<number, number>();
  for (const [labels, count] of linesOf(text, `${metric}_bucket`)) {
    const bound = /le="([^"]*)"/.exec(labels)![1]!;
    const le = bound === "+Inf" ? Infinity : Number(bound);
    buckets.set(le, (buckets.get(le) ?? 0) + count);
  }
  return buckets;
}

function* linesOf(text: string, metric: string): Generator<[labels: string, value: number]> {
  for (const [, labels, value] of text.matchAll(new RegExp(`^${metric}(\\{[^\\n]*\\})? (\\S+)`, "gm"))) {
    yield [labels ?? "", Number(value)];
  }
}
