/** Makes the content of a file, or the names in a directory, durable. */
export async function syncPath(path: string): Promise<void> {
  using file = await Deno.open(path);
  await file.sync();
}
