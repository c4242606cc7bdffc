import type { BlockSet } from "./block/block_set.ts";
import type { ExemplarStore } from "./exemplars.ts";
import type { Head } from "./head.ts";
import type { Journal } from "./journal.ts";
import type { SeriesIndex } from "./series_index.ts";

/** Series that nothing has any more are left alone while there are fewer of them, or fewer than a quarter of all. */
const FORGOTTEN_MIN = 1_000;

export interface ForgettingParts {
  readonly index: SeriesIndex;
  readonly head: Head;
  readonly exemplars: ExemplarStore;
  readonly journal: Journal;
  readonly blocks: BlockSet;
}

/**
 * Forgets the series that no block, no group, no loose sample and no exemplar has, where that is worth the work: their
 * labels go from memory and from the catalog, which is written anew. Refs never change. No flush and no compaction may
 * run meanwhile; samples may be appended and committed.
 * @returns How many series were forgotten.
 */
export async function forgetSeries(parts: ForgettingParts, pause: () => Promise<void>): Promise<number> {
  const { index, journal, blocks } = parts;
  if (blocks.isWriting) return 0; // an import, whose series are in no block yet
  const { catalog, store } = journal;
  if (catalog.isMended) {
    await journal.betweenCommits(() => catalog.restart());
    await journal.commit();
  }
  await catalog.deleteObsolete(store);
  const isInBlock = new Uint8Array(index.size);
  for (const block of blocks.all) {
    const refs = await block.refs();
    if (refs === undefined) return 0; // damaged: it may hold any series
    for (let i = 0; i < refs.length; i++) isInBlock[refs[i]] = 1;
    await pause();
  }
  // No await up to `watch`: what is not used now and not given out later is not used at the end.
  const marks = new Uint8Array(index.size);
  for (let ref = 0; ref < marks.length; ref++) {
    marks[ref] = isInBlock[ref] === 1 || ref >= isInBlock.length || index.isLost(ref) ? 0 : 1;
  }
  clearUsed(marks, parts);
  let forgotten = 0, known = 0;
  for (let ref = 0; ref < marks.length; ref++) {
    forgotten += marks[ref];
    if (!index.isLost(ref)) known++;
  }
  if (forgotten < FORGOTTEN_MIN || forgotten < known / 4) return 0;
  index.watch(marks);
  const other = await index.without(marks, pause);
  const isReplaced = await journal.betweenCommits(() => {
    const still = marks.slice();
    clearUsed(still, parts);
    const isUsed = blocks.isWriting || still.some((mark, ref) => mark !== marks[ref]);
    if (isUsed || !index.replaceBy(other)) return false;
    catalog.restart();
    return true;
  });
  if (!isReplaced) return 0;
  await journal.commit();
  await catalog.deleteObsolete(store);
  return forgotten;
}

/** Clears the marks of series that are in memory, other than in the index. */
function clearUsed(marks: Uint8Array, { head, exemplars }: ForgettingParts): void {
  head.clearUsed(marks);
  for (const { ref } of exemplars.inOrder()) marks[ref] = 0;
}
