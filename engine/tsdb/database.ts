import type { FloatHistogram } from "../histogram/float_histogram.ts";
import type { Labels } from "../labels/labels.ts";
import type { Matcher } from "../labels/matcher.ts";
import { Block, type CachedPage } from "./block/block.ts";
import { blockKeys, type BlockMeta } from "./block/block_meta.ts";
import { BlockReader } from "./block/block_reader.ts";
import { BlockWriter } from "./block/block_writer.ts";
import { frame, unframe } from "./block/framed_value.ts";
import { PageCache } from "./block/page_cache.ts";
import { Catalog, CATALOG_PREFIX } from "./catalog.ts";
import { blockRanges, compact, planCompaction } from "./compaction.ts";
import { type ExemplarEntry, type ExemplarOutcome, ExemplarStore } from "./exemplars.ts";
import { type AppendResult, ELSEWHERE_HIGH, ELSEWHERE_LOW, type Group } from "./group.ts";
import { Head } from "./head.ts";
import { HeadSelection } from "./head_selection.ts";
import { writeSealing } from "./head_writer.ts";
import { union } from "./postings.ts";
import { LogRecordReader, LogRecordWriter } from "./log_record.ts";
import type { Queryable, SelectRequest, SeriesColumns } from "./select.ts";
import { SeriesCollector } from "./series_collector.ts";
import { SeriesIndex } from "./series_index.ts";
import { SeriesOrder } from "./series_order.ts";
import type { Entry, Key, Store } from "./store.ts";
import { Tombstones } from "./tombstones.ts";
import { WriteAheadLog } from "./write_ahead_log.ts";

const HOUR_MS = 3_600_000;
/** Length of the shortest windows that blocks are aligned to. */
export const WINDOW_MS = 2 * HOUR_MS;
const STATE_KEY: Key = ["state"];
/** Values of up to 64 KiB that fit one atomic batch. */
const ENTRIES_PER_COMMIT = 12;
/** Blocks whose metas, and the marks that they were garbage, fit one atomic batch. */
const BLOCKS_PER_COMMIT = 400;
/** Series that a select reads at a time, so that it holds few pages at once. */
const SELECT_SLICE = 4096;

export interface DatabaseOptions {
  /** Lets other work run; called now and then during long work. */
  readonly pause: () => Promise<void>;
  /** How long blocks are kept behind the newest sample, in ms; 0 keeps them for ever. */
  readonly retentionMs?: number;
  /** Bytes of blocks and log above which the oldest blocks are removed; 0 for no limit. */
  readonly retentionBytes?: number;
  /** How far behind the newest sample a late one may be, in ms. */
  readonly outOfOrderWindowMs?: number;
  readonly exemplarsMax?: number;
  /** Bytes of pages that are kept in memory after they were read. */
  readonly cacheBytes?: number;
  /** Bytes of samples in memory, at the least, above which they are written to a block. */
  readonly headBytesMin?: number;
  /** Told of everything that could not be read and was set aside. */
  readonly onDamage?: (key: Key, error: Error) => void;
}

/** What became of a sample with a time of its own. */
export type SampleOutcome = "stored" | "same" | "duplicate" | "out_of_order" | "too_old" | "out_of_bounds";

/** Things counted since the database was opened. */
export interface DatabaseCounters {
  samplesAppended: number;
  histogramsAppended: number;
  outOfOrderSamples: number;
  seriesCreated: number;
  damagedValues: number;
  lostRows: number;
  replayedSamples: number;
  replayMs: number;
  flushes: number;
  compactions: number;
  compactionFailures: number;
  timeRetentions: number;
  sizeRetentions: number;
  commits: number;
  commitFailures: number;
}

/** What is kept under STATE_KEY. */
interface State {
  readonly walFloor: number;
  readonly nextBlockId: number;
}

/**
 * A time series database over a store: takes rows of groups and single samples, logs them, writes them to blocks,
 * compacts those, and answers selects.
 *
 *   rows ─▶ head ─(log)─▶ flush ─▶ blocks of level 0 ─▶ compaction ─▶ longer blocks ─▶ retention
 *
 * It has no clock and no timers: the owner calls `commit` to make what was appended durable, and `maintain` for the rest.
 */
export class Database implements Queryable {
  readonly index = new SeriesIndex();
  readonly order = new SeriesOrder(this.index);
  readonly head = new Head();
  readonly exemplars: ExemplarStore;
  readonly tombstones = new Tombstones();
  readonly counters: DatabaseCounters = {
    samplesAppended: 0,
    histogramsAppended: 0,
    outOfOrderSamples: 0,
    seriesCreated: 0,
    damagedValues: 0,
    lostRows: 0,
    replayedSamples: 0,
    replayMs: 0,
    flushes: 0,
    compactions: 0,
    compactionFailures: 0,
    timeRetentions: 0,
    sizeRetentions: 0,
    commits: 0,
    commitFailures: 0,
  };
  readonly #catalog = new Catalog(this.index);
  readonly #cache: PageCache<CachedPage>;
  readonly #log: WriteAheadLog;
  #records = new LogRecordWriter();
  #blocks: Block[] = [];
  #nextBlockId = 1;
  #walFloor = 0;
  /** Batches that are encoded but not durable, in order. */
  #unwritten: Entry[] = [];
  #committing: Promise<void> | undefined;
  #maintaining = false;
  options: DatabaseOptions;

  private constructor(readonly store: Store, options: DatabaseOptions) {
    this.options = options;
    this.exemplars = new ExemplarStore(options.exemplarsMax ?? 0);
    this.#cache = new PageCache(options.cacheBytes ?? 32 << 20);
    this.#log = new WriteAheadLog(store, 0);
  }

  /**
   * Opens the database in `store`, an empty one where there is none. Damaged parts are set aside and reported;
   * everything else is served.
   */
  static async open(store: Store, options: DatabaseOptions): Promise<Database> {
    const database = new Database(store, options);
    await database.#load();
    return database;
  }

  // --- Appending -------------------------------------------------------------------------------------------------

  /** The group of this identity: the series that are sampled together. */
  group(identity: string): Group {
    return this.head.group(identity);
  }

  /** The slot of the series in the group, a new one where it has none. */
  slotFor(group: Group, labels: Labels): number {
    return this.head.slotOf(group, this.refFor(labels));
  }

  /** The ref of the series, a new one where it is not known. */
  refFor(labels: Labels): number {
    const size = this.index.size;
    const ref = this.index.intern(labels);
    if (this.index.size > size) this.counters.seriesCreated++;
    return ref;
  }

  /**
   * Appends a row of the group: two words per slot (see engine/sample.ts). Not durable before `commit`.
   * A row that is not newer than the group's last one is not accepted.
   */
  append(group: Group, timeMs: number, words: Uint32Array, markStale = true): AppendResult {
    const result = group.append(timeMs, words, markStale);
    if (!result.accepted) return result;
    this.head.noteTime(timeMs);
    this.#records.row(group);
    this.counters.samplesAppended += result.samples;
    return result;
  }

  /** Marks a slot of a row to be appended: its sample is kept elsewhere, see `appendHistogram` and `appendSample`. */
  markElsewhere(group: Group, words: Uint32Array, slot: number): void {
    group.hasElsewhere = true;
    words[2 * slot] = ELSEWHERE_LOW;
    words[2 * slot + 1] = ELSEWHERE_HIGH;
  }

  /** Appends one sample with a time of its own. */
  appendSample(ref: number, timeMs: number, value: number): SampleOutcome {
    const outcome = this.#outcomeAt(ref, timeMs);
    if (outcome !== "stored") return outcome;
    this.head.addFloat(ref, timeMs, value);
    this.#records.float(ref, timeMs, value);
    this.counters.samplesAppended++;
    return outcome;
  }

  /** Appends one staleness marker with a time of its own. */
  appendStale(ref: number, timeMs: number): SampleOutcome {
    const outcome = this.#outcomeAt(ref, timeMs);
    if (outcome !== "stored") return outcome;
    this.head.addStale(ref, timeMs);
    this.#records.stale(ref, timeMs);
    return outcome;
  }

  appendHistogram(ref: number, timeMs: number, histogram: FloatHistogram): SampleOutcome {
    const outcome = this.#outcomeAt(ref, timeMs);
    if (outcome !== "stored") return outcome;
    this.head.addHistogram(ref, timeMs, histogram);
    this.#records.histogram(ref, timeMs, histogram);
    this.counters.histogramsAppended++;
    return outcome;
  }

  appendExemplar(ref: number, exemplar: ExemplarEntry): ExemplarOutcome {
    const outcome = this.exemplars.add(ref, exemplar);
    if (outcome === "stored") this.#records.exemplar(ref, exemplar);
    return outcome;
  }

  /** Appends samples of the past, as an import does: no rule about order applies. */
  backfill(ref: number, timeMs: number, value: number): void {
    this.head.addFloat(ref, timeMs, value);
    this.#records.float(ref, timeMs, value);
    this.counters.samplesAppended++;
  }

  #outcomeAt(ref: number, timeMs: number): SampleOutcome {
    const last = this.head.lastMs(ref);
    const windowMs = this.options.outOfOrderWindowMs ?? 0;
    if (timeMs > last && timeMs > this.head.maxMs - Math.max(windowMs, WINDOW_MS / 2)) return "stored";
    this.counters.outOfOrderSamples++;
    if (windowMs > 0) {
      if (timeMs < this.head.maxMs - windowMs) return "too_old";
      return timeMs === last ? "duplicate" : "stored";
    }
    if (timeMs <= this.head.maxMs - WINDOW_MS / 2) return "out_of_bounds";
    return timeMs === last ? "duplicate" : "out_of_order";
  }

  // --- Durability ------------------------------------------------------------------------------------------------

  /** Bytes of records that are not durable. */
  get uncommittedBytes(): number {
    return this.#records.out.length + this.#unwritten.reduce((sum, { value }) => sum + value.length, 0);
  }

  /**
   * Makes everything appended so far durable.
   * @throws {StoreFullError} If there is no space; what was appended is kept and goes with the next commit.
   */
  async commit(): Promise<void> {
    // A commit that is under way may have begun before the latest samples: wait for it, then take the rest.
    while (this.#committing !== undefined) await this.#committing.catch(() => {});
    this.#encodeRecords();
    if (this.#unwritten.length === 0 && !this.#catalog.hasNews) return;
    this.#committing = this.#write();
    try {
      await this.#committing;
      this.counters.commits++;
    } catch (error) {
      this.counters.commitFailures++;
      throw error;
    } finally {
      this.#committing = undefined;
    }
  }

  async #write(): Promise<void> {
    const { entries, stored } = this.#catalog.news();
    for (let i = 0; i < entries.length; i += ENTRIES_PER_COMMIT) {
      await this.store.commit({ set: entries.slice(i, i + ENTRIES_PER_COMMIT) });
    }
    stored();
    const logged = this.#unwritten.length;
    await this.#log.commit(this.#unwritten.slice(0, logged));
    this.#unwritten.splice(0, logged);
  }

  #encodeRecords(): void {
    const { out } = this.#records;
    if (out.length > 0) this.#unwritten.push(...this.#log.encode(out.written()));
    out.clear();
  }

  // --- Maintenance -----------------------------------------------------------------------------------------------

  get blocks(): readonly BlockMeta[] {
    return this.#blocks.map((block) => block.meta);
  }

  /** Series of the groups of the head. */
  get headSeries(): number {
    let slots = this.head.loose.size;
    for (const group of this.head.groups.values()) slots += group.slotCount;
    return slots;
  }

  /** Oldest sample in ms, Infinity where there is none. */
  get oldestMs(): number {
    return this.#blocks.reduce((oldest, { meta }) => Math.min(oldest, meta.minMs), this.head.minMs);
  }

  get logBytes(): number {
    return this.#log.bytes;
  }

  get blockBytes(): number {
    return this.#blocks.reduce((sum, { meta }) => sum + meta.bytes, 0);
  }

  get cacheBytes(): number {
    return this.#cache.bytes;
  }

  /**
   * Writes the head to blocks where that is due, compacts, removes what is past its retention. Does nothing while an
   * earlier call still works.
   * @throws {StoreFullError} If there is no space; nothing is lost and the next call tries again.
   */
  async maintain(): Promise<void> {
    if (this.#maintaining) return;
    this.#maintaining = true;
    try {
      await this.#retain();
      if (this.#flushIsDue()) await this.#flush();
      while (await this.#compactNext());
    } finally {
      this.#maintaining = false;
    }
  }

  /** Writes everything in memory to blocks now. */
  async flush(): Promise<void> {
    while (this.#maintaining) await this.options.pause();
    this.#maintaining = true;
    try {
      await this.#flush();
    } finally {
      this.#maintaining = false;
    }
  }

  #flushIsDue(): boolean {
    const { head } = this;
    if (head.isSealing || head.maxMs === -Infinity || head.minMs === Infinity) return head.isSealing;
    const windowEndMs = (Math.floor(head.minMs / WINDOW_MS) + 1) * WINDOW_MS;
    if (head.maxMs >= windowEndMs + WINDOW_MS / 2) return true;
    const bytesMax = Math.max(this.options.headBytesMin ?? 32 << 20, this.headSeries * 240);
    return head.openBytes > bytesMax;
  }

  async #flush(): Promise<void> {
    const { head } = this;
    if (!head.isSealing) {
      this.#encodeRecords(); // they belong to the generation that ends here
      head.seal();
      this.#log.generation++;
      this.#records = new LogRecordWriter();
    }
    const generation = this.#log.generation;
    const metas: BlockMeta[] = [];
    for (const window of this.#sealedWindows()) {
      const writer = await this.startBlock(0);
      await writeSealing(head, this.order, writer, window, window + WINDOW_MS, this.options.pause);
      if (writer.isEmpty) await this.#dropGarbage(writer.options.id);
      else metas.push(await writer.finish());
    }
    await this.commit();
    const blocks: Block[] = [];
    for (const meta of metas) blocks.push(await this.#open(meta));
    this.#walFloor = generation;
    await this.store.commit({
      set: [...metas.map(metaEntry), this.#stateEntry()],
      delete: metas.map((meta) => garbageKey(meta.id)),
    });
    this.#addBlocks(blocks);
    head.sealed();
    this.counters.flushes++;
    await this.#log.deleteBefore(generation);
  }

  /** Begins of the windows that the sealing generation has samples in, ascending. */
  #sealedWindows(): number[] {
    const windows = new Set<number>();
    for (const group of this.head.groups.values()) {
      for (const segment of group.sealing) {
        for (let row = 0; row < segment.rows; row++) windows.add(Math.floor(segment.times[row] / WINDOW_MS));
      }
    }
    for (const series of this.head.sealingLoose.values()) {
      for (const timeMs of series.columns().times) windows.add(Math.floor(timeMs / WINDOW_MS));
    }
    return [...windows].sort((a, b) => a - b).map((window) => window * WINDOW_MS);
  }

  async #compactNext(): Promise<boolean> {
    const retentionMs = this.options.retentionMs ?? 0;
    const longest = Math.min(
      31 * 24 * HOUR_MS,
      retentionMs > 0 ? Math.max(WINDOW_MS, retentionMs / 10) : Infinity,
    );
    const completeMs = Number.isFinite(this.head.minMs) ? this.head.minMs : this.#newestMs() + 1;
    const candidates = this.#blocks.map((block) => ({ ...block.meta, block }));
    const planned = planCompaction(candidates, blockRanges(WINDOW_MS, longest), completeMs);
    if (planned === undefined) return false;
    try {
      await this.#replace(planned.map(({ block }) => block));
    } catch (error) {
      this.counters.compactionFailures++;
      throw error;
    }
    this.counters.compactions++;
    return true;
  }

  /** Rewrites the blocks as one, without what was deleted. */
  async #replace(blocks: readonly Block[]): Promise<void> {
    const level = Math.max(...blocks.map(({ meta }) => meta.level)) + 1;
    const writer = await this.startBlock(level, blocks.map(({ meta }) => meta.id));
    for (const block of blocks) block.readers++;
    let meta: BlockMeta | undefined;
    try {
      await compact(blocks, this.order, writer, (ref) => this.tombstones.of(ref), this.options.pause);
      if (!writer.isEmpty) meta = await writer.finish();
    } finally {
      for (const block of blocks) block.release();
    }
    const replacement = meta === undefined ? [] : [await this.#open(meta)];
    await this.store.commit({
      set: [
        ...(meta === undefined ? [] : [metaEntry(meta)]),
        ...blocks.map((block) => garbageEntry(block.meta.id)),
      ],
      delete: [
        ...blocks.map((block) => blockKeys.meta(block.meta.id)),
        ...(meta === undefined ? [] : [garbageKey(meta.id)]),
      ],
    });
    this.#blocks = this.#blocks.filter((block) => !blocks.includes(block));
    this.#addBlocks(replacement);
    for (const block of blocks) await this.#discard(block);
    if (meta === undefined) await this.#dropGarbage(writer.options.id);
  }

  async #retain(): Promise<void> {
    const { retentionMs = 0, retentionBytes = 0 } = this.options;
    const newestMs = this.#newestMs();
    const old = retentionMs > 0
      ? this.#blocks.filter(({ meta }) => newestMs - meta.maxMs >= retentionMs)
      : [];
    if (old.length > 0) {
      await this.#remove(old);
      this.counters.timeRetentions++;
    }
    if (retentionBytes <= 0) return;
    while (this.#blocks.length > 0 && this.blockBytes + this.#log.bytes > retentionBytes) {
      await this.#remove([this.#blocks[0]]);
      this.counters.sizeRetentions++;
    }
  }

  async #remove(blocks: readonly Block[]): Promise<void> {
    await this.store.commit({
      set: blocks.map((block) => garbageEntry(block.meta.id)),
      delete: blocks.map((block) => blockKeys.meta(block.meta.id)),
    });
    this.#blocks = this.#blocks.filter((block) => !blocks.includes(block));
    for (const block of blocks) await this.#discard(block);
  }

  /** Deletes the pages of a block that is no more, once nobody reads it. */
  async #discard(block: Block): Promise<void> {
    if (block.readers > 0) {
      block.onIdle = () => void this.#discard(block).catch(() => {}); // what is left is garbage for the next open
      return;
    }
    const keys = [...blockKeys.contents(block.meta)];
    for (let i = 0; i < keys.length; i += 900) await this.store.commit({ delete: keys.slice(i, i + 900) });
    await this.store.commit({ delete: [garbageKey(block.meta.id)] });
  }

  #newestMs(): number {
    return this.#blocks.reduce((newest, { meta }) => Math.max(newest, meta.maxMs), this.head.maxMs);
  }

  /**
   * Begins a block. Nothing of it counts before `addBlocks` got its meta; until then it is garbage, which
   * `discardBlock`, or opening the database again, removes.
   * @param level 0 for blocks that compaction rewrites soon; those of higher levels are squeezed.
   */
  async startBlock(level: number, sources: readonly number[] = []): Promise<BlockWriter> {
    const id = this.#nextBlockId++;
    await this.store.commit({ set: [garbageEntry(id), this.#stateEntry()] });
    return new BlockWriter(this.store, { id, level, sources, compress: level > 0 });
  }

  /**
   * Adds finished blocks of samples that come from elsewhere, together with the series that were interned for them:
   * all at once up to 400 of them, of more than that 400 at a time.
   */
  async addBlocks(metas: readonly BlockMeta[]): Promise<void> {
    await this.commit(); // the catalog: no block may name a series that is not in it
    for (let i = 0; i < metas.length; i += BLOCKS_PER_COMMIT) {
      const some = metas.slice(i, i + BLOCKS_PER_COMMIT);
      const blocks: Block[] = [];
      for (const meta of some) blocks.push(await this.#open(meta));
      await this.store.commit({ set: some.map(metaEntry), delete: some.map(({ id }) => garbageKey(id)) });
      this.#addBlocks(blocks);
    }
  }

  /** Removes what was written of a block that `addBlocks` did not get. */
  async discardBlock(id: number): Promise<void> {
    await this.#dropGarbage(id);
  }

  #open(meta: BlockMeta): Promise<Block> {
    return Block.open(meta, this.store, this.#cache, (key, error) => this.#damaged(key, error));
  }

  #addBlocks(blocks: readonly Block[]): void {
    this.#blocks = [...this.#blocks, ...blocks].sort((a, b) => a.meta.minMs - b.meta.minMs);
  }

  async #dropGarbage(id: number): Promise<void> {
    let keys: Key[] = [];
    for await (const { key } of this.store.list({ prefix: blockKeys.pages(id), batchSize: 64 })) {
      keys.push(key);
      if (keys.length < 500) continue;
      await this.store.commit({ delete: keys });
      keys = [];
    }
    await this.store.commit({ delete: [...keys, garbageKey(id)] });
  }

  #stateEntry(): Entry {
    const state: State = { walFloor: this.#walFloor, nextBlockId: this.#nextBlockId };
    return { key: STATE_KEY, value: encodeJson(state) };
  }

  // --- Deletion --------------------------------------------------------------------------------------------------

  /** Deletes the samples of matching series from `startMs` to `endMs`, both inclusive. Durable when it resolves. */
  async deleteSeries(matchers: readonly Matcher[], startMs: number, endMs: number): Promise<void> {
    const refs = this.index.select(matchers);
    // Samples that come later with newer times are not meant.
    const interval = { startMs, endMs: Math.min(endMs, this.#newestMs()) };
    if (refs.length === 0 || interval.startMs > interval.endMs) return;
    await this.commit();
    await this.store.commit({ set: this.tombstones.add(refs, interval) });
  }

  /** Rewrites every block that holds deleted samples, then forgets the tombstones. */
  async cleanTombstones(): Promise<void> {
    if (this.tombstones.isEmpty) return;
    await this.flush();
    while (this.#maintaining) await this.options.pause();
    this.#maintaining = true;
    try {
      const { keys, span } = this.tombstones.all();
      for (
        const block of this.#blocks.filter(({ meta }) =>
          meta.minMs <= span.endMs && meta.maxMs >= span.startMs
        )
      ) {
        await this.#replace([block]);
      }
      this.tombstones.forget(keys);
      await this.store.commit({ delete: keys });
    } finally {
      this.#maintaining = false;
    }
  }

  // --- Reading ---------------------------------------------------------------------------------------------------

  /** @see Queryable.select */
  async select(request: SelectRequest): Promise<SeriesColumns[]> {
    const { startMs, endMs, signal } = request;
    const { refs, names } = this.order.sort(this.index.select(request.matchers));
    const collector = new SeriesCollector(startMs, endMs);
    const headSelection = new HeadSelection(this.head, refs, collector);
    const blocks = this.#blocks.filter(({ meta }) => meta.minMs <= endMs && meta.maxMs >= startMs)
      .map((block) => new BlockReader(block, this.order, collector, startMs, endMs));
    const result: SeriesColumns[] = [];
    for (const { block } of blocks) block.readers++;
    try {
      for (let from = 0; from < refs.length; from += SELECT_SLICE) {
        signal?.throwIfAborted();
        const to = Math.min(refs.length, from + SELECT_SLICE);
        for (const reader of blocks) await reader.load(refs, names, from, to);
        for (let i = from; i < to; i++) {
          for (const reader of blocks) reader.collect(refs[i], names[i]);
          headSelection.collect(i);
          const series = collector.take(this.index.labels(refs[i]), this.tombstones.of(refs[i]));
          if (series !== undefined) result.push(series);
        }
        if (to < refs.length) await this.options.pause();
      }
    } finally {
      for (const { block } of blocks) block.release();
    }
    return result;
  }

  /**
   * Refs of the series that may have samples from `startMs` to `endMs`, both inclusive, ascending: those of blocks and
   * groups that overlap the range.
   */
  async refsIn(startMs: number, endMs: number): Promise<Uint32Array> {
    const lists = [this.head.refsIn(startMs, endMs)];
    for (const block of this.#blocks) {
      if (block.meta.minMs > endMs || block.meta.maxMs < startMs) continue;
      const refs = await block.refs();
      if (refs === undefined) return this.index.all();
      lists.push(refs);
    }
    return union(lists);
  }

  // --- Opening ---------------------------------------------------------------------------------------------------

  async #load(): Promise<void> {
    const { store } = this;
    const state = await store.get(STATE_KEY);
    if (state !== undefined) {
      const { walFloor, nextBlockId } = decodeJson<State>(state);
      this.#walFloor = walFloor;
      this.#nextBlockId = nextBlockId;
      this.#log.generation = walFloor;
    }
    for await (const { key } of store.list({ prefix: GARBAGE, batchSize: 1000 })) {
      await this.#dropGarbage(Number(key.at(-1)));
    }
    for await (const entry of store.list({ prefix: CATALOG_PREFIX, batchSize: 64 })) {
      this.#guard(entry.key, () => this.#catalog.load(entry));
    }
    const metas: BlockMeta[] = [];
    for await (const { key, value } of store.list({ prefix: blockKeys.metas, batchSize: 1000 })) {
      this.#guard(key, () => metas.push(decodeJson<BlockMeta>(value)));
    }
    for (const meta of metas) {
      try {
        this.#addBlocks([await this.#open(meta)]);
      } catch (error) {
        this.#damaged(blockKeys.meta(meta.id), error as Error);
      }
    }
    for await (const { key, value } of store.list({ prefix: Tombstones.prefix, batchSize: 64 })) {
      this.#guard(key, () => this.tombstones.load(key, value));
    }
    await this.#replay();
    this.head.maxMs = this.#newestMs();
  }

  async #replay(): Promise<void> {
    const { head, counters } = this;
    const reader = new LogRecordReader({
      group: (logId, identity, slotRefs) => {
        const known = head.find(identity);
        const fits = known !== undefined && isPrefix(known.slotRefs, known.slotCount, slotRefs);
        const group = fits ? known : head.addGroup(identity, logId);
        for (let slot = group.slotCount; slot < slotRefs.length; slot++) head.slotOf(group, slotRefs[slot]);
        return group;
      },
      row: (group, timeMs, words, width) => {
        head.noteTime(timeMs);
        group.restore(timeMs, words, width);
        counters.replayedSamples += width;
      },
      float: (ref, timeMs, value) => head.addFloat(ref, timeMs, value),
      stale: (ref, timeMs) => head.addStale(ref, timeMs),
      histogram: (ref, timeMs, histogram) => head.addHistogram(ref, timeMs, histogram),
      exemplar: (ref, exemplar) => void this.exemplars.add(ref, exemplar),
    });
    let batches = 0;
    const onDamage = (key: Key, error: Error) => this.#damaged(key, error);
    for await (const records of this.#log.replay(this.#walFloor, onDamage)) {
      this.#guard(["wal"], () => reader.read(records));
      if (++batches % 16 === 0) await this.options.pause();
    }
    counters.lostRows = reader.lostRows;
    for (const group of head.groups.values()) group.endSegment();
    await this.#log.deleteBefore(this.#walFloor);
  }

  #guard(key: Key, read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#damaged(key, error as Error);
    }
  }

  #damaged(key: Key, error: Error): void {
    this.counters.damagedValues++;
    this.options.onDamage?.(key, error);
  }
}

/** Blocks whose pages are to be deleted, or that are being written. */
const GARBAGE: Key = ["garbage"];

function garbageKey(id: number): Key {
  return [...GARBAGE, id];
}

function garbageEntry(id: number): Entry {
  return { key: garbageKey(id), value: new Uint8Array([1]) };
}

function metaEntry(meta: BlockMeta): Entry {
  return { key: blockKeys.meta(meta.id), value: encodeJson(meta) };
}

function encodeJson(value: unknown): Uint8Array {
  return frame(new TextEncoder().encode(JSON.stringify(value)));
}

/** @throws {DamagedValueError | SyntaxError} If the value is damaged. */
function decodeJson<T>(value: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(unframe(value))) as T;
}

function isPrefix(known: Uint32Array, count: number, refs: Uint32Array): boolean {
  if (count > refs.length) return false;
  for (let i = 0; i < count; i++) if (known[i] !== refs[i]) return false;
  return true;
}
