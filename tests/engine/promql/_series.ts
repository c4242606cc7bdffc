import { Labels } from "../../../engine/labels/labels.ts";
import { fillAbsent, setStale, wordsOf } from "../../../engine/sample.ts";
import type { Queryable, SelectRequest, SeriesColumns } from "../../../engine/tsdb/select.ts";

export const MINUTE = 60_000;

/** A sample of a test series: a number, "stale" for a staleness marker, undefined for none. */
export type TestSample = number | "stale" | undefined;

/** A series with a sample every minute from 0 on. */
export function seriesOf(labels: Record<string, string>, samples: readonly TestSample[]): SeriesColumns {
  const times = Float64Array.from(samples, (_, i) => i * MINUTE);
  const values = new Float64Array(samples.length);
  const words = wordsOf(values);
  samples.forEach((sample, i) => {
    if (sample === undefined) fillAbsent(words, i, i + 1);
    else if (sample === "stale") setStale(words, i);
    else values[i] = sample;
  });
  return { labels: Labels.from(labels), times, values };
}

/** A store of these series that remembers what it was asked for. */
export function storeOf(
  series: readonly SeriesColumns[],
): Queryable & { readonly requests: SelectRequest[] } {
  const requests: SelectRequest[] = [];
  return {
    requests,
    select: (request) => {
      requests.push(request);
      const matches = ({ labels }: SeriesColumns) =>
        request.matchers.every((matcher) => matcher.matches(labels.get(matcher.name)));
      return Promise.resolve(series.filter(matches));
    },
  };
}
