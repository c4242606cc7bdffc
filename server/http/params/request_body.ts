import { ApiError } from "../api_error.ts";
import { joined } from "../json/chunks.ts";

/** Largest form in the body of a request, in bytes; upstream's limit. */
export const FORM_BYTES_MAX = 10 << 20;

/**
 * The form in the body of a request, of either type, undefined where it has none.
 * @throws {ApiError} If it is too large, or does not arrive in time.
 */
export async function readFormBody(
  request: Request,
  timeoutMs: number,
): Promise<URLSearchParams | undefined> {
  const contentType = request.headers.get("Content-Type") ?? "";
  const type = contentType.split(";")[0].trim().toLowerCase();
  if (request.body === null) return undefined;
  switch (type) {
    case "application/x-www-form-urlencoded":
      return new URLSearchParams(new TextDecoder().decode(await readBytes(request.body, timeoutMs)));
    case "multipart/form-data":
      return await multipartForm(await readBytes(request.body, timeoutMs), contentType);
    default:
      return undefined;
  }
}

/** The fields of a form of parts; its files are left out. */
async function multipartForm(body: Uint8Array<ArrayBuffer>, contentType: string): Promise<URLSearchParams> {
  const fields = new URLSearchParams();
  try {
    const form = await new Response(body, { headers: { "Content-Type": contentType } }).formData();
    for (const [name, value] of form) if (typeof value === "string") fields.append(name, value);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ApiError("bad_data", `error parsing form values: ${reason}`, { cause });
  }
  return fields;
}

async function readBytes(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  timeoutMs: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const reason = `error parsing form values: the body did not arrive within ${timeoutMs} ms`;
    timer = setTimeout(() => reject(new ApiError("bad_data", reason)), timeoutMs);
  });
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) return joined(chunks, bytes);
      bytes += value.length;
      if (bytes > FORM_BYTES_MAX) {
        const reason = `http: POST too large: found more than ${FORM_BYTES_MAX} bytes`;
        throw new ApiError("bad_data", `error parsing form values: ${reason}`);
      }
      chunks.push(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {}); // the answer says what went wrong
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
