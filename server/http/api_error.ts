/** Kinds of failure with their HTTP status. */
const STATUS = {
  bad_data: 400,
  execution: 422,
  cost_limit: 422,
  canceled: 499,
  timeout: 503,
  internal: 500,
  not_found: 404,
  not_acceptable: 406,
  unavailable: 500,
} as const;

export type ErrorType = keyof typeof STATUS;

/** A request that gets no data; the message is for the client. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;

  /** @param options `status` where it is another one than failures of this kind have. */
  constructor(
    readonly type: ErrorType,
    message: string,
    options: ErrorOptions & { readonly status?: number } = {},
  ) {
    super(message, options);
    this.status = options.status ?? STATUS[type];
  }
}

/** A parameter with a wrong value. */
export function invalidParameter(name: string, cause: unknown): ApiError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ApiError("bad_data", `invalid parameter ${JSON.stringify(name)}: ${reason}`, { cause });
}
