import type { RestoreRequest } from "../config/program.ts";
import { CommandError, type CommandIo, reported } from "./io.ts";
import { lockIfInUse } from "./in_use.ts";
import { copySnapshot } from "./snapshot.ts";

/** Fills an empty directory from a copy that `backup` made. */
export function restore({ directory, storagePath }: RestoreRequest, io: CommandIo): Promise<number> {
  return reported(io, async () => {
    const release = await lockIfInUse(
      directory,
      () =>
        new CommandError(
          `Cannot restore ${directory}: a server is using it: copy its data with backup --url first`,
        ),
    );
    try {
      await copySnapshot(directory, storagePath);
    } finally {
      release();
    }
    io.stdout(`Restored ${directory} to ${storagePath}\n`);
  });
}
