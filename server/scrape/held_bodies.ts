import type { Database } from "../../engine/tsdb/database.ts";

/** The end of a scrape that waits for the database. */
interface HeldScrape {
  /** Bytes of its body in memory. */
  readonly bytes: number;
  apply(database: Database): void;
}

/** What a held scrape takes beside its body, in bytes, roughly. */
const SCRAPE_BYTES = 512;

/** A body that takes more memory than is left for bodies before the database is open. */
export class HeldLimitError extends Error {
  override readonly name = "HeldLimitError";
  constructor(bytesMax: number) {
    super(
      `scrape given up: the database is not open yet, and until then bodies that are being received may take at most ` +
        `${bytesMax} bytes: wait, or limit the body with body_size_limit`,
    );
  }
}

/**
 * Scrapes that were made before the database was open, in order. The oldest give way when they become too much; bodies
 * that are still being received have half of the memory at most, so that one without an end leaves the others their half.
 */
export class HeldBodies {
  #held: HeldScrape[] = [];
  #heldBytes = 0;
  #receivingBytes = 0;

  /**
   * @param bytesMax Bytes that all bodies take at most.
   * @param onDropped Told of each scrape that gave way or was refused.
   */
  constructor(private readonly bytesMax: number, private readonly onDropped: () => void) {}

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  /**
   * Takes `bytes` for a body that is being received, until `release`.
   * @throws {HeldLimitError} If such bodies have too much then; the body's scrape counts as dropped.
   */
  reserve(bytes: number): void {
    const receivingMax = Math.floor(this.bytesMax / 2);
    if (this.#receivingBytes + bytes > receivingMax) {
      this.onDropped();
      throw new HeldLimitError(receivingMax);
    }
    this.#receivingBytes += bytes;
    this.#makeRoom();
  }

  release(bytes: number): void {
    this.#receivingBytes -= bytes;
  }

  add(scrape: HeldScrape): void {
    this.#held.push(scrape);
    this.#heldBytes += bytesOf(scrape);
    this.#makeRoom();
  }

  /** Applies everything held, and what is added meanwhile. */
  async drain(database: Database, pause: () => Promise<void>): Promise<void> {
    for (let scrape = this.#held.shift(); scrape !== undefined; scrape = this.#held.shift()) {
      this.#heldBytes -= bytesOf(scrape);
      scrape.apply(database);
      await pause();
    }
  }

  #makeRoom(): void {
    while (this.#held.length > 0 && this.#heldBytes + this.#receivingBytes > this.bytesMax) {
      this.#heldBytes -= bytesOf(this.#held.shift()!);
      this.onDropped();
    }
  }
}

function bytesOf({ bytes }: HeldScrape): number {
  return bytes + SCRAPE_BYTES;
}
