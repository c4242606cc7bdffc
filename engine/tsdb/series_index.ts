import { Labels } from "../labels/labels.ts";
import type { Matcher } from "../labels/matcher.ts";
import { intersect, PostingsArena, subtract, union } from "./postings.ts";
import { grown } from "../grown.ts";
import { SymbolTable } from "./symbols.ts";

/** Most labels of a series, and most bytes of a name or value: so much fits one value of the catalog. */
export const LABELS_MAX = 1_000;
export const SYMBOL_BYTES_MAX = 48_000;
/** Series or symbols that are copied between pauses. */
const PAUSE_EVERY = 8_192;

/**
 * All series that a shard knows, without an object per series.
 *
 *   series ref │ 0       │ 1    │ …      refs count from 0 and never change
 *   ends       │ 3       │ 5    │ …      end of the series' run in `labelPairs`
 *   labelPairs │ 7 2 9   │ 7 4  │ …      ids of label pairs, in the order of the label names
 *   pairNames, pairValues │ …            symbol ids of each pair; a pair's id is also its postings list
 *
 * A series that was lost or forgotten keeps its ref and has no labels: it is in no answer (see `without`).
 */
export class SeriesIndex {
  #symbols = new SymbolTable();
  #postings = new PostingsArena();
  #pairNames = new Uint32Array(1 << 8);
  #pairValues = new Uint32Array(1 << 8);
  #pairCount = 0;
  #pairTable = new Uint32Array(1 << 9);
  /** Pair ids by label name: every value that the label has. */
  #pairsOfName = new Map<number, PairList>();
  #labelPairs = new Uint32Array(1 << 10);
  #ends = new Uint32Array(1 << 8);
  #seriesTable = new Uint32Array(1 << 9);
  #size = 0;
  #scratch = new Uint32Array(64);

  get symbols(): SymbolTable {
    return this.#symbols;
  }

  /** Refs given out so far, lost ones included. */
  get size(): number {
    return this.#size;
  }

  get pairCount(): number {
    return this.#pairCount;
  }

  /** The ref of `labels`, or -1 where the series is not known. */
  find(labels: Labels): number {
    const pairs = labels.pairs;
    const count = this.#room(pairs.length >> 1);
    for (let i = 0; i < count; i++) {
      const name = this.#symbols.find(pairs[2 * i]), value = this.#symbols.find(pairs[2 * i + 1]);
      if (name < 0 || value < 0) return -1;
      const pair = this.#pairTable[this.#probePair(name, value)];
      if (pair === 0) return -1;
      this.#scratch[i] = pair - 1;
    }
    return this.#seriesTable[this.#probeSeries(this.#scratch, 0, count)] - 1;
  }

  /**
   * The ref of `labels`, a new one (equal to the size before) where the series is not known.
   * @throws {RangeError} If there is no label, or there are too many or too long ones.
   */
  intern(labels: Labels): number {
    const pairs = labels.pairs;
    checkSize(pairs);
    const count = this.#room(pairs.length >> 1);
    for (let i = 0; i < count; i++) {
      this.#scratch[i] = this.#internPair(
        this.#symbols.intern(pairs[2 * i]),
        this.#symbols.intern(pairs[2 * i + 1]),
      );
    }
    const place = this.#probeSeries(this.#scratch, 0, count);
    const found = this.#seriesTable[place];
    if (found === 0) return this.#addSeries(count, place);
    if (this.#watched !== undefined && this.#watched[found - 1] !== 0) this.#wasRevived = true;
    return found - 1;
  }

  /** Adds the next ref with labels given as `count` symbol ids, name and value in turn, from `ids[at]`. */
  append(ids: Uint32Array, at: number, count: number): number {
    this.#room(count >> 1);
    for (let i = 0; i < count; i += 2) this.#scratch[i >> 1] = this.#internPair(ids[at + i], ids[at + i + 1]);
    return this.#addSeries(count >> 1, this.#probeSeries(this.#scratch, 0, count >> 1));
  }

  /** Takes a ref whose labels are lost, so that later refs keep their numbers. */
  appendLost(): void {
    this.#pushSeries(0);
  }

  /** Whether the series has no labels: they are lost, or it was forgotten. */
  isLost(ref: number): boolean {
    return ref >= this.#size || this.#ends[ref] === this.#startOf(ref);
  }

  labels(ref: number): Labels {
    const pairs: string[] = [];
    for (let i = this.#startOf(ref); i < this.#ends[ref]; i++) {
      const pair = this.#labelPairs[i];
      pairs.push(this.#symbols.text(this.#pairNames[pair]), this.#symbols.text(this.#pairValues[pair]));
    }
    return Labels.fromSortedPairs(pairs);
  }

  /** Appends the symbol ids of the series' labels, name and value in turn, to `out`. */
  symbolIds(ref: number, out: number[]): void {
    for (let i = this.#startOf(ref); i < this.#ends[ref]; i++) {
      const pair = this.#labelPairs[i];
      out.push(this.#pairNames[pair], this.#pairValues[pair]);
    }
  }

  labelCount(ref: number): number {
    return this.#ends[ref] - this.#startOf(ref);
  }

  /** The symbol id of the series' value of the label whose name is symbol `name`, or -1. */
  valueOf(ref: number, name: number): number {
    for (let i = this.#startOf(ref); i < this.#ends[ref]; i++) {
      const pair = this.#labelPairs[i];
      if (this.#pairNames[pair] === name) return this.#pairValues[pair];
    }
    return -1;
  }

  /** A number made of the texts of the series' labels: equal for equal label sets in any index, below 2^53. */
  identity(ref: number): number {
    let high = 0, low = 0;
    for (let i = this.#startOf(ref); i < this.#ends[ref]; i++) {
      const pair = this.#labelPairs[i];
      const name = this.#symbols.hash(this.#pairNames[pair]),
        value = this.#symbols.hash(this.#pairValues[pair]);
      const mixed = Math.imul(name ^ (value << 15 | value >>> 17), 0x85ebca6b);
      low = (low + (mixed ^ mixed >>> 13)) | 0;
      high = (high + Math.imul(value ^ (name << 11 | name >>> 21), 0xc2b2ae35)) | 0;
    }
    return (high >>> 11) * 2 ** 32 + (low >>> 0);
  }

  /** Refs of all series that every matcher accepts, ascending. */
  select(matchers: readonly Matcher[]): Uint32Array {
    let result: Uint32Array | undefined;
    const excluded: Uint32Array[] = [];
    // Matchers that need a label to be there narrow first, the smallest list first.
    const including: Uint32Array[] = [];
    for (const matcher of matchers) {
      if (matcher.matchesEmpty) excluded.push(this.#postingsOf(matcher, false));
      else including.push(this.#postingsOf(matcher, true));
    }
    including.sort((a, b) => a.length - b.length);
    for (const list of including) {
      result = result === undefined ? list : intersect(result, list);
      if (result.length === 0) return result;
    }
    result ??= this.all();
    for (const list of excluded) result = subtract(result, list);
    return result === undefined ? new Uint32Array() : result.slice();
  }

  // --- Forgetting ------------------------------------------------------------------------------------------------

  /** Takes note, until `replaceBy`, of whether `intern` gives out a ref that `refs` marks with 1. */
  watch(refs: Uint8Array): void {
    this.#watched = refs;
    this.#wasRevived = false;
  }
  #watched: Uint8Array | undefined;
  #wasRevived = false;

  /**
   * An index of only those series that `forgotten` does not mark with 1. They keep their refs, and symbols their ids;
   * what is not needed any more takes 4 bytes.
   * @param pause Called now and then. Series that are added meanwhile are left to `replaceBy`.
   */
  async without(forgotten: Uint8Array, pause: () => Promise<void>): Promise<SeriesIndex> {
    const size = this.#size, symbolCount = this.#symbols.size;
    const used = new Uint8Array(symbolCount);
    for (let ref = 0; ref < size; ref++) {
      if (forgotten[ref] !== 0) continue;
      for (let i = this.#startOf(ref); i < this.#ends[ref]; i++) {
        used[this.#pairNames[this.#labelPairs[i]]] = used[this.#pairValues[this.#labelPairs[i]]] = 1;
      }
    }
    const other = new SeriesIndex();
    for (let id = 0; id < symbolCount; id++) {
      if (used[id] === 0) other.#symbols.appendLost();
      else {
        const text = this.#symbols.encoded(id);
        other.#symbols.append(text, 0, text.length);
      }
      if (id % PAUSE_EVERY === PAUSE_EVERY - 1) await pause();
    }
    for (let ref = 0; ref < size; ref++) {
      if (forgotten[ref] !== 0) other.appendLost();
      else this.#copySeries(ref, other);
      if (ref % PAUSE_EVERY === PAUSE_EVERY - 1) await pause();
    }
    return other;
  }

  /**
   * Takes over what `other`, made by `without`, holds, after adding to it what came meanwhile. Ends `watch`.
   * @returns False where nothing was changed, since something that `other` has forgotten is in use again.
   */
  replaceBy(other: SeriesIndex): boolean {
    this.#watched = undefined;
    if (this.#wasRevived) return false;
    for (let id = other.#symbols.size; id < this.#symbols.size; id++) {
      const text = this.#symbols.encoded(id);
      other.#symbols.append(text, 0, text.length);
    }
    for (let ref = other.#size; ref < this.#size; ref++) if (!this.#copySeries(ref, other)) return false;
    this.#symbols = other.#symbols;
    this.#postings = other.#postings;
    this.#pairNames = other.#pairNames;
    this.#pairValues = other.#pairValues;
    this.#pairCount = other.#pairCount;
    this.#pairTable = other.#pairTable;
    this.#pairsOfName = other.#pairsOfName;
    this.#labelPairs = other.#labelPairs;
    this.#ends = other.#ends;
    this.#seriesTable = other.#seriesTable;
    return true;
  }

  /** Adds series `ref` to `other`, which has the same symbols. @returns Whether it has all that are needed. */
  #copySeries(ref: number, other: SeriesIndex): boolean {
    const ids: number[] = [];
    this.symbolIds(ref, ids);
    for (const id of ids) if (other.#symbols.isLost(id)) return false;
    if (ids.length === 0) other.appendLost();
    else other.append(Uint32Array.from(ids), 0, ids.length);
    return true;
  }

  // --- Selecting -------------------------------------------------------------------------------------------------

  /** All refs that have labels. */
  all(): Uint32Array {
    const refs = new Uint32Array(this.#size);
    let count = 0;
    for (let ref = 0; ref < this.#size; ref++) if (this.labelCount(ref) > 0) refs[count++] = ref;
    return refs.subarray(0, count);
  }

  /** Every label name with the number of its values. */
  *names(): IterableIterator<{ name: string; nameId: number; values: number }> {
    for (const [nameId, list] of this.#pairsOfName) {
      yield { name: this.#symbols.text(nameId), nameId, values: list.length };
    }
  }

  /** Every value of label `name`, with its series. The refs are a view, valid until the next change. */
  *values(name: string): IterableIterator<{ value: string; valueId: number; refs: Uint32Array }> {
    const list = this.#pairsOfName.get(this.#symbols.find(name));
    if (list === undefined) return;
    for (let i = 0; i < list.length; i++) {
      const pair = list.ids[i];
      const valueId = this.#pairValues[pair];
      yield { value: this.#symbols.text(valueId), valueId, refs: this.#postings.get(pair) };
    }
  }

  /**
   * Union of the postings of the values of the matcher's label that it accepts (`accepted`) or refuses.
   * Together with "absent label" semantics: a matcher that accepts "" is the complement of what it refuses.
   */
  #postingsOf(matcher: Matcher, accepted: boolean): Uint32Array {
    const name = this.#symbols.find(matcher.name);
    const list = name < 0 ? undefined : this.#pairsOfName.get(name);
    if (list === undefined) return new Uint32Array();
    const lists: Uint32Array[] = [];
    const literals = matcher.literals;
    if (accepted && literals !== undefined) {
      for (const literal of literals) {
        const value = this.#symbols.find(literal);
        if (value < 0) continue;
        const pair = this.#pairTable[this.#probePair(name, value)];
        if (pair !== 0) lists.push(this.#postings.get(pair - 1));
      }
    } else {
      for (let i = 0; i < list.length; i++) {
        const pair = list.ids[i];
        if (matcher.matches(this.#symbols.text(this.#pairValues[pair])) === accepted) {
          lists.push(this.#postings.get(pair));
        }
      }
    }
    return lists.length === 0 ? new Uint32Array() : union(lists);
  }

  #startOf(ref: number): number {
    return ref === 0 ? 0 : this.#ends[ref - 1];
  }

  #room(count: number): number {
    if (count > this.#scratch.length) this.#scratch = new Uint32Array(count * 2);
    return count;
  }

  #internPair(name: number, value: number): number {
    const place = this.#probePair(name, value);
    const found = this.#pairTable[place];
    if (found !== 0) return found - 1;
    const pair = this.#pairCount++;
    if (pair === this.#pairNames.length) {
      this.#pairNames = grown(this.#pairNames, pair + 1);
      this.#pairValues = grown(this.#pairValues, pair + 1);
    }
    this.#pairNames[pair] = name;
    this.#pairValues[pair] = value;
    this.#postings.addList();
    this.#pairTable[place] = pair + 1;
    let list = this.#pairsOfName.get(name);
    if (list === undefined) this.#pairsOfName.set(name, list = { ids: new Uint32Array(4), length: 0 });
    if (list.length === list.ids.length) list.ids = grown(list.ids, list.length + 1);
    list.ids[list.length++] = pair;
    if (this.#pairCount * 2 > this.#pairTable.length) {
      this.#pairTable = new Uint32Array(this.#pairTable.length * 2);
      for (let i = 0; i < this.#pairCount; i++) {
        this.#pairTable[this.#probePair(this.#pairNames[i], this.#pairValues[i])] = i + 1;
      }
    }
    return pair;
  }

  #probePair(name: number, value: number): number {
    const mask = this.#pairTable.length - 1;
    let place = mix(mix(0x9747b28c, name), value) & mask;
    for (;;) {
      const entry = this.#pairTable[place];
      if (entry === 0 || (this.#pairNames[entry - 1] === name && this.#pairValues[entry - 1] === value)) {
        return place;
      }
      place = (place + 1) & mask;
    }
  }

  #addSeries(count: number, place: number): number {
    const ref = this.#pushSeries(count);
    const start = this.#startOf(ref);
    for (let i = 0; i < count; i++) {
      this.#labelPairs[start + i] = this.#scratch[i];
      this.#postings.push(this.#scratch[i], ref);
    }
    if (this.#seriesTable[place] === 0) this.#seriesTable[place] = ref + 1;
    if (this.#size * 2 > this.#seriesTable.length) this.#rehashSeries();
    return ref;
  }

  #pushSeries(count: number): number {
    const ref = this.#size++;
    if (ref === this.#ends.length) this.#ends = grown(this.#ends, ref + 1);
    const end = this.#startOf(ref) + count;
    if (end > this.#labelPairs.length) this.#labelPairs = grown(this.#labelPairs, end);
    this.#ends[ref] = end;
    return ref;
  }

  /** The place of the series with pair ids `ids[start, start + count)`: its own or the empty one it belongs in. */
  #probeSeries(ids: Uint32Array, start: number, count: number): number {
    const mask = this.#seriesTable.length - 1;
    let hash = 0x85ebca6b;
    for (let i = 0; i < count; i++) hash = mix(hash, ids[start + i]);
    let place = hash & mask;
    for (;;) {
      const entry = this.#seriesTable[place];
      if (entry === 0 || this.#sameLabels(entry - 1, ids, start, count)) return place;
      place = (place + 1) & mask;
    }
  }

  #sameLabels(ref: number, ids: Uint32Array, start: number, count: number): boolean {
    const from = this.#startOf(ref);
    if (this.#ends[ref] - from !== count) return false;
    for (let i = 0; i < count; i++) if (this.#labelPairs[from + i] !== ids[start + i]) return false;
    return true;
  }

  #rehashSeries(): void {
    const table = this.#seriesTable = new Uint32Array(this.#seriesTable.length * 2);
    for (let ref = 0; ref < this.#size; ref++) {
      const start = this.#startOf(ref);
      if (start === this.#ends[ref]) continue;
      const place = this.#probeSeries(this.#labelPairs, start, this.#ends[ref] - start);
      if (table[place] === 0) table[place] = ref + 1;
    }
  }
}

/** @throws {RangeError} If the labels do not fit the catalog. */
function checkSize(pairs: readonly string[]): void {
  const misfit = misfitOf(pairs);
  if (misfit !== undefined) throw new RangeError(misfit);
}

/**
 * Why a series with these labels cannot be stored, undefined where it can.
 * @param pairs Name, value, name, value, …
 */
export function misfitOf(pairs: readonly string[]): string | undefined {
  if (pairs.length === 0) return "Expected a series with at least one label, found none";
  if (pairs.length > 2 * LABELS_MAX) {
    return `Expected at most ${LABELS_MAX} labels, found ${pairs.length / 2}: drop some by relabelling`;
  }
  for (const text of pairs) {
    if (text.length <= SYMBOL_BYTES_MAX / 3 || encoder.encode(text).length <= SYMBOL_BYTES_MAX) continue;
    return `Expected label names and values of at most ${SYMBOL_BYTES_MAX} bytes, found one of ${text.length} ` +
      `characters that begins with ${JSON.stringify(text.slice(0, 40))}: shorten or drop it by relabelling`;
  }
}

const encoder = new TextEncoder();

interface PairList {
  ids: Uint32Array;
  length: number;
}

/** One round of a 32-bit hash (murmur3's mixing). */
function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  hash ^= Math.imul(k, 0x1b873593);
  hash = (hash << 13) | (hash >>> 19);
  hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  return hash ^ (hash >>> 15);
}
