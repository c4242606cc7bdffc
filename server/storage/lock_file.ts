import { DirectoryError } from "./directory_error.ts";

/**
 * Takes the operating system's lock on `path`, a file inside `directory`. The system drops it when this process
 * ends in any way, so a file that was left behind blocks nobody.
 * @returns The open file; closing it releases the lock.
 * @throws {DirectoryError} If another process, or another part of this one, holds the lock.
 */
export async function lockFile(directory: string, path: string): Promise<Deno.FsFile> {
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
    await file.truncate(0);
    await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}
