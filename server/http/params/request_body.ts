import { ApiError } from "../api_error.ts";

/** Largest form in the body of a request, in bytes; upstream's limit. */
export const FORM_BYTES_MAX = 10 << 20;

/**
 * The form in the body of a request, undefined where it has none.
 * @throws {ApiError} If it is too large, or does not arrive in time.
 */
export async function readFormBody(
  request: Request,
  timeoutMs: number,
): Promise<URLSearchParams | undefined> {
  const type = (request.headers.get("Content-Type") ?? "").split(";")[0].trim().toLowerCase();
  if (request.body === null || type !== "application/x-www-form-urlencoded") return undefined;
  return new URLSearchParams(await readText(request.body, timeoutMs));
}

async function readText(body: ReadableStream<Uint8Array>, timeoutMs: number): Promise<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "", bytes = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const reason = `error parsing form values: the body did not arrive within ${timeoutMs} ms`;
    timer = setTimeout(() => reject(new ApiError("bad_data", reason)), timeoutMs);
  });
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) return text + decoder.decode();
      bytes += value.length;
      if (bytes > FORM_BYTES_MAX) {
        const reason = `http: POST too large: found more than ${FORM_BYTES_MAX} bytes`;
        throw new ApiError("bad_data", `error parsing form values: ${reason}`);
      }
      text += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    reader.cancel().catch(() => {}); // the answer says what went wrong
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
