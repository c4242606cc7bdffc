/**
 * Why no small file system can be mounted here, `undefined` where one can: it takes root and mount(8).
 * Tests that need a full or read-only disk are skipped with this reason.
 */
export const noTmpfs: string | undefined = await (async () => {
  if (Deno.build.os !== "linux") return `no tmpfs on ${Deno.build.os}`;
  const path = await Deno.makeTempDir();
  try {
    await mount(path, "size=1m");
    await unmount(path);
    return undefined;
  } catch (error) {
    return `cannot mount a tmpfs: ${error instanceof Error ? error.message : error}`;
  } finally {
    await Deno.remove(path);
  }
})();

/** Runs `body` with the path of a fresh tmpfs of the mount options `options`. */
export async function withTmpfs(options: string, body: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  await mount(path, options);
  try {
    await body(path);
  } finally {
    await unmount(path);
    await Deno.remove(path);
  }
}

/** The name of a test that needs a tmpfs, with the reason where it is skipped. */
export function tmpfsTest(name: string, body: () => Promise<void>): void {
  Deno.test({
    name: noTmpfs === undefined ? name : `${name} (skipped: ${noTmpfs})`,
    ignore: noTmpfs !== undefined,
    fn: body,
  });
}

function mount(path: string, options: string): Promise<void> {
  return run("mount", "-t", "tmpfs", "-o", options, "tmpfs", path);
}

function unmount(path: string): Promise<void> {
  return run("umount", path);
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, stderr: "piped" }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
}
