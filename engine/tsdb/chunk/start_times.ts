import type { ByteSink } from "./byte_sink.ts";
import { ByteSource, corrupt } from "./byte_source.ts";

/**
 * A column of start timestamps beside one of timestamps: runs of the same one, which are few, since it changes when a
 * process restarts.
 *
 * ```text
 *  run, none known: length * 2
 *  run, known:      length * 2 + 1 │ start timestamp - timestamp of the run's first sample: signed varint
 * ```
 * Runs go on until there is one for each timestamp. Where no start timestamp is known there is no column.
 *
 * Appends `startTimes`, one for each of `times`: whole ms, 0 where unknown.
 */
export function encodeStartTimes(startTimes: Float64Array, times: Float64Array, out: ByteSink): void {
  for (let from = 0; from < times.length;) {
    const startMs = startTimes[from];
    let to = from + 1;
    while (to < times.length && startTimes[to] === startMs) to++;
    out.varint((to - from) * 2 + (startMs === 0 ? 0 : 1));
    if (startMs !== 0) out.signedVarint(startMs - times[from]);
    from = to;
  }
}

/**
 * Reads the start timestamps of `times[from, to)` to `out` from `outStart`, which holds zeros there.
 * @param offset Where the column for all of `times` begins in `bytes`.
 * @throws {RangeError} If the bytes are cut short or damaged.
 */
export function decodeStartTimes(
  bytes: Uint8Array,
  offset: number,
  times: Float64Array,
  from: number,
  to: number,
  out: Float64Array,
  outStart: number,
): void {
  const source = new ByteSource(bytes, offset);
  for (let start = 0; start < to;) {
    const head = source.varint(), end = start + Math.floor(head / 2);
    if (end === start || end > times.length) {
      throw corrupt(source.at, `start timestamps of ${end - start} samples at ${start} of ${times.length}`);
    }
    if (head % 2 === 1) {
      const startMs = times[start] + source.signedVarint();
      const first = Math.max(start, from), last = Math.min(end, to);
      if (first < last) out.fill(startMs, outStart + first - from, outStart + last - from);
    }
    start = end;
  }
}
