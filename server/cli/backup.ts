import { join, resolve } from "node:path";
import type { BackupRequest } from "../config/requests.ts";
import { CommandError, type CommandIo, reasonOf, reported } from "./io.ts";
import { exists } from "../storage/exists.ts";
import { openExistingDirectory } from "./open_data.ts";
import { RefusedError, ServerClient } from "./server_client.ts";
import { copySnapshot, requireEmpty, writeSnapshot } from "./snapshot.ts";

/** Copies all data, as they are now, to a directory that is empty or absent. */
export function backup({ url, storagePath, directory }: BackupRequest, io: CommandIo): Promise<number> {
  return reported(io, async () => {
    await requireEmpty(directory); // before the server works in vain
    if (storagePath === undefined) await backUpServer(new ServerClient(url), directory, io);
    else await backUpDirectory(storagePath, directory);
    io.stdout(`Backed up ${storagePath ?? new ServerClient(url).url} to ${directory}\n`);
  });
}

async function backUpDirectory(path: string, destination: string): Promise<void> {
  const directory = await openExistingDirectory(path);
  try {
    await writeSnapshot(directory, destination);
  } finally {
    directory.close();
  }
}

/** The server writes its snapshot below its own data directory; from there it is copied here and removed. */
async function backUpServer(client: ServerClient, destination: string, io: CommandIo): Promise<void> {
  const snapshot = join(await snapshotsPath(client), await takeSnapshot(client));
  if (!await exists(snapshot)) {
    throw new CommandError(
      `The server wrote its snapshot to ${snapshot}, which cannot be reached from here: run this command on the ` +
        `server's machine as a user that may read there, or copy that directory yourself`,
    );
  }
  await copySnapshot(snapshot, destination);
  try {
    await Deno.remove(snapshot, { recursive: true });
  } catch (error) {
    io.stderr(`The server's own copy stays at ${snapshot}: ${reasonOf(error)}: remove it\n`);
  }
}

async function takeSnapshot(client: ServerClient): Promise<string> {
  try {
    const { name } = await client.post<{ name: string }>("admin/tsdb/snapshot");
    // It becomes part of a path that is removed in the end.
    if (/^[\w-]+$/.test(name)) return name;
    throw new CommandError(
      `${client.url} gave its snapshot the name ${JSON.stringify(name)}: expected letters and digits`,
    );
  } catch (error) {
    if (
      !(error instanceof RefusedError && (error.status === 403 || /admin APIs disabled/.test(error.said)))
    ) throw error;
    throw new CommandError(
      `${client.url} takes no snapshots: ${error.said}: start it with --web.enable-admin-api`,
      { cause: error },
    );
  }
}

async function snapshotsPath(client: ServerClient): Promise<string> {
  const { CWD } = await client.get<{ CWD: string }>("status/runtimeinfo");
  const flags = await client.get<Readonly<Record<string, string>>>("status/flags");
  const storagePath = flags["storage.path"];
  if (storagePath === undefined) {
    throw new CommandError(`${client.url} is not Narthex: use its own way to back up, or export --url`);
  }
  return resolve(CWD, storagePath, "snapshots");
}
