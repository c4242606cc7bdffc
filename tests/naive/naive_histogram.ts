import { fraction } from "../../engine/histogram/fraction.ts";
import { quantile } from "../../engine/histogram/quantile.ts";
import type { Labels } from "../../engine/labels/labels.ts";
import { isFloat, type Sample, withoutName } from "./naive_value.ts";

interface Bucket {
  readonly bound: number;
  readonly count: number;
}

/** Native histograms one by one, and floats with `le` by classic histogram; what is both is neither. */
function overHistograms(
  samples: readonly Sample[],
  ofNative: (histogram: Exclude<Sample["value"], number>) => number,
  ofClassic: (buckets: readonly Bucket[]) => number,
): Sample[] {
  const classic = new Map<string, { labels: Labels; atMs: number; buckets: Bucket[] }>();
  for (const { labels, value, atMs } of samples.filter(isFloat)) {
    const le = labels.get("le");
    if (le === "") continue;
    const rest = labels.drop(new Set(["le"]));
    const family = classic.get(rest.key()) ?? { labels: rest, atMs, buckets: [] };
    classic.set(rest.key(), family);
    family.buckets.push({ bound: le === "+Inf" ? Infinity : Number(le), count: value });
  }
  const native = samples.filter(({ value }) => typeof value !== "number");
  const both = new Set(native.map(({ labels }) => labels.key()).filter((key) => classic.has(key)));
  const result = (labels: Labels, value: number, atMs: number) => ({
    labels: withoutName(labels),
    value,
    atMs,
  });
  return [
    ...native.filter(({ labels }) => !both.has(labels.key()))
      .map(({ labels, value, atMs }) =>
        result(labels, ofNative(value as Exclude<Sample["value"], number>), atMs)
      ),
    ...[...classic].filter(([key]) => !both.has(key)).map(([, { labels, buckets, atMs }]) =>
      result(labels, ofClassic(buckets.toSorted((a, b) => a.bound - b.bound)), atMs)
    ),
  ];
}

export function histogramQuantile(phi: number, samples: readonly Sample[]): Sample[] {
  return overHistograms(samples, (histogram) => quantile(histogram, phi).value, (buckets) => {
    if (Number.isNaN(phi)) return NaN;
    if (phi < 0) return -Infinity;
    if (phi > 1) return Infinity;
    if (buckets.at(-1)!.bound !== Infinity) return NaN;
    // Counts never fall: what is lower than a count before it is taken to be as high.
    const rising = buckets.map(({ bound }, i) => ({
      bound,
      count: Math.max(...buckets.slice(0, i + 1).map(({ count }) => count)),
    }));
    const total = rising.at(-1)!.count;
    if (rising.length < 2 || total === 0) return NaN;
    const at = rising.findIndex(({ count }) => count >= phi * total);
    if (at === rising.length - 1) return rising[at - 1].bound;
    const before = rising[at - 1] ?? { bound: 0, count: 0 };
    const share = (phi * total - before.count) / (rising[at].count - before.count);
    return before.bound + (rising[at].bound - before.bound) * share;
  });
}

/** Bounds of buckets are all above 0. */
export function histogramFraction(lower: number, upper: number, samples: readonly Sample[]): Sample[] {
  return overHistograms(samples, (histogram) => fraction(histogram, lower, upper).value, (buckets) => {
    const total = buckets.at(-1)!.count;
    if (buckets.at(-1)!.bound !== Infinity || total === 0 || Number.isNaN(lower) || Number.isNaN(upper)) {
      return NaN;
    }
    if (lower >= upper) return 0;
    const below = (x: number): number => {
      if (x <= 0) return 0;
      const at = buckets.findIndex(({ bound }) => bound > x);
      if (at < 0) return total;
      const before = buckets[at - 1] ?? { bound: 0, count: 0 };
      const share = buckets[at].bound === Infinity
        ? 0
        : (x - before.bound) / (buckets[at].bound - before.bound);
      return Math.min(total, before.count + (buckets[at].count - before.count) * share);
    };
    return (below(upper) - below(lower)) / total;
  });
}
