/** One exemplar of a series. */
export interface ExemplarEntry {
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number;
  readonly value: number;
  /** Name, value, name, value, … sorted by name. */
  readonly labels: readonly string[];
}

/** Longest label set of an exemplar, in characters of names and values together. */
const EXEMPLAR_LABEL_RUNES_MAX = 128;

export type ExemplarOutcome = "stored" | "duplicate" | "out_of_order" | "labels_too_long" | "disabled";

/** The newest exemplars of all series: a ring that forgets the oldest one stored. */
export class ExemplarStore {
  #ring: { ref: number; exemplar: ExemplarEntry }[] = [];
  #next = 0;
  readonly #newest = new Map<number, ExemplarEntry>();

  constructor(private capacity: number) {}

  get size(): number {
    return this.#ring.length;
  }

  get seriesCount(): number {
    return this.#newest.size;
  }

  /** Changes how many exemplars are kept, the oldest being forgotten first; 0 or less keeps none. */
  resize(capacity: number): void {
    const kept = [...this.inOrder()].slice(-Math.max(0, capacity) || Infinity);
    this.capacity = capacity;
    this.#ring = [];
    this.#next = 0;
    this.#newest.clear();
    if (capacity > 0) { for (const { ref, exemplar } of kept) this.#put(ref, exemplar); }
  }

  add(ref: number, exemplar: ExemplarEntry): ExemplarOutcome {
    if (this.capacity <= 0) return "disabled";
    let runes = 0;
    for (const text of exemplar.labels) runes += [...text].length;
    if (runes > EXEMPLAR_LABEL_RUNES_MAX) return "labels_too_long";
    const newest = this.#newest.get(ref);
    if (newest !== undefined) {
      if (isSame(newest, exemplar)) return "duplicate";
      if (exemplar.timeMs <= newest.timeMs) return "out_of_order";
    }
    this.#put(ref, exemplar);
    return "stored";
  }

  /** All exemplars, the oldest one stored first. */
  *inOrder(): IterableIterator<{ ref: number; exemplar: ExemplarEntry }> {
    for (let i = 0; i < this.#ring.length; i++) {
      yield this.#ring[this.#ring.length < this.capacity ? i : (this.#next + i) % this.capacity];
    }
  }

  #put(ref: number, exemplar: ExemplarEntry): void {
    const replaced = this.#ring[this.#next];
    if (replaced !== undefined && this.#newest.get(replaced.ref) === replaced.exemplar) {
      this.#newest.delete(replaced.ref);
    }
    this.#ring[this.#next] = { ref, exemplar };
    this.#next = (this.#next + 1) % this.capacity;
    this.#newest.set(ref, exemplar);
  }
}

function isSame(a: ExemplarEntry, b: ExemplarEntry): boolean {
  return a.timeMs === b.timeMs && Object.is(a.value, b.value) && a.labels.length === b.labels.length &&
    a.labels.every((text, i) => text === b.labels[i]);
}
