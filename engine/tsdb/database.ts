import { FloatHistogram } from "../histogram/float_histogram.ts";
import type { Labels } from "../labels/labels.ts";
import type { Matcher } from "../labels/matcher.ts";
import { isAbsent, isStale, NAN_HIGH, NAN_LOW, STALE_HIGH, STALE_LOW, wordsOf } from "../sample.ts";
import { isTime, type SampleOutcome, sampleOutcome, TIME_MAX_MS } from "./append_rules.ts";
import type { BlockMeta } from "./block/block_meta.ts";
import { BlockSet } from "./block/block_set.ts";
import type { BlockWriter } from "./block/block_writer.ts";
import { batchesOf } from "./batches.ts";
import { Catalog } from "./catalog.ts";
import { Compactor } from "./compactor.ts";
import { type DatabaseCounters, noCounters, type SampleCount } from "./counters.ts";
import { type ExemplarEntry, type ExemplarOutcome, ExemplarStore } from "./exemplars.ts";
import { BOUND_MS, Flusher, WINDOW_MS } from "./flusher.ts";
import { forgetSeries } from "./forgetting.ts";
import { type AppendResult, ELSEWHERE_HIGH, ELSEWHERE_LOW, type Group, isElsewhere } from "./group.ts";
import { Head } from "./head.ts";
import { Journal } from "./journal.ts";
import { load } from "./loader.ts";
import { Mutex } from "./mutex.ts";
import { union } from "./postings.ts";
import type { Queryable, SelectRequest, SeriesColumns } from "./select.ts";
import type { Scannable, ScannedSeries } from "./scanned_series.ts";
import { SeriesIndex } from "./series_index.ts";
import { SeriesOrder } from "./series_order.ts";
import { SeriesReader } from "./series_reader.ts";
import { type Key, type Store, StoreFullError } from "./store.ts";
import { Tombstones } from "./tombstones.ts";

export { type DatabaseCounters, type SampleOutcome, WINDOW_MS };

/** Bytes of samples in memory, for each series, above which they are written to a block. */
const HEAD_BYTES_PER_SERIES = 240;

/** Work that may be timed: a commit of the log, merging blocks, rewriting those with deleted samples. */
export type TimedWork = "commit" | "compaction" | "tombstone_cleanup";

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
  /** Begins to time a piece of work; what it returns is called once that is done, and not where it fails. */
  readonly startTimer?: (work: TimedWork) => () => void;
  /** Told of everything that could not be read and was set aside. */
  readonly onDamage?: (key: Key, error: Error) => void;
}

/**
 * A time series database over a store: takes rows of groups and single samples, logs them, writes them to blocks,
 * compacts those, and answers selects.
 *
 *   rows ─▶ head ─(journal)─▶ flush ─▶ blocks of level 0 ─▶ compaction ─▶ longer blocks ─▶ retention
 *
 * It has no clock and no timers: the owner calls `commit` to make what was appended durable, and `maintain` for the rest.
 * Its methods may be called while others are under way; what was appended before a call is part of what the call does.
 */
export class Database implements Queryable, Scannable {
  readonly index = new SeriesIndex();
  readonly order = new SeriesOrder(this.index);
  readonly head = new Head(this.index);
  readonly exemplars: ExemplarStore;
  readonly tombstones = new Tombstones();
  readonly counters: DatabaseCounters = noCounters();
  readonly #journal: Journal;
  readonly #blocks: BlockSet;
  readonly #flusher: Flusher;
  readonly #compactor: Compactor;
  // Who needs both takes the second one first.
  readonly #flushing = new Mutex();
  readonly #compacting = new Mutex();
  #mayForget = true;
  options: DatabaseOptions;

  private constructor(readonly store: Store, options: DatabaseOptions) {
    this.options = options;
    this.exemplars = new ExemplarStore(options.exemplarsMax ?? 0);
    this.#journal = new Journal(store, new Catalog(this.index));
    this.#blocks = new BlockSet(
      store,
      this.order,
      options.cacheBytes ?? 32 << 20,
      (key, error) => this.#damaged(key, error),
    );
    this.#flusher = new Flusher(this.head, this.exemplars, this.#journal, this.#blocks);
    this.#compactor = new Compactor(store, this.#blocks, this.tombstones);
  }

  /**
   * Opens the database in `store`, an empty one where there is none. Damaged parts are set aside and reported;
   * everything else is served. A full disk is no obstacle.
   */
  static async open(store: Store, options: DatabaseOptions): Promise<Database> {
    const database = new Database(store, options);
    const { head, exemplars, tombstones } = database;
    const { replayedSamples, lostRows } = await load(
      {
        store,
        head,
        exemplars,
        tombstones,
        journal: database.#journal,
        blocks: database.#blocks,
        flusher: database.#flusher,
      },
      (key, error) => database.#damaged(key, error),
      options.pause,
    );
    Object.assign(database.counters, { replayedSamples, lostRows });
    try {
      await database.#blocks.settle();
      await database.#flusher.settle();
    } catch (error) {
      if (!(error instanceof StoreFullError)) throw error;
    }
    return database;
  }

  // --- Appending -------------------------------------------------------------------------------------------------

  /** The group of this identity: the series that are sampled together. */
  group(identity: string): Group {
    return this.head.group(identity);
  }

  /**
   * The slot of the series in the group, a new one where it has none.
   * @throws {RangeError} As `refFor`.
   */
  slotFor(group: Group, labels: Labels): number {
    return this.head.slotOf(group, this.refFor(labels));
  }

  /**
   * The ref of the series, a new one where it is not known. A ref is good for as long as a group has it in a slot or
   * any sample of it is kept, and otherwise until the caller next awaits something.
   * @throws {RangeError} If there is no label, or there are too many or too long ones.
   */
  refFor(labels: Labels): number {
    const size = this.index.size;
    const ref = this.index.intern(labels);
    if (this.index.size > size) this.counters.seriesCreated++;
    return ref;
  }

  /**
   * Appends a row of the group: two words per slot (see engine/sample.ts). Not durable before `commit`.
   * Of a row that is late, each sample is treated as one with a time of its own, and those that are stored are counted.
   * A row is late if it is not newer than the group's last one, or too far behind the newest sample of all, or, as the
   * first of its group, not newer than other samples that its series have elsewhere.
   * @param startTimes Since when each slot counts, in whole ms, 0 where unknown; not set where no slot has a start.
   * @throws {RangeError} If the time, or a start, is not a whole number of ms of at most TIME_MAX_MS.
   */
  append(
    group: Group,
    timeMs: number,
    words: Uint32Array,
    markStale = true,
    startTimes?: Float64Array,
  ): AppendResult {
    requireTime(timeMs);
    startTimes?.forEach(requireTime);
    this.head.adopt(group);
    const isLate = timeMs < this.head.maxMs - BOUND_MS || this.#isBeforeKnown(group, timeMs, words);
    const result = group.append(timeMs, words, markStale, isLate);
    if (!result.accepted) {
      this.#appendLate(group, timeMs, words, result, startTimes);
      return result;
    }
    this.head.noteTime(timeMs);
    const knownStarts = group.startTimes?.count;
    if (startTimes !== undefined || knownStarts !== undefined) {
      group.noteStartTimes(timeMs, words, startTimes ?? noStartTimes);
    }
    this.#journal.records.row(group, knownStarts);
    this.counters.samplesAppended += result.samples;
    return result;
  }

  /**
   * Whether a row that is to be the first of its group has a sample of a series that has a newer one elsewhere, or
   * another one of that time. The very same one does not count: series may move to another group with their last row.
   */
  #isBeforeKnown(group: Group, timeMs: number, words: Uint32Array): boolean {
    if (group.lastMs !== -Infinity || timeMs > this.head.maxMs) return false;
    for (let slot = 0, end = Math.min(words.length >> 1, group.slotCount); slot < end; slot++) {
      if (isAbsent(words, slot) || (group.hasElsewhere && isElsewhere(words, slot))) continue;
      const last = this.head.last(group.slotRefs[slot]);
      if (last.timeMs > timeMs) return true;
      if (last.timeMs < timeMs) continue;
      if (last.low !== words[2 * slot] || last.high !== words[2 * slot + 1]) return true;
    }
    return false;
  }

  #appendLate(
    group: Group,
    timeMs: number,
    words: Uint32Array,
    result: AppendResult,
    startTimes: Float64Array | undefined,
  ): void {
    const values = new Float64Array(words.buffer, words.byteOffset, words.length >> 1);
    const late = new Map<number, SampleOutcome>();
    for (let slot = 0; slot < Math.min(values.length, group.slotCount); slot++) {
      if (isAbsent(words, slot) || (group.hasElsewhere && isElsewhere(words, slot))) continue;
      const ref = group.slotRefs[slot];
      if (isStale(words, slot)) {
        this.appendStale(ref, timeMs);
        continue;
      }
      const outcome = this.appendSample(ref, timeMs, values[slot], startTimes?.[slot]);
      if (outcome === "stored") result.samples++;
      late.set(slot, outcome);
    }
    result.late = late;
    result.accepted = result.samples > 0;
  }

  /** Marks a slot of a row to be appended: its sample is kept elsewhere, see `appendHistogram` and `appendSample`. */
  markElsewhere(group: Group, words: Uint32Array, slot: number): void {
    group.hasElsewhere = true;
    words[2 * slot] = ELSEWHERE_LOW;
    words[2 * slot + 1] = ELSEWHERE_HIGH;
  }

  /**
   * Appends one sample with a time of its own, any NaN as the canonical one.
   * @param startMs Since when the series counts, in whole ms; 0 where unknown.
   * @throws {RangeError} If the start is not a whole number of ms of at most TIME_MAX_MS.
   */
  appendSample(ref: number, timeMs: number, value: number, startMs = 0): SampleOutcome {
    requireTime(startMs);
    sample[0] = value;
    const isNaN = value !== value;
    const outcome = this.#outcomeAt(
      ref,
      timeMs,
      "float",
      (low, high) =>
        isNaN ? high === NAN_HIGH && low === NAN_LOW : low === sampleWords[0] && high === sampleWords[1],
    );
    if (outcome !== "stored") return outcome;
    this.backfill(ref, timeMs, value, startMs);
    return outcome;
  }

  /** Appends one staleness marker with a time of its own. */
  appendStale(ref: number, timeMs: number): SampleOutcome {
    const outcome = this.#outcomeAt(
      ref,
      timeMs,
      "float",
      (low, high) => low === STALE_LOW && high === STALE_HIGH,
    );
    if (outcome !== "stored") return outcome;
    this.head.addStale(ref, timeMs);
    this.#journal.records.stale(ref, timeMs);
    return outcome;
  }

  /**
   * As `appendSample`.
   * @throws {RangeError} Also if the histogram has more buckets than fit one value of the store.
   */
  appendHistogram(ref: number, timeMs: number, histogram: FloatHistogram, startMs = 0): SampleOutcome {
    requireTime(startMs);
    const outcome = this.#outcomeAt(
      ref,
      timeMs,
      "histogram",
      () => this.head.histogramAt(ref, timeMs)?.equals(histogram) ?? false,
    );
    if (outcome !== "stored") return outcome;
    this.#addHistogram(ref, timeMs, histogram, startMs);
    return outcome;
  }

  #addHistogram(ref: number, timeMs: number, histogram: FloatHistogram, startMs: number): void {
    this.#journal.records.histogram(ref, timeMs, histogram, startMs);
    this.head.addHistogram(ref, timeMs, histogram, startMs);
    this.counters.histogramsAppended++;
  }

  /**
   * Appends a sample of nothing at the time from which a series counts, so that functions see all of its first increase.
   * It is only stored as the newest sample of the series, out-of-order window or not.
   * @param timeMs Of the sample that has this start, which is to be appended next.
   * @param like A histogram of the series: nothing is then one without observations in the same buckets.
   */
  appendZero(ref: number, startMs: number, timeMs: number, like?: FloatHistogram): SampleOutcome {
    this.#requireKnown(ref);
    if (startMs >= timeMs) return "out_of_bounds";
    const { maxMs } = this.head;
    const outcome = sampleOutcome({
      timeMs: startMs,
      lastMs: this.head.last(ref).timeMs,
      newestMs: maxMs === -Infinity ? timeMs : maxMs,
      windowMs: 0,
      boundMs: BOUND_MS,
    }, () => true);
    if (outcome !== "stored") return outcome;
    if (like === undefined) this.backfill(ref, startMs, 0);
    else this.#addHistogram(ref, startMs, emptyLike(like), 0);
    return outcome;
  }

  appendExemplar(ref: number, exemplar: ExemplarEntry): ExemplarOutcome {
    const outcome = this.exemplars.add(ref, exemplar);
    if (outcome === "stored") this.#journal.records.exemplar(ref, exemplar);
    return outcome;
  }

  /** Appends samples of the past, as an import does: no rule about order applies, but `isTime` must hold. */
  backfill(ref: number, timeMs: number, value: number, startMs = 0): void {
    this.head.addFloat(ref, timeMs, value, startMs);
    this.#journal.records.float(ref, timeMs, value, startMs);
    this.counters.samplesAppended++;
  }

  #outcomeAt(
    ref: number,
    timeMs: number,
    kind: keyof SampleCount,
    isSame: (low: number, high: number) => boolean,
  ): SampleOutcome {
    this.#requireKnown(ref);
    const last = this.head.last(ref);
    const outcome = sampleOutcome(
      {
        timeMs,
        lastMs: last.timeMs,
        newestMs: this.head.maxMs,
        windowMs: this.options.outOfOrderWindowMs ?? 0,
        boundMs: BOUND_MS,
      },
      // Of what a block has, the time is known alone: most likely it is the same.
      () => last.low === ELSEWHERE_LOW && last.high === ELSEWHERE_HIGH || isSame(last.low, last.high),
    );
    if (outcome === "stored") {
      if (timeMs < last.timeMs) this.counters.outOfOrderSamples[kind]++;
    } else if (outcome !== "same" && outcome !== "duplicate") this.counters.refusedSamples[outcome][kind]++;
    return outcome;
  }

  #requireKnown(ref: number): void {
    if (!this.index.isLost(ref)) return;
    throw new Error(`BUG: series ${ref} is forgotten: ask for its ref again before samples are appended`);
  }

  // --- Durability ------------------------------------------------------------------------------------------------

  /** Bytes of records that are not durable. */
  get uncommittedBytes(): number {
    return this.#journal.uncommittedBytes;
  }

  /**
   * Makes everything appended so far durable.
   * @throws {StoreFullError} If there is no space; what was appended is kept and goes with the next commit.
   */
  async commit(): Promise<void> {
    try {
      const endTimer = this.options.startTimer?.("commit");
      if (!await this.#journal.commit()) return;
      endTimer?.();
      this.counters.commits++;
    } catch (error) {
      this.counters.commitFailures++;
      throw error;
    }
  }

  // --- Maintenance -----------------------------------------------------------------------------------------------

  get blocks(): readonly BlockMeta[] {
    return this.#blocks.all.map((block) => block.meta);
  }

  /** Series of the head. */
  get headSeries(): number {
    return this.head.seriesCount;
  }

  /** Those of them that have gone: they had no sample when their group was sampled last. */
  get staleSeries(): number {
    return this.head.staleCount;
  }

  /** Generation of the log that is written to. */
  get logGeneration(): number {
    return this.#journal.log.generation;
  }

  /** Oldest sample in ms, Infinity where there is none. */
  get oldestMs(): number {
    return Math.min(this.#blocks.minMs, this.head.minMs);
  }

  get logBytes(): number {
    return this.#journal.log.bytes;
  }

  get blockBytes(): number {
    return this.#blocks.bytes;
  }

  get cacheBytes(): number {
    return this.#blocks.cache.bytes;
  }

  /**
   * Removes what is past its retention, writes the head to blocks where that is due, compacts, forgets series that are
   * gone. Where an earlier call still works on a part of this, that part is left to it.
   * @throws {StoreFullError} If there is no space; nothing is lost and the next call tries again.
   */
  async maintain(): Promise<void> {
    if (!this.#compacting.isBusy) await this.#compacting.run(() => this.#retain());
    if (!this.#flushing.isBusy) {
      await this.#flushing.run(async () => {
        await this.#flusher.settle();
        if (this.#flusher.isDue(this.#headBytesMax)) await this.#flush();
      });
    }
    if (!this.#compacting.isBusy) await this.#compacting.run(() => this.#compact());
  }

  /** Writes everything in memory to blocks now. */
  flush(): Promise<void> {
    return this.#flushing.run(() => this.#flush());
  }

  get #headBytesMax(): number {
    return Math.max(this.options.headBytesMin ?? 32 << 20, this.headSeries * HEAD_BYTES_PER_SERIES);
  }

  async #flush(): Promise<void> {
    await this.#flusher.flush(this.options.pause);
    this.counters.flushes++;
  }

  async #retain(): Promise<void> {
    this.counters.reloads++;
    try {
      await this.#removeOutdated();
    } catch (error) {
      this.counters.reloadFailures++;
      throw error;
    }
  }

  async #removeOutdated(): Promise<void> {
    const { retentionMs = 0, retentionBytes = 0 } = this.options;
    await this.#blocks.settle();
    const isEmpty = () => this.#blocks.all.length === 0;
    if (retentionMs > 0 && !isEmpty() && await this.#compactor.removeOlder(retentionMs) > 0) {
      this.counters.timeRetentions++;
      this.#mayForget = true;
    }
    while (retentionBytes > 0 && !isEmpty() && this.blockBytes + this.logBytes > retentionBytes) {
      await this.#compactor.removeOldest();
      this.counters.sizeRetentions++;
      this.#mayForget = true;
    }
    await this.#compactor.forgetTombstones();
    await this.#blocks.settle();
  }

  async #compact(): Promise<void> {
    const { pause, retentionMs = 0 } = this.options;
    try {
      for (;;) {
        const endTimer = this.options.startTimer?.("compaction");
        if (!await this.#compactor.compactNext(this.#completeMs, retentionMs, pause)) break;
        endTimer?.();
        this.counters.compactions++;
        await this.#blocks.settle();
      }
    } catch (error) {
      this.counters.compactionFailures++;
      throw error;
    }
    if (!this.#mayForget || this.#flushing.isBusy) return;
    const forgotten = await this.#flushing.run(() =>
      forgetSeries({
        index: this.index,
        head: this.head,
        exemplars: this.exemplars,
        journal: this.#journal,
        blocks: this.#blocks,
      }, pause)
    );
    this.#mayForget = false;
    this.counters.seriesForgotten += forgotten;
  }

  /** Samples before this time are in blocks, late ones aside. */
  get #completeMs(): number {
    return Number.isFinite(this.head.minMs) ? this.head.minMs : this.#newestMs + 1;
  }

  get #newestMs(): number {
    return Math.max(this.#blocks.maxMs, this.head.maxMs);
  }

  // --- Blocks that come from elsewhere -----------------------------------------------------------------------------

  /**
   * Begins a block. Nothing of it counts before `addBlocks` got its meta; until then it is garbage, which
   * `discardBlock`, or opening the database again, removes.
   * @param level 0 for blocks that compaction rewrites soon.
   */
  startBlock(level: number): Promise<BlockWriter> {
    return this.#blocks.startBlock(level);
  }

  /**
   * Adds finished blocks of samples that come from elsewhere, together with the series that were interned for them:
   * all at once up to 200 of them, of more than that 200 at a time.
   */
  async addBlocks(metas: readonly BlockMeta[]): Promise<void> {
    await this.commit(); // the catalog: no block may name a series that is not in it
    await this.#blocks.add(metas);
  }

  /** Removes what was written of a block that `addBlocks` did not get. */
  discardBlock(id: number): Promise<void> {
    return this.#blocks.discard(id);
  }

  // --- Deletion --------------------------------------------------------------------------------------------------

  /**
   * Deletes the samples that matching series have from `startMs` to `endMs`, both inclusive; samples that come later
   * are not meant. Durable when it resolves.
   */
  async deleteSeries(matchers: readonly Matcher[], startMs: number, endMs: number): Promise<void> {
    const refs = this.index.select(matchers);
    if (refs.length === 0 || startMs > endMs) return;
    await this.flush(); // so that a block's id says whether a sample was there
    const interval = { startMs, endMs };
    const entries = this.tombstones.entries({ refs, interval, blocksEnd: this.#blocks.nextId });
    for (const set of batchesOf(entries)) {
      await this.store.commit({ set });
      for (const entry of set) this.tombstones.load(entry);
    }
  }

  /** Rewrites every block that holds deleted samples, then forgets the tombstones. */
  cleanTombstones(): Promise<void> {
    return this.#compacting.run(async () => {
      if (this.tombstones.isEmpty) return;
      const endTimer = this.options.startTimer?.("tombstone_cleanup");
      await this.#blocks.settle();
      await this.#compactor.cleanTombstones(this.options.pause);
      await this.#blocks.settle();
      this.#mayForget = true;
      endTimer?.();
    });
  }

  // --- Reading ---------------------------------------------------------------------------------------------------

  /** @see Queryable.select */
  select(request: SelectRequest): Promise<SeriesColumns[]> {
    return this.#reader().select(request);
  }

  /** @see Scannable.scan */
  scan(request: SelectRequest, visit: (series: ScannedSeries) => Promise<void> | void): Promise<void> {
    return this.#reader().scan(request, visit);
  }

  #reader(): SeriesReader {
    return new SeriesReader(this, this.#blocks, this.options.pause);
  }

  /**
   * Refs of the series that may have samples from `startMs` to `endMs`, both inclusive, ascending: those of blocks and
   * groups that overlap the range.
   */
  async refsIn(startMs: number, endMs: number): Promise<Uint32Array> {
    const lists = [this.head.refsIn(startMs, endMs)];
    for (const block of this.#blocks.all) {
      const { id, minMs, maxMs } = block.meta;
      if (minMs > endMs || maxMs < startMs) continue;
      const refs = await block.refs();
      if (refs === undefined) return this.index.all();
      lists.push(this.tombstones.remaining(refs, id, Math.max(startMs, minMs), Math.min(endMs, maxMs)));
    }
    return union(lists).filter((ref) => !this.index.isLost(ref));
  }

  #damaged(key: Key, error: Error): void {
    this.counters.damagedValues++;
    this.options.onDamage?.(key, error);
  }
}

const noStartTimes = new Float64Array(0);

function requireTime(timeMs: number): void {
  if (isTime(timeMs)) return;
  throw new RangeError(`Expected a time in whole ms, at most ${TIME_MAX_MS} from 0, found ${timeMs}`);
}

/** A histogram without observations that stands for the begin of a counter. */
function emptyLike({ schema, zeroThreshold, customValues }: FloatHistogram): FloatHistogram {
  return new FloatHistogram({ schema, zeroThreshold, customValues, counterResetHint: "reset" });
}

// Turns a value into its words.
const sample = new Float64Array(1), sampleWords = wordsOf(sample);
