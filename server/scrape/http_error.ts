/** A request that got no, or no whole, answer. The message says what Go's client would. */
export class HttpError extends Error {
  override readonly name = "HttpError";
}

/** The error of a request that took too long. */
export function deadlineError(method: string, url: string): HttpError {
  return networkError(method, url, new Error("context deadline exceeded"));
}

/** The error of an answer that is no success. */
export function statusError(status: number, statusText: string): Error {
  return new Error(`server returned HTTP status ${status} ${statusText}`.trim());
}

interface SystemError {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly message: string;
  readonly errors?: readonly SystemError[];
}

export function networkError(method: string, url: string, cause: unknown): HttpError {
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  return new HttpError(`${verb} ${JSON.stringify(withoutPassword(url))}: ${reasonOf(cause as SystemError)}`, {
    cause,
  });
}

/** The URL as it may be shown. */
function withoutPassword(url: string): string {
  const parsed = new URL(url);
  if (parsed.password === "") return url;
  parsed.password = "xxxxx";
  return parsed.href;
}

function reasonOf(error: SystemError): string {
  // Connecting to a name tries all of its addresses.
  if (error.errors !== undefined && error.errors.length > 0) return reasonOf(error.errors[0]);
  const { code, address, port, hostname } = error;
  const at = address === undefined ? "" : ` ${address.includes(":") ? `[${address}]` : address}:${port}`;
  switch (code) {
    case "ECONNREFUSED":
      return `dial tcp${at}: connect: connection refused`;
    case "EHOSTUNREACH":
      return `dial tcp${at}: connect: no route to host`;
    case "ENETUNREACH":
      return `dial tcp${at}: connect: network is unreachable`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `dial tcp: lookup ${hostname ?? ""}: no such host`;
    case "ECONNRESET":
      return "read: connection reset by peer";
    case "UND_ERR_SOCKET":
    case "UND_ERR_RES_CONTENT_LENGTH_MISMATCH":
      return "unexpected EOF";
    default:
      return error.message;
  }
}
