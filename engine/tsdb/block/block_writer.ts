import { ByteSink } from "../chunk/byte_sink.ts";
import { encodeTimestamps } from "../chunk/timestamps.ts";
import { batchesOf } from "../batches.ts";
import { BATCH_BYTES_MAX, type Entry, type Key, type Store } from "../store.ts";
import { grown } from "../../grown.ts";
import { BlockIndex } from "./block_index.ts";
import { blockKeys, type BlockMeta } from "./block_meta.ts";
import { frame } from "./framed_value.ts";
import { type ChunkKind, PAGE_BYTES_MAX, ValuePageWriter } from "./value_page.ts";

/** Bytes gathered before a commit, so that a page more still fits a batch. */
const COMMIT_BYTES = BATCH_BYTES_MAX - 100_000;

export interface BlockWriterOptions {
  readonly id: number;
  readonly level: number;
  /** The blocks that it is to replace. */
  readonly sources: readonly BlockMeta[];
}

/**
 * Writes one block: time columns and chunks go in, pages go to the store in batches of their own. Nothing of it
 * counts until the caller commits the meta that `finish` returns; until then it is garbage that a later open removes.
 *
 * Chunks must come in the order of their series' metric name (by UTF-8 bytes), then ref, then time.
 */
export class BlockWriter {
  readonly index = new BlockIndex();
  readonly #page = new ValuePageWriter();
  readonly #times = new ByteSink(1 << 12);
  #timesFirstColumn = 0;
  #pending: Entry[] = [];
  #pendingBytes = 0;
  #bytes = 0;
  #chunks = 0;
  #refs = new Uint32Array(1 << 8);
  #series = 0;
  #samples = 0;
  #minMs = Infinity;
  #maxMs = -Infinity;
  #lastRef = -1;
  #pageName = 0;
  #pageRef = 0;

  constructor(readonly store: Store, readonly options: BlockWriterOptions) {}

  /** Whether chunks were added. */
  get isEmpty(): boolean {
    return this.#chunks === 0;
  }

  /** Adds `times[start, end)` as a time column and returns its number. */
  addColumn(times: Float64Array, start: number, end: number): number {
    encodeTimestamps(times.subarray(start, end), end - start, this.#times);
    const column = this.index.addColumn(times[start], times[end - 1], end - start);
    this.#minMs = Math.min(this.#minMs, times[start]);
    this.#maxMs = Math.max(this.#maxMs, times[end - 1]);
    if (this.#times.length > PAGE_BYTES_MAX - 8192) this.#endTimePage();
    return column;
  }

  /**
   * Adds a chunk of the series `ref`, whose metric name is symbol `name` - 1 (0 = no name).
   * @param samples Samples in the chunk, for statistics.
   * @returns Whether a batch is due: call `commit` before adding much more.
   */
  addChunk(
    name: number,
    ref: number,
    column: number,
    kind: ChunkKind,
    chunk: Uint8Array,
    samples: number,
  ): boolean {
    if (this.#page.isFullFor(chunk.length)) this.#endPage();
    if (this.#page.count === 0) {
      this.#pageName = name;
      this.#pageRef = ref;
    }
    this.#page.add(ref, column, kind, chunk);
    if (ref !== this.#lastRef) {
      if (this.#series === this.#refs.length) this.#refs = grown(this.#refs, this.#series + 1);
      this.#refs[this.#series++] = ref;
    }
    this.#lastRef = ref;
    this.#chunks++;
    this.#samples += samples;
    return this.#pendingBytes > COMMIT_BYTES;
  }

  /** Writes the full pages to the store. */
  async commit(): Promise<void> {
    if (this.#pending.length === 0) return;
    const set = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    for (const batch of batchesOf(set)) await this.store.commit({ set: batch });
  }

  /** Writes the rest; the block exists once the caller has committed the returned meta. */
  async finish(): Promise<BlockMeta> {
    this.#endPage();
    this.#endTimePage();
    await this.commit();
    const { id, level, sources } = this.options;
    const indexParts = await this.#putParts(this.index.encode(), (part) => blockKeys.indexPart(id, part));
    const refs = this.#refs.slice(0, this.#series).sort();
    const refParts = await this.#putParts(encodeRefs(refs), (part) => blockKeys.refPart(id, part));
    await this.commit();
    return {
      id,
      level,
      minMs: this.#minMs,
      maxMs: this.#maxMs,
      samples: this.#samples,
      series: this.#series,
      chunks: this.#chunks,
      pages: this.index.pages,
      timePages: this.index.timePages,
      indexParts,
      refsEnd: refs.length === 0 ? 0 : refs[refs.length - 1] + 1,
      refParts,
      bytes: this.#bytes,
      age: sources.reduce((lowest, { age }) => Math.min(lowest, age), id),
      sources: sources.map((source) => source.id),
    };
  }

  async #putParts(whole: Uint8Array, keyOf: (part: number) => Key): Promise<number> {
    let parts = 0;
    for (let at = 0; at < whole.length; at += PAGE_BYTES_MAX) {
      this.#put(keyOf(parts++), frame(whole.subarray(at, at + PAGE_BYTES_MAX), true));
      if (this.#pendingBytes > COMMIT_BYTES) await this.commit();
    }
    return parts;
  }

  #endPage(): void {
    if (this.#page.count === 0) return;
    // zstd takes no more than 1 to 5 % off encoded values, and costs more to undo than they do.
    this.#put(blockKeys.valuePage(this.options.id, this.index.pages), frame(this.#page.take()));
    this.index.addPage(this.#pageName, this.#pageRef);
  }

  #endTimePage(): void {
    if (this.#times.length === 0) return;
    this.#put(blockKeys.timePage(this.options.id, this.index.timePages), frame(this.#times.written(), true));
    this.index.addTimePage(this.#timesFirstColumn);
    this.#times.clear();
    this.#timesFirstColumn = this.index.columns;
  }

  #put(key: Key, value: Uint8Array): void {
    this.#pending.push({ key, value });
    this.#pendingBytes += value.length;
    this.#bytes += value.length;
  }
}

function encodeRefs(refs: Uint32Array): Uint8Array {
  const out = new ByteSink(refs.length * 2 + 8);
  out.varint(refs.length);
  for (let i = 0; i < refs.length; i++) out.varint(i === 0 ? refs[0] : refs[i] - refs[i - 1]);
  return out.written();
}
