import { DurationError } from "./resolve_durations.ts";
import { PromQLSyntaxError } from "./promql_syntax_error.ts";

/** The kinds of errors that the HTTP API tells apart; each has a status of its own. */
export type ErrorType = "bad_data" | "execution" | "cost_limit" | "timeout" | "canceled" | "internal";

/** The parameters of a query do not make sense, though its text may. The message is upstream's. */
export class BadQueryError extends RangeError {
  override readonly name = "BadQueryError";
}

/** The query is fine, but its evaluation over these series fails. The message is upstream's. */
export class ExecutionError extends Error {
  override readonly name: string = "ExecutionError";
}

/** The query would go over one of the engine's limits. */
export class QueryLimitError extends ExecutionError {
  override readonly name = "QueryLimitError";
}

/** The query has read more than it may, by the server's limits or by those that came with it. */
export class CostLimitError extends Error {
  override readonly name = "CostLimitError";
  /** @param limit Which of the limits it was. */
  constructor(readonly limit: "series" | "samples", message: string) {
    super(message);
  }
}

export class QueryTimeoutError extends Error {
  override readonly name = "QueryTimeoutError";
  /** @param phase What the query was doing. */
  constructor(phase: string) {
    super(`query timed out in ${phase}`);
  }
}

export class QueryCanceledError extends Error {
  override readonly name = "QueryCanceledError";
  /** @param phase What the query was doing. */
  constructor(phase: string) {
    super(`query was canceled in ${phase}`);
  }
}

/** A select failed; the reason is the `cause`. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  constructor(cause: unknown) {
    super(`expanding series: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** What the HTTP API calls an error that an engine threw. */
export function errorTypeOf(error: unknown): ErrorType {
  if (error instanceof PromQLSyntaxError || error instanceof DurationError) return "bad_data";
  if (error instanceof BadQueryError) return "bad_data";
  if (error instanceof ExecutionError) return "execution";
  if (error instanceof CostLimitError) return "cost_limit";
  if (error instanceof QueryTimeoutError) return "timeout";
  if (error instanceof QueryCanceledError) return "canceled";
  return "internal";
}

/** An error of a query as plain data, for another thread. */
export interface PlainQueryError {
  readonly type: Exclude<ErrorType, "internal">;
  /** Of an execution error: whether a limit of the engine was reached. Of a cost limit: which one. */
  readonly limit: boolean | CostLimitError["limit"];
  readonly message: string;
}

/** Undefined for an error that says nothing about the query. */
export function plainQueryError(error: unknown): PlainQueryError | undefined {
  const type = errorTypeOf(error);
  if (type === "internal") return undefined;
  const limit = error instanceof CostLimitError ? error.limit : error instanceof QueryLimitError;
  return { type, limit, message: (error as Error).message };
}

/** The error that `plainQueryError` was given, of a class that the API treats alike. */
export function queryErrorOf({ type, limit, message }: PlainQueryError): Error {
  switch (type) {
    case "bad_data":
      return new BadQueryError(message);
    case "execution":
      return limit === true ? new QueryLimitError(message) : new ExecutionError(message);
    case "cost_limit":
      return new CostLimitError(limit === "samples" ? "samples" : "series", message);
    case "timeout":
    case "canceled": {
      const error = type === "timeout" ? new QueryTimeoutError("") : new QueryCanceledError("");
      error.message = message;
      return error;
    }
  }
}
