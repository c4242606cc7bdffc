import { FloatHistogram } from "../../histogram/float_histogram.ts";
import type { ByteSink } from "./byte_sink.ts";
import { type ByteSource, corrupt } from "./byte_source.ts";
import { decodeLayout, encodeLayout, HINTS, type HistogramLayout, sharesLayout } from "./histograms.ts";

/**
 * Histograms one after another, each with its buckets named only where they are not those of the one before. What one
 * scrape brings is mostly alike in that.
 *
 *   flags │ layout, if it is another one │ sum 8 bytes │ numbers: count, zero count, positive, negative buckets
 *
 *   flags     1: a layout follows; 2: numbers are doubles; 4 * hint
 *   layout    as in histograms.ts
 *   numbers   doubles, or signed varints: a bucket is the difference to the one before it on its side
 */
const HAS_LAYOUT = 1, ARE_DOUBLES = 2, HINT = 4;

export class HistogramDeltaEncoder {
  #before: FloatHistogram | undefined;

  /** Lets the next histogram stand for itself. */
  clear(): void {
    this.#before = undefined;
  }

  encode(histogram: FloatHistogram, out: ByteSink): void {
    const { count, zeroCount, sum, positiveBuckets, negativeBuckets } = histogram;
    const hasLayout = !sharesLayout(this.#before, histogram);
    const areDoubles = !(isWhole(count) && isWhole(zeroCount) && areWhole(positiveBuckets) &&
      areWhole(negativeBuckets));
    this.#before = histogram;
    out.byte(
      HINT * HINTS.indexOf(histogram.counterResetHint) + (areDoubles ? ARE_DOUBLES : 0) +
        (hasLayout ? HAS_LAYOUT : 0),
    );
    if (hasLayout) encodeLayout(histogram, out);
    out.float(sum);
    if (areDoubles) {
      out.float(count);
      out.float(zeroCount);
      for (let i = 0; i < positiveBuckets.length; i++) out.float(positiveBuckets[i]);
      for (let i = 0; i < negativeBuckets.length; i++) out.float(negativeBuckets[i]);
    } else {
      out.signedVarint(count);
      out.signedVarint(zeroCount);
      encodeDeltas(positiveBuckets, out);
      encodeDeltas(negativeBuckets, out);
    }
  }
}

export class HistogramDeltaDecoder {
  #layout: HistogramLayout | undefined;

  /** Takes the next histogram to stand for itself. */
  clear(): void {
    this.#layout = undefined;
  }

  /** @throws {RangeError} If the bytes are cut short or damaged. */
  decode(source: ByteSource): FloatHistogram {
    const flags = source.byte(), hint = HINTS[Math.floor(flags / HINT)];
    if ((flags & HAS_LAYOUT) !== 0) this.#layout = decodeLayout(source);
    const layout = this.#layout;
    if (layout === undefined || hint === undefined) throw corrupt(source.at, `histogram flags ${flags}`);
    const { positive, negative, ...fields } = layout;
    // Each number takes a byte at least.
    if (source.at + positive + negative > source.bytes.length) {
      throw corrupt(source.at, `a histogram of ${positive + negative} buckets`);
    }
    const areDoubles = (flags & ARE_DOUBLES) !== 0;
    const number = () => areDoubles ? source.float() : source.signedVarint();
    const buckets = (length: number) => {
      const counts = new Float64Array(length);
      for (let i = 0, before = 0; i < length; i++) {
        counts[i] = areDoubles ? source.float() : before += source.signedVarint();
      }
      return counts;
    };
    return new FloatHistogram({
      ...fields,
      counterResetHint: hint,
      sum: source.float(),
      count: number(),
      zeroCount: number(),
      positiveBuckets: buckets(positive),
      negativeBuckets: buckets(negative),
    });
  }
}

/** Whether it is a whole number, and not -0, that a double holds exactly together with its neighbours. */
function isWhole(x: number): boolean {
  return Number.isSafeInteger(x) && x >= 0 && !Object.is(x, -0);
}

function areWhole(counts: Float64Array): boolean {
  for (let i = 0; i < counts.length; i++) if (!isWhole(counts[i])) return false;
  return true;
}

function encodeDeltas(counts: Float64Array, out: ByteSink): void {
  for (let i = 0, before = 0; i < counts.length; i++) {
    out.signedVarint(counts[i] - before);
    before = counts[i];
  }
}
