/** A file of a configuration that cannot be read, or a folder that cannot be looked through. */
export class UnreadableFileError extends Error {
  override readonly name = "UnreadableFileError";

  /** What the system says where it refuses `path`; undefined for an error that is not the system's. */
  static of(path: string, cause: unknown): UnreadableFileError | undefined {
    if (!(cause instanceof Error) || !("code" in cause)) return undefined;
    return new UnreadableFileError(`open ${path}: ${reasonOf(cause)}`, { cause });
  }
}

/** The text of a file that a configuration names. @throws {UnreadableFileError} If the system refuses it. */
export async function readNamedFile(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw UnreadableFileError.of(path, error) ?? error;
  }
}

function reasonOf(error: Error): string {
  if (error instanceof Deno.errors.NotFound) return "no such file: correct the path, or create it";
  if (error instanceof Deno.errors.PermissionDenied) {
    return "permission denied: let the user that runs the server read it";
  }
  if (error instanceof Deno.errors.IsADirectory) return "is a directory: name a file";
  if (error instanceof Deno.errors.NotADirectory) return "a part of the path is no directory: correct it";
  return error.message;
}
