import { BATCH_BYTES_MAX, type Entry, type Key, type Store } from "./store.ts";

/** More than any key of ours takes in a batch, where keys count twice. */
const KEY_BYTES = 160;
const MUTATIONS = 900;

/** Runs of entries that each fit one atomic batch. */
export function* batchesOf(entries: readonly Entry[]): IterableIterator<Entry[]> {
  let from = 0, bytes = 0;
  for (let i = 0; i < entries.length; i++) {
    const size = entries[i].value.length + KEY_BYTES;
    if (i > from && (bytes + size > BATCH_BYTES_MAX || i - from === MUTATIONS)) {
      yield entries.slice(from, i);
      from = i;
      bytes = 0;
    }
    bytes += size;
  }
  if (from < entries.length) yield entries.slice(from);
}

/** Deletes any number of keys, in their order, in as many batches as that takes. */
export async function deleteKeys(store: Store, keys: Iterable<Key>): Promise<void> {
  let batch: Key[] = [];
  for (const key of keys) {
    if (batch.push(key) < MUTATIONS) continue;
    await store.commit({ delete: batch });
    batch = [];
  }
  if (batch.length > 0) await store.commit({ delete: batch });
}
