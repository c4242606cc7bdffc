import type { Columns, PartialResult, ScratchColumns } from "../operators/aggregate.ts";
import type { Slab, SlabRows } from "./fragment.ts";

/** Entries that a slab has, unless a single row is longer. */
const SLAB_VALUES = 1 << 13;

type OptionalColumn = "errors" | "counts" | "means";

/** Rows of columns in few arrays, which are cheaper to make and to hand over than many. */
export class Slabs {
  readonly #slabs: Slab[] = [];
  readonly #steps: number;
  readonly #rowsPerSlab: number;
  #count = 0;
  /** Of all slabs but the last. */
  #fullBytes = 0;

  /** @param rowsMax Rows that there may be; only a bound on what is allocated. */
  constructor(steps: number, rowsMax: number) {
    this.#steps = steps;
    this.#rowsPerSlab = Math.max(1, Math.min(rowsMax, Math.floor(SLAB_VALUES / Math.max(1, steps))));
  }

  /** The columns of the row behind the last one: empty, its values junk. */
  next(): Columns {
    return rowOf(this.#slabOfNext(), this.#count % this.#rowsPerSlab, this.#steps);
  }

  /** Keeps a copy of `columns` as the next row. @returns Its number. */
  add({ values, present }: Columns): number {
    const slab = this.#slabOfNext(), at = this.#count % this.#rowsPerSlab * this.#steps;
    slab.values.set(values, at);
    slab.present.set(present, at);
    return this.#count++;
  }

  /** What the rows take that were kept. */
  get bytes(): number {
    const last = this.#slabs.at(-1);
    if (last === undefined) return 0;
    const rows = this.#count - (this.#slabs.length - 1) * this.#rowsPerSlab;
    return this.#fullBytes + slabBytes(last) * rows / this.#rowsPerSlab;
  }

  /** Keeps the row that `next` gave. @returns Its number. */
  keep(): number {
    return this.#count++;
  }

  scratch(row: number): ScratchColumns {
    return new SlabScratch(
      this.#slabs[Math.floor(row / this.#rowsPerSlab)]!,
      row % this.#rowsPerSlab,
      this.#steps,
    );
  }

  #slabOfNext(): Slab {
    const slab = Math.floor(this.#count / this.#rowsPerSlab);
    if (slab === this.#slabs.length) {
      const entries = this.#rowsPerSlab * this.#steps;
      this.#fullBytes = this.bytes;
      this.#slabs.push({ values: new Float64Array(entries), present: new Uint8Array(entries) });
    }
    return this.#slabs[slab]!;
  }

  /** The rows that were kept; the slabs are not to be used any more. */
  finish(): SlabRows {
    const rowsPerSlab = this.#rowsPerSlab, count = this.#count;
    const slabs = this.#slabs.slice(0, Math.ceil(count / rowsPerSlab));
    const rest = (count - (slabs.length - 1) * rowsPerSlab) * this.#steps;
    const last = slabs.at(-1);
    if (last !== undefined && rest < last.values.length / 2) slabs[slabs.length - 1] = cut(last, rest);
    return { slabs, rowsPerSlab, count };
  }
}

/** Row number `row` of some slabs. */
export function readRow({ slabs, rowsPerSlab }: SlabRows, row: number, steps: number): Columns {
  return rowOf(slabs[Math.floor(row / rowsPerSlab)]!, row % rowsPerSlab, steps);
}

/** Row number `row` of some slabs, with what an aggregation keeps beside it. */
export function readPartial(
  { slabs, rowsPerSlab }: SlabRows,
  row: number,
  steps: number,
): PartialResult {
  const slab = slabs[Math.floor(row / rowsPerSlab)]!, at = row % rowsPerSlab;
  return { columns: rowOf(slab, at, steps), scratch: new SlabScratch(slab, at, steps) };
}

/** The buffers of slabs and histograms, to be transferred. */
export function buffersOf({ slabs, histograms }: SlabRows): ArrayBuffer[] {
  return [
    ...slabs.flatMap((slab) => Object.values(slab as unknown as Record<string, Float64Array | Uint8Array>)),
    ...histograms?.cells ?? [],
  ].map(({ buffer }) => buffer as ArrayBuffer);
}

/** Gives the memory of slabs back at once, rather than when garbage is collected. They cannot be read any more. */
export function releaseSlabs(rows: SlabRows): void {
  for (const buffer of buffersOf(rows)) buffer.transfer(0);
}

function slabBytes({ values, present, errors, counts, means, incremental }: Slab): number {
  return values.byteLength + present.byteLength + (errors?.byteLength ?? 0) + (counts?.byteLength ?? 0) +
    (means?.byteLength ?? 0) + (incremental?.byteLength ?? 0);
}

function rowOf({ values, present }: Slab, row: number, steps: number): Columns {
  const from = row * steps, to = from + steps;
  return { values: values.subarray(from, to), present: present.subarray(from, to) };
}

function cut(slab: Slab, entries: number): Slab {
  const columns = Object.entries(slab as unknown as Record<string, Float64Array | Uint8Array>);
  return Object.fromEntries(
    columns.map(([name, column]) => [name, column.slice(0, entries)]),
  ) as unknown as Slab;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

class SlabScratch implements ScratchColumns {
  readonly #slab: Mutable<Slab>;
  readonly #from: number;
  readonly #to: number;
  #errors: Float64Array | undefined;
  #counts: Float64Array | undefined;
  #means: Float64Array | undefined;
  #incremental: Uint8Array | undefined;

  constructor(slab: Slab, row: number, steps: number) {
    this.#slab = slab;
    this.#from = row * steps;
    this.#to = this.#from + steps;
  }

  get errors(): Float64Array {
    return this.#errors ??= this.#column("errors");
  }

  get hasErrors(): boolean {
    return this.#slab.errors !== undefined;
  }

  get counts(): Float64Array {
    return this.#counts ??= this.#column("counts");
  }

  get means(): Float64Array {
    return this.#means ??= this.#column("means");
  }

  get incremental(): Uint8Array {
    this.#slab.incremental ??= new Uint8Array(this.#slab.present.length);
    return this.#incremental ??= this.#slab.incremental.subarray(this.#from, this.#to);
  }

  get hasIncremental(): boolean {
    return this.#slab.incremental !== undefined;
  }

  #column(name: OptionalColumn): Float64Array {
    this.#slab[name] ??= new Float64Array(this.#slab.values.length);
    return this.#slab[name].subarray(this.#from, this.#to);
  }
}
