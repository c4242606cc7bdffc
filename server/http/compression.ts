import { Duplex } from "node:stream";
import { createDeflate, createGzip, deflateSync, gzipSync } from "node:zlib";
import type { bodyOf } from "./json/chunks.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Body = ReturnType<typeof bodyOf>;
export type Encoding = "gzip" | "deflate";

/** Bodies below this size, in bytes, would not get smaller. */
const COMPRESSED_BYTES_MIN = 512;
/** Twice as fast as the usual 6, and the result is only a tenth larger. */
const OPTIONS = { level: 2 };

const ENCODERS = {
  gzip: { whole: gzipSync, stream: createGzip },
  deflate: { whole: deflateSync, stream: createDeflate },
};

/** The first encoding of an Accept-Encoding header that the server has; weights do not count, as upstream has it. */
export function chooseEncoding(header: string | null): Encoding | undefined {
  return (header ?? "").split(",").map((part) => part.trim())
    .find((part): part is Encoding => part === "gzip" || part === "deflate");
}

/** The body in `encoding`; undefined where it is too small to be compressed. */
export function compress(body: Body, encoding: Encoding): Body | undefined {
  const { whole, stream } = ENCODERS[encoding];
  if (body instanceof ReadableStream) {
    return body.pipeThrough(Duplex.toWeb(stream(OPTIONS)) as TransformStream<Bytes, Bytes>);
  }
  return body.length < COMPRESSED_BYTES_MIN ? undefined : new Uint8Array(whole(body, OPTIONS));
}
