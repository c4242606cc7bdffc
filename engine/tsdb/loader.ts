import { DamagedValueError } from "./block/framed_value.ts";
import type { BlockSet } from "./block/block_set.ts";
import type { ExemplarEntry, ExemplarStore } from "./exemplars.ts";
import type { Flusher } from "./flusher.ts";
import type { Head } from "./head.ts";
import type { Journal } from "./journal.ts";
import { LogRecordReader } from "./log_record.ts";
import { readState, STATE_PREFIX, type StatePart } from "./state.ts";
import type { Key, Store } from "./store.ts";
import { Tombstones } from "./tombstones.ts";

export interface LoadedParts {
  readonly store: Store;
  readonly head: Head;
  readonly journal: Journal;
  readonly blocks: BlockSet;
  readonly flusher: Flusher;
  readonly tombstones: Tombstones;
  readonly exemplars: ExemplarStore;
}

export interface LoadResult {
  /** Samples that were restored from the log. */
  readonly replayedSamples: number;
  /** Rows that damage made unreadable. */
  readonly lostRows: number;
}

/**
 * Fills the parts with what the store holds, and writes nothing: a full disk does not keep a database from opening.
 * What cannot be read is reported and left out.
 */
export async function load(
  parts: LoadedParts,
  onDamage: (key: Key, error: Error) => void,
  pause: () => Promise<void>,
): Promise<LoadResult> {
  const { store, head, journal, blocks, flusher, tombstones } = parts;
  const state = await loadState(store, onDamage);
  await journal.catalog.load(store, state.get("catalog"), onDamage);
  journal.loaded();
  await blocks.load();
  for (const { meta, index } of blocks.all) journal.catalog.reserve(meta.refsEnd, index.symbolsEnd);
  for (const { refsEnd } of blocks.setAside) journal.catalog.reserve(refsEnd, 0);
  for await (const entry of store.list({ prefix: Tombstones.prefix, batchSize: 64 })) {
    try {
      blocks.noteId(tombstones.load(entry).blocksEnd - 1);
    } catch (error) {
      onDamage(entry.key, error as Error);
    }
  }
  // Where the state is lost, samples of the log may be in blocks as well: that does no harm.
  const floor = state.get("log") ?? 0;
  flusher.loaded(floor);
  const result = await replay(parts, floor, onDamage, pause);
  head.maxMs = Math.max(head.maxMs, blocks.maxMs);
  return result;
}

async function loadState(
  store: Store,
  onDamage: (key: Key, error: Error) => void,
): Promise<Map<StatePart, number>> {
  const found = new Map<StatePart, number>();
  for await (const entry of store.list({ prefix: STATE_PREFIX })) {
    try {
      const { part, value } = readState(entry);
      found.set(part, value);
    } catch (error) {
      onDamage(entry.key, error as Error);
    }
  }
  return found;
}

async function replay(
  { head, journal, exemplars }: LoadedParts,
  floor: number,
  onDamage: (key: Key, error: Error) => void,
  pause: () => Promise<void>,
): Promise<LoadResult> {
  const { catalog, log } = journal;
  const kept: { ref: number; exemplar: ExemplarEntry }[] = [];
  let replayedSamples = 0;
  /** The ref itself: should the catalog have lost it, it must not be given to another series. */
  const known = (ref: number): number => {
    if (ref >= catalog.index.size) catalog.reserve(ref + 1, 0);
    return ref;
  };
  const reader = new LogRecordReader({
    group: (logId, identity, slotRefs) => {
      const found = head.find(identity);
      const fits = found !== undefined && isPrefix(found.slotRefs, found.slotCount, slotRefs);
      const group = fits ? found : head.addGroup(identity, logId);
      for (let slot = group.slotCount; slot < slotRefs.length; slot++) {
        head.slotOf(group, known(slotRefs[slot]));
      }
      return group;
    },
    row: (group, timeMs, words, width, startTimes) => {
      if (timeMs > group.lastMs) {
        group.restore(timeMs, words, width);
        if (startTimes !== undefined) group.noteStartTimes(timeMs, words, startTimes);
      } else head.addRow(group, timeMs, words, width, startTimes); // of an earlier group with the same series
      head.noteTime(timeMs);
      replayedSamples += width;
    },
    float: (ref, timeMs, value, startMs) => {
      head.addFloat(known(ref), timeMs, value, startMs);
      replayedSamples++;
    },
    stale: (ref, timeMs) => head.addStale(known(ref), timeMs),
    histogram: (ref, timeMs, histogram, startMs) => {
      head.addHistogram(known(ref), timeMs, histogram, startMs);
      replayedSamples++;
    },
    exemplar: (ref, exemplar) => void kept.push({ ref: known(ref), exemplar }),
    lastTime: (ref, timeMs) => head.noteLastTime(known(ref), timeMs),
  });
  let batches = 0, bytes = 0;
  for await (const { records, follows } of log.replay(floor, onDamage)) {
    try {
      reader.read(records, follows);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      onDamage(["wal"], new DamagedValueError(`Cannot read a record of batch ${batches}`, { cause: error }));
    }
    batches++;
    bytes += records.length;
    if (bytes < 1 << 20) continue;
    bytes = 0;
    await pause();
  }
  // A flush logs exemplars again, beside newer ones: only their times tell the order.
  kept.sort((a, b) => a.exemplar.timeMs - b.exemplar.timeMs);
  for (const { ref, exemplar } of kept) exemplars.add(ref, exemplar);
  for (const group of head.groups.values()) group.endSegment();
  return { replayedSamples, lostRows: reader.lostRows };
}

function isPrefix(known: Uint32Array, count: number, refs: Uint32Array): boolean {
  if (count > refs.length) return false;
  for (let i = 0; i < count; i++) if (known[i] !== refs[i]) return false;
  return true;
}
