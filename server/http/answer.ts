import type { ApiError } from "./api_error.ts";
import { bytesOf, type Chunks } from "./json/chunks.ts";

/** An answer before it is compressed and counted. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Undefined is no body. */
  readonly chunks?: Chunks;
}

export function textAnswer(
  text: string,
  { status = 200, type = "text/plain; charset=utf-8", headers = {} }: {
    status?: number;
    type?: string;
    headers?: Readonly<Record<string, string>>;
  } = {},
): Answer {
  return { status, headers: { "Content-Type": type, ...headers }, chunks: [bytesOf(text)] };
}

export function redirect(location: string): Answer {
  return { status: 302, headers: { Location: location } };
}

/** What an API handler gives; without data the answer is 204. */
export interface ApiResult {
  /** Anything that JSON has. */
  readonly data?: unknown;
  /** JSON already, in place of `data`. */
  readonly json?: Chunks;
  /** However many; some are shown. */
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

const JSON_TYPE = { "Content-Type": "application/json" };

/** The envelope around the data of a request that succeeded. */
export function successAnswer({ data, json, warnings = [], infos = [] }: ApiResult): Answer {
  if (data === undefined && json === undefined) return { status: 204 };
  return { status: 200, headers: JSON_TYPE, chunks: envelope(json ?? [bytesOf(JSON.stringify(data))]) };

  function* envelope(inner: Chunks): Generator<Uint8Array<ArrayBuffer>, void> {
    yield bytesOf('{"status":"success","data":');
    yield* inner;
    let tail = "";
    if (warnings.length > 0) tail += `,"warnings":${JSON.stringify(capped(warnings, "warning"))}`;
    if (infos.length > 0) tail += `,"infos":${JSON.stringify(capped(infos, "info"))}`;
    yield bytesOf(tail + "}");
  }
}

/** At most so many warnings, and as many infos, are shown. */
const ANNOTATIONS_MAX = 10;

function capped(texts: readonly string[], kind: "warning" | "info"): readonly string[] {
  const more = texts.length - ANNOTATIONS_MAX;
  if (more <= 0) return texts;
  return [...texts.slice(0, ANNOTATIONS_MAX), `${more} more ${kind} annotations omitted`];
}

/** The envelope of a request that failed. */
export function errorAnswer({ type, status, message }: ApiError): Answer {
  const text = JSON.stringify({ status: "error", errorType: type, error: message });
  return { status, headers: JSON_TYPE, chunks: [bytesOf(text)] };
}
