import { ByteSink } from "../../engine/tsdb/chunk/byte_sink.ts";
import { decodeHistograms, encodeHistograms } from "../../engine/tsdb/chunk/histograms.ts";
import { Labels } from "../../engine/labels/labels.ts";
import type { SeriesColumns } from "../../engine/tsdb/select.ts";

/**
 * Many series as flat arrays, to be handed from one thread to another without a copy of the samples.
 *
 *   series i │ labels: symbols[labelRefs[labelEnds[i - 1] … labelEnds[i]]], name and value in turn
 *            │ times:  times[timesOf[i]]
 *            │ values: slabs[slabOf[i]] from offsets[i], as many as there are times
 *            │ start timestamps, of those that `starts` names: likewise
 */
export interface SeriesBatch {
  readonly symbols: readonly string[];
  readonly labelRefs: Uint32Array;
  readonly labelEnds: Uint32Array;
  readonly times: readonly Float64Array[];
  readonly timesOf: Uint32Array;
  readonly slabs: readonly Float64Array[];
  readonly slabOf: Uint32Array;
  readonly offsets: Uint32Array;
  /** Where start timestamps are: number of the series, its slab, its offset there, in turn. */
  readonly starts: Uint32Array;
  /** Histogram columns by number of the series, in the form that chunks have. */
  readonly histograms: readonly { readonly series: number; readonly chunk: Uint8Array }[];
}

/** Packs the series; the batch takes over the buffers of their values and times. */
export function packSeries(series: readonly SeriesColumns[]): SeriesBatch {
  const symbols: string[] = [], symbolIds = new Map<string, number>();
  const labelCount = series.reduce((sum, { labels }) => sum + labels.pairs.length, 0);
  const labelRefs = new Uint32Array(labelCount), labelEnds = new Uint32Array(series.length);
  const times: Float64Array[] = [], timesIds = new Map<Float64Array, number>();
  const slabs: Float64Array[] = [], slabIds = new Map<ArrayBufferLike, number>();
  const timesOf = new Uint32Array(series.length), slabOf = new Uint32Array(series.length);
  const offsets = new Uint32Array(series.length);
  const histograms: { series: number; chunk: Uint8Array }[] = [];
  const starts: number[] = [];
  const slabIdOf = (buffer: ArrayBufferLike): number => {
    let slab = slabIds.get(buffer);
    if (slab === undefined) slabIds.set(buffer, slab = slabs.push(new Float64Array(buffer)) - 1);
    return slab;
  };
  let at = 0;
  series.forEach((one, i) => {
    for (const text of one.labels.pairs) {
      let id = symbolIds.get(text);
      if (id === undefined) symbolIds.set(text, id = symbols.push(text) - 1);
      labelRefs[at++] = id;
    }
    labelEnds[i] = at;
    let timesId = timesIds.get(one.times);
    if (timesId === undefined) timesIds.set(one.times, timesId = times.push(one.times) - 1);
    timesOf[i] = timesId;
    slabOf[i] = slabIdOf(one.values.buffer);
    offsets[i] = one.values.byteOffset / 8;
    if (one.startTimes !== undefined) {
      starts.push(i, slabIdOf(one.startTimes.buffer), one.startTimes.byteOffset / 8);
    }
    if (one.histograms !== undefined) {
      const chunk = new ByteSink();
      encodeHistograms(Array.from(one.times, (_, sample) => one.histograms![sample]), chunk);
      histograms.push({ series: i, chunk: chunk.bytes.slice(0, chunk.length) });
    }
  });
  return {
    symbols,
    labelRefs,
    labelEnds,
    times,
    timesOf,
    slabs,
    slabOf,
    offsets,
    starts: Uint32Array.from(starts),
    histograms,
  };
}

/** The buffers of the batch, to be transferred. */
export function transferablesOf(batch: SeriesBatch): ArrayBuffer[] {
  const { labelRefs, labelEnds, timesOf, slabOf, offsets, starts, times, slabs } = batch;
  const arrays = [labelRefs, labelEnds, timesOf, slabOf, offsets, starts, ...times, ...slabs];
  return [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))];
}

export function unpackSeries(batch: SeriesBatch): SeriesColumns[] {
  const { symbols, labelRefs, labelEnds, times, timesOf, slabs, slabOf, offsets } = batch;
  const series: SeriesColumns[] = [];
  for (let i = 0; i < labelEnds.length; i++) {
    const pairs: string[] = [];
    for (let at = i === 0 ? 0 : labelEnds[i - 1]; at < labelEnds[i]; at++) pairs.push(symbols[labelRefs[at]]);
    const column = times[timesOf[i]];
    series.push({
      labels: Labels.fromSortedPairs(pairs),
      times: column,
      values: slabs[slabOf[i]].subarray(offsets[i], offsets[i] + column.length),
    });
  }
  const { starts } = batch;
  for (let at = 0; at < starts.length; at += 3) {
    const i = starts[at], offset = starts[at + 2];
    const startTimes = slabs[starts[at + 1]].subarray(offset, offset + series[i].times.length);
    series[i] = { ...series[i], startTimes };
  }
  for (const { series: i, chunk } of batch.histograms) {
    series[i] = { ...series[i], histograms: decodeHistograms(chunk, 0, series[i].times.length).histograms };
  }
  return series;
}
