import { grown } from "../grown.ts";
import { hash32 } from "../labels/hash.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const CACHE_SLOTS = 4096;

/**
 * Interned strings: each distinct string has an id, from 0, that never changes.
 *
 *   arena   │ h t t p _ t o t a l │ c o d e │ 2 0 0 │ …        UTF-8 bytes, end to end
 *   ends    │                  10 │      14 │    17 │ …        end of symbol id in the arena
 *   table   │ 0 │ id + 1 │ 0 │ id + 1 │ …                      open addressing by the hash of the bytes
 *
 * A symbol without bytes is a lost one (see `appendLost`); the empty string is never interned.
 */
export class SymbolTable {
  #arena = new Uint8Array(1 << 12);
  #ends = new Uint32Array(1 << 8);
  #table = new Uint32Array(1 << 9);
  #scratch = new Uint8Array(1 << 10);
  #size = 0;
  readonly #cachedIds = new Int32Array(CACHE_SLOTS).fill(-1);
  readonly #cachedTexts: string[] = new Array(CACHE_SLOTS).fill("");

  get size(): number {
    return this.#size;
  }

  /** Bytes of all symbols together. */
  get bytes(): number {
    return this.#size === 0 ? 0 : this.#ends[this.#size - 1];
  }

  /** The id of `text`, or -1 where it was never interned. */
  find(text: string): number {
    const length = this.#encode(text);
    return this.#table[this.#probe(this.#scratch, 0, length)] - 1;
  }

  /** The id of `text`, a new one where it was never interned. */
  intern(text: string): number {
    const length = this.#encode(text);
    return this.internBytes(this.#scratch, 0, length);
  }

  /** The id of the UTF-8 text in `bytes[start, end)`. */
  internBytes(bytes: Uint8Array, start: number, end: number): number {
    const place = this.#probe(bytes, start, end);
    const found = this.#table[place];
    return found !== 0 ? found - 1 : this.#add(bytes, start, end, place);
  }

  text(id: number): string {
    const slot = id & (CACHE_SLOTS - 1);
    if (this.#cachedIds[slot] === id) return this.#cachedTexts[slot];
    const text = decoder.decode(this.encoded(id));
    this.#cachedIds[slot] = id;
    this.#cachedTexts[slot] = text;
    return text;
  }

  /** A number of 32 bits made of the text of symbol `id`. */
  hash(id: number): number {
    return hash32(this.#arena, id === 0 ? 0 : this.#ends[id - 1], this.#ends[id]);
  }

  /** The UTF-8 bytes of symbol `id`; a view, valid until the next symbol is added. */
  encoded(id: number): Uint8Array {
    return this.#arena.subarray(id === 0 ? 0 : this.#ends[id - 1], this.#ends[id]);
  }

  /** Adds symbol number `size` even where the same text has an id already, as a reader of stored symbols must. */
  append(bytes: Uint8Array, start: number, end: number): number {
    return this.#add(bytes, start, end, this.#probe(bytes, start, end));
  }

  /** Takes an id whose text is lost or not needed any more: it has no text, and `find` does not give it. */
  appendLost(): void {
    if (this.#size === this.#ends.length) this.#ends = grown(this.#ends, this.#size + 1);
    this.#ends[this.#size] = this.bytes;
    this.#size++;
  }

  /** Whether `id` has no text. */
  isLost(id: number): boolean {
    return id >= this.#size || this.#ends[id] === (id === 0 ? 0 : this.#ends[id - 1]);
  }

  #add(bytes: Uint8Array, start: number, end: number, place: number): number {
    const id = this.#size;
    const from = this.bytes;
    const to = from + end - start;
    if (to > this.#arena.length) this.#arena = grown(this.#arena, to);
    if (id === this.#ends.length) this.#ends = grown(this.#ends, id + 1);
    this.#arena.set(bytes.subarray(start, end), from);
    this.#ends[id] = to;
    this.#size = id + 1;
    if (this.#table[place] === 0) this.#table[place] = id + 1;
    if (this.#size * 2 > this.#table.length) this.#rehash(); // lost ids count too, which only costs room
    return id;
  }

  /** The place in the table of these bytes: the one that holds their id, or the empty one where it belongs. */
  #probe(bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#table.length - 1;
    let place = hash32(bytes, start, end) & mask;
    for (;;) {
      const entry = this.#table[place];
      if (entry === 0 || this.#equals(entry - 1, bytes, start, end)) return place;
      place = (place + 1) & mask;
    }
  }

  #equals(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = id === 0 ? 0 : this.#ends[id - 1];
    const length = end - start;
    if (this.#ends[id] - from !== length) return false;
    const arena = this.#arena;
    for (let i = 0; i < length; i++) if (arena[from + i] !== bytes[start + i]) return false;
    return true;
  }

  #rehash(): void {
    const table = this.#table = new Uint32Array(this.#table.length * 2);
    for (let id = 0; id < this.#size; id++) {
      if (this.isLost(id)) continue;
      const from = id === 0 ? 0 : this.#ends[id - 1];
      const place = this.#probe(this.#arena, from, this.#ends[id]);
      if (table[place] === 0) table[place] = id + 1;
    }
  }

  #encode(text: string): number {
    if (this.#scratch.length < text.length * 3) this.#scratch = new Uint8Array(text.length * 6);
    const scratch = this.#scratch;
    // Most symbols are short and ASCII, for which a call into the encoder costs more than a loop.
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return encoder.encodeInto(text, scratch).written;
      scratch[i] = unit;
    }
    return text.length;
  }
}
