import type { Gauge, Registry } from "../../engine/instrument/mod.ts";
import { diskBytes } from "./disk_size.ts";
import { FreeSpace } from "./free_space.ts";

const MIB = 1_048_576;
const CHECK_EVERY_MS = 2_000;

/** Stops ingestion before the disk is full, and lets it go on when there is space again. */
export class SpaceWatch {
  readonly #space: FreeSpace;
  readonly #free: Gauge;
  readonly #full: Gauge;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isPaused = false;
  /** Whether the last look at the disk failed: that is said once. */
  #isFailing = false;

  /**
   * @param pause Stops ingestion for a reason, or lets it go on where the reason is "".
   */
  constructor(
    readonly directory: string,
    registry: Registry,
    readonly pause: (reason: string) => Promise<void>,
    readonly log: (level: "info" | "error", message: string, fields: Record<string, unknown>) => void,
  ) {
    // On a small file system the usual limits would be most of it.
    const bytes = diskBytes(directory);
    const share = (fraction: number, mostBytes: number) => Math.min(mostBytes, Math.floor(bytes * fraction));
    this.#space = new FreeSpace(directory, {
      ballastBytes: Math.max(MIB, share(0.01, 16 * MIB)),
      lowBytes: share(0.1, 256 * MIB),
      fullBytes: share(0.04, 64 * MIB),
    });
    this.#free = registry.gauge({
      name: "narthex_storage_free_bytes",
      help: "Free bytes where the data is stored.",
    });
    this.#full = registry.gauge({
      name: "narthex_storage_full",
      help: "Whether ingestion stands still for want of space.",
    });
  }

  /** Looks at the disk once and from then on every few seconds. */
  async start(): Promise<void> {
    await this.#check();
    this.#timer = setInterval(() => void this.#check(), CHECK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Where the disk cannot be looked at, everything stays as it was. */
  async #check(): Promise<void> {
    try {
      const { freeBytes, state } = this.#space.check();
      this.#free.set(freeBytes);
      this.#full.set(state === "full" ? 1 : 0);
      if (state === "full" && !this.#isPaused) {
        this.#isPaused = true;
        this.log("error", "Disk is full: ingestion stands still until there is space", {
          free_bytes: freeBytes,
        });
        await this.pause(`disk is full: ${freeBytes} bytes are free in ${this.directory}: free some space`);
        await this.#space.releaseBallast(); // so that retention can delete
      } else if (state !== "full" && this.#isPaused) {
        await this.pause("");
        this.#isPaused = false;
        this.log("info", "There is space again: ingestion goes on", { free_bytes: freeBytes });
      }
      if (state === "ok" && !await this.#space.hasBallast()) await this.#space.acquireBallast();
      this.#isFailing = false;
    } catch (error) {
      if (this.#isFailing) return;
      this.#isFailing = true;
      this.log("error", "Cannot look after free space", {
        err: error instanceof Error ? error.message : String(error),
      });
    }
  }
}
