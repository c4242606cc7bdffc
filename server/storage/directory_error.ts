export type DirectoryErrorReason =
  | "damaged"
  | "foreign"
  | "in-use"
  | "newer-version"
  | "not-a-directory"
  | "not-writable"
  | "shard-count";

/** A data directory that cannot be used as it is; the message says what to do. */
export class DirectoryError extends Error {
  override readonly name = "DirectoryError";
  readonly path: string;
  readonly reason: DirectoryErrorReason;

  constructor(path: string, reason: DirectoryErrorReason, message: string, options?: ErrorOptions) {
    super(`Cannot use data directory ${path}: ${message}`, options);
    this.path = path;
    this.reason = reason;
  }
}
