/**
 * Looks again and again whether files have changed, by modification time and size.
 * @param files Those to look at, asked for each time.
 * @param onChange Called where one is another one than the time before, has come or is gone.
 */
export function watchFiles(
  files: () => readonly string[],
  everyMs: number,
  onChange: () => void,
): { stop(): void } {
  let last = fingerprint(files());
  const timer = setInterval(async () => {
    const now = await fingerprint(files());
    if (now !== await last) onChange();
    last = Promise.resolve(now);
  }, everyMs);
  return { stop: () => clearInterval(timer) };
}

async function fingerprint(files: readonly string[]): Promise<string> {
  const lines = await Promise.all(files.map(async (file) => {
    const found = await Deno.stat(file).catch(() => undefined);
    return `${file} ${found?.mtime?.getTime()} ${found?.size}`;
  }));
  return lines.join("\n");
}
