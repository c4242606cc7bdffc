import { gzipSync, deflateSync } from "node:zlib";
import type { bodyOf } from "./json/chunks.ts";

type Body = ReturnType<typeof bodyOf>;
export type Encoding = "gzip" | "deflate";

/** Bodies below this size, in bytes, would not get smaller. */
const COMPRESSED_BYTES_MIN = 512;
/** Speed before size: the network is rarely what a query waits for. */
const LEVEL = 1;

/** The first encoding of an Accept-Encoding header that the server has; weights do not count, as upstream has it. */
export function chooseEncoding(header: string | null): Encoding | undefined {
  return (header ?? "").split(",").map((part) => part.trim())
    .find((part): part is Encoding => part === "gzip" || part === "deflate");
}

/** The body in `encoding`; undefined where it is too small to be compressed. */
export function compress(body: Body, encoding: Encoding): Body | undefined {
  if (body instanceof ReadableStream) return body.pipeThrough(new CompressionStream(encoding));
  if (body.length < COMPRESSED_BYTES_MIN) return undefined;
  const packed = encoding === "gzip" ? gzipSync(body, { level: LEVEL }) : deflateSync(body, { level: LEVEL });
  return new Uint8Array(packed);
}
