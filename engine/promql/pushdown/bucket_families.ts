import { parseFloatText } from "../../go_float.ts";
import { hashLabels } from "../../labels/hash.ts";
import type { Labels } from "../../labels/labels.ts";
import type { ScannedSeries } from "../../tsdb/scanned_series.ts";
import { type BucketColumns, sortBuckets } from "../functions/classic_buckets.ts";
import type { Columns } from "../operators/aggregate.ts";
import type { SampleAccount } from "../sample_account.ts";
import type { SlabRows } from "./fragment.ts";
import { readRow, releaseSlabs, Slabs } from "./slabs.ts";

const LE: ReadonlySet<string> = new Set(["le"]);

/** A classic histogram: buckets that differ in `le` only. */
export class BucketFamily {
  readonly rows: number[] = [];
  readonly bounds: number[] = [];

  /**
   * @param labels Without `le`.
   * @param ids Symbol ids of those labels.
   */
  constructor(readonly labels: Labels, readonly ids: readonly number[]) {}

  get(name: string): string {
    return this.labels.get(name);
  }
}

/** Keeps the columns of buckets, which come one after the other, until all of a histogram are there. */
export class BucketFamilies {
  readonly #families = new Map<string, BucketFamily>();
  readonly #slabs: Slabs;
  readonly #account: SampleAccount;
  readonly #steps: number;
  readonly #bounds = new Map<string, number | undefined>();
  readonly #ids: number[] = [];
  readonly #natives: number[] = [];
  #last: BucketFamily | undefined;
  #leId = -1;
  #samples = 0;
  #rows: SlabRows | undefined;

  constructor(steps: number, account: SampleAccount) {
    this.#steps = steps;
    this.#account = account;
    this.#slabs = new Slabs(steps, 1 << 16);
  }

  get bytes(): number {
    return this.#slabs.bytes;
  }

  /** All of them, once all buckets were added. */
  get all(): Iterable<BucketFamily> {
    return this.#families.values();
  }

  /** Takes a bucket; false where its `le` is no number. @throws {QueryLimitError} */
  add(series: ScannedSeries, columns: Columns): boolean {
    const upperBound = this.#boundOf(series.get("le"));
    if (upperBound === undefined) return false;
    const family = this.#familyOf(series), { present } = columns;
    for (let step = 0; step < present.length; step++) this.#samples += present[step]!;
    this.#account.keeps(this.#samples);
    const row = this.#slabs.add(columns);
    this.#account.reserve((row + 1) * this.#steps);
    family.rows.push(row);
    family.bounds.push(upperBound);
    return true;
  }

  /** Notes that there is a native histogram of these labels, beside which a classic one has no result. */
  addNative(labels: Labels): void {
    this.#natives.push(identityOf(labels));
  }

  /** A number for each label set that there is a histogram of, as in `FragmentRows.identities`. */
  identities(): number[] {
    return [...this.#natives, ...Array.from(this.#families.values(), ({ labels }) => identityOf(labels))];
  }

  /** The buckets of a family, sorted; valid until `release`. */
  bucketsOf({ rows, bounds }: BucketFamily): BucketColumns[] {
    const all = this.#rows ??= this.#slabs.finish();
    const buckets = rows.map((row, i) => ({ upperBound: bounds[i]!, ...readRow(all, row, this.#steps) }));
    sortBuckets(buckets);
    return buckets;
  }

  /** Gives the memory of all buckets back. */
  release(): void {
    releaseSlabs(this.#rows ?? this.#slabs.finish());
  }

  #boundOf(le: string): number | undefined {
    let bound = this.#bounds.get(le);
    if (bound === undefined && !this.#bounds.has(le)) {
      const parsed = parseFloatText(le);
      bound = typeof parsed === "string" ? undefined : parsed;
      this.#bounds.set(le, bound);
    }
    return bound;
  }

  #familyOf(series: ScannedSeries): BucketFamily {
    const ids = this.#idsWithoutLe(series);
    // The buckets of a histogram mostly come one after the other.
    if (this.#last !== undefined && areEqual(this.#last.ids, ids)) return this.#last;
    const key = ids.join();
    let family = this.#families.get(key);
    if (family === undefined) {
      this.#families.set(key, family = new BucketFamily(series.labels.drop(LE), ids.slice()));
    }
    return this.#last = family;
  }

  /** Valid until the next call. */
  #idsWithoutLe(series: ScannedSeries): number[] {
    const ids = this.#ids;
    ids.length = 0;
    series.symbolIds(ids);
    for (let i = 0; i < ids.length; i += 2) {
      if (ids[i] !== this.#leId && (this.#leId !== -1 || series.symbolText(ids[i]!) !== "le")) continue;
      this.#leId = ids[i]!;
      ids.copyWithin(i, i + 2);
      ids.length -= 2;
    }
    return ids;
  }
}

function areEqual(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A whole number below 2^53, equal for equal label sets. */
function identityOf(labels: Labels): number {
  return Number(BigInt.asUintN(53, hashLabels(labels)));
}
