import type { Database } from "../../engine/tsdb/database.ts";

/** The end of a scrape that waits for the database. */
export interface HeldScrape {
  readonly bytes: number;
  apply(database: Database): void;
}

/** Scrapes that were made before the database was open, in order. The oldest give way when they become too much. */
export class HeldBodies {
  #held: HeldScrape[] = [];
  #bytes = 0;
  /** Scrapes that gave way. */
  dropped = 0;

  /** @param bytesMax Bytes of bodies that are held at most. */
  constructor(private readonly bytesMax: number) {}

  add(scrape: HeldScrape): void {
    this.#held.push(scrape);
    this.#bytes += scrape.bytes;
    while (this.#bytes > this.bytesMax) {
      this.#bytes -= this.#held.shift()!.bytes;
      this.dropped++;
    }
  }

  /** Applies everything held, and what is added meanwhile. */
  async drain(database: Database, pause: () => Promise<void>): Promise<void> {
    for (let scrape = this.#held.shift(); scrape !== undefined; scrape = this.#held.shift()) {
      this.#bytes -= scrape.bytes;
      scrape.apply(database);
      await pause();
    }
  }
}
