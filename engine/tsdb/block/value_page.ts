import { ByteSink } from "../chunk/byte_sink.ts";
import { ByteSource } from "../chunk/byte_source.ts";

/** Most bytes of a page's payload, so that with its frame it fits one value of the store. */
export const PAGE_BYTES_MAX = 60_000;

export const FLOATS = 0;
export const HISTOGRAMS = 1;
export type ChunkKind = typeof FLOATS | typeof HISTOGRAMS;

/**
 * Chunks of neighbouring series:
 *
 *   ┌────────┬───────────────────────────────────────┬─────────┬─────────┬───
 *   │ chunks │ directory entry, one a chunk          │ chunk 0 │ chunk 1 │ …
 *   └────────┴───────────────────────────────────────┴─────────┴─────────┴───
 *   entry = ref (zigzag, against the entry before) · time column (zigzag, against the entry before) · kind + 2 × length
 *
 * A chunk has as many samples as its time column has timestamps. Chunks are ordered by metric name, ref, time.
 */
export class ValuePageWriter {
  readonly #directory = new ByteSink(1 << 12);
  readonly #chunks = new ByteSink(1 << 16);
  #count = 0;
  #ref = 0;
  #column = 0;

  get count(): number {
    return this.#count;
  }

  /** Whether a chunk of `length` bytes would take the page over its limit. */
  isFullFor(length: number): boolean {
    return this.#count > 0 && this.#directory.length + this.#chunks.length + length + 24 > PAGE_BYTES_MAX;
  }

  add(ref: number, column: number, kind: ChunkKind, chunk: Uint8Array): void {
    this.#directory.signedVarint(ref - this.#ref);
    this.#directory.signedVarint(column - this.#column);
    this.#directory.varint(kind + 2 * chunk.length);
    this.#chunks.append(chunk);
    this.#ref = ref;
    this.#column = column;
    this.#count++;
  }

  /** The page's payload; empties the writer. */
  take(): Uint8Array {
    const out = new ByteSink(this.#directory.length + this.#chunks.length + 8);
    out.varint(this.#count);
    out.append(this.#directory.written());
    out.append(this.#chunks.written());
    this.#directory.clear();
    this.#chunks.clear();
    this.#count = this.#ref = this.#column = 0;
    return out.written();
  }
}

/** A page that was read. Entry `i` is the chunk at `bytes[offsets[i], offsets[i + 1])`. */
export interface ValuePage {
  readonly bytes: Uint8Array;
  readonly refs: Uint32Array;
  readonly columns: Uint32Array;
  readonly kinds: Uint8Array;
  readonly offsets: Uint32Array;
  /** First chunk of each ref, made by a reader that looks series up. */
  firstChunks?: ReadonlyMap<number, number>;
}

/** @throws {RangeError} If the payload is not a page. */
export function readValuePage(payload: Uint8Array): ValuePage {
  const source = new ByteSource(payload);
  const count = source.varint();
  if (count > payload.length) {
    throw new RangeError(`Expected at most ${payload.length} chunks, found ${count}`);
  }
  const refs = new Uint32Array(count), columns = new Uint32Array(count);
  const kinds = new Uint8Array(count), offsets = new Uint32Array(count + 1);
  let ref = 0, column = 0, offset = 0;
  for (let i = 0; i < count; i++) {
    refs[i] = ref += source.signedVarint();
    columns[i] = column += source.signedVarint();
    const kindAndLength = source.varint();
    kinds[i] = kindAndLength & 1;
    offsets[i] = offset;
    offset += Math.floor(kindAndLength / 2);
  }
  offsets[count] = offset;
  for (let i = 0; i <= count; i++) offsets[i] += source.at;
  if (offsets[count] !== payload.length) {
    throw new RangeError(`Expected chunks up to byte ${payload.length}, found them up to ${offsets[count]}`);
  }
  return { bytes: payload, refs, columns, kinds, offsets };
}
