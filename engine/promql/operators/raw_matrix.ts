import type { FloatHistogram } from "../../histogram/float_histogram.ts";
import type { MatrixSelector } from "../ast.ts";
import { edgesOf, leftValue, rightValue } from "../functions/extended_rate.ts";
import { ExecutionError } from "../query_errors.ts";
import type { MatrixSeries } from "../query_result.ts";
import { FLOAT, HISTOGRAM, type RangeSeries, type RangeVector } from "../value.ts";
import { SAME_LABELSET } from "./same_labels.ts";

/** The samples of the first window of a range vector, as an instant query for it returns them. */
export function rawMatrix(
  { series, endsMs, rangeMs }: RangeVector,
  selector: MatrixSelector | undefined,
): MatrixSeries[] {
  const isSmoothed = selector?.selector.isSmoothed ?? false;
  const isExtended = isSmoothed || (selector?.selector.isAnchored ?? false);
  const result: MatrixSeries[] = [];
  for (const one of series) {
    const raw = isExtended
      ? extendedSamples(one, { startMs: endsMs[0]! - rangeMs, endMs: endsMs[0]!, isSmoothed })
      : rawSamples(one);
    if (raw !== undefined && raw.times.length > 0) result.push(raw);
  }
  return result;
}

function rawSamples({ labels, floats, histograms }: RangeSeries): MatrixSeries {
  let i = floats?.windows.from[0] ?? 0, j = histograms?.windows.from[0] ?? 0;
  const floatsEnd = floats?.windows.to[0] ?? 0, histogramsEnd = histograms?.windows.to[0] ?? 0;
  if (floats !== undefined && histograms === undefined) {
    const times = floats.times.subarray(i, floatsEnd);
    return { labels, times, values: floats.values.subarray(i, floatsEnd), present: allFloats(times.length) };
  }
  const count = floatsEnd - i + histogramsEnd - j;
  const times = new Float64Array(count), values = new Float64Array(count), present = new Uint8Array(count);
  const found: (FloatHistogram | undefined)[] = new Array(count).fill(undefined);
  for (let at = 0; at < count; at++) {
    if (j >= histogramsEnd || (i < floatsEnd && floats!.times[i]! < histograms!.times[j]!)) {
      times[at] = floats!.times[i]!;
      values[at] = floats!.values[i++]!;
      present[at] = FLOAT;
    } else {
      times[at] = histograms!.times[j]!;
      found[at] = histograms!.values[j++]!;
      present[at] = HISTOGRAM;
    }
  }
  return { labels, times, values, present, histograms: found };
}

/** The floats inside the range, with one at each of its edges. */
function extendedSamples(
  { labels, floats, histograms }: RangeSeries,
  range: { startMs: number; endMs: number; isSmoothed: boolean },
): MatrixSeries | undefined {
  if (histograms !== undefined && histograms.windows.to[0]! > histograms.windows.from[0]!) {
    const modifier = range.isSmoothed ? "smoothed" : "anchored";
    throw new ExecutionError(`${modifier} modifier is not supported with histograms`);
  }
  if (floats === undefined) return undefined;
  const from = floats.windows.from[0]!, to = floats.windows.to[0]!;
  if (from === to) return undefined;
  const edges = edgesOf(floats.times, from, to, range);
  if (edges === undefined) return undefined;
  let { first, last } = edges;
  if (floats.times[first]! <= range.startMs) first++;
  if (floats.times[last]! >= range.endMs) last--;
  const end = Math.max(first, last + 1);
  const left = leftValue(floats, edges, false), right = rightValue(floats, edges, from, false);
  const times = enclosed(range.startMs, floats.times.subarray(first, end), range.endMs);
  const values = enclosed(left, floats.values.subarray(first, end), right);
  return { labels, times, values, present: allFloats(times.length) };
}

function enclosed(first: number, column: Float64Array, last: number): Float64Array {
  const out = new Float64Array(column.length + 2);
  out[0] = first;
  out.set(column, 1);
  out[out.length - 1] = last;
  return out;
}

/**
 * The series with those of the same label set made one.
 * @throws {ExecutionError} If two of them have a sample at the same time.
 */
export function mergeRawSeries(series: MatrixSeries[]): MatrixSeries[] {
  const byLabels = Map.groupBy(series, ({ labels }) => labels.key());
  return byLabels.size === series.length ? series : [...byLabels.values()].map(merged);
}

function merged(series: readonly MatrixSeries[]): MatrixSeries {
  if (series.length === 1) return series[0]!;
  const samples = series.flatMap((one) => Array.from(one.times, (timeMs, i) => ({ timeMs, one, i })));
  samples.sort((a, b) => a.timeMs - b.timeMs);
  for (let at = 1; at < samples.length; at++) {
    if (samples[at]!.timeMs === samples[at - 1]!.timeMs) throw new ExecutionError(SAME_LABELSET);
  }
  const hasHistograms = series.some(({ histograms }) => histograms !== undefined);
  return {
    labels: series[0]!.labels,
    times: Float64Array.from(samples, ({ timeMs }) => timeMs),
    values: Float64Array.from(samples, ({ one, i }) => one.values[i]!),
    present: Uint8Array.from(samples, ({ one, i }) => one.present[i]!),
    histograms: hasHistograms ? samples.map(({ one, i }) => one.histograms?.[i]) : undefined,
  };
}

function allFloats(count: number): Uint8Array {
  return new Uint8Array(count).fill(FLOAT);
}
