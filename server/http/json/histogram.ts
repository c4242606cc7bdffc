import { formatValue } from "../../../engine/go_float.ts";
import { allBuckets, boundaryRule } from "../../../engine/histogram/bucket.ts";
import { type FloatHistogram, sameLayout } from "../../../engine/histogram/float_histogram.ts";
import type { ByteWriter } from "./byte_writer.ts";
import { writeValue } from "./number.ts";

const COMMA = 44, CLOSING = 93;
const VALUE_END = 0x5d22; // `"]`, little-endian
/** Bytes that the value of a bucket may take, with what is around it. */
const VALUE_BYTES = 48;

const encoder = new TextEncoder();

/** What stands before the count of a bucket, and the bounds that it is about. */
interface BucketHead {
  readonly upper: number;
  readonly bytes: Uint8Array;
}

/**
 * Writes histograms in the form that `toJson` has. Those that have the same layout share the text of their buckets'
 * bounds.
 */
export class HistogramWriter {
  #layout: FloatHistogram | undefined;
  /** Of the layout's buckets in ascending order, the zero bucket among them unless buckets are custom. */
  #heads: readonly Uint8Array[] = [];
  #bytes = 0;
  /** By lower bound. */
  readonly #known = new Map<number, BucketHead>();

  write(out: ByteWriter, h: FloatHistogram): void {
    if (this.#layout === undefined || !sameLayout(this.#layout, h)) this.#turnTo(h);
    out.reserve(this.#bytes + (this.#heads.length + 2) * VALUE_BYTES);
    const { view } = out;
    out.ascii('{"count":"');
    out.length = writeValue(view, out.length, h.count);
    out.ascii('","sum":"');
    out.length = writeValue(view, out.length, h.sum);
    out.ascii('"');
    const begin = out.length;
    out.ascii(',"buckets":[');
    const first = out.length;
    const { positiveBuckets, negativeBuckets, zeroCount } = h;
    const negative = negativeBuckets.length, zero = h.usesCustomBuckets ? 0 : 1;
    for (let i = 0; i < negative; i++) this.#writeBucket(out, i, negativeBuckets[negative - 1 - i]!);
    if (zero === 1 && zeroCount > 0) this.#writeBucket(out, negative, zeroCount);
    const positive = negative + zero;
    for (let i = 0; i < positiveBuckets.length; i++) {
      this.#writeBucket(out, positive + i, positiveBuckets[i]!);
    }
    if (out.length === first) out.length = begin;
    else out.bytes[out.length - 1] = CLOSING; // in place of a comma
    out.ascii("}");
  }

  /** Writes a bucket and a comma, unless it is empty. */
  #writeBucket(out: ByteWriter, number: number, count: number): void {
    if (count === 0) return;
    const head = this.#heads[number]!, { bytes, view } = out;
    let at = out.length;
    for (let i = 0; i < head.length; i++) bytes[at++] = head[i]!;
    at = writeValue(view, at, count);
    view.setUint16(at, VALUE_END, true);
    bytes[at + 2] = COMMA;
    out.length = at + 3;
  }

  #turnTo(h: FloatHistogram): void {
    const before = this.#layout;
    if (
      before === undefined || before.schema !== h.schema || before.zeroThreshold !== h.zeroThreshold ||
      h.usesCustomBuckets
    ) {
      this.#known.clear();
    }
    this.#layout = h;
    const heads: Uint8Array[] = [];
    let bytes = 0;
    for (const bucket of allBuckets(h.with({ zeroCount: h.usesCustomBuckets ? 0 : 1 }))) {
      const { lower, upper } = bucket;
      let head = this.#known.get(lower);
      if (head === undefined || head.upper !== upper) {
        const text = `[${boundaryRule(bucket)},"${formatValue(lower)}","${formatValue(upper)}","`;
        head = { upper, bytes: encoder.encode(text) };
        this.#known.set(lower, head);
      }
      heads.push(head.bytes);
      bytes += head.bytes.length;
    }
    this.#heads = heads;
    this.#bytes = bytes;
  }
}
