import type { Catalog } from "./catalog.ts";
import { LogRecordWriter } from "./log_record.ts";
import { Mutex } from "./mutex.ts";
import { stateEntry } from "./state.ts";
import type { Store } from "./store.ts";
import { WriteAheadLog } from "./write_ahead_log.ts";

/**
 * Makes what is appended durable: the series it names, then its records, in the order in which it came.
 *
 *   append ─▶ records ─(commit or rotate)─▶ batches of the log ─(commit)─▶ store
 */
export class Journal {
  readonly log: WriteAheadLog;
  #records = new LogRecordWriter();
  #epoch = 0;
  readonly #commits = new Mutex();

  constructor(readonly store: Store, readonly catalog: Catalog) {
    this.log = new WriteAheadLog(store);
  }

  /** Where records of what is appended go. */
  get records(): LogRecordWriter {
    return this.#records;
  }

  /** Bytes of records that are not durable. */
  get uncommittedBytes(): number {
    return this.#records.out.length + this.log.queuedBytes;
  }

  /** Takes the epoch that the catalog was loaded from as the one that the state names. */
  loaded(): void {
    this.#epoch = this.catalog.epoch;
  }

  /**
   * Makes everything appended so far durable.
   * @returns Whether there was anything.
   * @throws {StoreFullError} If there is no space; what was appended is kept and goes with the next commit.
   */
  commit(): Promise<boolean> {
    return this.#commits.run(async () => {
      this.#encode();
      const { catalog, log } = this;
      if (log.queued === 0 && !catalog.hasNews) return false;
      // Batches that are added from here on may name series that this commit does not write.
      const count = log.queued;
      await catalog.write(this.store);
      if (catalog.epoch !== this.#epoch) {
        await this.store.commit({ set: [stateEntry("catalog", catalog.epoch)] });
        this.#epoch = catalog.epoch;
      }
      await log.commit(count);
      return true;
    });
  }

  /** Begins another generation of the log. What was appended so far belongs to the one that ends. */
  rotate(): void {
    this.#encode();
    this.log.rotate();
    this.#records = new LogRecordWriter();
  }

  /** Runs `work` while no commit is under way. */
  betweenCommits<T>(work: () => T): Promise<T> {
    return this.#commits.run(() => Promise.resolve(work()));
  }

  #encode(): void {
    const { out, isCompressible } = this.#records;
    if (out.length > 0) this.log.add(out.written(), isCompressible);
    this.#records.clear();
  }
}
