import { statfsSync } from "node:fs";
import { join } from "node:path";

const MIB = 1_048_576;

export interface FreeSpaceOptions {
  /** Size of the ballast file in bytes. Default 16 MiB. */
  readonly ballastBytes?: number;
  /** Below this many free bytes the state is "low": retention should run at once. Default 256 MiB. */
  readonly lowBytes?: number;
  /** Below this many free bytes the state is "full": ingestion should be refused. Default 64 MiB. */
  readonly fullBytes?: number;
  /** Free bytes of the directory's file system; tests pass their own. */
  readonly freeBytesOf?: (directory: string) => number;
}

export interface FreeSpaceCheck {
  readonly freeBytes: number;
  readonly state: "ok" | "low" | "full";
}

/**
 * Watches the file system of the data directory and keeps a ballast file on it. On a full disk the stores cannot
 * even delete; releasing the ballast gives them the room to do so.
 */
export class FreeSpace {
  readonly #directory: string;
  readonly #ballastPath: string;
  readonly #ballastBytes: number;
  readonly #lowBytes: number;
  readonly #fullBytes: number;
  readonly #freeBytesOf: (directory: string) => number;

  /** @throws {RangeError} Unless `0 <= fullBytes <= lowBytes` and `ballastBytes` is above 0. */
  constructor(directory: string, options: FreeSpaceOptions = {}) {
    this.#directory = directory;
    this.#ballastPath = join(directory, "ballast");
    this.#ballastBytes = options.ballastBytes ?? 16 * MIB;
    this.#lowBytes = options.lowBytes ?? 256 * MIB;
    this.#fullBytes = options.fullBytes ?? 64 * MIB;
    this.#freeBytesOf = options.freeBytesOf ?? freeBytesOf;
    if (!(this.#fullBytes >= 0 && this.#fullBytes <= this.#lowBytes && this.#ballastBytes > 0)) {
      throw new RangeError(
        `Free space limits are out of order: found fullBytes ${this.#fullBytes}, lowBytes ${this.#lowBytes}, ` +
          `ballastBytes ${this.#ballastBytes}: use 0 <= fullBytes <= lowBytes and a ballast above 0`,
      );
    }
  }

  /** Asks the file system; takes microseconds. */
  check(): FreeSpaceCheck {
    const freeBytes = this.#freeBytesOf(this.#directory);
    const state = freeBytes < this.#fullBytes ? "full" : freeBytes < this.#lowBytes ? "low" : "ok";
    return { freeBytes, state };
  }

  /** Whether the ballast is on disk, whole and with blocks of its own. */
  async hasBallast(): Promise<boolean> {
    try {
      const { size, blocks } = await Deno.stat(this.#ballastPath);
      return size === this.#ballastBytes && (blocks === null || blocks * 512 >= size);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }

  /** Removes the ballast; nothing happens where there is none. */
  async releaseBallast(): Promise<void> {
    try {
      await Deno.remove(this.#ballastPath);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /**
   * Writes the ballast unless it is there already or too little space would be left for the state to be "ok".
   * @returns Whether the ballast is there now.
   */
  async acquireBallast(): Promise<boolean> {
    if (await this.hasBallast()) return true;
    await this.releaseBallast(); // what an interrupted or smaller one left
    if (this.check().freeBytes - this.#ballastBytes < this.#lowBytes) return false;
    try {
      await writeBlocks(this.#ballastPath, this.#ballastBytes);
      return true;
    } catch (error) {
      await this.releaseBallast();
      if (isNoSpace(error)) return false; // someone else was faster
      throw error;
    }
  }
}

function freeBytesOf(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/** Random bytes, because a file system that compresses or leaves holes would store zeros in no blocks at all. */
async function writeBlocks(path: string, bytes: number): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const piece = new Uint8Array(65_536);
  for (let at = 0; at < bytes;) {
    crypto.getRandomValues(piece);
    at += await file.write(piece.subarray(0, Math.min(piece.length, bytes - at)));
  }
  await file.sync();
}

function isNoSpace(error: unknown): boolean {
  return error instanceof Error && /\(os error (28|122)\)/.test(error.message); // ENOSPC, EDQUOT
}
