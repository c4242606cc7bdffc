import { Labels } from "../../labels/labels.ts";
import { ScannedSeries } from "../../tsdb/scanned_series.ts";
import { grown } from "../../grown.ts";
import type { PackedLabels } from "./fragment.ts";
import type { SourceSeries } from "./fragment_source.ts";

/** Puts label sets into flat arrays, each text once. */
export class LabelPacker {
  readonly #symbols: string[] = [];
  readonly #ofTexts = new Map<string, number>();
  readonly #ofIds = new Map<number, number>();
  readonly #ids: number[] = [];
  #refs = new Uint32Array(256);
  #refCount = 0;
  #ends = new Uint32Array(64);
  #count = 0;

  add(labels: Labels): void {
    for (const text of labels.pairs) this.#push(this.#symbolOf(text));
    this.#end();
  }

  addSeries(series: SourceSeries): void {
    if (!(series instanceof ScannedSeries)) return this.add(series.labels);
    this.#ids.length = 0;
    series.symbolIds(this.#ids);
    for (const id of this.#ids) {
      let symbol = this.#ofIds.get(id);
      if (symbol === undefined) this.#ofIds.set(id, symbol = this.#symbolOf(series.symbolText(id)));
      this.#push(symbol);
    }
    this.#end();
  }

  finish(): PackedLabels {
    return {
      symbols: this.#symbols,
      refs: this.#refs.slice(0, this.#refCount),
      ends: this.#ends.slice(0, this.#count),
    };
  }

  #symbolOf(text: string): number {
    let symbol = this.#ofTexts.get(text);
    if (symbol === undefined) this.#ofTexts.set(text, symbol = this.#symbols.push(text) - 1);
    return symbol;
  }

  #push(symbol: number): void {
    if (this.#refCount === this.#refs.length) this.#refs = grown(this.#refs, this.#refCount + 1);
    this.#refs[this.#refCount++] = symbol;
  }

  #end(): void {
    if (this.#count === this.#ends.length) this.#ends = grown(this.#ends, this.#count + 1);
    this.#ends[this.#count++] = this.#refCount;
  }
}

/** Some of the label sets, by their numbers. */
export function pickLabels({ symbols, refs, ends }: PackedLabels, rows: readonly number[]): PackedLabels {
  const numbers = new Int32Array(symbols.length).fill(-1);
  const picked: string[] = [], pickedRefs: number[] = [];
  const pickedEnds = rows.map((row) => {
    for (let at = row === 0 ? 0 : ends[row - 1]!; at < ends[row]!; at++) {
      const symbol = refs[at]!;
      if (numbers[symbol] === -1) numbers[symbol] = picked.push(symbols[symbol]!) - 1;
      pickedRefs.push(numbers[symbol]!);
    }
    return pickedRefs.length;
  });
  return { symbols: picked, refs: Uint32Array.from(pickedRefs), ends: Uint32Array.from(pickedEnds) };
}

/** The label sets, without the labels named in `dropped`. */
export function unpackLabels({ symbols, refs, ends }: PackedLabels, dropped: ReadonlySet<string>): Labels[] {
  const isDropped = symbols.map((text) => dropped.has(text));
  const result: Labels[] = new Array(ends.length);
  for (let i = 0, at = 0; i < ends.length; i++) {
    const pairs: string[] = [];
    for (; at < ends[i]!; at += 2) {
      if (!isDropped[refs[at]!]) pairs.push(symbols[refs[at]!]!, symbols[refs[at + 1]!]!);
    }
    result[i] = Labels.fromSortedPairs(pairs);
  }
  return result;
}
