import { CONFORMANCE } from "../../conformance/folder.ts";
import type { Labels } from "../../../engine/labels/labels.ts";
import { isAbsent, NAN_HIGH, NAN_LOW } from "../../../engine/sample.ts";
import { createParser } from "../../../engine/exposition/parser.ts";
import {
  type BodyParser,
  DROPPED,
  type ExposedSeries,
  type ParserOptions,
  type ScrapeFormat,
  ScrapeRow,
} from "../../../engine/exposition/scrape_row.ts";

export const DEFAULT_OPTIONS: ParserOptions = {
  honorTimestamps: true,
  scrapeNativeHistograms: false,
  alwaysScrapeClassicHistograms: false,
  convertClassicHistogramsToNhcb: false,
};

/** A parser whose series get slots in order of appearance, one for each label set and kind. */
export class TestTarget {
  readonly series: ExposedSeries[] = [];
  readonly row = new ScrapeRow();
  readonly parser: BodyParser;
  resolved = 0;
  readonly #slots = new Map<string, number>();

  constructor(
    format: ScrapeFormat,
    options: Partial<ParserOptions> = {},
    drop?: (labels: Labels) => boolean,
  ) {
    const resolve = (series: ExposedSeries) => {
      this.resolved++;
      if (drop?.(series.labels)) return DROPPED;
      const key = `${series.kind} ${series.labels.key()}`;
      const slot = this.#slots.get(key) ?? this.#slots.size;
      this.#slots.set(key, slot);
      this.series[slot] = series;
      return slot;
    };
    this.parser = createParser(format, { resolve }, { ...DEFAULT_OPTIONS, ...options });
  }

  /** Parses one body, given at once or in chunks of these lengths, over and over. */
  scrape(body: string | Uint8Array, chunkLengths: readonly number[] = []): this {
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    this.parser.begin(this.row);
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const length = chunkLengths.length > 0 ? chunkLengths[i % chunkLengths.length] : bytes.length;
      // A copy that is overwritten afterwards, as callers may reuse their chunks.
      const chunk = bytes.slice(at, at + length);
      this.parser.write(chunk);
      chunk.fill(0xff);
      at += length;
    }
    this.parser.end();
    return this;
  }

  /** Everything in the row by series, in an order that does not depend on slots. */
  samples(): string[] {
    const { row, series } = this;
    const name = (slot: number) => series[slot].labels.toString();
    const lines: string[] = [];
    for (let slot = 0; slot < series.length; slot++) {
      if (isAbsent(row.words, slot)) continue;
      const value = row.values[slot];
      if (value !== value && (row.words[2 * slot] !== NAN_LOW || row.words[2 * slot + 1] !== NAN_HIGH)) {
        throw new Error(`BUG: NaN of ${name(slot)} is not the canonical one`);
      }
      lines.push(`${name(slot)} ${show(value)}`);
    }
    for (let i = 0; i < row.timed.count; i++) {
      lines.push(`${name(row.timed.slots[i])} ${show(row.timed.values[i])} @${row.timed.times[i]}`);
    }
    for (const { slot, timeMs, startMs, histogram } of row.histograms) {
      const { schema, count, sum, customValues, positiveBuckets, positiveSpans } = histogram;
      const spans = positiveSpans.map(({ offset, length }) => `${offset}:${length}`);
      lines.push(
        `${name(slot)} schema=${schema} count=${count} sum=${sum} bounds=[${customValues}] ` +
          `spans=[${spans}] buckets=[${positiveBuckets}]` + (timeMs === undefined ? "" : ` @${timeMs}`) +
          (startMs === 0 ? "" : ` start=${startMs}`),
      );
    }
    for (const { slot, labels, value, timeMs } of row.exemplars) {
      lines.push(`${name(slot)} # ${labels} ${show(value)}` + (timeMs === undefined ? "" : ` @${timeMs}`));
    }
    for (const { slot, startMs } of row.startTimes) lines.push(`${name(slot)} start=${startMs}`);
    return lines.sort();
  }
}

function show(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The folder with upstream's test data. */

export function conformanceExists(folder: string): boolean {
  try {
    return Deno.statSync(`${CONFORMANCE}/${folder}`).isDirectory;
  } catch {
    return false;
  }
}
