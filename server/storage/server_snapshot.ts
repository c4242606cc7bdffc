import { join } from "node:path";
import { syncPath } from "./_sync_path.ts";
import type { DataDirectory } from "./directory.ts";

/**
 * Copies the data of a directory that is in use to `snapshots/<name>` below it, which is a data directory itself. There
 * is nothing of it where that fails.
 * @param copyShards Copies the stores of all shards to files that `pathOf` names, and fails once it writes no more.
 */
export async function writeServerSnapshot(
  directory: Pick<DataDirectory, "path">,
  name: string,
  copyShards: (pathOf: (shard: number) => string) => Promise<void>,
): Promise<void> {
  const path = join(directory.path, "snapshots", name);
  await Deno.mkdir(path, { recursive: true });
  try {
    await copyShards((shard) => join(path, `shard-${shard}.kv`));
    const format = join(path, "format.json");
    await Deno.copyFile(join(directory.path, "format.json"), format);
    await syncPath(format);
    await syncPath(path);
  } catch (error) {
    await Deno.remove(path, { recursive: true });
    throw error;
  }
}
