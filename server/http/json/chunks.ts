import { ByteWriter } from "./byte_writer.ts";

export type Chunks = Iterable<Uint8Array<ArrayBuffer>>;

/** A list as a JSON array in chunks; `write` writes one item. */
export function* arrayChunks<T>(
  items: Iterable<T>,
  write: (out: ByteWriter, item: T) => void,
): Generator<Uint8Array<ArrayBuffer>, void> {
  const out = new ByteWriter();
  let separator = "[";
  for (const item of items) {
    out.ascii(separator);
    write(out, item);
    separator = ",";
    if (out.isFull) yield out.take();
  }
  out.ascii(separator === "[" ? "[]" : "]");
  yield out.take();
}

const encoder = new TextEncoder();

/** Bytes of `text` in UTF-8. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/**
 * What an answer is sent as: all bytes at once where they are one or few chunks, otherwise a stream that makes each
 * chunk when it is asked for.
 */
export function bodyOf(chunks: Chunks): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> {
  const iterator = chunks[Symbol.iterator]();
  const head: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  while (bytes <= WHOLE_BYTES_MAX) {
    const next = iterator.next();
    if (next.done) return joined(head, bytes);
    head.push(next.value);
    bytes += next.value.length;
  }
  let start: Uint8Array<ArrayBuffer> | undefined = joined(head, bytes);
  return new ReadableStream({
    pull(controller) {
      const next = start === undefined ? iterator.next() : { done: false as const, value: start };
      start = undefined;
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    cancel() {
      iterator.return?.();
    },
  }, { highWaterMark: AHEAD });
}

/** Chunks that are made before they are asked for: more of them cost memory and CPU time, and no answer is sooner. */
const AHEAD = 1;
/** Answers up to about this size, in bytes, are not streamed. */
const WHOLE_BYTES_MAX = 128 * 1024;

/** `parts`, `bytes` long in all, one after the other. */
export function joined(parts: readonly Uint8Array<ArrayBuffer>[], bytes: number): Uint8Array<ArrayBuffer> {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
