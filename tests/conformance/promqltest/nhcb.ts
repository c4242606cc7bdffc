import { ClassicHistogramBuilder } from "../../../engine/histogram/classic_conversion.ts";
import { type Labels, METRIC_NAME } from "../../../engine/labels/labels.ts";
import type { LoadedSeries } from "./script.ts";
import type { SequenceValue } from "./series_values.ts";

/** The classic histograms among `series` as series of native histograms with custom buckets. */
export function convertClassicHistograms(series: readonly LoadedSeries[]): LoadedSeries[] {
  const found = new Map<string, { labels: Labels; builders: (ClassicHistogramBuilder | undefined)[] }>();
  for (const { labels, values } of series) {
    const [, name, suffix] = /^(.*)_(bucket|count|sum)$/.exec(labels.get(METRIC_NAME)) ?? [];
    if (suffix === undefined) continue;
    const bound = Number(labels.get("le").replace(/^\+?Inf$/, "Infinity"));
    if (suffix === "bucket" && Number.isNaN(bound)) continue;
    const base = labels.with("le", "").with(METRIC_NAME, name);
    let histogram = found.get(base.key());
    if (histogram === undefined) found.set(base.key(), histogram = { labels: base, builders: [] });
    for (const [i, value] of values.entries()) {
      if (value.kind !== "float") continue;
      const builder = histogram.builders[i] ??= new ClassicHistogramBuilder();
      if (suffix === "bucket") builder.addBucket(bound, value.value);
      else if (suffix === "count") builder.setCount(value.value);
      else builder.setSum(value.value);
    }
  }
  return [...found.values()].map(({ labels, builders }) => ({
    labels,
    values: Array.from(
      builders,
      (builder): SequenceValue =>
        builder === undefined
          ? { kind: "omitted" }
          : { kind: "histogram", histogram: builder.build(), hintIsSet: false },
    ),
  }));
}
