import { statfsSync } from "node:fs";

/** Size of the file system that a directory is on, in bytes. */
export function diskBytes(directory: string): number {
  const { blocks, bsize } = statfsSync(directory);
  return blocks * bsize;
}
