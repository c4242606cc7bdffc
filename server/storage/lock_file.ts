import { DirectoryError } from "./directory_error.ts";

/** The operating system's lock on a file, which holds the pid of this process meanwhile. */
export interface FileLock {
  /** Whether whoever had the lock before released it in order, or nobody had. */
  readonly wasClosed: boolean;
  /**
   * Releases the lock.
   * @param inOrder Whether whoever has it next finds that it was; as it was found, if not given.
   */
  close(inOrder?: boolean): void;
}

/**
 * Takes the operating system's lock on `path`, a file inside `directory`. The system drops it when this process
 * ends in any way, so a file that was left behind blocks nobody.
 * @throws {DirectoryError} If another process, or another part of this one, holds the lock.
 */
export async function lockFile(directory: string, path: string): Promise<FileLock> {
  const file = await Deno.open(path, { read: true, write: true, create: true });
  try {
    if (!await file.tryLock(true)) {
      const pid = (await Deno.readTextFile(path)).trim();
      // Empty for a moment, between the other's lock and its pid.
      const holder = /^\d+$/.test(pid) ? `process ${pid}` : "another process";
      throw new DirectoryError(
        directory,
        "in-use",
        `${holder} is using it: stop that process or use another directory`,
      );
    }
    const wasClosed = (await file.stat()).size === 0;
    await file.truncate(0);
    await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
    return {
      wasClosed,
      close(inOrder = wasClosed) {
        try {
          if (inOrder) file.truncateSync(0);
        } finally {
          file.close();
        }
      },
    };
  } catch (error) {
    file.close();
    throw error;
  }
}
