import { frame, unframe } from "./block/framed_value.ts";
import { ByteSink } from "./chunk/byte_sink.ts";
import { ByteSource } from "./chunk/byte_source.ts";
import type { SeriesIndex } from "./series_index.ts";
import type { Entry, Key } from "./store.ts";

export const CATALOG_PREFIX: Key = ["catalog"];

/** Payload bytes after which a segment ends, so that with one more series and its symbols it fits a value. */
const SEGMENT_BYTES = 50_000;

/**
 * The series index in the store: segments that are only ever added.
 *
 *   segment = first symbol · symbols · (length · UTF-8 text)*  first ref · series · (labels · (name id · value id)*)*
 *
 * A segment says which numbers it begins with, so that where one is lost the others keep theirs.
 */
export class Catalog {
  #segments = 0;
  #symbols = 0;
  #series = 0;

  constructor(readonly index: SeriesIndex) {}

  /** Series that are in the store. */
  get storedSeries(): number {
    return this.#series;
  }

  get hasNews(): boolean {
    return this.#series < this.index.size;
  }

  /** Segments with everything that is not in the store yet. Call `stored` once they are durable. */
  news(): { entries: Entry[]; stored: () => void } {
    const { index } = this;
    const entries: Entry[] = [];
    let segments = this.#segments, symbol = this.#symbols, ref = this.#series;
    const symbolsEnd = index.symbols.size, seriesEnd = index.size;
    const ids: number[] = [];
    while (symbol < symbolsEnd || ref < seriesEnd) {
      const symbols = new ByteSink(), series = new ByteSink();
      const firstSymbol = symbol, firstRef = ref;
      for (; symbol < symbolsEnd && symbols.length < SEGMENT_BYTES; symbol++) {
        const text = index.symbols.encoded(symbol);
        symbols.varint(text.length);
        symbols.append(text);
      }
      // Series come after all symbols that they can be made of.
      if (symbol === symbolsEnd) {
        for (; ref < seriesEnd && symbols.length + series.length < SEGMENT_BYTES; ref++) {
          ids.length = 0;
          index.symbolIds(ref, ids);
          series.varint(ids.length);
          for (const id of ids) series.varint(id);
        }
      }
      const out = new ByteSink(symbols.length + series.length + 64);
      out.varint(firstSymbol);
      out.varint(symbol - firstSymbol);
      out.append(symbols.written());
      out.varint(firstRef);
      out.varint(ref - firstRef);
      out.append(series.written());
      entries.push({ key: [...CATALOG_PREFIX, segments++], value: frame(out.written(), true) });
    }
    const stored = () => {
      this.#segments = segments;
      this.#symbols = symbolsEnd;
      this.#series = seriesEnd;
    };
    return { entries, stored };
  }

  /** Adds the next stored segment to the index. @throws {DamagedValueError | RangeError} If it is damaged. */
  load(entry: Entry): void {
    this.#segments = Number(entry.key.at(-1)) + 1;
    const source = new ByteSource(unframe(entry.value));
    const { index } = this;
    for (let gap = source.varint() - this.#symbols; gap > 0; gap--) this.#appendLostSymbol();
    for (let i = source.varint(); i > 0; i--) {
      const text = source.take(source.varint());
      index.symbols.append(text, 0, text.length);
    }
    for (let gap = source.varint() - this.#series; gap > 0; gap--) {
      index.appendLost();
      this.#series++;
    }
    let ids = new Uint32Array(64);
    for (let i = source.varint(); i > 0; i--, this.#series++) {
      const count = source.varint();
      if (count > ids.length) ids = new Uint32Array(count * 2);
      let lost = false;
      for (let j = 0; j < count; j++) {
        ids[j] = source.varint();
        lost ||= this.#lost.has(ids[j]) || ids[j] >= index.symbols.size;
      }
      if (lost) index.appendLost();
      else index.append(ids, 0, count);
    }
    this.#symbols = index.symbols.size;
  }

  readonly #lost = new Set<number>();

  #appendLostSymbol(): void {
    const text = new TextEncoder().encode(`\u0000lost ${this.index.symbols.size}`);
    this.#lost.add(this.index.symbols.append(text, 0, text.length));
  }
}
