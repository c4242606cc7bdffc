import { join } from "node:path";

/**
 * Holds the lock of a data directory that has one; a copy that was never opened has none and needs none.
 * @returns Releases it.
 * @throws What `inUse` returns, if another process holds the lock.
 */
export async function lockIfInUse(directory: string, inUse: () => Error): Promise<() => void> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(join(directory, "lock"), { read: true });
  } catch {
    return () => {}; // absent; or not readable, as the rest will turn out to be
  }
  if (await file.tryLock(false)) return () => file.close();
  file.close();
  throw inUse();
}
