import { deleteKeys } from "./batches.ts";
import { DamagedValueError, frame, unframe } from "./block/framed_value.ts";
import { ByteSink } from "./chunk/byte_sink.ts";
import { ByteSource } from "./chunk/byte_source.ts";
import type { SeriesIndex } from "./series_index.ts";
import type { Entry, Key, Store } from "./store.ts";

const PREFIX: Key = ["catalog"];
const COPY_PREFIX: Key = ["catalog-copy"];

/** Payload bytes after which a segment ends, so that with one more series and its symbols it fits a value. */
const SEGMENT_BYTES = 48_000;
/** Segments that fit one atomic batch with their copies. */
const SEGMENTS_PER_COMMIT = 6;

/**
 * The series index in the store: segments that are only ever added to an epoch. Forgetting series begins another
 * epoch, which counts once the state names it.
 *
 *   key     = "catalog" · epoch · segment, from 0; and again "catalog-copy" · epoch · segment
 *   segment = first symbol · symbols · (length · UTF-8 text)*  first ref · series · (labels · (name id · value id)*)*
 *
 * Everything else means nothing without its labels, so each segment is stored twice; the copy is read where it must be.
 * A segment says which numbers it begins with, so that where one is lost the others keep theirs. Segments may overlap
 * where a commit failed and was repeated with more in it. A symbol without bytes and a series without labels are lost.
 */
export class Catalog {
  #epoch = 0;
  #lastEpoch = 0;
  #segments = 0;
  #symbols = 0;
  #series = 0;
  #mended = 0;
  #lost = 0;
  /** Other epochs that are in the store still, with the number of their segments. */
  readonly #obsolete = new Map<number, number>();

  constructor(readonly index: SeriesIndex) {}

  /** The epoch that the state must name before anything that came after `restart` counts. */
  get epoch(): number {
    return this.#epoch;
  }

  get hasNews(): boolean {
    return this.#series < this.index.size;
  }

  /** Whether copies had to be read, which held everything: writing the catalog anew makes it sound. */
  get isMended(): boolean {
    return this.#mended > 0 && this.#lost === 0;
  }

  /** Makes everything in the index durable. */
  async write(store: Store): Promise<void> {
    while (this.hasNews) {
      const set: Entry[] = [];
      let { symbol, ref } = { symbol: this.#symbols, ref: this.#series };
      while (set.length < 2 * SEGMENTS_PER_COMMIT && ref < this.index.size) {
        const segment = this.#segment(symbol, ref);
        const number = this.#segments + set.length / 2;
        const value = frame(segment.payload, true);
        set.push({ key: keyOf(this.#epoch, number), value }, { key: copyKeyOf(this.#epoch, number), value });
        ({ symbol, ref } = segment);
      }
      await store.commit({ set });
      this.#segments += set.length / 2;
      this.#symbols = symbol;
      this.#series = ref;
    }
  }

  /** Begins another epoch: the next `write` writes all of the index. */
  restart(): void {
    this.#obsolete.set(this.#epoch, this.#segments);
    this.#epoch = ++this.#lastEpoch; // what a crash left of an epoch that never counted must not be mistaken for this one
    this.#segments =
      this.#symbols =
      this.#series =
      this.#mended =
        0;
  }

  /** Deletes other epochs, once the state names this one. Each from its first segment, which marks it as whole. */
  async deleteObsolete(store: Store): Promise<void> {
    for (const [epoch, segments] of [...this.#obsolete]) {
      const numbers = Array.from({ length: segments }, (_, segment) => segment);
      await deleteKeys(
        store,
        numbers.flatMap((segment) => [keyOf(epoch, segment), copyKeyOf(epoch, segment)]),
      );
      this.#obsolete.delete(epoch);
    }
  }

  /**
   * Adds what is stored to the index, and writes nothing. What is damaged or missing is reported; the series of a
   * segment that is not to be had from its copy either are lost.
   * @param epoch Undefined where the state is lost: then the first whole epoch counts.
   */
  async load(
    store: Store,
    epoch: number | undefined,
    onDamage: (key: Key, error: Error) => void,
  ): Promise<void> {
    if (epoch !== undefined) this.#epoch = this.#lastEpoch = epoch;
    let isChosen = epoch !== undefined;
    for await (const { key, value } of store.list({ prefix: PREFIX, batchSize: 32 })) {
      const [, ofEpoch, segment] = key as readonly [string, number, number];
      this.#lastEpoch = Math.max(this.#lastEpoch, ofEpoch);
      if (!isChosen && (segment === 0 || await store.get(copyKeyOf(ofEpoch, 0)) !== undefined)) {
        this.#epoch = ofEpoch;
        isChosen = true;
      }
      if (!isChosen || ofEpoch !== this.#epoch) {
        this.#obsolete.set(ofEpoch, segment + 1);
        continue;
      }
      while (this.#segments < segment) await this.#readMissing(store, onDamage);
      try {
        this.#read(value);
        this.#segments++;
      } catch (error) {
        onDamage(key, error as Error);
        await this.#readCopy(store, onDamage);
      }
    }
    while (await store.get(copyKeyOf(this.#epoch, this.#segments)) !== undefined) {
      await this.#readMissing(store, onDamage);
    }
    this.#symbols = this.index.symbols.size;
    this.#series = this.index.size;
  }

  async #readMissing(store: Store, onDamage: (key: Key, error: Error) => void): Promise<void> {
    onDamage(
      keyOf(this.#epoch, this.#segments),
      new DamagedValueError("Expected a catalog segment, found none"),
    );
    await this.#readCopy(store, onDamage);
  }

  /** Reads the next segment from its copy, since it is damaged or missing itself. */
  async #readCopy(store: Store, onDamage: (key: Key, error: Error) => void): Promise<void> {
    const key = copyKeyOf(this.#epoch, this.#segments++);
    const value = await store.get(key);
    try {
      if (value === undefined) {
        throw new DamagedValueError("Expected the copy of a catalog segment, found none");
      }
      this.#read(value);
      this.#mended++;
    } catch (error) {
      this.#lost++;
      onDamage(key, error as Error);
    }
  }

  /** Takes all refs below `refsEnd` and symbols below `symbolsEnd`: something in the store names them. */
  reserve(refsEnd: number, symbolsEnd: number): void {
    while (this.index.symbols.size < symbolsEnd) this.index.symbols.appendLost();
    while (this.index.size < refsEnd) this.index.appendLost();
  }

  /** A segment from `symbol` and `ref` on, and where the next one begins. */
  #segment(symbol: number, ref: number): { payload: Uint8Array; symbol: number; ref: number } {
    const { index } = this;
    const firstSymbol = symbol, firstRef = ref;
    const symbols = new ByteSink(1 << 16), series = new ByteSink(1 << 12);
    const symbolsEnd = index.symbols.size, seriesEnd = index.size;
    for (; symbol < symbolsEnd; symbol++) {
      const text = index.symbols.encoded(symbol);
      if (symbols.length > 0 && symbols.length + text.length > SEGMENT_BYTES) break;
      symbols.varint(text.length);
      symbols.append(text);
    }
    // Series come after all symbols that they can be made of.
    if (symbol === symbolsEnd) {
      const ids: number[] = [];
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
    return { payload: out.written(), symbol, ref };
  }

  /** @throws {DamagedValueError | RangeError} */
  #read(value: Uint8Array): void {
    const source = new ByteSource(unframe(value));
    const { index } = this;
    const firstSymbol = source.varint();
    this.reserve(0, firstSymbol);
    for (let i = source.varint(), id = firstSymbol; i > 0; i--, id++) {
      const text = source.take(source.varint());
      if (id < index.symbols.size) continue;
      if (text.length === 0) index.symbols.appendLost();
      else index.symbols.append(text, 0, text.length);
    }
    const firstRef = source.varint();
    this.reserve(firstRef, 0);
    let ids = new Uint32Array(64);
    for (let i = source.varint(), ref = firstRef; i > 0; i--, ref++) {
      const count = source.varint();
      if (count > ids.length) ids = new Uint32Array(count * 2);
      let isLost = count === 0;
      for (let j = 0; j < count; j++) {
        ids[j] = source.varint();
        isLost ||= index.symbols.isLost(ids[j]);
      }
      if (ref < index.size) continue;
      if (isLost) index.appendLost();
      else index.append(ids, 0, count);
    }
  }
}

function keyOf(epoch: number, segment: number): Key {
  return [...PREFIX, epoch, segment];
}

function copyKeyOf(epoch: number, segment: number): Key {
  return [...COPY_PREFIX, epoch, segment];
}
