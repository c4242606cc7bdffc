import type { RestoreRequest } from "../config/requests.ts";
import { CommandError, type CommandIo, counted, reported } from "./io.ts";
import { lockIfInUse } from "./in_use.ts";
import { copySnapshot } from "./snapshot.ts";
import { verifyStore } from "./verify.ts";

/** Fills an empty directory from a copy that `backup` made, once everything in it could be read. */
export function restore({ directory, storagePath }: RestoreRequest, io: CommandIo): Promise<number> {
  return reported(io, async () => {
    const release = await lockIfInUse(
      directory,
      () =>
        new CommandError(
          `Cannot restore ${directory}: a server is using it: copy its data with backup --url first`,
        ),
    );
    let samples = 0;
    try {
      await copySnapshot(directory, storagePath, async (path, name) => {
        samples += await verifyStore(path, name);
      });
    } finally {
      release();
    }
    io.stdout(`Restored ${directory} to ${storagePath}: read back ${counted(samples, "sample")}\n`);
  });
}
