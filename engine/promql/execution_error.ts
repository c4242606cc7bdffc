/** The query text is fine, but its evaluation fails. The message is upstream's. */
export class ExecutionError extends Error {
  override readonly name: string = "ExecutionError";
  /** As the HTTP API names it. */
  readonly errorType: ErrorType = "execution";
}

/** The kinds of errors that the HTTP API tells apart; each has a status of its own. */
export type ErrorType = "bad_data" | "execution" | "timeout" | "canceled" | "internal";
