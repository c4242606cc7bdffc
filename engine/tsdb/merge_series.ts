import { SeriesCollector } from "./series_collector.ts";
import type { SeriesColumns } from "./select.ts";

/** The series of several sources; a label set that more than one of them has becomes one series, merged by time. */
export function mergeSeries(sources: readonly (readonly SeriesColumns[])[]): SeriesColumns[] {
  if (sources.length === 1) return [...sources[0]];
  const found = new Map<string, SeriesColumns[]>();
  for (const series of sources.flat()) {
    const key = series.labels.key();
    const known = found.get(key);
    if (known === undefined) found.set(key, [series]);
    else known.push(series);
  }
  const result: SeriesColumns[] = [];
  for (const parts of found.values()) {
    if (parts.length === 1) {
      result.push(parts[0]);
      continue;
    }
    const collector = new SeriesCollector(-Infinity, Infinity);
    parts.sort((a, b) => (a.times[0] ?? 0) - (b.times[0] ?? 0));
    for (const part of parts) collector.addLoose(part);
    const merged = collector.take(parts[0].labels);
    if (merged !== undefined) result.push(merged);
  }
  return result;
}
