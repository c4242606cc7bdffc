import type { Batch, Entry, Key, ListOptions, Store } from "../engine/tsdb/store.ts";

/** A store that passes everything on to another and fails on demand. */
export class FaultyStore implements Store {
  readonly #inner: Store;
  /** What undoes each commit that was passed on, oldest first. */
  readonly #undo: Batch[] = [];
  readonly #failures = new Map<number, { error: Error; stored: boolean }>();
  #commits = 0;
  #running: Promise<void> = Promise.resolve();
  /** While set, every commit fails with it: `store.broken = new StoreFullError("full")`. */
  broken: Error | undefined;

  constructor(inner: Store) {
    this.#inner = inner;
  }

  /** Commits tried so far. */
  get commits(): number {
    return this.#commits;
  }

  /**
   * Lets the `n`th commit from now fail, 1 being the next.
   * @param stored Whether the batch is stored all the same, as when the process dies before the acknowledgement.
   */
  failCommit(n: number, error: Error, { stored = false } = {}): void {
    this.#failures.set(this.#commits + n, { error, stored });
  }

  /** Takes back the last `n` commits, as a disk that lied about a sync or an older backup would. */
  async loseTail(n: number): Promise<void> {
    for (let i = 0; i < n; i++) {
      const undo = this.#undo.pop();
      if (undo === undefined) throw new RangeError(`Cannot lose ${n} commits: found ${i}`);
      await this.#inner.commit({ delete: undo.delete });
      for (const entry of undo.set ?? []) await this.#inner.commit({ set: [entry] }); // together over the limits
    }
  }

  /** Flips bit `bit` of the value of `key`, counted from the lowest bit of its first byte. */
  flip(key: Key, bit: number): Promise<void> {
    return this.#change(key, (value) => {
      value[bit >> 3] ^= 1 << (bit & 7);
      return value;
    });
  }

  /** Keeps only the first `bytes` of the value of `key`. */
  tear(key: Key, bytes: number): Promise<void> {
    return this.#change(key, (value) => value.subarray(0, bytes));
  }

  get(key: Key): Promise<Uint8Array | undefined> {
    return this.#inner.get(key);
  }

  list(options: ListOptions): AsyncIterable<Entry> {
    return this.#inner.list(options);
  }

  commit(batch: Batch): Promise<void> {
    const failure = this.#failures.get(++this.#commits);
    if (failure !== undefined && !failure.stored) return Promise.reject(failure.error);
    if (this.broken !== undefined) return Promise.reject(this.broken);
    const set = batch.set?.map(({ key, value }) => ({ key, value: value.slice() }));
    // One after another, so that each finds what the one before it left to undo.
    const running = this.#running.then(() => this.#pass({ ...batch, set }));
    this.#running = running.catch(() => {});
    return failure === undefined ? running : running.then(() => Promise.reject(failure.error));
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#inner.close();
  }

  async #pass(batch: Batch): Promise<void> {
    const undo = await this.#undoOf(batch);
    await this.#inner.commit(batch);
    this.#undo.push(undo);
  }

  async #undoOf(batch: Batch): Promise<Batch> {
    const set: Entry[] = [], unset: Key[] = [];
    for (const key of [...(batch.delete ?? []), ...(batch.set ?? []).map((entry) => entry.key)]) {
      const value = await this.#inner.get(key);
      if (value === undefined) unset.push(key);
      else set.push({ key, value });
    }
    return { set, delete: unset };
  }

  async #change(key: Key, change: (value: Uint8Array) => Uint8Array): Promise<void> {
    const value = await this.#inner.get(key);
    if (value === undefined) throw new RangeError(`No value at ${JSON.stringify(key)}`);
    await this.#inner.commit({ set: [{ key, value: change(value) }] });
  }
}
