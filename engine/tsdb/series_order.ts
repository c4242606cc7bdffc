import { compareUtf8, METRIC_NAME } from "../labels/labels.ts";
import type { SeriesIndex } from "./series_index.ts";

/**
 * The order in which blocks keep series: by metric name, then by ref, so that one metric of many targets lies together.
 * A metric name is given as its symbol id + 1, and 0 for a series without one, which sorts first.
 */
export class SeriesOrder {
  constructor(readonly index: SeriesIndex) {}

  nameOf(ref: number): number {
    return this.index.valueOf(ref, this.index.symbols.find(METRIC_NAME)) + 1;
  }

  compare(name: number, ref: number, otherName: number, otherRef: number): number {
    return name === otherName ? ref - otherRef : this.compareNames(name, otherName);
  }

  compareNames(name: number, other: number): number {
    if (name === other) return 0;
    const { symbols } = this.index;
    return compareUtf8(name === 0 ? "" : symbols.text(name - 1), other === 0 ? "" : symbols.text(other - 1));
  }

  /** `refs`, which are ascending, in this order, with the name of each. */
  sort(refs: Uint32Array): { refs: Uint32Array; names: Uint32Array } {
    const nameSymbol = this.index.symbols.find(METRIC_NAME);
    const counts = new Map<number, number>();
    const nameOfRef = new Uint32Array(refs.length);
    for (let i = 0; i < refs.length; i++) {
      const name = this.index.valueOf(refs[i], nameSymbol) + 1;
      nameOfRef[i] = name;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    let next = 0;
    const place = new Map<number, number>();
    for (const name of [...counts.keys()].sort((a, b) => this.compareNames(a, b))) {
      place.set(name, next);
      next += counts.get(name)!;
    }
    const sorted = new Uint32Array(refs.length), names = new Uint32Array(refs.length);
    for (let i = 0; i < refs.length; i++) {
      const at = place.get(nameOfRef[i])!;
      place.set(nameOfRef[i], at + 1);
      sorted[at] = refs[i];
      names[at] = nameOfRef[i];
    }
    return { refs: sorted, names };
  }
}
